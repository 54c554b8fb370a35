"""How columns change their type: which ones have to together, and the statements; what cannot follow is kept first.

What else is in the way of a change (views, indexes, foreign keys) is detached elsewhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from core.migration.casts.cast import Cast, cast_sql
from core.migration.kept.follow import rename_members_sql
from core.migration.kept.table import exists, kept_table
from core.migration.kept.values import convert_keys_sql, keep_converted_sql
from core.migration.meaning import Kind
from core.migration.members import is_shift
from core.migration.postgresql.columns import fill_work, is_by_row
from core.migration.postgresql.ddl import alter, alter_column, quote, set_nullable
from core.migration.postgresql.job import Conversion, Stage
from core.migration.postgresql.types import ddl_type
from core.migration.statements import Sql
from core.migration.steps import AlterColumn, ConvertColumn, DropConstraint, SetNullable, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.migration.postgresql.job import Job, Remade, Work

# Types of one family can be compared with each other, so a foreign key may lead from one to the other.
_FAMILIES = {
    **dict.fromkeys(("smallint", "integer", "bigint"), "integer"),
    **dict.fromkeys(("real", "double precision"), "float"),
    **dict.fromkeys(("text", "character varying"), "text"),
}


def family(type_: str) -> str:
    """What the type of a column has in common with those that its values can be compared with."""
    base = re.sub(r"\([\d,]*\)", "", ddl_type(type_))
    return _FAMILIES.get(base, base)


# --- which columns ---


def conversions(job: Job, remade: Mapping[str, Remade]) -> dict[tuple[str, str], Conversion]:
    """All columns whose values change: those of steps, those with a type that is made anew, and children of keys."""
    found = {(new.table, new.column): new for new in _of_steps(job, remade)}
    for new in _sharing_types(job, remade):
        found.setdefault((new.table, new.column), new)
    todo = list(found.values())
    while todo:
        for new in _children(job, todo.pop()):
            if (new.table, new.column) not in found:
                found[new.table, new.column] = new
                todo.append(new)
    return found


def _of_steps(job: Job, remade: Mapping[str, Remade]) -> Iterator[Conversion]:
    collated = {(s.table, s.column) for s in job.steps if isinstance(s, AlterColumn) and s.what == "collation"}
    for step in job.steps:
        if isinstance(step, ConvertColumn):
            new = _conversion(job, remade, step.table, step.column)
            # Row after row, names that are exchanged would be there twice for a moment: so the table is written anew.
            moves = new.moves or (step.table, step.column) in collated or is_shift(step.members)
            collated.discard((step.table, step.column))
            yield replace(
                new, before=step.before, moves=moves, fill=step.fill, members=step.members, filled=step.filled
            )
    for table, column in sorted(collated):
        yield replace(_conversion(job, remade, table, column), moves=True)


def _sharing_types(job: Job, remade: Mapping[str, Remade]) -> Iterator[Conversion]:
    """The model's columns of types that are made anew, also their arrays. Unused columns keep the old type."""
    for new in remade.values():
        for table, column in sorted(new.live.columns if new.live else ()):
            wanted = job.wanted(table, column)
            if wanted and ddl_type(wanted.type).removesuffix("[]") == new.name:
                yield _conversion(job, remade, table, column)


def _conversion(job: Job, remade: Mapping[str, Remade], table: str, column: str) -> Conversion:
    model = job.unit.wanted[table]
    wanted = job.unit.wanted[table].state.column(column)
    if wanted is None:
        raise LookupError(f"{table}.{column} is to be converted, but the model does not have it")
    type_, after = ddl_type(wanted.type), model.meanings[column]
    moves = type_ != job.catalogue.columns[table, column].type
    new = remade.get(type_.removesuffix("[]"))
    if new and new.live:
        type_, moves = new.place.sql + "[]" * type_.endswith("[]"), True
        after = replace(after, sql=type_)
    return Conversion(table, column, job.meaning(table, column), after, type_, wanted.collation, moves)


def _children(job: Job, parent: Conversion) -> Iterator[Conversion]:
    """Columns that refer to one which changes so that they could not refer to it any longer."""
    dropped = {(s.table, s.constraint.name) for s in job.steps if isinstance(s, DropConstraint)}
    for key in job.catalogue.parts:
        if key.kind != "f" or key.target != parent.table or (key.table, key.name) in dropped:
            continue
        for column, target in zip(key.columns, key.target_columns, strict=True):
            live = job.live(key.table, column)
            if target != parent.column or not live:
                continue
            before = job.meaning(key.table, column)
            if parent.moves and family(live.type) != family(parent.type):
                yield Conversion(key.table, column, before, parent.after, parent.type, members=parent.members)
            elif parent.members:
                after, moves = replace(parent.after, sql=live.type), is_shift(parent.members)
                yield Conversion(key.table, column, before, after, live.type, moves=moves, members=parent.members)


# --- what is done ---


