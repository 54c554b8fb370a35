"""From models, database and records to what has to be done: `make_plan`. It reads the database and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.migration.model import UnitPlan
from core.migration.planner.compare import steps_for
from core.migration.planner.elsewhere import missing_elsewhere
from core.migration.planner.enum_members import seen_members
from core.migration.planner.facts import Facts
from core.migration.planner.matching import matches, renaming_of
from core.migration.planner.order import in_order
from core.migration.planner.records import forgotten, next_records
from core.migration.planner.released import released
from core.migration.planner.renames import resolve
from core.migration.planner.rules import judge
from core.migration.planner.standing import make_room
from core.migration.planner.units import group
from core.migration.planner.waiting import consistent
from core.migration.steps import (
    CreateTable,
    MergeTable,
    Phase,
    Planned,
    RenameTable,
    RetireTable,
    ValidateConstraint,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.model import TableRecord, WantedTable
    from core.migration.planner.matching import Match
    from core.migration.state import TableState

__all__ = ["forgotten", "is_empty", "make_plan", "next_records"]


def make_plan(
    connection: Connection,
    wanted: Mapping[str, WantedTable],
    live: Mapping[str, TableState],
    records: Mapping[str, TableRecord],
    *,
    phase: Phase,
    modules: Collection[str] = (),
) -> list[UnitPlan]:
    """The units that have something to do in `phase`, in their order; those that only wait for rows to change, too.

    A unit without steps is in the list if its records are not what they should be: they are to be written, then it
    is gone. `modules` are those whose models are complete in `wanted` though they have no table there.
    `casts.prepare` must have been called for `connection`.
    """
    renames = resolve(wanted, live, records, folds=connection.dialect.name == "sqlite")
    renaming = renaming_of(renames, connection.dialect)
    found = matches(wanted, live, records, renames=renames, renaming=renaming)
    planned = _judged(connection, found, live, phase)
    running = {*modules, *(table.module for table in wanted.values())}
    unused = [name for name in sorted((live.keys() & records.keys()) - wanted.keys()) if name not in renaming.tables]
    retired = {name: records[name].module for name in unused if records[name].used and records[name].module in running}
    owners = {name: table.module for name, table in wanted.items()} | retired
    planned |= {name: [_retired(name, owners, planned, phase)] for name in retired}
    states = [renaming.table(live[name]) for name in unused]
    for steps in planned.values():
        steps.extend([*released(states, steps, phase)])
    units = group(owners, _states(found, {name: live[name] for name in retired}), planned)
    plans = (_unit(names, owners, planned, found=found, live=live, records=records) for names in units)
    return [unit for unit in plans if unit.steps or _has_news(unit, phase)]


def _states(found: Mapping[str, Match], retired: Mapping[str, TableState]) -> dict[str, list[TableState]]:
    """The tables as they are and as they will be."""
    both = {name: (match.now, match.wanted.state) for name, match in found.items()}
    used = {name: [state for state in states if state is not None] for name, states in both.items()}
    return used | {name: [state] for name, state in retired.items()}


def is_empty(units: Iterable[UnitPlan]) -> bool:
    """Whether nothing can be done now: there is no step but postponed ones."""
    return all(planned.verdict is Verdict.POSTPONE for unit in units for planned in unit.steps)


def _judged(
    connection: Connection, found: Mapping[str, Match], live: Mapping[str, TableState], phase: Phase
) -> dict[str, list[Planned]]:
    """The steps of each table with their verdicts; no query runs for a table that is as it should be."""
    planned: dict[str, list[Planned]] = {}
    asked: dict[str, Facts] = {}
    for name, plain in found.items():
        match = replace(plain, seen=seen_members(connection, plain))
        steps = steps_for(match, dialect=connection.dialect)
        if match.live is None:
            planned[name] = [Planned(step, phase) for step in steps]
        elif steps:
            asked[name] = Facts(connection, match, steps, live=live, phase=phase, others=asked)
    for name in [name for name in found if name not in planned and name not in asked]:
        if any(found[name].refers_to(other) for other in asked):
            asked[name] = Facts(connection, found[name], [], live=live, phase=phase, others=asked)
    for name, facts in asked.items():
        judged = [entry for step in facts.steps for entry in judge(step, facts)]
        planned[name] = make_room(judged, facts, connection.dialect)
    elsewhere = missing_elsewhere(connection, found, live)
    planned = {name: steps for name, steps in consistent(planned, found, elsewhere, phase).items() if steps}
    changing = {name for name, steps in planned.items() if any(p.verdict is not Verdict.POSTPONE for p in steps)}
    return {name: [_askable(entry, changing) for entry in steps] for name, steps in planned.items()}


def _askable(planned: Planned, changing: Collection[str]) -> Planned:
    """Without its probe if that asks for something that other steps are about to change."""
    asks = {planned.step.table}
    if isinstance(planned.step, ValidateConstraint) and planned.step.constraint.target:
        asks.add(planned.step.constraint.target)
    return replace(planned, probe="") if planned.probe and not asks.isdisjoint(changing) else planned


def _retired(name: str, owners: Mapping[str, str], planned: Mapping[str, Sequence[Planned]], phase: Phase) -> Planned:
    """The step for a table that no model has any more; perhaps the module has given it a new name."""
    created = {p.step.table for steps in planned.values() for p in steps if isinstance(p.step, CreateTable)}
    is_maybe_renamed = any(owners[table] == owners[name] for table in created)
    return Planned(RetireTable(name), phase, Verdict.REPORT, remedy="declare_rename" if is_maybe_renamed else "")


def _unit(
    modules: Sequence[str],
    owners: Mapping[str, str],
    planned: Mapping[str, Sequence[Planned]],
    *,
    found: Mapping[str, Match],
    live: Mapping[str, TableState],
    records: Mapping[str, TableRecord],
) -> UnitPlan:
    tables = [name for name, owner in owners.items() if owner in modules]
    steps = in_order([entry for name in tables for entry in planned.get(name, ())])
    olds = {p.step.old for p in steps if isinstance(p.step, RenameTable | MergeTable)}
    known = [name for name in dict.fromkeys((*tables, *olds, *(p.step.table for p in steps))) if name in live]
    return UnitPlan(
        modules=tuple(modules),
        steps=tuple(steps),
        live={name: live[name] for name in known},
        wanted={name: found[name].wanted for name in tables if name in found},
        records={name: records[name] for name in known if name in records},
    )


def _has_news(unit: UnitPlan, phase: Phase) -> bool:
    """Whether the records have to be written though there is nothing to do."""
    return any(unit.records.get(name) != record for name, record in next_records(unit, phase).items())
