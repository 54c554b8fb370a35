"""What differs in the columns of a table that model and disk both know, and which are missing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.members import Mixed, moves
from core.migration.planner.defaults import fill_of
from core.migration.schema.meanings import literals, meaning_of_text
from core.migration.state import ConstraintKind
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
from models.exc import TableRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Dialect

    from core.migration.meaning import Meaning
    from core.migration.planner.matching import Match
    from core.migration.state import ColumnState


def column_steps(match: Match, *, dialect: Dialect) -> Iterator[Step]:
    """The steps for columns that are added or changed."""
    columns = {column.name: column for column in match.wanted.table.columns}
    for wanted in match.wanted.state.columns:
        now = match.now.column(wanted.name) if match.now else None
        if now == wanted and not _may_differ(match, wanted.name):
            continue
        fill = fill_of(columns[wanted.name], wanted, dialect, required=not wanted.nullable)
        if now is None:
            yield AddColumn(match.name, wanted.name, fill, wanted.nullable)
            continue
        before, after = meaning_now(match, now, dialect), match.wanted.meanings[wanted.name]
        yield from _conversion(match, now, wanted, before=before, after=after, fill=fill)
        if (old := match.fills.get(wanted.name)) is not None:
            yield _late_fill(match, wanted.name, old, dialect)
        yield from _alterations(match, now, wanted)
        yield from _nullability(match.name, now, wanted, fill)


def _may_differ(match: Match, column: str) -> bool:
    recorded = match.record and match.record.meanings.get(column)
    is_renamed = column in match.wanted.members_was or (match.record is not None and column in match.record.members)
    is_other = recorded is not None and recorded != match.wanted.meanings[column]
    return column in match.fills or is_renamed or is_other


def meaning_now(match: Match, now: ColumnState, dialect: Dialect) -> Meaning:
    """What the values of a column on disk mean: what the record says, unless the type was changed by hand since."""
    if match.record is not None and (recorded := match.record.meanings.get(now.name)) is not None:
        state = match.record.state.column(now.name)
        if state is None or state.type == now.type:
            return recorded
    return meaning_of_text(now.type, dialect.name)


def _conversion(
    match: Match, now: ColumnState, wanted: ColumnState, *, before: Meaning, after: Meaning, fill: Fill
) -> Iterator[Step]:
    if wanted.computed:
        return
    members = _renamed_members(match, wanted.name, before, after)
    if now.type != wanted.type or _differ(before, after, members):
        yield ConvertColumn(match.name, wanted.name, before, after, fill, members)
    if _has_changed(before, after) or now.type != wanted.type:
        yield RestoreKept(match.name, wanted.name, after, fill.sql)


def _differ(before: Meaning, after: Meaning, members: Mapping[str, str]) -> bool:
    """Whether values must change though the database shows the same type."""
    return before.kind != after.kind or bool(members) or bool(set(before.members) - set(after.members))


def _has_changed(before: Meaning, after: Meaning) -> bool:
    return (before.kind, before.sql, before.members) != (after.kind, after.sql, after.members)


def _renamed_members(match: Match, column: str, before: Meaning, after: Meaning) -> dict[str, str]:
    """Old member -> new one, as they are stored, for those that the values may still hold.

    Raises TableRefused if values that differ would become the same.
    """
    is_known = match.record is not None and column in match.record.meanings
    known = match.record.members.get(column, {}) if match.record and is_known else None
    there = before.members if before.members or is_known else _checked_members(match, column)
    try:
        return moves(there, after.members, match.wanted.members_was.get(column, {}), known)
    except Mixed as mixed:
        raise TableRefused(
            f"table {match.name}: column {column}: {mixed}; its data is untouched", table=match.name
        ) from None


def _checked_members(match: Match, column: str) -> tuple[str, ...]:
    """The members that the CHECK of an enum allows on disk; none if there is no such CHECK."""
    ours = {c.name for c in match.wanted.state.constraints if c.kind is ConstraintKind.CHECK and c.columns == (column,)}
    checks = match.now.constraints if match.now else ()
    found = (c.definition for c in checks if c.name and c.name in ours and c.columns == (column,))
    return tuple(literals(next(found, "")))


def _late_fill(match: Match, column: str, old: str, dialect: Dialect) -> FillFromOld:
    state = match.now.column(old) if match.now else None
    assert state is not None  # noqa: S101 - `renames` has seen it on disk
    wrote = match.record.wrote.get(column) if match.record else None
    after = match.wanted.meanings[column]
    return FillFromOld(match.name, column, old, wrote, meaning_now(match, state, dialect), after)


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
