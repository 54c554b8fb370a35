"""What a start would do, for whoever only wants to look: it changes nothing and waits for nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.database.engine import db_engine
from core.migration.applying import script_of
from core.migration.casts import cast as casts
from core.migration.ledger import stamp
from core.migration.owned import framework, owned, selected
from core.migration.planning import plan
from core.migration.report import lines
from core.migration.start import NO_TABLES, Outcome, by_module, fingerprint_of, misfits
from core.migration.statements import FillRows, RestoreRows, Sql
from core.migration.steps import Phase, Planned, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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


@dataclass(frozen=True, slots=True)
class Preview:
    """What the next start would come to. `units` are in the state in which it would find them: see `preview`.

    Of the modules that are `settling`, nothing has changed since the last start: it would do what can be done after
    their on_start. Those that are `unfinished` have an on_start that is still to succeed after a change.
    """

    failures: Mapping[Module, Exception]
    units: tuple[UnitPlan, ...]
    settling: frozenset[str]
    unfinished: frozenset[str]


async def preview(modules: Iterable[Module]) -> Preview:
    """As `plan_only`, but what has to wait for an on_start is postponed for that reason."""
    modules = list(modules)
    outcome = await plan_only(modules)
    async with db_engine.connect() as connection:
        found, live = await connection.run_sync(stamp.read)
    if found is None or found.live != live:
        return Preview(outcome.failures, outcome.units, frozenset(), frozenset(found.pending if found else ()))
    given = [owned(module) for module in modules if module not in outcome.failures]
    changed = {one.name for one in given if found.models.get(one.name, NO_TABLES) != fingerprint_of(one)}
    settling = frozenset(one.name for one in given) - {one.name for one in selected(given, changed)}
    waits = settling & found.pending.keys()
    units = tuple(_waiting(unit) if waits.issuperset(unit.modules) else unit for unit in outcome.units)
    return Preview(outcome.failures, units, settling, frozenset(found.pending))


def _waiting(unit: UnitPlan) -> UnitPlan:
    """The unit with all that could be done now postponed until on_start has succeeded."""
    steps = (
        p if p.verdict is Verdict.POSTPONE else Planned(p.step, Phase.SETTLE, Verdict.POSTPONE, remedy="on_start")
        for p in unit.steps
    )
    return replace(unit, steps=tuple(steps))


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
        # What the transaction ends with itself is there once more in case that it fails.
        yield from (_text(statement) for statement in script.after if statement not in script.statements)
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
