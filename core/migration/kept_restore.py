"""Putting kept values back where they came from, now that they fit again. It decides nothing about the schema.

A value goes back if it converts to the column's type, and into a row that has nothing there or just what the migration
had put in. Of several that were kept of one row, the newest. All is done by the database, whatever the number of rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import inspect

from core.migration.casts import cast_sql, prepare, without_type
from core.migration.codec import meaning_from
from core.migration.kept_forms import as_read, names_of, written_key
from core.migration.kept_table import exists, identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from core.migration.meaning import Meaning


_NO_PLACE = {"sqlite": "NULL", "postgresql": "NULL::text"}


class _Group(NamedTuple):
    """Kept values of one column that had the same meaning, in rows whose keys name the same columns."""

    meaning: str
    columns: Sequence[str]


class _Column(NamedTuple):
    """A column that kept values may go back to. `wrote` is the SQL of what the migration put in."""

    table: str
    name: str
    after: Meaning
    key: Sequence[str]
    wrote: str | None


def fits(
    connection: Connection,
    table: str,
    column: str,
    after: Meaning,
    *,
    key: Sequence[str] = (),
    wrote: str | None = None,
) -> int:
    """Return how many kept values `restore` would put back."""
    target = _Column(table, column, without_type(after), key, wrote)
    return sum(
        connection.exec_driver_sql(f"SELECT count(*) FROM ({_pairs(connection, target, group)}) AS pairs").scalar_one()
        for group in _groups(connection, target)
    )


def restore(
    connection: Connection,
    table: str,
    *,
    column: str,
    key: Sequence[str],
    after: Meaning,
    wrote: str | None = None,
) -> int:
    """Put back what converts to `after` now, into rows whose column is NULL or holds the SQL literal `wrote`.

    What went back is kept no longer. `key` is the table's primary key. Returns how many values these were.
    """
    target = _Column(table, column, after, key, wrote)
    return sum(_restore(connection, target, group) for group in list(_groups(connection, target)))


def _restore(connection: Connection, target: _Column, group: _Group) -> int:
    table = identifier(connection, target.table)
    place = _place(connection, target, of=table)
    document, before = as_read(connection.dialect.name, "k", meaning_from(json.loads(group.meaning)))
    value = cast_sql(connection, document, before, target.after).value
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE aha_pairs AS {_pairs(connection, target, group)}")
    connection.exec_driver_sql("CREATE INDEX ix_aha_pairs ON aha_pairs (place)")
    connection.exec_driver_sql(
        f"UPDATE {table} SET {connection.dialect.identifier_preparer.quote_identifier(target.name)} = {value} "
        f"FROM aha_pairs AS p JOIN aha_kept AS k ON k.id = p.id WHERE p.place = {place}"
    )
    done = connection.exec_driver_sql("DELETE FROM aha_kept WHERE id IN (SELECT id FROM aha_pairs)").rowcount
    connection.exec_driver_sql("DROP TABLE aha_pairs")
    return done


def _groups(connection: Connection, target: _Column) -> Iterator[_Group]:
    if not exists(connection):
        return
    prepare(connection)
    names = names_of(connection.dialect.name, "row_key")
    found = connection.exec_driver_sql(
        f"SELECT DISTINCT meaning, {names} FROM aha_kept WHERE {_whose(target)} ORDER BY 1, 2"
    ).all()
    there = _live_columns(connection, target.table) if found else set()
    for meaning, columns in found:
        group = _Group(meaning, json.loads(columns))
        if there.issuperset([*group.columns, target.name]):
            yield group


def _whose(target: _Column) -> str:
    return f"table_name = {literal(target.table)} AND column_name = {literal(target.name)}"


def _live_columns(connection: Connection, table: str) -> set[str]:
    schema, _, name = table.rpartition(".")
    there = inspect(connection)
    if not there.has_table(name, schema=schema or None):
        return set()
    return {column["name"] for column in there.get_columns(name, schema=schema or None)}


def _pairs(connection: Connection, target: _Column, group: _Group) -> str:
    """The query that pairs the ids of kept values with the places of their rows.

    Of several values of one row the newest counts; rows that cannot be told apart get one each.
    """
    dialect = connection.dialect.name
    value, before = as_read(dialect, "k", meaning_from(json.loads(group.meaning)))
    both = f"{_newest(dialect, target)} UNION ALL {_rows(connection, target, group)}"
    # Not a join: whatever they think of the number of rows, databases sort for this, and do not try each with each.
    pairs = f"SELECT max(id) AS id, max(place) AS place FROM ({both}) AS b GROUP BY row_key, nth HAVING count(*) = 2"
    return (
        f"SELECT p.id, p.place FROM ({pairs}) AS p JOIN aha_kept AS k ON k.id = p.id "
        f"WHERE k.meaning = {literal(group.meaning)} "
        f"AND {cast_sql(connection, value, before, target.after).value} IS NOT NULL"
    )


def _newest(dialect: str, target: _Column) -> str:
    """The query for kept values by the keys of their rows, each with its number: the newest is the first."""
    key = _comparable(dialect, "row_key")
    return (
        f"SELECT id, {_NO_PLACE[dialect]} AS place, {key} AS row_key, "
        f"row_number() OVER (PARTITION BY {key} ORDER BY id DESC) AS nth "
        f"FROM aha_kept WHERE {_whose(target)}"
    )


def _rows(connection: Connection, target: _Column, group: _Group) -> str:
    """The query for rows that may get a value, by their keys, each with its number among those with the same key."""
    columns = [identifier(connection, name, of="r") for name in group.columns]
    key = _comparable(connection.dialect.name, written_key(connection.dialect.name, columns, group.columns))
    return (
        f"SELECT NULL AS id, {_place(connection, target, of='r')} AS place, {key} AS row_key, "
        f"row_number() OVER (PARTITION BY {key}) AS nth "
        f"FROM {identifier(connection, target.table)} AS r WHERE {_vacant(connection, target)}"
    )


def _comparable(dialect: str, key: str) -> str:
    """A key as JSON; PostgreSQL does not care how that is written, and SQLite's is always written in the same way."""
    return f"({key})::jsonb" if dialect == "postgresql" else key


