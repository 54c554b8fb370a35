"""Questions to the rows of one table, as SQL that only reads and that both databases understand. It decides nothing."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from core.migration.kept import table as kept_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from core.migration.state import TableState

SAMPLE = 5
_LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many rows a question is true of, and the keys of a few; `probe` is the query that counts them.

    `known` is False if the database could not say, for example because a column is not there yet.
    """

    rows: int = 0
    keys: tuple[str, ...] = ()
    probe: str = ""
    known: bool = True

    @property
    def clean(self) -> bool:
        """Whether there surely are no such rows."""
        return self.known and not self.rows


class Rows:
    """The rows of a table on disk. Conditions and expressions are SQL with the columns' names on disk."""

    def __init__(self, connection: Connection, table: TableState, *, schema: str | None = None) -> None:
        self.connection = connection
        self.source = table_sql(connection, table.name, schema=schema)
        self._is_keyed = bool(table.primary_key)
        # Without a key, what tells one row from another.
        self._row = "rowid" if connection.dialect.name == "sqlite" else "ctid"
        self.key = [self.quote(name) for name in table.primary_key] or [self._row]

    def quote(self, name: str) -> str:
        """`name` as it stands in SQL."""
        return self.connection.dialect.identifier_preparer.quote(name)

    @cached_property
    def count(self) -> int:
        """How many rows there are."""
        return self._number(f"SELECT count(*) FROM {self.source}")

    def where(self, condition: str, *, keys: bool = True) -> Evidence:
        """The rows of which `condition` is true."""
        inner = f"SELECT {self.keys} FROM {self.source} WHERE {condition}"
        return self._evidence(inner, keys=keys)

    def duplicates(self, expressions: Sequence[str], *, where: str = "", nulls_equal: bool = False) -> Evidence:
        """The rows that are not the only ones with these values; NULLs are all different, if not `nulls_equal`."""
        conditions = [f"({where})"] * bool(where)
        if not nulls_equal:
            conditions += [f"({expression}) IS NOT NULL" for expression in expressions]
        inner = (
            f"SELECT * FROM (SELECT {self.keys}, count(*) OVER (PARTITION BY {', '.join(expressions)}) AS aha_n "
            f"FROM {self.source} WHERE {' AND '.join(conditions) or '1 = 1'}) AS aha_d WHERE aha_n > 1"
        )
        return self._evidence(inner)

    def orphans(self, expressions: Sequence[str], parent: str, targets: Sequence[str]) -> Evidence:
        """The rows whose values, none of them NULL, are not among those of `targets` in the table `parent`."""
        values = ", ".join(f"{expression} AS aha_v{i}" for i, expression in enumerate(expressions))
        there = ", ".join(f"{target} AS aha_p{i}" for i, target in enumerate(targets))
        same = " AND ".join(f"aha_p.aha_p{i} = aha_c.aha_v{i}" for i in range(len(expressions)))
        given = " AND ".join(f"aha_c.aha_v{i} IS NOT NULL" for i in range(len(expressions)))
        inner = (
            f"SELECT * FROM (SELECT {self.keys}, {values} FROM {self.source}) AS aha_c WHERE {given} "
            f"AND NOT EXISTS (SELECT 1 FROM (SELECT {there} FROM {parent}) AS aha_p WHERE {same})"
        )
        return self._evidence(inner)

    def among(self, expression: str, texts: Iterable[str]) -> tuple[str, ...]:
        """Which of `texts` are values of the expression, as text."""
        value, given = f"CAST({expression} AS text)", ", ".join(map(kept_table.literal, sorted(texts)))
        query = f"SELECT DISTINCT {value} FROM {self.source} WHERE {value} IN ({given})"
        return tuple(sorted(self.connection.exec_driver_sql(query).scalars()))

    def literal(self, expression: str) -> str | None:
        """The value of an expression that names no columns, as a literal; None if it has none."""
        in_sqlite = self.connection.dialect.name == "sqlite"
        written = f"quote({expression})" if in_sqlite else f"quote_literal(CAST(({expression}) AS text))"
        try:
            with self.tried():
                found = self.connection.exec_driver_sql(f"SELECT {written}").scalar()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            return None
        return None if found in (None, "NULL") else str(found)

    @property
    def keys(self) -> str:
        """The key's columns, as they are selected."""
        return ", ".join(f"{name} AS aha_k{i}" for i, name in enumerate(self.key))

    def tried(self) -> AbstractContextManager[Any]:
        """What fails in PostgreSQL, a text that names a column that is not there yet, must not end the transaction."""
        return self.connection.begin_nested() if self.connection.dialect.name == "postgresql" else nullcontext()

    def _evidence(self, inner: str, *, keys: bool = True) -> Evidence:
        probe = f"SELECT count(*) FROM ({inner}) AS aha_rows"
        order = ", ".join(f"aha_k{i}" for i in range(len(self.key)))
        try:
            with self.tried():
                rows = self._number(probe)
                sample = f"SELECT * FROM ({inner}) AS aha_rows ORDER BY {order} LIMIT {SAMPLE}"
                found = self.connection.exec_driver_sql(sample).all() if rows and keys else []
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            return Evidence(known=False)
        return Evidence(rows, tuple(self.shown(row) for row in found), probe)

    def _number(self, sql: str) -> int:
        return int(self.connection.exec_driver_sql(sql).scalar_one())

    def shown(self, row: Sequence[Any]) -> str:
        """The key of a row, of which `row` has the values first, for people."""
        if not self._is_keyed:
            return f"{self._row} {row[0]}"
        values = tuple(row[: len(self.key)])
        shown = str(_plain(values[0])) if len(values) == 1 else str(tuple(map(_plain, values)))
        return shown if len(shown) <= _LONGEST_KEY else shown[: _LONGEST_KEY - 1] + "…"


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else value.hex() if isinstance(value, bytes) else str(value)


def table_sql(connection: Connection, name: str, *, schema: str | None = None) -> str:
    """The table `name`, `schema.name` where a schema was given, as it stands in SQL."""
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(schema)}.{quote(name.removeprefix(f'{schema}.'))}" if schema else quote(name)
