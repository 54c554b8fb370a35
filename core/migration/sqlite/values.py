"""What the rows of an SQLite table get by its steps: an expression over the old row for each column that changes.

The same expressions serve a rebuild (INSERT ... SELECT) and an UPDATE. Which of the two it is, is decided before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.migration.casts import cast as casts
from core.migration.kept import values as kept
from core.migration.kept.follow import rename_members_sql
from core.migration.kept.table import STALE, equal_to
from core.migration.schema.meanings import meaning_of_text
from core.migration.schema.tokens import quoted
from core.migration.sqlite.ddl import WITHOUT_ROWID, column_definition
from core.migration.sqlite.schema import free_name
from core.migration.statements import FillRows, RestoreRows, Sql
from core.migration.steps import AddColumn, AlterColumn, ConvertColumn, FillColumn, FillFromOld, RestoreKept, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from core.migration.meaning import Meaning
    from core.migration.model import TableRecord
    from core.migration.state import ColumnState, TableState
    from core.migration.statements import Statement
    from core.migration.steps import Fill, Step


_WRITING = AddColumn | ConvertColumn | FillColumn | FillFromOld


@dataclass(frozen=True, slots=True)
class Work:
    """A table and what has to become of it. `new` is what it is called while it is made anew; None if it is not."""

    module: str
    current: TableState
    target: TableState
    steps: Sequence[Step]
    record: TableRecord | None
    new: str | None = None

    @property
    def name(self) -> str:
        """The table's name."""
        return self.current.name

    @property
    def alterable(self) -> bool:
        """Whether ADD COLUMN makes its new columns, and it is not rebuilt."""
        return self.new is None

    def new_column(self, name: str) -> ColumnState:
        """The column as it has to become."""
        column = self.target.column(name)
        if column is None:
            raise LookupError(f"{self.name} has no column {name!r}: the steps of its plan do not belong together")
        return column


@dataclass(slots=True)
class Values:
    """How rows get their values: `before` prepares the old table, `after` completes the new one.

    `between` runs while there are both: the rows have been copied.

    `expressions` are over a row of the old table. `numbered` is a new key that nothing fills: it numbers the rows.
    """

    work: Work
    expressions: dict[str, str] = field(default_factory=dict)
    before: list[Statement] = field(default_factory=list)
    between: list[Statement] = field(default_factory=list)
    after: list[Statement] = field(default_factory=list)
    numbered: str | None = None
    there: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)

    def of(self, column: str) -> str:
        """The column's value."""
        return self.expressions.get(column) or (quoted(column) if column in self.there else "NULL")


def values_of(connection: Connection, work: Work) -> Values:
    """Go through the steps of `work`, one after the other."""
    values = Values(work, there=set(work.current.column_names))
    for step in work.steps:
        _take(connection, values, step)
    return values


def _take(connection: Connection, values: Values, step: Step) -> None:
    match step:
        case AddColumn():
            _add(values, step)
        case FillColumn(column=column, fill=fill):
            _fill(values, column, fill)
        case FillFromOld():
            _fill_from_old(connection, values, step)
        case ConvertColumn():
            _convert(connection, values, step)
        case AlterColumn(column=column, plain=True):
            values.expressions[column] = "NULL"
        case AlterColumn(column=column, what="computed"):
            _compute(connection, values, column)
        case RestoreKept():
            key = values.work.target.primary_key
            values.after.append(RestoreRows(step.table, step.column, key, step.after, step.wrote, step.spelled))


def _add(values: Values, step: AddColumn) -> None:
    work, name, fill = values.work, step.column, step.fill
    column = work.new_column(name)
    if work.alterable:
        _add_column(values, column)
    if fill.source is Source.CALLABLE:
        if not work.alterable:
            _add_column(values, _bare(column))
        # The default that ADD COLUMN has filled in is not what a call gives.
        _call(values, name, fill, only_null=not work.alterable or column.default is None)
    elif fill.sql is not None and not (work.alterable and fill.source is Source.SERVER and column.default is not None):
        values.expressions[name] = fill.sql
    elif work.target.primary_key == (name,):
        values.numbered = name


def _fill(values: Values, column: str, fill: Fill) -> None:
    if fill.source is Source.CALLABLE:
        _call(values, column, fill)
    elif fill.sql is not None:
        values.expressions[column] = f"coalesce({values.of(column)}, {fill.sql})"


def _fill_from_old(connection: Connection, values: Values, step: FillFromOld) -> None:
    now = values.of(step.column)
    old = casts.cast_sql(connection, values.of(step.old), step.before, step.after, members=step.members).value
    if step.stale:
        _keep_stale(connection, values, step.column, old)
        values.expressions[step.column] = f"coalesce({old}, {now})"
        return
    untouched = " OR ".join([f"{now} IS NULL", *equal_to("sqlite", now, step.wrote)])
    values.expressions[step.column] = f"CASE WHEN {untouched} THEN coalesce({old}, {now}) ELSE {now} END"


