"""Indexes, checks and foreign keys that are in the way of a change: taken off, and made again after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.migration.postgresql.convert import family
from core.migration.postgresql.ddl import alter, comment, quote
from core.migration.postgresql.job import Stage
from core.migration.statements import Sql
from core.migration.steps import AddConstraint, AddIndex, DropConstraint, DropIndex, RenameConstraint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from core.migration.postgresql.catalogue import Part
    from core.migration.postgresql.job import Conversion, Job, Work


@dataclass(frozen=True, slots=True)
class Touched:
    """Columns, as (table, column), that change so that what names them has to stand aside, and those that go."""

    changed: frozenset[tuple[str, str]]
    dropped: frozenset[tuple[str, str]]


def touched(job: Job, found: Mapping[tuple[str, str], Conversion], dropped: Collection[tuple[str, str]]) -> Touched:
    """The columns whose type becomes one of another family, or loses its name for a while, and the `dropped`.

    Also those of foreign keys whose members are renamed: the other side has other names for a moment.
    """
    keys = [part for part in job.catalogue.parts if part.kind == "f"]
    tied = {(key.table, name) for key in keys for name in key.columns}
    tied |= {(key.target or "", name) for key in keys for name in key.target_columns}
    changed = {
        key
        for key, new in found.items()
        if (new.moves and family(new.type) != family(job.catalogue.columns[key].type)) or (new.members and key in tied)
    }
    return Touched(frozenset(changed), frozenset(dropped))


def parts_in_the_way(job: Job, columns: Touched) -> list[Part]:
    """What names the columns, or a key that is dropped, except what steps drop anyway."""
    going = _going(job)
    return [
        part
        for part in job.catalogue.parts
        if (part.table, part.name) not in going and _in_the_way(part, columns, going)
    ]


def parts_work(job: Job, parts: Iterable[Part]) -> Work:
    """Take `parts` off and make them again under the names that they are to have."""
    names = {(s.table, s.old.name): s.new.name for s in job.steps if isinstance(s, RenameConstraint)}
    going = _going(job)
    for part in parts:
        yield Stage.DETACH, _drop(job, part)
        if part.kind != "f" or _has_key(job, part, going):
            yield from _again(job, part, names.get((part.table, part.name)) or part.name)


def _going(job: Job) -> set[tuple[str | None, str | None]]:
    """The constraints and indexes that steps drop, by table and name."""
    going: set[tuple[str | None, str | None]] = set()
    for step in job.steps:
        if isinstance(step, DropConstraint):
            going.add((step.table, step.constraint.name))
        elif isinstance(step, DropIndex):
            going.add((step.table, step.index.name))
    return going


def _in_the_way(part: Part, columns: Touched, going: Collection[tuple[str | None, str | None]]) -> bool:
    named = {(part.table, column) for column in part.columns}
    if part.kind == "f":
        named |= {(part.target or "", column) for column in part.target_columns}
        return bool(named & (columns.changed | columns.dropped)) or (part.target, part.leans_on) in going
    if part.kind in ("c", "i"):
        return bool(named & (columns.changed | columns.dropped))
    return bool(named & columns.dropped)  # PostgreSQL rebuilds the index of a key with its columns


def _has_key(job: Job, part: Part, going: Collection[tuple[str | None, str | None]]) -> bool:
    """Whether what a foreign key refers to will still be a key: otherwise nothing can refer to it."""
    keys = [set(p.columns) for p in job.catalogue.parts if _is_key(p, part.target) and (p.table, p.name) not in going]
    keys += [set(s.constraint.columns) for s in job.steps if isinstance(s, AddConstraint) and s.table == part.target]
    keys += [set(s.index.columns) for s in job.steps if isinstance(s, AddIndex) and s.table == part.target]
    return set(part.target_columns) in keys


def _is_key(part: Part, table: str | None) -> bool:
    is_unique = part.kind in ("p", "u") or part.definition.startswith("CREATE UNIQUE INDEX")
    return part.table == table and is_unique


def _drop(job: Job, part: Part) -> Sql:
    place = job.place(part.table)
    if part.kind == "i":
        return Sql(f"DROP INDEX {place.beside(part.name)}", table=part.table)
    return alter(place, f"DROP CONSTRAINT {quote(part.name)}")


def _again(job: Job, part: Part, name: str) -> Work:
    """Make a part again. It may not fit what its columns are now: then the owner is told which it is."""
    place = job.place(part.table)
    remedy = f"{part.name} on {part.table} does not fit the new columns: drop it or change it, then start again"
    if part.kind == "i":
        yield Stage.INDEX, Sql(part.definition, table=part.table, rows=True, remedy=remedy)
        on = f"INDEX {place.beside(name)}"
    else:
        stage = Stage.FOREIGN if part.kind == "f" else Stage.KEY
        clause = f"ADD CONSTRAINT {quote(name)} {part.definition}"
        yield stage, alter(place, clause, rows=part.validated, remedy=remedy)
        on = f"CONSTRAINT {quote(name)} ON {place.sql}"
    if part.comment is not None:
        yield Stage.COMMENT, comment(on, part.comment)
