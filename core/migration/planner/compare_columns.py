"""What differs in the columns of a table that model and disk both know, and which are missing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.planner.defaults import fill_of
from core.migration.planner.enum_members import late_members, own_members
from core.migration.steps import (
    AddColumn,
    AlterColumn,
    ConvertColumn,
    Fill,
    FillColumn,
    FillFromOld,
    RestoreKept,
    SetNullable,
    Source,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Dialect

    from core.migration.meaning import Meaning
    from core.migration.planner.matching import Match, Origin
    from core.migration.state import ColumnState


def column_steps(match: Match, *, dialect: Dialect) -> Iterator[Step]:
    """The steps for columns that are added or changed."""
    columns = {column.name: column for column in match.wanted.table.columns}
    for wanted in match.wanted.state.columns:
        present = match.present(wanted.name)
        now = present.column if present else None
        if now == wanted and not _may_differ(match, wanted.name):
            continue
        fill = fill_of(columns[wanted.name], wanted, dialect, required=not wanted.nullable)
        if present is None or now is None:
            yield AddColumn(match.name, wanted.name, fill, wanted.nullable)
            continue
        yield from _conversion(match, present, wanted, fill=fill, dialect=dialect)
        if (former := match.former(wanted.name)) is not None:
            yield _late_fill(match, wanted.name, former, dialect)
        yield from _alterations(match, now, wanted)
        yield from _nullability(match.name, now, wanted, fill)


def _may_differ(match: Match, column: str) -> bool:
    recorded = match.record and match.record.meanings.get(column)
    is_renamed = column in match.wanted.members_was or (match.record is not None and column in match.record.members)
    is_other = recorded is not None and recorded != match.wanted.meanings[column]
    return column in match.fills or is_renamed or is_other


def _conversion(match: Match, present: Origin, wanted: ColumnState, *, fill: Fill, dialect: Dialect) -> Iterator[Step]:
    if wanted.computed:
        return
    now, before, after = present.column, present.meaning(dialect), match.wanted.meanings[wanted.name]
    members = own_members(match, wanted.name, dialect)
    if now.type != wanted.type or _differ(before, after, members):
        yield ConvertColumn(match.name, wanted.name, before, after, fill, members)
    if _has_changed(before, after) or now.type != wanted.type:
        yield RestoreKept(match.name, wanted.name, after)


def _differ(before: Meaning, after: Meaning, members: Mapping[str, str]) -> bool:
    """Whether values must change though the database shows the same type."""
    return before.kind != after.kind or bool(members) or bool(set(before.members) - set(after.members))


def _has_changed(before: Meaning, after: Meaning) -> bool:
    return (before.kind, before.sql, before.members) != (after.kind, after.sql, after.members)


def _late_fill(match: Match, column: str, former: Origin, dialect: Dialect) -> FillFromOld:
    wrote = match.record.wrote.get(column, ()) if match.record else ()
    before, after = former.meaning(dialect), match.wanted.meanings[column]
    members = late_members(match, column, former, dialect)
    old = former.column.name
    return FillFromOld(match.name, column, old, wrote, before, after, members, stale=_is_stale(match, column, old))


def _is_stale(match: Match, column: str, old: str) -> bool:
    """Whether the column had been given up when `old` came, and now gets its name: new columns come last on disk."""
    if match.record is None or match.now is None or old in match.record.renamed.get(column, ()):
        return False
    used, on_disk = match.record.state.column_names, match.now.column_names
    is_unused = column in match.record.meanings and column not in used
    return is_unused and old in used and on_disk.index(column) < on_disk.index(old)


def _alterations(match: Match, now: ColumnState, wanted: ColumnState) -> Iterator[Step]:
    if now.computed != wanted.computed or (wanted.computed and now.type != wanted.type):
        yield AlterColumn(match.name, wanted.name, "computed")
    elif now.default != wanted.default:
        yield AlterColumn(match.name, wanted.name, "default")
    if now.identity != wanted.identity:
        yield AlterColumn(match.name, wanted.name, "identity")
    if now.collation != wanted.collation:
        yield AlterColumn(match.name, wanted.name, "collation")
    if now.comment != wanted.comment and (wanted.comment or _is_our_comment(match, now)):
        yield AlterColumn(match.name, wanted.name, "comment")


def _is_our_comment(match: Match, now: ColumnState) -> bool:
    state = match.record.state.column(now.name) if match.record else None
    return state is not None and state.comment == now.comment


def _nullability(table: str, now: ColumnState, wanted: ColumnState, fill: Fill) -> Iterator[Step]:
    if now.nullable == wanted.nullable:
        return
    if not wanted.nullable and fill.source is not Source.NOTHING:
        yield FillColumn(table, wanted.name, fill)
    yield SetNullable(table, wanted.name, wanted.nullable)
