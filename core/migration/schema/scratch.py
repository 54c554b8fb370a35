"""What the database would show of the models' tables if they were new: they are made in a scratch place and read back.

On SQLite that is another database, in memory; on PostgreSQL a schema that is rolled back. No row and no existing table
is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError

from core.migration.model import WantedTable
from core.migration.schema import scratch_postgresql, scratch_sqlite
from core.migration.schema.former_names import columns_before, members_before, tables_before
from core.migration.schema.meanings import meaning_of
from core.migration.schema.read import default_schema, shown_name
from core.migration.schema.refusal import refusal
from models.exc import TableRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Dialect, Table

    from core.migration.state import TableState


def wanted_tables(
    connection: Connection,
    tables: Sequence[Table],
    owners: Mapping[str, str],
    former_modules: Mapping[str, Sequence[str]],
) -> dict[str, WantedTable]:
    """What `tables` are to be on the database of `connection`, by their name there.

    `owners` has the module of each table by its full name ("" for the framework), `former_modules` the earlier names
    of modules, the most recent first. Raises TableRefused, which names the table, if the database does not take one as
    it is declared.
    """
    make = scratch_postgresql.states if connection.dialect.name == "postgresql" else scratch_sqlite.states
    states = {state.name: state for state in make(connection, _with_referred(tables))}
    default = default_schema(connection) if any(table.schema for table in tables) else ""
    wanted = {}
    for table in tables:
        name, module = shown_name(table, default), owners.get(table.fullname, "")
        former = tables_before(table, module, former_modules.get(module, ()), default=default)
        wanted[name] = _wanted(table, states[name], module, former, connection.dialect)
    return wanted


def _wanted(table: Table, state: TableState, module: str, was: tuple[str, ...], dialect: Dialect) -> WantedTable:
    try:
        meanings = {column.name: meaning_of(column.type, dialect) for column in table.columns}
    except Exception as error:
        # A TypeDecorator of the author's may raise anything.
        raise refusal(table, dialect.name, error) from error
    return WantedTable(
        table,
        module,
        state,
        meanings,
        was=was,
        column_was=columns_before(table),
        members_was=members_before(table),
    )


def _with_referred(tables: Iterable[Table]) -> list[Table]:
    """`tables` and all that their foreign keys lead to."""
    found = dict.fromkeys(tables)
    waiting = list(found)
    while waiting:
        table = waiting.pop()
        for key in table.foreign_keys:
            try:
                other = key.column.table
            except (NoReferencedTableError, NoReferencedColumnError) as error:
                raise TableRefused(
                    f"{table.fullname}.{key.parent.name} refers to {key.target_fullname!r}, which does not exist: "
                    "correct the name, or turn on the module that has it",
                    table=table.fullname,
                ) from error
            # Keys of a module that runs on may lead to a table as it was declared before its own module was changed.
            other = table.metadata.tables.get(other.key, other)
            if other not in found:
                found[other] = None
                waiting.append(other)
    return list(found)
