"""Columns that are added, filled or computed, and rows that come from elsewhere. Types change in another file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.migration.casts.cast import cast_sql, without_type
from core.migration.kept.table import STALE, equal_to
from core.migration.kept.values import keep_sql
from core.migration.postgresql.ddl import (
    alter,
    alter_column,
    comment,
    drop_column,
    listed,
    quote,
    rename_column,
    set_nullable,
)
from core.migration.postgresql.job import Stage
from core.migration.postgresql.numbers import count_on, serial_type
from core.migration.postgresql.types import ddl_type
from core.migration.statements import FillRows, Sql
from core.migration.steps import AlterColumn, SetNullable, Source

if TYPE_CHECKING:
    from collections.abc import Collection

    from core.migration.postgresql.job import Job, Work
    from core.migration.state import ColumnState
    from core.migration.steps import AddColumn, Fill, FillFromOld, MergeTable

_SET_EXPRESSION = 17  # the first version that can give a computed column another expression in place


def add_work(job: Job, step: AddColumn) -> Work:
    """Add a column with what existing rows get. A constant does not touch the rows: PostgreSQL remembers it."""
    wanted, place = job.wanted(step.table, step.column), job.place(step.table)
    if wanted is None:
        return
    if step.plain:
        wanted = replace(wanted, computed=None)
    by_row = is_by_row(step.fill)
    default = step.fill.sql if step.fill.source is Source.VALUE else wanted.default
    nullable = "" if step.nullable or by_row else " NOT NULL"
    stage = Stage.COMPUTE if wanted.computed else Stage.ADD
    yield stage, alter(place, f"ADD COLUMN {_specification(wanted, None if by_row else default)}{nullable}")
    if step.nullable and (wanted.identity or wanted.default == "serial"):
        yield stage, set_nullable(place, step.column, nullable=True)
    if by_row:
        yield from fill_work(job, step.table, step.column, step.fill)
        if not step.nullable:
            yield Stage.NOT_NULL, set_nullable(place, step.column, nullable=False)
    if by_row or default != wanted.default:
        clause = "DROP DEFAULT" if wanted.default is None else f"SET DEFAULT {wanted.default}"
        yield Stage.DEFAULT, alter_column(place, step.column, clause)
    if wanted.comment is not None:
        yield Stage.COMMENT, comment(f"COLUMN {place.sql}.{quote(step.column)}", wanted.comment)


def is_by_row(fill: Fill) -> bool:
    """Whether rows get their values by statements of their own: from calls, or from an expression that may be a query.

    A query may stand neither in a DEFAULT nor in a change of type.
    """
    return fill.source is Source.CALLABLE or (fill.source is Source.VALUE and (fill.sql or "").startswith("("))


def _specification(wanted: ColumnState, default: str | None) -> str:
    parts = [quote(wanted.name), serial_type(wanted) if default == "serial" else ddl_type(wanted.type)]
    if wanted.collation:
        parts.append(f"COLLATE {quote(wanted.collation)}")
    if wanted.computed:
        parts.append(f"GENERATED ALWAYS AS {wanted.computed}")
    elif wanted.identity:
        parts.append(wanted.identity)
    elif default is not None and default != "serial":
        parts.append(f"DEFAULT {default}")
    return " ".join(parts)


# --- rows ---


def fill_work(job: Job, table: str, column: str, fill: Fill) -> Work:
    """Rows whose column is NULL get `fill`."""
    if fill.source is Source.CALLABLE and fill.make is not None:
        yield Stage.FILL, FillRows(table, column, fill.make)
    elif fill.sql is not None:
        name = quote(column)
        update = f"UPDATE {job.place(table).sql} SET {name} = {fill.sql} WHERE {name} IS NULL"
        yield Stage.FILL, Sql(update, table=table, rows=True)


def fill_from_old_work(job: Job, step: FillFromOld) -> Work:
    """The old column's value goes where nothing was written since. What cannot be converted stays in the old column."""
    name, old = quote(step.column), quote(step.old)
    value = cast_sql(job.connection, old, step.before, step.after, members=step.members).value
    untouched = f"{name} IS NULL"
    wanted = job.wanted(step.table, step.column)
    if step.stale:
        yield Stage.KEEP, _keep_stale(job, step)
        untouched = "TRUE"
    elif wanted:
        written = (f"CAST({wrote} AS {ddl_type(wanted.type)})::text" for wrote in step.wrote)
        untouched = " OR ".join([untouched, *equal_to("postgresql", name, written)])
    update = f"UPDATE {job.place(step.table).sql} SET {name} = {value}"
    yield Stage.FILL, Sql(f"{update} WHERE ({untouched}) AND ({value}) IS NOT NULL", table=step.table, rows=True)


