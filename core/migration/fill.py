"""Fills a column with what a function returns, called once for each row. Keys are read in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, bindparam, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from core.migration.statements import FillRows

_BATCH = 1000
_ROW_NUMBERS = ("rowid", "oid", "_rowid_")


def fill(connection: Connection, statement: FillRows, table: Table) -> None:
    """Carry out `statement`; `table` is the model of its table, whose types say how values are stored."""
    type_ = next(column.type for column in table.columns if column.name == statement.column)
    quoted = connection.dialect.identifier_preparer
    name = _plain(quoted.format_table(table))
    column = _plain(quoted.quote(statement.into or statement.column))
    where = f"{column} IS NULL" if statement.only_null else "TRUE"
    row, batches = _rows(connection, table, name, where, statement.key)
    update = text(f"UPDATE {name} SET {column} = :value WHERE {row}").bindparams(bindparam("value", type_=type_))
    for rows in batches:
        connection.execute(update, [{**keys, "value": statement.make()} for keys in rows])


def _plain(name: str) -> str:
    """`name` so that no colon in it begins a parameter."""
    return name.replace(":", r"\:")


_Batch = list[dict[str, Any]]


def _rows(
    connection: Connection, table: Table, name: str, where: str, key: Sequence[str]
) -> tuple[str, Iterator[_Batch]]:
    """How one row is found, and the values for that, by batches of rows."""
    if connection.dialect.name == "postgresql":
        query = f"SELECT CAST(ctid AS text) FROM {name} WHERE {where} FOR UPDATE"
        return "ctid = CAST(CAST(:row AS text) AS tid)", _streamed(connection, query)
    if key:
        return _by_key(connection, name, where, key)
    number = next(given for given in _ROW_NUMBERS if given not in {c.name.lower() for c in table.columns})
    return f"{number} = :row", _numbered(connection, name, where, number)


def _streamed(connection: Connection, query: str) -> Iterator[_Batch]:
    # A cursor of PostgreSQL does not see the rows that are updated meanwhile. The driver's own would stay open until
    # the transaction ends, and the table could not be altered.
    connection.execute(text(f"DECLARE aha_fill NO SCROLL CURSOR FOR {query}"))
    while rows := connection.scalars(text(f"FETCH {_BATCH} FROM aha_fill")).all():
        yield [{"row": row} for row in rows]
    connection.execute(text("CLOSE aha_fill"))


def _numbered(connection: Connection, name: str, where: str, number: str) -> Iterator[_Batch]:
    query = text(f"SELECT {number} FROM {name} WHERE {number} > :after AND {where} ORDER BY {number} LIMIT {_BATCH}")
    rows: Sequence[int] = connection.scalars(query, {"after": -(2**63)}).all()
    while rows:
        yield [{"row": row} for row in rows]
        rows = connection.scalars(query, {"after": rows[-1]}).all()


def _by_key(connection: Connection, name: str, where: str, columns: Sequence[str]) -> tuple[str, Iterator[_Batch]]:
    quote = connection.dialect.identifier_preparer.quote
    key = [_plain(quote(column)) for column in columns]
    found = connection.execute(text(f"SELECT {', '.join(key)} FROM {name} WHERE {where}")).all()
    rows = [{f"k{place}": value for place, value in enumerate(row)} for row in found]
    row = " AND ".join(f"{column} = :k{place}" for place, column in enumerate(key))
    return row, (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
