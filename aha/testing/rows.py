"""Putting rows into the tables of a running bot and reading them back. It knows neither bots nor files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Table, func, insert, inspect, select, text

from core.database import db_engine, metadata
from models.exc import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.context import Module


def find_table(table: Any, modules: Iterable[Module]) -> Table:
    """The Table that is meant by a mapped class, a Table, a name as its author wrote it, or a name on disk.

    Raises UsageError if there is none or more than one.
    """
    if isinstance(table, Table):
        return table
    if isinstance(table, type):
        return cast("Table", inspect(table).local_table)
    if table in metadata.tables:
        return metadata.tables[table]
    modules = list(modules)
    meant: list[Table] = [module.tables[table] for module in modules if table in module.tables]
    if len(meant) != 1:
        names = sorted(t.fullname for module in modules for t in module.tables.values())
        raise UsageError(f"{len(meant)} tables are called {table!r}; there are: {', '.join(names) or 'none'}")
    return meant[0]


async def insert_rows(table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, each with what it names, in one transaction.

    Numbers that the database gives afterwards are greater than those in `rows`.
    """
    async with db_engine.begin() as connection:
        for row in rows:
            await connection.execute(insert(table), dict(row))
        numbered = table.autoincrement_column
        if numbered is not None and connection.dialect.name == "postgresql":
            # PostgreSQL's sequence does not hear of a number that was given to it; SQLite looks at the rows.
            name = connection.dialect.identifier_preparer.format_table(table)
            sequence = func.pg_get_serial_sequence(name, numbered.name)
            last = select(func.max(numbered)).scalar_subquery()
            await connection.execute(select(func.setval(sequence, last)).where(sequence.is_not(None), last > text("0")))


async def read_rows(table: Table, columns: Iterable[str]) -> list[dict[str, Any]]:
    """All rows of `table` in the order of its key, or of all columns without one, as column name -> value.

    `columns` are those wanted; none means all.
    """
    wanted = [table.c[name] for name in columns] or list(table.c)
    statement = select(*wanted).order_by(*(table.primary_key.columns or table.c))
    async with db_engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(statement)).mappings()]