def _keep_stale(job: Job, step: FillFromOld) -> Sql:
    """Keep what the column holds from an earlier release where it is not what the column gets."""
    column = step.column
    # For now an enum may have other members.
    new = cast_sql(job.connection, quote(step.old), step.before, without_type(step.after), members=step.members).value
    return keep_sql(
        job.connection,
        step.table,
        module=job.module(step.table),
        column=column,
        key=job.key(step.table),
        where=f"{quote(column)}::text <> ({new})::text",
        before=job.meaning(step.table, column),
        reason=STALE,
    )


def merge_work(job: Job, step: MergeTable) -> Work:
    """Copy the rows of the old table whose keys the new one does not have; the old table stays as it is."""
    target, source = job.place(step.table), job.catalogue.relations[step.old].place
    columns = {new: old for new, old in step.columns.items() if not _is_computed(job, step.table, new)}
    values = [_merged(job, step, new) for new in columns]
    key = _key_after(job, step.table)
    query = f"SELECT {', '.join(values)} FROM {source.sql} AS o"
    if key and set(key) <= columns.keys():
        # Twins of a row whose key is converted count as well.
        same = " AND ".join(f"n.{quote(c)} = {_merged(job, step, c)}" for c in key)
        query += f" WHERE NOT EXISTS (SELECT 1 FROM {target.sql} AS n WHERE {same})"
    insert = f"INSERT INTO {target.sql} ({listed(columns)}) OVERRIDING SYSTEM VALUE {query} ON CONFLICT DO NOTHING"
    yield Stage.MERGE, Sql(insert, table=step.table, rows=True)
    for column in job.unit.wanted[step.table].state.columns:
        if column.name in columns and (column.identity or column.default == "serial"):
            yield Stage.MERGE, count_on(target, column.name)


def _merged(job: Job, step: MergeTable, column: str) -> str:
    old, source = step.columns[column], f"o.{quote(step.columns[column])}"
    before, after = job.meaning(step.old, old), job.unit.wanted[step.table].meanings[column]
    wanted, live = job.wanted(step.table, column), job.live(step.old, old)
    members = step.members.get(column, {})
    if wanted and live and before == after and ddl_type(wanted.type) == live.type and not members:
        return source
    return cast_sql(job.connection, source, before, after, members=members).value


def _key_after(job: Job, table: str) -> Collection[str]:
    return job.unit.wanted[table].state.primary_key


def _is_computed(job: Job, table: str, column: str) -> bool:
    wanted = job.wanted(table, column)
    return wanted is None or wanted.computed is not None


# --- computed columns ---


def replaced(job: Job, table: str, column: str) -> bool:
    """Whether the column gives way to another one of its name to be computed, or not, as the model wants it."""
    live, wanted = job.live(table, column), job.wanted(table, column)
    if live is None or wanted is None or _in_place(job, table, column):
        return False
    return live.generated != "STORED" or wanted.computed is not None


def _in_place(job: Job, table: str, column: str) -> bool:
    live, wanted = job.live(table, column), job.wanted(table, column)
    if live is None or wanted is None or not wanted.computed or not live.generated:
        return False
    is_alike = wanted.computed.endswith(live.generated) and ddl_type(wanted.type) == live.type
    return is_alike and job.catalogue.version >= _SET_EXPRESSION


def compute_work(job: Job, table: str, column: str) -> Work:
    """A column becomes a computed one, is computed otherwise, or keeps its values and is computed no more."""
    live, wanted, place = job.live(table, column), job.wanted(table, column), job.place(table)
    if live is None or wanted is None:
        return
    if not wanted.computed:
        yield from _compute_no_more(job, table, column)
    elif not live.generated:
        yield from _compute_from_now(job, table, column)
    elif not _in_place(job, table, column):
        yield from drop_and_add(job, table, column)
    else:
        expression = wanted.computed.rpartition(" ")[0]
        yield Stage.COMPUTE, alter_column(place, column, f"SET EXPRESSION AS {expression}")


