"""Carries out steps on a bot's SQLite database as the runner does, for the tests of `apply_sqlite`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, Table

from core.database import db_engine
from core.database.sqlite import AhaSQLite
from core.migration.fill import fill
from core.migration.kept import values as kept
from core.migration.kept.table import kept_table
from core.migration.meaning import Kind, Meaning
from core.migration.model import UnitPlan
from core.migration.schema.create import create_statements
from core.migration.schema.read import read_tables
from core.migration.schema.scratch import wanted_tables
from core.migration.sqlite import script as apply_sqlite
from core.migration.statements import FillRows, RestoreRows, Script, Sql
from core.migration.steps import Fill, Phase, Planned, Source, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

SQLITE = AhaSQLite()
TEXT = Meaning(Kind.TEXT, "TEXT")
INTEGER = Meaning(Kind.INTEGER, "INTEGER")
NOTHING = Fill()
KEPT = [statement.text for statement in create_statements(SQLITE, [kept_table])]


class Database:
    """A bot's database file with what `setup` put there, and a way to carry out steps as the runner does."""

    async def sql(self, *statements: str) -> list[tuple]:
        """Run statements, commit, and return the rows of the last."""
        async with db_engine.begin() as connection:
            for statement in statements:
                result = await connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []

    async def state(self, table: str):
        async with db_engine.connect() as connection:
            return (await connection.run_sync(read_tables, {table}))[table]

    async def kept(self) -> list[tuple]:
        """What was kept, as (table, column, key, value)."""
        async with db_engine.connect() as connection:
            found = await connection.run_sync(lambda sync: list(kept.entries(sync)))
            return [(entry.table, entry.column, dict(entry.key), entry.value) for entry in found]

    async def migrate(self, models: Sequence[Table], *steps: Step | Planned, phase: Phase = Phase.EXPAND) -> Script:
        async with db_engine.connect() as connection:
            return await connection.run_sync(carry_out, models, steps, phase)


def carry_out(connection: Connection, models, steps, phase) -> Script:
    planned = tuple(s if isinstance(s, Planned) else Planned(s, phase) for s in steps)
    wanted = wanted_tables(connection, models, {}, {})
    unit = UnitPlan(("m",), planned, read_tables(connection), wanted)
    before = connection.exec_driver_sql("SELECT * FROM sqlite_master").all()
    script = apply_sqlite.script(connection, unit, phase)
    assert connection.exec_driver_sql("SELECT * FROM sqlite_master").all() == before
    run_script(connection, script, unit)
    return script


def run_script(connection: Connection, script: Script, unit: UnitPlan) -> None:
    connection.rollback()
    for statement in script.before:
        connection.exec_driver_sql(statement.text)
    connection.rollback()
    connection.exec_driver_sql("CREATE TABLE begun (a)")
    violations = [connection.exec_driver_sql(query.text).all() for query in script.check]
    for statement in script.statements:
        _run(connection, statement, unit)
    assert [connection.exec_driver_sql(query.text).all() for query in script.check] == violations
    connection.exec_driver_sql("DROP TABLE begun")
    connection.commit()
    for statement in script.after:
        connection.exec_driver_sql(statement.text)
    # SQLite 3.40 takes other columns for NULL where the key of a table WITHOUT ROWID does not come first.
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    assert [message for message in found if not message.startswith("NULL value in")] in ([], ["ok"])
    assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar() == 0
    connection.rollback()


def _run(connection: Connection, statement, unit: UnitPlan) -> None:
    match statement:
        case Sql():
            connection.exec_driver_sql(statement.text)
        case FillRows():
            fill(connection, statement, unit.wanted[statement.table].table)
        case RestoreRows(table=table, column=column, key=key, after=after, wrote=wrote, spelled=spelled):
            kept.restore(connection, table, column=column, key=key, after=after, wrote=wrote, spelled=spelled)


def table(name: str, *parts, **options) -> Table:
    return Table(name, MetaData(), *parts, **options)


def rebuilds(script: Script) -> int:
    return sum(statement.text.startswith("DROP TABLE") for statement in script.statements if isinstance(statement, Sql))


def value(literal: str) -> Fill:
    return Fill(Source.VALUE, literal)


async def wanted_state(model: Table):
    async with db_engine.connect() as connection:
        return (await connection.run_sync(wanted_tables, [model], {}, {}))[model.name].state


def key_of(state):
    return next(c for c in state.constraints if c.kind == "PRIMARY KEY")
