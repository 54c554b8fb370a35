"""What the database would show of the models' tables if they were new: they are made in a scratch place and read back.

On SQLite that is another database, in memory; on PostgreSQL a schema that is rolled back. No row and no existing table
is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError

from core.migration.model import WantedTable
from core.migration.schema import former_names, scratch_postgresql, scratch_sqlite
from core.migration.schema.meanings import meaning_of
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

    `owners` has the module of each table ("" for the framework), `former_modules` the earlier names of modules, the
    most recent first. Raises TableRefused, which names the table, if the database does not take one as it is declared.
    """
    make = scratch_postgresql.states if connection.dialect.name == "postgresql" else scratch_sqlite.states
    states = {state.name: state for state in make(connection, _with_referred(tables))}
    wanted = {}
    for table in tables:
        module = owners.get(table.fullname, "")
        former = former_modules.get(module, ())
        wanted[table.fullname] = _wanted(table, states[table.fullname], module, former, connection.dialect)
    return wanted


def _wanted(table: Table, state: TableState, module: str, former: Sequence[str], dialect: Dialect) -> WantedTable:
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
        was=former_names.tables_before(table, module, former),
        column_was=former_names.columns_before(table),
        members_was=former_names.members_before(table),
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
            if other not in found:
                found[other] = None
                waiting.append(other)
    return list(found)