def _place(connection: Connection, target: _Column, *, of: str) -> str:
    """The SQL that tells a row from all others while nobody changes it."""
    if connection.dialect.name == "postgresql":
        return f"{of}.ctid::text"  # which has no max() before PostgreSQL 14
    key = target.key or _primary_key(connection, target.table)
    if key and _is_without_rowid(connection, target.table):
        return written_key("sqlite", [identifier(connection, name, of=of) for name in key], key)
    taken = {name.lower() for name in _live_columns(connection, target.table)}
    return f"{of}.{next(name for name in ('rowid', '_rowid_', 'oid') if name not in taken)}"


def _primary_key(connection: Connection, table: str) -> Sequence[str]:
    schema, _, name = table.rpartition(".")
    return inspect(connection).get_pk_constraint(name, schema=schema or None)["constrained_columns"]


def _is_without_rowid(connection: Connection, table: str) -> bool:
    """Whether it may be: who only says so in a comment loses nothing but time."""
    schema, _, name = table.rpartition(".")
    catalogue = f"{identifier(connection, schema)}.sqlite_master" if schema else "sqlite_master"
    sql = connection.exec_driver_sql(f"SELECT sql FROM {catalogue} WHERE name = {literal(name)} AND type = 'table'")
    return "WITHOUT" in (sql.scalar() or "").upper()


def _vacant(connection: Connection, target: _Column) -> str:
    column = identifier(connection, target.name, of="r")
    if target.wrote is None:
        return f"{column} IS NULL"
    if connection.dialect.name == "sqlite":
        return f"({column} IS NULL OR {column} = ({target.wrote}))"
    # As text, because JSON cannot be compared.
    return f"({column} IS NULL OR {column}::text = (({target.wrote})::{target.after.sql})::text)"
