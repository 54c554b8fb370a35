"""What the tests of migration look at in the product, in one place: plan, schema, kept values. It judges nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, text

from core.database import db_engine
from core.migration import planning
from core.migration.kept import values as kept_values
from core.migration.owned import owned
from core.migration.planner.plan import is_empty
from core.migration.schema.read import read_tables
from core.migration.steps import AddConstraint, AddIndex, ConvertColumn, Phase, SetNullable, ValidateConstraint, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.context import Module
    from core.migration.model import UnitPlan
    from core.migration.state import TableState
    from core.migration.steps import Planned, Step


async def plan(modules: Iterable[Module]) -> list[UnitPlan]:
    """What a start would still do when the modules' on_start has run."""
    async with db_engine.connect() as connection:
        found = await connection.run_sync(planning.plan, [owned(module) for module in modules], Phase.SETTLE)
    assert found.failures == {}
    return list(found.units)


def planned(units: list[UnitPlan]) -> list[str]:
    """What a start would do now, but for what has to wait, as texts; empty if there is nothing."""
    steps = [entry for unit in units for entry in unit.steps if entry.verdict is not Verdict.POSTPONE]
    assert is_empty(units) == (not steps)
    forgotten = [f"records of {', '.join(unit.modules)}" for unit in units if not unit.steps]
    return [*map(repr, steps), *forgotten]


def postponed(units: list[UnitPlan]) -> dict[str, Planned]:
    """What has to wait, by its short name: `note.text NOT NULL`, `note UNIQUE(email)`, `note.text type`."""
    waiting = (entry for unit in units for entry in unit.steps if entry.verdict is Verdict.POSTPONE)
    return {_short(entry.step): entry for entry in waiting}


def _short(step: Step) -> str:
    table = step.table.partition("__")[0]
    match step:
        case SetNullable():
            return f"{table}.{step.column} NOT NULL"
        case ConvertColumn():
            return f"{table}.{step.column} type"
        case AddConstraint() | ValidateConstraint():
            return f"{table} {step.constraint.kind}({', '.join(step.constraint.columns)})"
        case AddIndex():
            return f"{table} INDEX({', '.join(step.index.columns)})"
    return f"{table} {type(step).__name__}"


async def tables() -> dict[str, TableState]:
    """Every table of modules as the database shows it."""
    async with db_engine.connect() as connection:
        found = await connection.run_sync(read_tables)
    return {name: state for name, state in found.items() if "__" in name}


async def row_counts() -> dict[str, int]:
    """How many rows each table has that is none of the framework's."""
    async with db_engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        quote = connection.dialect.identifier_preparer.quote_identifier
        wanted = [name for name in names if not name.startswith("aha_")]
        return {name: await connection.scalar(text(f"SELECT count(*) FROM {quote(name)}")) for name in wanted}


async def kept() -> dict[str, dict[Any, str]]:
    """The values that are kept: `note.text` -> the row's key -> the value as a text, bytes in hex."""
    async with db_engine.connect() as connection:
        entries = await connection.run_sync(lambda sync: list(kept_values.entries(sync)))
    found: dict[str, dict[Any, str]] = {}
    for entry in entries:
        key = tuple(entry.key.values())
        value = entry.value.hex() if isinstance(entry.value, bytes) else str(entry.value)
        column = found.setdefault(f"{entry.table.partition('__')[0]}.{entry.column}", {})
        column[key[0] if len(key) == 1 else key] = value
    return found
