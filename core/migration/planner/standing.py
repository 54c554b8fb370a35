"""Constraints that stay as they are while the values under them change: those that the new values break make room.

They are dropped before, and made again when the rows allow it. What is added or dropped anyway is judged in `rules`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.migration.planner.compare_constraints import to_add, unchanged
from core.migration.planner.rules import judge
from core.migration.state import ConstraintKind
from core.migration.steps import (
    AddConstraint,
    AddIndex,
    AlterColumn,
    DropConstraint,
    DropIndex,
    Planned,
    RenameConstraint,
    SetNullable,
    ValidateConstraint,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Dialect

    from core.migration.planner.facts import Facts
    from core.migration.state import ConstraintState


def make_room(planned: Sequence[Planned], facts: Facts, dialect: Dialect) -> list[Planned]:
    """`planned`, the steps of one table, with those that let what it does to the rows happen."""
    more = [*_constraints(facts, dialect), *_indexes(facts), *_computed(facts)]
    dropped = [entry.step.constraint for entry in more if isinstance(entry.step, DropConstraint)]
    return [*(entry for entry in planned if not _is_void(entry, dropped)), *more]


def _is_void(planned: Planned, dropped: Sequence[ConstraintState]) -> bool:
    """Whether the step is for a constraint that is not there any more when its turn comes."""
    step = planned.step
    if isinstance(step, RenameConstraint):
        return step.old in dropped
    if isinstance(step, ValidateConstraint):
        return any(step.constraint.definition == constraint.definition for constraint in dropped)
    return False


def _constraints(facts: Facts, dialect: Dialect) -> Iterator[Planned]:
    for wanted, now in unchanged(facts.match, dialect) if facts.may_break else ():
        # PostgreSQL looks at the key of any row that is written after its table was rewritten.
        is_looked_at = facts.concerns(wanted) or not now.validated
        if wanted.kind is not ConstraintKind.PRIMARY and is_looked_at:
            again = [*judge(AddConstraint(facts.match.name, to_add(facts.match, wanted)), facts)]
            if any(entry.verdict is Verdict.POSTPONE for entry in again):
                yield Planned(DropConstraint(facts.match.name, now), facts.phase)
                yield from again


def _indexes(facts: Facts) -> Iterator[Planned]:
    wanted = {index.name: index for index in facts.match.wanted.state.indexes if index.unique}
    going = {step.index.name for step in facts.steps if isinstance(step, DropIndex)}
    for index in facts.match.now.indexes if facts.match.now else ():
        if index.name in wanted and index.name not in going and not facts.rewritten.isdisjoint(index.columns):
            again = [*judge(AddIndex(facts.match.name, wanted[index.name]), facts)]
            if again[0].verdict is Verdict.POSTPONE:
                yield Planned(DropIndex(facts.match.name, index), facts.phase)
                yield from again


def _computed(facts: Facts) -> Iterator[Planned]:
    """Computed columns that must have a value, and may have none in some rows from now on."""
    for column in facts.match.wanted.state.columns:
        if facts.is_emptied(column.name):
            step = AlterColumn(facts.match.name, column.name, "computed")
            yield Planned(replace(step, plain=True), facts.phase)
            if step not in facts.steps:
                yield from judge(step, facts)
        now = facts.match.now.column(column.name) if facts.match.now else None
        is_strict = now is not None and not now.nullable and not column.nullable
        if is_strict and column.computed and column.name in facts.rewritten:
            (later,) = judge(SetNullable(facts.match.name, column.name, nullable=False), facts)
            if later.verdict is Verdict.POSTPONE:
                yield Planned(SetNullable(facts.match.name, column.name, nullable=True), facts.phase)
                yield replace(later, probe="")
