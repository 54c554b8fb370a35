"""Which modules migrate in one transaction, and in which order. Pure.

The tables of a module belong together. Two modules do if a foreign key between them is touched on the side that it
refers to, if each waits for a new table of the other, or if one has a table by a name that a table of the other had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.state import ConstraintKind
from core.migration.steps import (
    AddConstraint,
    ConvertColumn,
    DropConstraint,
    Planned,
    RenameColumn,
    RenameTable,
    Step,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from core.migration.state import ConstraintState, TableState

_KEYS = {ConstraintKind.PRIMARY, ConstraintKind.UNIQUE}


def group(
    owners: Mapping[str, str],
    states: Mapping[str, Sequence[TableState]],
    planned: Mapping[str, Sequence[Planned]],
) -> list[tuple[str, ...]]:
    """The modules of `owners` (table -> module) in their units, those that others refer to first.

    `states` are each table as it is and as it will be, `planned` its steps.
    """
    references = list(_references(owners, states))
    needs = {(owners[table], owners[key.target or ""]) for table, key in references}
    joined = {frozenset(pair) for pair in needs if pair[0] != pair[1] and _is_circular(pair, needs)}
    for table, key in references:
        steps = [entry.step for entry in planned.get(key.target or "", ()) if entry.verdict is not Verdict.POSTPONE]
        if any(_touches(step, key) for step in steps):
            joined.add(frozenset((owners[table], owners[key.target or ""])))
    renames = [entry.step for steps in planned.values() for entry in steps if isinstance(entry.step, RenameTable)]
    joined |= {frozenset((owners[step.table], owners[step.old])) for step in renames if step.old in owners}
    return _ordered(_united(set(owners.values()), joined), needs)


def _references(
    owners: Mapping[str, str], states: Mapping[str, Sequence[TableState]]
) -> Iterator[tuple[str, ConstraintState]]:
    for table, known in states.items():
        for state in known:
            for constraint in state.constraints:
                if constraint.kind is ConstraintKind.FOREIGN and constraint.target in owners and table in owners:
                    yield table, constraint


def _touches(step: Step, key: ConstraintState) -> bool:
    """Whether a step for the table that `key` refers to concerns the foreign key itself."""
    if isinstance(step, RenameTable):
        return True
    if isinstance(step, ConvertColumn | RenameColumn):
        return step.column in key.target_columns
    return isinstance(step, AddConstraint | DropConstraint) and step.constraint.kind in _KEYS


def _is_circular(pair: tuple[str, str], needs: set[tuple[str, str]]) -> bool:
    return pair[0] in _reachable(pair[1], needs)


def _reachable(start: str, needs: set[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        new = {needed for needing, needed in needs if needing == module} - found
        found |= new
        waiting += new
    return found


def _united(modules: set[str], joined: Iterable[frozenset[str]]) -> list[set[str]]:
    units = {module: {module} for module in modules}
    for pair in joined:
        union = set().union(*(units[module] for module in pair))
        units |= dict.fromkeys(union, union)
    return [units[module] for module in sorted(units) if module == min(units[module])]


def _ordered(units: list[set[str]], needs: set[tuple[str, str]]) -> list[tuple[str, ...]]:
    """The units so that each comes after those that it refers to; circles are units of their own by now."""
    ordered: list[tuple[str, ...]] = []
    left = list(units)
    while left:
        names = set().union(*left)
        ready = next((unit for unit in left if not _waits(unit, names - unit, needs)), left[0])
        left.remove(ready)
        ordered.append(tuple(sorted(ready)))
    return ordered


def _waits(unit: set[str], others: set[str], needs: set[tuple[str, str]]) -> bool:
    return any(needing in unit and needed in others for needing, needed in needs)
