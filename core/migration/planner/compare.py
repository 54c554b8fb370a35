"""What differs between a table of the model and the one on disk, as steps. Pure: what rows say of it, others ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.planner.compare_columns import column_steps
from core.migration.planner.compare_constraints import constraint_steps, index_steps
from core.migration.planner.enum_members import late_members
from core.migration.steps import (
    ChangeOptions,
    CommentTable,
    CreateTable,
    MergeTable,
    RenameColumn,
    RenameTable,
    RetireColumn,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Dialect

    from core.migration.planner.matching import Match
    from core.migration.state import ColumnState, TableState


def steps_for(match: Match, *, dialect: Dialect) -> list[Step]:
    """All that makes the table on disk the one of the model, in no particular order.

    Fills and conversions come as if every row needed them, and what is added as if rows allowed it.
    """
    if match.live is None or match.now is None:
        return [CreateTable(match.name)]
    unused = unused_columns(match)
    return [
        *_renames(match),
        *(RetireColumn(match.name, column.name) for column in unused if _is_retired(match, column)),
        *column_steps(match, dialect=dialect),
        *_merge(match, dialect),
        *constraint_steps(match, unused={column.name for column in unused}, dialect=dialect),
        *index_steps(match, unused={column.name for column in unused}, dialect=dialect),
        *_table_itself(match, match.now),
    ]


def unused_columns(match: Match) -> list[ColumnState]:
    """The columns on disk that the model no longer has.

    Those that no record knows were put there by others, and stay as they are. Where the record is lost they may be
    ours: the ones without which no row could be inserted are taken for that.
    """
    wanted = set(match.wanted.state.column_names)
    extra = [column for column in match.now.columns if column.name not in wanted] if match.now else []
    if match.record is None:
        return [column for column in extra if _blocks(column)]
    return [column for column in extra if column.name in match.record.meanings]


def _is_retired(match: Match, column: ColumnState) -> bool:
    """Whether an unused column has to be made such, now."""
    was_used = match.record is not None and match.record.state.column(column.name) is not None
    return was_used or _blocks(column)


def _blocks(column: ColumnState) -> bool:
    """Whether no row can be inserted that does not give the column a value."""
    return not (column.nullable or column.default or column.computed or column.identity)


def _renames(match: Match) -> Iterator[Step]:
    if match.live is not None and match.live.name != match.name:
        yield RenameTable(match.name, match.live.name)
    for column, old in match.columns.items():
        yield RenameColumn(match.name, column, old)


def _merge(match: Match, dialect: Dialect) -> Iterator[Step]:
    columns = match.merged_columns
    if match.merge is not None and columns.keys() >= set(match.wanted.state.primary_key):
        members = {column: late_members(match, column, match.merged(column), dialect) for column in columns}
        members = {column: renamed for column, renamed in members.items() if renamed}
        yield MergeTable(match.name, match.merge.name, columns, members)


def _table_itself(match: Match, now: TableState) -> Iterator[Step]:
    wanted = match.wanted.state
    if now.comment != wanted.comment and (wanted.comment or is_ours(match, now.comment)):
        yield CommentTable(match.name)
    if now.options != wanted.options:
        yield ChangeOptions(match.name)


def is_ours(match: Match, comment: str | None) -> bool:
    """Whether a comment on the table comes from a model; others may comment what they like."""
    return match.record is not None and match.record.state.comment == comment
