"""What the database would show of the models' tables if they were new: they are made in a scratch place and read back.

On SQLite that is another database, in memory; on PostgreSQL a schema that is rolled back. No row and no existing table
is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError

from core.migration import former_names, scratch_postgresql, scratch_sqlite
from core.migration.meanings import meaning_of
from core.migration.model import WantedTable
from models.exc import TableRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Table


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
        module = owners.get(table.fullname, owners.get(table.name, ""))
        wanted[table.fullname] = WantedTable(
            table,
            module,
            states[table.fullname],
            {column.name: meaning_of(column.type, connection.dialect) for column in table.columns},
            was=former_names.tables_before(table, module, former_modules.get(module, ())),
            column_was=former_names.columns_before(table),
            members_was=former_names.members_before(table),
        )
    return wanted


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
