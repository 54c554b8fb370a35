"""The statements for a single step on PostgreSQL, as far as it needs no others. Their order is that of the stages."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from core.migration import steps as s
from core.migration.postgresql.columns import (
    add_work,
    comment_column,
    comment_table,
    compute_work,
    fill_from_old_work,
    fill_work,
    merge_work,
)
from core.migration.postgresql.ddl import alter, alter_column, quote, set_nullable
from core.migration.postgresql.job import Stage
from core.migration.schema.create import say_if_concurrent
from core.migration.state import ConstraintKind
from core.migration.statements import RestoreRows, Sql

if TYPE_CHECKING:
    from core.migration.postgresql.ddl import Place
    from core.migration.postgresql.job import Job, Work
    from core.migration.steps import Step


@singledispatch
def work_of(step: Step, job: Job) -> Work:  # noqa: ARG001 - what the others need
    """The statements for a step; none for those whose work is done elsewhere, for all of them together."""
    yield from ()


@work_of.register(s.AddColumn)
def _(step: s.AddColumn, job: Job) -> Work:
    return add_work(job, step)


@work_of.register(s.FillColumn)
def _(step: s.FillColumn, job: Job) -> Work:
    return fill_work(job, step.table, step.column, step.fill)


@work_of.register(s.FillFromOld)
def _(step: s.FillFromOld, job: Job) -> Work:
    return fill_from_old_work(job, step)


@work_of.register(s.MergeTable)
def _(step: s.MergeTable, job: Job) -> Work:
    return merge_work(job, step)


@work_of.register(s.RetireColumn)
def _(step: s.RetireColumn, job: Job) -> Work:
    place, live = job.place(step.table), job.live(step.table, step.column)
    if live and live.identity:
        yield Stage.LOOSEN, alter_column(place, step.column, "DROP IDENTITY")
    yield Stage.LOOSEN, set_nullable(place, step.column, nullable=True)


@work_of.register(s.RestoreKept)
def _(step: s.RestoreKept, job: Job) -> Work:
    rows = RestoreRows(step.table, step.column, job.key(step.table), step.after, step.wrote, step.spelled)
    yield Stage.RESTORE, rows


@work_of.register(s.AlterColumn)
def _(step: s.AlterColumn, job: Job) -> Work:
    if step.plain:
        return  # it goes when what it is computed from changes
    if step.what == "computed":
        yield from compute_work(job, step.table, step.column)
    elif step.what == "comment":
        yield from comment_column(job, step.table, step.column)


@work_of.register(s.SetNullable)
def _(step: s.SetNullable, job: Job) -> Work:
    stage = Stage.LOOSEN if step.nullable else Stage.NOT_NULL
    yield stage, set_nullable(job.place(step.table), step.column, nullable=step.nullable)


@work_of.register(s.AddConstraint)
def _(step: s.AddConstraint, job: Job) -> Work:
    place, wanted = job.place(step.table), step.constraint
    name = f"CONSTRAINT {quote(wanted.name)} " if wanted.name else ""
    stage = Stage.FOREIGN if wanted.kind is ConstraintKind.FOREIGN else Stage.KEY
    if wanted.kind not in (ConstraintKind.FOREIGN, ConstraintKind.CHECK):
        yield stage, alter(place, f"ADD {name}{wanted.definition}", rows=True)
        return
    yield stage, alter(place, f"ADD {name}{wanted.definition} NOT VALID")
    if step.validate and wanted.name:
        yield Stage.VALIDATE, _validation(place, wanted.name)


@work_of.register(s.ValidateConstraint)
def _(step: s.ValidateConstraint, job: Job) -> Work:
    yield Stage.VALIDATE, _validation(job.place(step.table), step.constraint.name or "")


@work_of.register(s.DropConstraint)
def _(step: s.DropConstraint, job: Job) -> Work:
    yield Stage.DETACH, alter(job.place(step.table), f"DROP CONSTRAINT {quote(step.constraint.name or '')}")


@work_of.register(s.AddIndex)
def _(step: s.AddIndex, job: Job) -> Work:
    for index in job.unit.wanted[step.table].table.indexes:
        if index.name == step.index.name:
            say_if_concurrent(index)
    yield Stage.INDEX, Sql(step.index.sql, table=step.table, rows=True)


@work_of.register(s.DropIndex)
def _(step: s.DropIndex, job: Job) -> Work:
    yield Stage.DETACH, Sql(f"DROP INDEX {job.place(step.table).beside(step.index.name)}", table=step.table)


@work_of.register(s.CommentTable)
def _(step: s.CommentTable, job: Job) -> Work:
    return comment_table(job, step.table)


def _validation(place: Place, name: str) -> Sql:
    return alter(place, f"VALIDATE CONSTRAINT {quote(name)}", rows=True)
