"""Carries out releases of a module on a PostgreSQL database as the runner does, for the tests of `apply_postgresql`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Connection, Integer, MetaData, Table

from core.database import close_database, db_engine, open_database
from core.migration.casts import cast as casts
from core.migration.kept import table as kept_table
from core.migration.planner.plan import is_empty, make_plan, next_records
from core.migration.postgresql import script as apply_postgresql
from core.migration.run import carry_out
from core.migration.schema.read import read_tables
from core.migration.schema.scratch import wanted_tables
from core.migration.steps import Phase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from core.migration.model import TableRecord, UnitPlan

_CATALOGUES = (
    "pg_class",
    "pg_attribute",
    "pg_attrdef",
    "pg_constraint",
    "pg_index",
    "pg_type",
    "pg_enum",
    "pg_trigger",
)


@dataclass
class Database:
    """The bot's database. `statements` are those of the last release, as they were run."""

    records: dict[str, TableRecord] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)

    async def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, commit, and return the rows of the last."""
        async with db_engine.begin() as connection:
            for statement in statements:
                result = await connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []

    async def one(self, query: str) -> Any:
        """The one value that the query returns."""
        ((value,),) = await self.sql(query)
        return value

    async def release(self, declare: Callable[[MetaData], object], *, module: str = "") -> list[UnitPlan]:
        """Bring the database to what `declare` declares; afterwards nothing must be left to do."""
        metadata = MetaData()
        declare(metadata)
        async with db_engine.connect() as connection:
            planned = await connection.run_sync(self._release, list(metadata.tables.values()), module)
        await db_engine.dispose()  # other connections know the tables as they were
        return planned

    def _release(self, connection: Connection, tables: list[Table], module: str) -> list[UnitPlan]:
        self.statements = []
        wanted = wanted_tables(connection, tables, dict.fromkeys((t.fullname for t in tables), module), {})
        for phase in Phase:
            units = self._plan(connection, wanted, phase)
            for unit in units:
                self._apply(connection, unit, phase)
            if phase is Phase.EXPAND:
                expanded = units
        again = self._plan(connection, wanted, Phase.SETTLE)
        connection.rollback()
        assert is_empty(again), again
        return expanded

    def _plan(self, connection: Connection, wanted, phase: Phase) -> list[UnitPlan]:
        casts.prepare(connection)
        schemas = {table.table.schema for table in wanted.values()} - {None}
        live = read_tables(connection, schemas=schemas)
        return make_plan(connection, wanted, live, self.records, phase=phase)

    def _apply(self, connection: Connection, unit: UnitPlan, phase: Phase) -> None:
        before = catalogue(connection)
        script = apply_postgresql.script(connection, unit, phase)
        assert catalogue(connection) == before, "script() changed something"
        connection.rollback()
        casts.prepare(connection)
        self.statements += [getattr(statement, "text", repr(statement)) for statement in script.statements]
        carry_out(connection, script, unit.wanted)
        connection.commit()
        self.records |= next_records(unit, phase)


def catalogue(connection: Connection) -> list[Any]:
    """What must be the same before and after something that only reads."""
    return [connection.exec_driver_sql(f"SELECT xmin, ctid FROM {name} ORDER BY 2").all() for name in _CATALOGUES]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The bot's database at `url`, with the table of kept values that the framework makes before modules migrate."""
    await open_database(url)
    async with db_engine.begin() as connection:
        if not await connection.run_sync(kept_table.exists):
            await connection.run_sync(kept_table.kept_table.create)
    try:
        yield Database()
    finally:
        await close_database()


def key(name: str = "id") -> Column[int]:
    """A key that numbers itself."""
    return Column(name, Integer, primary_key=True)
