"""What a module is told of the change of its tables: `Migration`, from the last release's model to this one's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.database.transition import Migration
from core.migration.owned import FRAMEWORK
from core.migration.steps import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.migration.model import UnitPlan
    from core.migration.planning import Planning
    from core.migration.state import TableState

_Types = dict[str, dict[str, str]]


def changes(unit: UnitPlan, planning: Planning, pending: Mapping[str, Migration]) -> dict[str, Migration]:
    """The changes that modules which had tables before are in once `unit` is carried out, by module.

    A change that is still `pending`, as the module's on_start has not succeeded since, goes on from where it began. One
    that is back there, as the old code has taken over again, is none.
    """
    found = dict(pending)
    for module in _touched(unit, planning):
        old = _old(planning, module)
        if old:
            new = _types((table.state for table in planning.wanted.values() if table.module == module), module)
            began = found.pop(module, None)
            if began is None or began.old != new or began.new == new:
                found[module] = Migration(module, began.old if began else old, new)
    return found


def _touched(unit: UnitPlan, planning: Planning) -> set[str]:
    tables = {planned.step.table for planned in unit.steps if planned.verdict is not Verdict.POSTPONE}
    found = (planning.wanted.get(table) or planning.records.get(table) for table in tables)
    return {known.module for known in found if known is not None} - {FRAMEWORK}


def _old(planning: Planning, module: str) -> _Types:
    """The tables that the module had, as recorded, or as they are on disk if there is no record of them."""
    was = next((owned.was for owned in planning.owned if owned.name == module), ())
    found: _Types = {}
    for owner in (*reversed(was), module):
        found |= _types((r.state for r in planning.records.values() if r.module == owner and r.used), owner)
    named = {name for name, table in planning.wanted.items() if table.module == module}
    unrecorded = (state for name, state in planning.live.items() if name in named and name not in planning.records)
    return found | _types(unrecorded, module)


def _types(states: Iterable[TableState], module: str) -> _Types:
    return {
        state.name.removesuffix(f"__{module}"): {column.name: column.type for column in state.columns}
        for state in states
    }
