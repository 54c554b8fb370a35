"""What has to wait for something else: an old key for the new one, foreign keys for what they refer to. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from core.migration.state import ConstraintKind
from core.migration.steps import (
    AddConstraint,
    AddIndex,
    ChangeOptions,
    ConvertColumn,
    CreateTable,
    DropConstraint,
    Phase,
    Planned,
    RenameConstraint,
    RestoreKept,
    SetNullable,
    ValidateConstraint,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from core.migration.planner.matching import Match
    from core.migration.state import ConstraintState, TableState
    from core.migration.steps import Step

_Steps = dict[str, list[Planned]]
# By table: the keys that it does not have for now, by their columns, each with the step that waits.
Missing: TypeAlias = "Mapping[str, Mapping[frozenset[str], Planned]]"
_UNIQUE = (ConstraintKind.PRIMARY, ConstraintKind.UNIQUE)


def consistent(
    planned: Mapping[str, Sequence[Planned]], found: Mapping[str, Match], elsewhere: Missing, phase: Phase
) -> _Steps:
    """The steps of each table, without those that make sense only after one that has to wait: they wait, too.

    `found` are the tables that are planned; `elsewhere` is what others are missing.
    """
    steps = {name: _key_in_place(_of_columns(entries), found[name]) for name, entries in planned.items()}
    here = {name: missing for name, match in found.items() if (missing := _missing(match, steps.get(name, ())))}
    keys: Missing = {**here, **elsewhere}
    if not keys:
        return steps
    return {name: _without_keys(match, steps.get(name, []), keys, phase=phase) for name, match in found.items()}


def _of_columns(planned: Sequence[Planned]) -> list[Planned]:
    """Kept values wait for the conversion that lets them return."""
    waiting = {p.step.column for p in planned if _waits(p) and isinstance(p.step, ConvertColumn)}
    return [p for p in planned if not (isinstance(p.step, RestoreKept) and p.step.column in waiting)]


def _waits(planned: Planned) -> bool:
    return planned.verdict is Verdict.POSTPONE


# --- primary keys ---


def _key_in_place(planned: list[Planned], match: Match) -> list[Planned]:
    """While a new primary key waits, the old one stays, if the model still has its columns; and what needs the new."""
    key = next((p for p in planned if _waits(p) and _is_primary(p.step)), None)
    if key is None:
        return planned
    old = match.now.primary_key if match.now else ()
    stays = old if set(old) <= set(match.wanted.state.column_names) else ()
    planned = [p for p in planned if not (stays and isinstance(p.step, DropConstraint) and _is_primary(p.step))]
    return [replace(key, step=p.step) if _needs_key(p.step, stays) else p for p in planned]


def _is_primary(step: Step) -> bool:
    return isinstance(step, AddConstraint | DropConstraint) and step.constraint.kind is ConstraintKind.PRIMARY


def _needs_key(step: Step, old: Sequence[str]) -> bool:
    """Whether the step is possible only when the old key is gone, or the new one there."""
    is_loosened = isinstance(step, SetNullable) and step.nullable and step.column in old
    return is_loosened or isinstance(step, ChangeOptions)


# --- foreign keys ---


def _missing(match: Match, planned: Iterable[Planned]) -> dict[frozenset[str], Planned]:
    """The keys that the table will not have for now, by their columns, each with the step that waits."""
    waiting = {frozenset(_unique(p.step)): p for p in planned if _waits(p) and _unique(p.step)}
    if not waiting:
        return {}
    state = match.wanted.state
    there = [c.columns for c in _keys(state) if not any(c.columns == _unique(p.step) for p in waiting.values())]
    return {columns: p for columns, p in waiting.items() if all(set(key) != columns for key in there)}


def _keys(state: TableState) -> Iterator[ConstraintState]:
    return (constraint for constraint in state.constraints if constraint.kind in _UNIQUE)


def _unique(step: Step) -> tuple[str, ...]:
    if isinstance(step, AddConstraint):
        return step.constraint.columns if step.constraint.kind in _UNIQUE else ()
    return step.index.columns if isinstance(step, AddIndex) and step.index.unique else ()


def _without_keys(
    match: Match, planned: list[Planned], keys: Mapping[str, Mapping[frozenset[str], Planned]], *, phase: Phase
) -> list[Planned]:
    """The table's steps when its foreign keys to `keys` are made only after these."""
    for wanted in match.wanted.state.constraints:
        key = keys.get(wanted.target or "", {}).get(frozenset(wanted.target_columns))
        if key is not None and wanted.kind is ConstraintKind.FOREIGN:
            planned = [*_without_key(match, planned, wanted, phase=phase), _later(match, wanted, key)]
    return planned


def _without_key(
    match: Match, planned: Sequence[Planned], wanted: ConstraintState, *, phase: Phase
) -> Iterator[Planned]:
    """`planned` without what it does with the foreign key, which is dropped if it is there."""
    for entry in planned:
        step = entry.step
        if isinstance(step, CreateTable):
            yield replace(entry, step=replace(step, without=(*step.without, wanted)))
            continue
        constraint = step.new if isinstance(step, RenameConstraint) else getattr(step, "constraint", None)
        is_its = isinstance(step, AddConstraint | ValidateConstraint | RenameConstraint)
        if not (is_its and constraint is not None and constraint.definition == wanted.definition):
            yield entry
    dropped = [entry.step.constraint for entry in planned if isinstance(entry.step, DropConstraint)]
    for now in match.now.constraints if match.now else ():
        is_same = (now.kind, now.columns, now.target) == (wanted.kind, wanted.columns, wanted.target)
        if is_same and now.target_columns == wanted.target_columns and now not in dropped:
            yield Planned(DropConstraint(match.name, now), phase)


def _later(match: Match, wanted: ConstraintState, key: Planned) -> Planned:
    return replace(key, step=AddConstraint(match.name, wanted))
