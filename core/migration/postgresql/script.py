"""What PostgreSQL has to be told to carry out a unit's steps: in place, in one transaction. It only reads.

Tables and columns get their new names first; all that follows is in `Stage`s and speaks of the new names only. To read
what has to be made again in those names, too, the renames are tried in a savepoint and taken back.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from core.migration import steps as s
from core.migration.casts import cast as casts
from core.migration.faults import code
from core.migration.postgresql.catalogue import read, relations
from core.migration.postgresql.columns import drop_and_add, replaced
from core.migration.postgresql.convert import conversions, convert_work
from core.migration.postgresql.dependents import dependents, generated_columns, quiet_triggers
from core.migration.postgresql.job import Job, Stage
from core.migration.postgresql.names import kept_renames, name_work, renames, same_indexes
from core.migration.postgresql.numbers import default_work
from core.migration.postgresql.parts import parts_in_the_way, parts_work, touched
from core.migration.postgresql.rights import demand_no_functions, demand_rights
from core.migration.postgresql.steps import work_of
from core.migration.postgresql.types import plain_name, remade_types, type_work
from core.migration.schema.create import create_statements, declared
from core.migration.statements import Script, Sql
from core.migration.steps import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.model import UnitPlan
    from core.migration.postgresql.job import Remade, Work
    from core.migration.statements import Statement
    from core.migration.steps import Phase, Step

_FORBIDDEN = "42501"  # insufficient_privilege
_OPENING = (
    Sql("SET LOCAL lock_timeout = '10s'"),
    # Rows that a policy hides from us would not be migrated; this makes an error of it.
    Sql("SET LOCAL row_security = off"),
    # A table with checks of deferred constraints still to come cannot be altered.
    Sql("SET CONSTRAINTS ALL IMMEDIATE"),
)


def script(connection: Connection, unit: UnitPlan, phase: Phase) -> Script:
    """The statements for the steps of `unit` that are taken in `phase`; none if there are none.

    Raises DatabaseError if the bot's role lacks a right that they need.
    """
    steps = [p.step for p in unit.steps if p.phase is phase and p.verdict in (Verdict.APPLY, Verdict.REPORT)]
    if not steps:
        return Script(())
    can_convert = _can_convert(connection)
    now = relations(connection)
    demand_rights(connection, steps, now)
    named = renames(unit, steps, now)
    with _as_if(connection, named):
        catalogue = read(connection, _concerned(unit, steps), relations(connection) if named else now)
        job = Job(connection, unit, steps, catalogue)
        # Two steps may come to the same, such as a default that changes with its column's type.
        work = sorted(dict.fromkeys(_work(job)), key=lambda placed: placed[0])
    statements = [*_OPENING, *named, *kept_renames(connection, unit, steps), *(sql for _, sql in work)]
    if not can_convert:
        demand_no_functions(connection, statements)
    return Script(statements)


def _can_convert(connection: Connection) -> bool:
    """Make the functions that convert values, if the role may have any."""
    try:
        with connection.begin_nested():
            casts.prepare(connection)
    except DBAPIError as error:
        if code(error) != _FORBIDDEN:
            raise
        return False
    return True


@contextmanager
def _as_if(connection: Connection, statements: Sequence[Sql]) -> Iterator[None]:
    """Let the body see the database as it is after `statements`."""
    if not statements:
        yield
        return
    savepoint = connection.begin_nested()
    try:
        for statement in (_OPENING[0], *statements):
            connection.exec_driver_sql(statement.text)
        yield
    finally:
        savepoint.rollback()


def _concerned(unit: UnitPlan, steps: Sequence[Step]) -> set[str]:
    """The tables to read, by their new names."""
    olds = {step.old for step in steps if isinstance(step, s.MergeTable)}
    return {step.table for step in steps} | set(unit.wanted) | olds


def _work(job: Job) -> Work:
    """All of it, in no order but that of the stages."""
    remade = remade_types(job)
    found = conversions(job, remade)
    computed = _computed_otherwise(job)
    emptied = {(step.table, step.column) for step in job.steps if isinstance(step, s.AlterColumn) and step.plain}
    generated = generated_columns(job.connection, job.catalogue.relations, found.keys()) - computed | emptied
    columns = touched(job, found, generated | computed)
    changed = {key for key, new in found.items() if new.moves} | generated | computed
    standing = dependents(job.connection, job.catalogue.relations, changed)
    parts = parts_in_the_way(job, columns)
    indexes = same_indexes(job.steps, columns.changed | columns.dropped)
    own = [step for step in job.steps if not (_is_renamed_index(step, indexes) or _is_made_so(step, columns.dropped))]
    work = [
        *((Stage.DETACH, sql) for sql in standing.drop),
        *parts_work(job, parts),
        *chain.from_iterable(drop_and_add(job, table, column) for table, column in sorted(generated)),
        *name_work(job, {(part.table, part.name) for part in parts}, indexes),
        *type_work(job, remade, found),
        *convert_work(job, found),
        *chain.from_iterable(work_of(step, job) for step in own),
        *chain.from_iterable(default_work(job, table, column) for table, column in _defaults(job)),
        *_creation(job, remade),
        *((Stage.ATTACH, sql) for sql in standing.create),
    ]
    yield from work
    yield from _quiet(job, [statement for _, statement in work], standing.triggers)


def _computed_otherwise(job: Job) -> set[tuple[str, str]]:
    steps = [
        step for step in job.steps if isinstance(step, s.AlterColumn) and step.what == "computed" and not step.plain
    ]
    return {(step.table, step.column) for step in steps if replaced(job, step.table, step.column)}


def _defaults(job: Job) -> Iterable[tuple[str, str]]:
    """A column may change from a default to an identity: that is one change, though two steps say so."""
    steps = (step for step in job.steps if isinstance(step, s.AlterColumn) and step.what in ("default", "identity"))
    return dict.fromkeys((step.table, step.column) for step in steps)


def _is_renamed_index(step: Step, indexes: Mapping[tuple[str, str], str]) -> bool:
    if isinstance(step, s.DropIndex):
        return (step.table, step.index.name) in indexes
    return isinstance(step, s.AddIndex) and step.index.name in {
        new for (table, _), new in indexes.items() if table == step.table
    }


def _is_made_so(step: Step, replaced: Collection[tuple[str, str]]) -> bool:
    """Whether a column may be NULL because it is made anew."""
    return isinstance(step, s.SetNullable) and step.nullable and (step.table, step.column) in replaced


def _creation(job: Job, remade: Mapping[str, Remade]) -> Work:
    tables = {job.unit.wanted[step.table].table: step for step in job.steps if isinstance(step, s.CreateTable)}
    if not tables:
        return
    there = {live.place.name for live in job.catalogue.types.values()} | {plain_name(name) for name in remade}
    there |= set(job.catalogue.sequences)
    without = [key for table, step in tables.items() for key in declared(table, step.without)]
    for sql in create_statements(job.connection.dialect, list(tables), existing=there, without=without):
        yield Stage.CREATE, sql


def _quiet(job: Job, work: Iterable[Statement], dropped: Collection[int]) -> Work:
    """Turn the triggers of those tables off whose rows are written; those that are `dropped` for the time are so."""
    written = {sql.table for sql in work if not isinstance(sql, Sql) or sql.text.startswith(("UPDATE", "INSERT"))}
    off, on = quiet_triggers(job.connection, job.catalogue.relations, written, besides=dropped)
    yield from ((Stage.QUIET, sql) for sql in off)
    yield from ((Stage.LOUD, sql) for sql in on)