def _convert(connection: Connection, values: Values, step: ConvertColumn) -> None:
    now = values.of(step.column)
    cast = casts.cast_sql(connection, now, step.before, step.after, members=step.members)
    value = cast.value
    if step.members:
        values.before.append(rename_members_sql(connection, step.table, step.column, members=step.members))
    copied = _copied(values.work, step, cast)
    if keep := _keep_converted(connection, values, step, cast=cast, copied=copied):
        (values.before if copied is None else values.between).append(keep)
    if not cast.total and step.fill.sql is not None:
        value = f"CASE WHEN {now} IS NULL THEN NULL ELSE coalesce({value}, {step.fill.sql}) END"
    values.expressions[step.column] = value
    values.after.append(_convert_keys(connection, step))
    if step.fill.source is Source.CALLABLE:
        _call(values, step.column, step.fill)


def _compute(connection: Connection, values: Values, name: str) -> None:
    """A column that becomes computed loses what was written in it."""
    work, old = values.work, values.work.current.column(name)
    if old is None or old.computed or not work.new_column(name).computed:
        return
    where = f"{quoted(name)} IS NOT NULL"
    values.before.append(_keep(connection, values, old.name, where=where, before=_meaning(work, old), why="GENERATED"))


def _keep_stale(connection: Connection, values: Values, name: str, new: str) -> None:
    """What a column holds from an earlier release is kept where it is not what the column gets."""
    old = values.work.current.column(name)
    if old is not None:
        where = f"CAST({quoted(name)} AS TEXT) <> CAST({new} AS TEXT) COLLATE BINARY"
        values.before.append(_keep(connection, values, name, where=where, before=_meaning(values.work, old), why=STALE))


def _meaning(work: Work, column: ColumnState) -> Meaning:
    """What the values of a column mean: as recorded, else what its type says."""
    known = work.record.meanings.get(column.name) if work.record else None
    return known or meaning_of_text(column.type, "sqlite")


def _keep(connection: Connection, values: Values, column: str, *, where: str, before: Meaning, why: str) -> Sql:
    work = values.work
    return kept.keep_sql(
        connection,
        work.name,
        module=work.module,
        column=column,
        key=_row_key(work, column),
        where=where,
        before=before,
        reason=why,
    )


def _copied(work: Work, step: ConvertColumn, cast: casts.Cast) -> str | None:
    """The new table, if a value that does not follow is one that its column lacks; None if something takes its place.

    Then all values need not be converted twice, once for those that do not follow.
    """
    writes = [s for s in work.steps if isinstance(s, _WRITING) and s.column == step.column]
    is_plain = len(writes) == 1 and step.fill.source is Source.NOTHING and cast.altered is None
    return work.new if is_plain and work.new_column(step.column).computed is None else None


def _keep_converted(
    connection: Connection, values: Values, step: ConvertColumn, *, cast: casts.Cast, copied: str | None
) -> Sql | None:
    work = values.work
    return kept.keep_converted_sql(
        connection,
        work.name,
        module=work.module,
        column=step.column,
        key=_row_key(work, step.column),
        cast=cast,
        before=step.before,
        after=step.after,
        filled=step.filled,
        copied=copied,
    )


def _row_key(work: Work, column: str) -> tuple[str, ...]:
    """The columns by which a value of `column` finds its row."""
    return work.current.primary_key or tuple(name for name in work.current.column_names if name != column)


def _convert_keys(connection: Connection, step: ConvertColumn) -> Sql:
    return kept.convert_keys_sql(
        connection, step.table, step.column, before=step.before, after=step.after, members=step.members
    )


def _call(values: Values, column: str, fill: Fill, *, only_null: bool = True) -> None:
    """Fill what is NULL in a column by calls: in the table as it is, or beside it if the column is being converted."""
    if fill.make is None or column in values.called:
        return
    values.called.add(column)
    name = values.work.name
    key = values.work.current.primary_key if WITHOUT_ROWID in values.work.current.options else ()
    call = FillRows(name, column, fill.make, only_null, key=key)
    if column not in values.expressions and not _is_bound(values.work, column):
        values.before.append(call)
    elif values.work.alterable:
        values.after.append(call)
    else:
        taken = (*values.there, *values.work.target.column_names)
        aside = replace(_bare(values.work.new_column(column)), name=free_name(f"{column}_aside", taken))
        _add_column(values, aside)
        copy = f"UPDATE {quoted(name)} SET {quoted(aside.name)} = {values.of(column)}"
        values.before += [Sql(copy, name, rows=True), replace(call, into=aside.name)]
        values.expressions[column] = quoted(aside.name)


def _is_bound(work: Work, column: str) -> bool:
    """Whether a constraint that goes with the old table may refuse what the column is filled with."""
    return any(column in c.columns for c in work.current.constraints if c not in work.target.constraints)


def _add_column(values: Values, column: ColumnState) -> None:
    values.before.append(Sql(f"ALTER TABLE {quoted(values.work.name)} ADD COLUMN {column_definition(column)}"))
    values.there.add(column.name)


def _bare(column: ColumnState) -> ColumnState:
    """The column as any table can have it added."""
    return replace(column, nullable=True, default=None, computed=None)