def drop_and_add(job: Job, table: str, column: str) -> Work:
    """Take a computed column away while what it is computed from changes; its values are computed again.

    One that the model no longer has keeps the values that it has: it may make no sense with what comes.
    """
    live, wanted, place = job.live(table, column), job.wanted(table, column), job.place(table)
    if live is None:
        return
    if wanted is None and job.is_known(table, column):
        yield from _compute_no_more(job, table, column)
        return
    yield Stage.DETACH, drop_column(place, column)
    computed = wanted.computed if wanted and wanted.computed else f"({live.expression}) {live.generated}"
    type_ = ddl_type(wanted.type) if wanted and wanted.computed else live.type
    if AlterColumn(table, column, "computed", plain=True) in job.steps:
        yield Stage.COMPUTE, alter(place, f"ADD COLUMN {quote(column)} {type_}")
        return
    is_loosened = SetNullable(table, column, nullable=True) in job.steps
    not_null = " NOT NULL" if live.not_null and not is_loosened else ""
    remedy = f"{table}.{column} cannot be computed from the new columns: change it or drop it, then start again"
    clause = f"ADD COLUMN {quote(column)} {type_} GENERATED ALWAYS AS {computed}{not_null}"
    yield Stage.COMPUTE, alter(place, clause, rows=True, remedy=remedy)
    if live.comment is not None:
        yield Stage.COMMENT, comment(f"COLUMN {place.sql}.{quote(column)}", live.comment)


def _compute_no_more(job: Job, table: str, column: str) -> Work:
    """Keep the values, as those of a plain column, before anything else is done with it."""
    live, place, aside = job.live(table, column), job.place(table), _aside(column)
    if live is None or live.generated == "STORED":
        yield Stage.LOOSEN, alter_column(place, column, "DROP EXPRESSION")
        return
    yield Stage.LOOSEN, rename_column(place, column, aside)
    yield Stage.LOOSEN, alter(place, f"ADD COLUMN {quote(column)} {live.type}")
    update = f"UPDATE {place.sql} SET {quote(column)} = {quote(aside)}"
    yield Stage.LOOSEN, Sql(update, table=table, rows=True)
    yield Stage.LOOSEN, drop_column(place, aside)


def _compute_from_now(job: Job, table: str, column: str) -> Work:
    """What was written in the column and is not what is computed now is kept."""
    place, wanted, aside = job.place(table), job.wanted(table, column), _aside(column)
    if wanted is None:
        return
    new = f"{quote(aside)} {ddl_type(wanted.type)} GENERATED ALWAYS AS {wanted.computed}"
    yield Stage.COMPUTE, alter(place, f"ADD COLUMN {new}", rows=True)
    changes = f"{quote(column)} IS NOT NULL AND {quote(column)}::text IS DISTINCT FROM {quote(aside)}::text"
    yield (
        Stage.COMPUTE,
        keep_sql(
            job.connection,
            table,
            module=job.module(table),
            column=column,
            key=job.key(table),
            where=changes,
            before=job.meaning(table, column),
            reason=f"computed now: {wanted.computed}",
        ),
    )
    yield Stage.COMPUTE, drop_column(place, column)
    yield Stage.COMPUTE, rename_column(place, aside, column)


def _aside(column: str) -> str:
    return column.encode()[:52].decode(errors="ignore") + "__aha_aside"


def comment_column(job: Job, table: str, column: str) -> Work:
    """The column gets the model's comment."""
    wanted = job.wanted(table, column)
    if wanted is not None:
        yield Stage.COMMENT, comment(f"COLUMN {job.place(table).sql}.{quote(column)}", wanted.comment)


def comment_table(job: Job, table: str) -> Work:
    """The table gets the model's comment."""
    yield Stage.COMMENT, comment(f"TABLE {job.place(table).sql}", job.unit.wanted[table].state.comment)