def convert_work(job: Job, found: Mapping[tuple[str, str], Conversion]) -> Work:
    """Keep what does not fit, then change all columns of a table in one go; defaults are set again afterwards."""
    clauses: defaultdict[str, list[str]] = defaultdict(list)
    for new in found.values():
        cast = _cast(job, new)
        if new.members and _is_anything_kept(job):
            yield Stage.KEEP, rename_members_sql(job.connection, new.table, new.column, members=new.members)
        if keep := _keep(job, new, cast):
            yield Stage.KEEP, keep
        if new.column in (key := job.key(new.table)) or not key or _is_anything_kept(job):
            yield Stage.CONVERT, _convert_keys(job, new)
        if not cast.total and is_by_row(new.fill):
            yield from _fill_afterwards(job, new)
        if new.moves:
            clauses[new.table].append(_type_clause(job, new, cast))
            yield from _default_aside(job, new)
        else:
            yield Stage.CONVERT, _update(job, new, _filled(new, cast))
    for table, changes in clauses.items():
        yield Stage.CONVERT, alter(job.place(table), ", ".join(changes), rows=True)


def _type_clause(job: Job, new: Conversion, cast: Cast) -> str:
    """The change of a column's type. PostgreSQL widens without a rewrite what it is not told how to convert."""
    families = {family(new.type), family(job.catalogue.columns[new.table, new.column].type)}
    is_wider = cast.total and families in ({"integer"}, {"text"})
    using = "" if is_wider else f" USING {_filled(new, cast)}"
    collate = f" COLLATE {quote(new.collation)}" if new.collation else ""
    return f"ALTER COLUMN {quote(new.column)} TYPE {new.type}{collate}{using}"


def _cast(job: Job, new: Conversion) -> Cast:
    column = quote(new.column)
    if new.before.kind is new.after.kind is Kind.ARRAY and not new.after.members:
        # An array follows only as a whole.
        value = f"pg_temp.aha_as({column}::text, NULL::{new.type})"
        return Cast(value, total=False, to_keep=f"({value}) IS NULL")
    return cast_sql(job.connection, column, new.before, new.after, members=new.members)


def _keep(job: Job, new: Conversion, cast: Cast) -> Sql | None:
    return keep_converted_sql(
        job.connection,
        new.table,
        module=job.module(new.table),
        column=new.column,
        key=job.key(new.table),
        cast=cast,
        before=new.before,
        after=new.after,
        filled=new.filled,
    )


def _convert_keys(job: Job, new: Conversion) -> Sql:
    return convert_keys_sql(
        job.connection, new.table, new.column, before=new.before, after=new.after, members=new.members
    )


def _is_anything_kept(job: Job) -> bool:
    return exists(job.connection) and bool(job.connection.scalar(select(select(kept_table.c.id).exists())))


def _filled(new: Conversion, cast: Cast) -> str:
    """The new value; that of the fill where the old one cannot follow."""
    if cast.total or new.fill.source is Source.NOTHING or is_by_row(new.fill):
        return cast.value
    # The text of an enum's default names the type, which is another one for the moment.
    column, fill = quote(new.column), f"CAST(({new.fill.sql}){'::text' * new.after.native} AS {new.type})"
    return f"CASE WHEN {column} IS NULL THEN NULL ELSE coalesce({cast.value}, {fill}) END"


def _update(job: Job, new: Conversion, value: str) -> Sql:
    """The column has the type already: only what changes is written. Compared as text, which every type has."""
    place, column = job.place(new.table), quote(new.column)
    changes = f"{column} IS NOT NULL AND {column}::text IS DISTINCT FROM ({value})::text"
    return Sql(f"UPDATE {place.sql} SET {column} = {value} WHERE {changes}", table=new.table, rows=True)


def _fill_afterwards(job: Job, new: Conversion) -> Work:
    """A value for each row comes from statements of its own: until then there is none.

    A column that may be NULL stays so, where it was and where the value is kept.
    """
    wanted, live, place = job.wanted(new.table, new.column), job.live(new.table, new.column), job.place(new.table)
    if wanted is None or live is None or wanted.nullable:
        return
    yield from fill_work(job, new.table, new.column, new.fill)
    if live.not_null:
        yield Stage.LOOSEN, set_nullable(place, new.column, nullable=True)
        if not any(isinstance(s, SetNullable) and (s.table, s.column) == (new.table, new.column) for s in job.steps):
            yield Stage.NOT_NULL, set_nullable(place, new.column, nullable=False)


def _default_aside(job: Job, new: Conversion) -> Work:
    """A default is not converted with its column. A column that numbers itself keeps its numbers where it can."""
    live, wanted, place = job.live(new.table, new.column), job.wanted(new.table, new.column), job.place(new.table)
    if live is None or live.default is None:
        return
    if live.serial and live.sequence:
        if wanted is None or wanted.default == "serial":
            # Before the sequence gets another name with its table or column.
            yield Stage.DETACH, Sql(f"ALTER SEQUENCE {live.sequence.sql} AS {new.type}")
        return
    yield Stage.DETACH, alter_column(place, new.column, "DROP DEFAULT")
    default = wanted.default if wanted else f"CAST(({live.default})::text AS {new.type})"
    if default is not None:
        yield Stage.DEFAULT, alter_column(place, new.column, f"SET DEFAULT {default}")
