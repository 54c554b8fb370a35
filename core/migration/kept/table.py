"""The framework's table of kept values, and how names are written in SQL for it. It neither fills nor empties it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, DateTime, Index, Table, Text, inspect

from core.context import current_module
from core.database import metadata

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection


def _declare() -> Table:
    # Whoever imports this first may be a module; the table is the framework's all the same.
    token = current_module.set(None)
    try:
        return Table(
            "aha_kept",
            metadata,
            Column("id", BigInteger, primary_key=True),
            Column("at", DateTime, nullable=False),
            Column("module", Text, nullable=False),
            Column("table_name", Text, nullable=False),
            Column("column_name", Text, nullable=False),
            Column("row_key", Text, nullable=False),
            Column("form", Text, nullable=False),
            Column("value", Text, nullable=False),
            Column("meaning", Text, nullable=False),
            Column("reason", Text, nullable=False),
            Column("via", Text),
            Column("stale", DateTime),
            Index("ix_aha_kept_column", "table_name", "column_name"),
        )
    finally:
        current_module.reset(token)


kept_table = _declare()
"""One row for each kept value. `row_key` and `meaning` are JSON; see `casts.forms`.

`via` is the meaning that the value was given all the same, as JSON; None if it could not follow. `stale` is when a
newer value of its row went back, or its type did while the row had been written since: from then on it goes back only
by command.
"""
MISFIT = "does not follow"
"""The reason for which a value is kept that is no value of the column's new type."""
SPELLING = "spelling"
"""The reason for which a value is kept that was converted, too, but would come back spelled in another way."""
STALE = "of an earlier release"
"""The reason for which a value is kept whose column was unused when another one took its name."""


def exists(connection: Connection) -> bool:
    """Whether the database has the table: one that never migrated has not."""
    return inspect(connection).has_table(kept_table.name)


def source(connection: Connection) -> str:
    """The SQL of all that is kept, to be read: in a table that an older Aha made, what it lacks is NULL.

    A start adds that before anything else; who only looks may come first.
    """
    lacking = {column.name for column in kept_table.columns} - set(column_names(connection, kept_table.name))
    if not lacking:
        return kept_table.name
    return f"(SELECT *, {', '.join(f'CAST(NULL AS TEXT) AS {name}' for name in sorted(lacking))} FROM aha_kept)"


def identifier(connection: Connection, name: str, *, of: str = "") -> str:
    """Return the name of a table (`schema.name`) or column in quotes; `of` is what the column belongs to."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    if of:
        return f"{of}.{quote(name)}"
    schema, name = split(connection, name)
    return f"{quote(schema)}.{quote(name)}" if schema else quote(name)


def split(connection: Connection, table: str) -> tuple[str | None, str]:
    """Return schema and name of a table that is called `schema.name`, or just has a dot in its name."""
    if "." not in table or (there := inspect(connection)).has_table(table):
        return None, table
    fitting = [schema for schema in there.get_schema_names() if table.startswith(f"{schema}.")]
    schema = max(fitting, key=len, default=None)
    return schema, table if schema is None else table[len(schema) + 1 :]


def literal(text: str) -> str:
    """Return `text` as an SQL literal, in which a backslash is one: on PostgreSQL `casts.prepare` sees to that."""
    return "'" + text.replace("'", "''") + "'"


def equal_to(dialect: str, column: str, values: Iterable[str]) -> list[str]:
    """The conditions that `column` is one of `values`, SQL: of texts on PostgreSQL, where JSON has no equality."""
    return [f"{column} = {v} COLLATE BINARY" if dialect == "sqlite" else f"{column}::text = {v}" for v in values]


def column_names(connection: Connection, table: str) -> list[str]:
    """The names of the table's columns, in their order; none if it is not there."""
    schema, name = split(connection, table)
    there = inspect(connection)
    if not there.has_table(name, schema=schema):
        return []
    return [column["name"] for column in there.get_columns(name, schema=schema)]
