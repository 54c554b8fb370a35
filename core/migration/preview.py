"""What a start would do, for whoever only wants to look: it changes nothing and waits for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.database.engine import db_engine
from core.migration.owned import framework, owned
from core.migration.planning import plan
from core.migration.start import Outcome, by_module, misfits
from core.migration.steps import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.context import Module
    from core.migration.model import UnitPlan


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
