"""What has to exist on disk before modules see the database: their tables. It changes no table that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect
from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError, SQLAlchemyError
from sqlalchemy.schema import AddConstraint, CheckFirst, sort_tables_and_constraints

from core.database.base import mapped_registry, metadata
from core.database.engine import db_engine
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Table
    from sqlalchemy import Sequence as DBSequence

    from core.context import Module


async def create_tables(modules: Iterable[Module]) -> dict[Module, Exception]:
    """Create the tables that are missing, the framework's first; return what went wrong for which module.

    Each module has a transaction of its own, so that one that cannot have its tables costs no other anything. A module
    that refers to a table of another comes after it. Raises DatabaseError if the framework's own tables fail.
    """
    failed: dict[Module, Exception] = {}
    on_disk: dict[str | None, set[str]] = {}
    try:
        await _create(_tables_of_framework(), metadata.sequences[None], on_disk)
    except SQLAlchemyError as error:
        raise DatabaseError(f"the framework's own tables cannot be created: {error}") from error
    for module in _referenced_first(modules):
        try:
            check(module)
            await _create(list(module.tables.values()), metadata.sequences[module], on_disk)
        except (SQLAlchemyError, DatabaseError) as error:
            failed[module] = error
    return failed


async def _create(
    tables: Sequence[Table], sequences: Sequence[DBSequence], on_disk: dict[str | None, set[str]]
) -> None:
    """Create those of `tables` that are missing, in one transaction; `on_disk` remembers what each schema has."""
    for schema in {table.schema for table in tables} - on_disk.keys():
        async with db_engine.connect() as connection:
            on_disk[schema] = set(await connection.run_sync(_names_in, schema))
    missing = [table for table in tables if table.name not in on_disk[table.schema]]
    if missing:
        async with db_engine.begin() as connection:
            await connection.run_sync(_create_missing, missing, sequences)


def _names_in(connection: Connection, schema: str | None) -> list[str]:
    return inspect(connection).get_table_names(schema)


def _tables_of_framework() -> list[Table]:
    return [table for table in metadata.tables.values() if metadata.owners.get(table.name) is None]


def check(module: Module) -> None:
    """Find out now, not at the first query, what a module's relationships and foreign keys refer to in vain.

    Raises DatabaseError, or what SQLAlchemy raises.
    """
    for table in module.tables.values():
        for key in table.foreign_keys:
            try:
                key.column  # noqa: B018 - resolving it is the check
            except (NoReferencedTableError, NoReferencedColumnError) as error:
                raise DatabaseError(
                    f"{table.name}.{key.parent.name} refers to {key.target_fullname!r}, which does not exist: "
                    f"module {module.name} has the tables {', '.join(sorted(module.tables))}; "
                    "another module's table is written t__module, and that module must be on"
                ) from error
    mapped = mapped_registry(module)
    if mapped is not None:
        mapped.configure(cascade=True)


def _referenced_first(modules: Iterable[Module]) -> list[Module]:
    wanted = dict.fromkeys(modules)
    ordered: dict[Module, None] = {}

    def visit(module: Module, path: frozenset[Module]) -> None:
        if module in ordered or module in path:
            return
        for owner in _referred_modules(module):
            if owner in wanted:
                visit(owner, path | {module})
        ordered[module] = None

    for module in wanted:
        visit(module, frozenset())
    return list(ordered)


def _referred_modules(module: Module) -> list[Module]:
    names = (key.target_fullname.rsplit(".", 1)[0] for t in module.tables.values() for key in t.foreign_keys)
    return [owner for name in names if (owner := metadata.owners.get(name)) is not None and owner is not module]


def _create_missing(connection: Connection, missing: Sequence[Table], sequences: Sequence[DBSequence]) -> None:
    if connection.dialect.supports_sequences:
        for sequence in sequences:
            sequence.create(connection, checkfirst=CheckFirst.SEQUENCES)
    ordered = list(sort_tables_and_constraints(missing))
    circular = [key for table, keys in ordered if table is None for key in keys]
    for key in circular:
        # Left out of CREATE TABLE where the database can add it afterwards; SQLite needs no order and takes it inline.
        key.use_alter = True
    for table, _ in ordered:
        if table is not None:
            # Not MetaData.create_all: it would create the enum types of every module, also of those that are off.
            table.create(connection, checkfirst=CheckFirst.TYPES | CheckFirst.SEQUENCES)
    if connection.dialect.supports_alter:
        for key in circular:
            connection.execute(AddConstraint(key))
