"""What a start would do, for whoever only wants to look: it changes nothing and waits for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.database.engine import db_engine
from core.migration.applying import script_of
from core.migration.casts import cast as casts
from core.migration.owned import framework, owned
from core.migration.planning import plan
from core.migration.report import lines
from core.migration.start import Outcome, by_module, misfits
from core.migration.statements import FillRows, RestoreRows, Sql
from core.migration.steps import Phase, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from core.context import Module
    from core.migration.model import UnitPlan
    from core.migration.statements import Statement

_NOTE = (
    "-- For reading. Functions named aha_... are not in the database but in Aha, and what a start does besides is to",
    "-- lock, to compare again and to keep a record: let aha run or aha db migrate do it.",
)


async def plan_only(modules: Iterable[Module]) -> Outcome:
    """The units that `expand` would carry out or postpone, and why modules would be off."""
    modules = list(modules)
    failures = misfits(modules)
    units: list[UnitPlan] = []
    async with db_engine.connect() as connection:
        for wanted in ([framework()], [owned(module) for module in modules if module not in failures]):
            planning = await connection.run_sync(plan, wanted, Phase.EXPAND)
            units += (unit for unit in planning.units if unit.steps)
            failures |= by_module(planning.failures, modules)
    return Outcome(failures, tuple(units))


async def scripts(units: Sequence[UnitPlan]) -> str:
    """What `expand` would send to the database for `units`, with comments where it is more than statements."""
    async with db_engine.connect() as connection:
        return await connection.run_sync(_scripts, units)


def _scripts(connection: Connection, units: Sequence[UnitPlan]) -> str:
    casts.install(connection)
    found = [line for unit in units for line in _script(connection, unit)]
    return "".join(f"{line}\n" for line in (*_NOTE, *found) if found)


def _script(connection: Connection, unit: UnitPlan) -> Iterator[str]:
    yield f"-- {', '.join(name or 'the framework' for name in unit.modules)}: before the modules start (expand)"
    if unit.is_refused:
        yield from (f"-- {line}" for line in lines([unit]) if line.verdict is Verdict.REFUSE)
        return
    if unit.acts:
        script = script_of(connection, unit, Phase.EXPAND)
        yield from map(_text, script.before)
        yield "BEGIN;"
        yield from map(_text, script.statements)
        yield "COMMIT;"
        yield from map(_text, script.after)
    if waiting := [line for line in lines([unit]) if line.verdict is Verdict.POSTPONE]:
        yield "-- after on_start, as soon as the rows allow it (settle):"
        yield from (f"-- {line}" for line in waiting)


def _text(statement: Statement) -> str:
    match statement:
        case Sql():
            return f"{statement.text.strip()};"
        case FillRows():
            return f"-- {statement.table}.{statement.column}: one call of its default for each row"
        case RestoreRows():
            return f"-- {statement.table}.{statement.column}: what was kept goes back to its rows"
