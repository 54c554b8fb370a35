"""What becomes of a step, given what the rows say: taken, taken with a report, postponed or refused. It asks no SQL.

The rules are those of the table "Rules" in docs: nothing is ever lost, no start fails because of what rows hold.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import TYPE_CHECKING

from core.migration.state import ConstraintKind
from core.migration.steps import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    ConvertColumn,
    Fill,
    FillColumn,
    FillFromOld,
    MergeTable,
    Phase,
    Planned,
    RestoreKept,
    RetireColumn,
    SetNullable,
    Source,
    Step,
    ValidateConstraint,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.migration.planner.facts import Facts
    from core.migration.planner.probes import Evidence


@singledispatch
def judge(step: Step, facts: Facts) -> Iterator[Planned]:
    """What `step` becomes: none, itself, or several steps, one of which may be postponed."""
    yield Planned(step, facts.phase)


def _reported(step: Step, facts: Facts, *, rows: int, found: Evidence, remedy: str) -> Planned:
    return Planned(
        step,
        facts.phase,
        Verdict.REPORT,
        rows=rows,
        kept=found.rows,
        keys=found.keys,
        remedy=remedy if found.rows else "",
    )


def _postponed(step: Step, found: Evidence, remedy: str) -> Planned:
    return Planned(
        step, Phase.SETTLE, Verdict.POSTPONE, rows=found.rows, keys=found.keys, remedy=remedy, probe=found.probe
    )


def _if_clean(step: Step, facts: Facts, found: Evidence, remedy: str) -> Planned:
    return Planned(step, facts.phase) if found.clean else _postponed(step, found, remedy)


def _refused(step: Step, facts: Facts, found: Evidence, remedy: str) -> Planned:
    return Planned(step, facts.phase, Verdict.REFUSE, rows=found.rows, keys=found.keys, remedy=remedy)


# --- columns ---


@judge.register(AddColumn)
def _add_column(step: AddColumn, facts: Facts) -> Iterator[Planned]:
    if not (found := facts.uncomputable(step.column)).clean:
        yield Planned(replace(step, nullable=True, plain=True), facts.phase)
        yield _postponed(AlterColumn(step.table, step.column, "computed"), found, "uncomputed")
        if not step.nullable:
            yield _postponed(SetNullable(step.table, step.column, nullable=False), found, "uncomputed")
    elif step.fill.source is not Source.NOTHING:
        yield Planned(step, facts.phase, rows=facts.rows)
    elif step.nullable or not facts.rows or (found := facts.nulls(step.column)).clean:
        yield Planned(step, facts.phase)
    else:
        yield Planned(replace(step, nullable=True), facts.phase, Verdict.REPORT, rows=found.rows, remedy="fill_nulls")
        yield _postponed(SetNullable(step.table, step.column, nullable=False), replace(found, probe=""), "fill_nulls")


@judge.register(RetireColumn)
def _retire_column(step: RetireColumn, facts: Facts) -> Iterator[Planned]:
    is_maybe_renamed = any(isinstance(other, AddColumn) for other in facts.steps)
    remedy = "declare_rename" if is_maybe_renamed else ""
    yield Planned(step, facts.phase, Verdict.REPORT, rows=facts.with_value(step.column), remedy=remedy)


@judge.register(ConvertColumn)
def _convert(step: ConvertColumn, facts: Facts) -> Iterator[Planned]:
    if facts.is_stored_alike(step):
        return
    found = facts.misfits(step)
    step = replace(step, wrote=facts.still_written(step), filled=facts.filled(step))
    rows = facts.with_value(step.column)
    if found.clean:
        yield Planned(step, facts.phase, rows=rows)
    elif facts.waits(step):
        yield _postponed(step, found, "too_long")
    elif facts.is_key(step.column):
        yield _refused(step, facts, found, "key_values")
    else:
        yield _reported(step, facts, rows=rows, found=found, remedy="kept")
        yield from _without_values(step, facts, found)


def _without_values(step: ConvertColumn, facts: Facts, found: Evidence) -> Iterator[Planned]:
    """Let rows whose value is kept have none, if there is no default for them, until they get one."""
    if facts.is_required(step.column) and step.fill == Fill():
        yield Planned(SetNullable(step.table, step.column, nullable=True), facts.phase)
        yield _postponed(SetNullable(step.table, step.column, nullable=False), replace(found, probe=""), "fill_nulls")


@judge.register(RestoreKept)
def _restore(step: RestoreKept, facts: Facts) -> Iterator[Planned]:
    step = replace(step, wrote=facts.fillers(step.column), spelled=not facts.is_tied(step.column))
    if rows := facts.restorable(step):
        yield Planned(step, facts.phase, Verdict.REPORT, rows=rows)
    elif overtaken := facts.overtaken(step):
        # None goes back, now or later by itself: that has to be remembered.
        yield Planned(step, facts.phase, Verdict.REPORT, kept=overtaken, remedy="overtaken")


@judge.register(FillColumn)
def _fill(step: FillColumn, facts: Facts) -> Iterator[Planned]:
    found = facts.without_value(step.column)
    if found.rows and step.fill.source is not Source.NOTHING:
        yield Planned(step, facts.phase, rows=found.rows)


@judge.register(FillFromOld)
def _fill_late(step: FillFromOld, facts: Facts) -> Iterator[Planned]:
    found = facts.written_since(step)
    now = replace(step, wrote=facts.wrote(step.column))
    remedy = "stale" if step.stale else "written_since"
    yield _reported(now, facts, rows=facts.fillable(step), found=found, remedy=remedy)


@judge.register(MergeTable)
def _merge(step: MergeTable, facts: Facts) -> Iterator[Planned]:
    found = facts.twins()
    yield _reported(step, facts, rows=facts.merged_rows() - found.rows, found=found, remedy="twins")


@judge.register(AlterColumn)
def _alter(step: AlterColumn, facts: Facts) -> Iterator[Planned]:
    if step.what == "computed" and not (found := facts.uncomputable(step.column)).clean:
        yield _postponed(step, found, "uncomputed")
    elif step.what == "computed" and facts.is_written(step.column) and (rows := facts.with_value(step.column)):
        # What was written into the column makes room for what is computed.
        yield Planned(step, facts.phase, Verdict.REPORT, rows=rows, kept=rows, remedy="kept")
    else:
        yield Planned(step, facts.phase)


@judge.register(SetNullable)
def _nullable(step: SetNullable, facts: Facts) -> Iterator[Planned]:
    if step.nullable:
        yield Planned(step, facts.phase)
    elif not (found := facts.uncomputable(step.column)).clean:
        yield _postponed(step, found, "uncomputed")
    else:
        yield _if_clean(step, facts, facts.nulls(step.column), "fill_nulls")


# --- constraints ---


@judge.register(AddConstraint)
def _add_constraint(step: AddConstraint, facts: Facts) -> Iterator[Planned]:
    kind = step.constraint.kind
    if kind is ConstraintKind.PRIMARY:
        yield _primary(step, facts)
    elif kind is ConstraintKind.FOREIGN:
        yield from _foreign(step, facts)
    elif kind is ConstraintKind.UNIQUE:
        yield _if_clean(step, facts, facts.duplicates(step.constraint), "duplicates")
    elif kind is ConstraintKind.CHECK:
        yield _if_clean(step, facts, facts.failing(step.constraint), "check")
    else:
        yield _if_clean(step, facts, facts.excluding(step.constraint), "check")


def _primary(step: AddConstraint, facts: Facts) -> Planned:
    found = facts.duplicates(step.constraint)
    if found.rows:
        return _refused(step, facts, found, "key_duplicates")
    for column in step.constraint.columns:
        if (empty := facts.nulls(column)).rows:
            return _postponed(step, empty, "fill_nulls")
    return Planned(step, facts.phase)


def _foreign(step: AddConstraint, facts: Facts) -> Iterator[Planned]:
    found = facts.orphans(step.constraint)
    if found.clean:
        yield Planned(step, facts.phase)
        return
    yield Planned(
        replace(step, validate=False), facts.phase, Verdict.REPORT, rows=found.rows, keys=found.keys, remedy="orphans"
    )
    yield _postponed(ValidateConstraint(step.table, step.constraint), found, "orphans")


@judge.register(ValidateConstraint)
def _validate(step: ValidateConstraint, facts: Facts) -> Iterator[Planned]:
    is_key = step.constraint.kind is ConstraintKind.FOREIGN
    found = facts.orphans(step.constraint) if is_key else facts.failing(step.constraint)
    yield _if_clean(step, facts, found, "orphans" if is_key else "check")


@judge.register(AddIndex)
def _add_index(step: AddIndex, facts: Facts) -> Iterator[Planned]:
    if not (found := facts.unindexable(step.index)).clean:
        yield _postponed(step, found, "uncomputed")
    elif step.index.unique:
        yield _if_clean(step, facts, facts.duplicates(step.index), "duplicates")
    else:
        yield Planned(step, facts.phase)
