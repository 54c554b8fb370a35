"""What an SQLite table has to look like after its steps, and whether ALTER TABLE can make it so. Pure values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.migration.sqlite.ddl import AUTOINCREMENT, WITHOUT_ROWID, can_be_added
from core.migration.state import ConstraintKind, ConstraintState, TableState
from core.migration.steps import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    ChangeOptions,
    ConvertColumn,
    DropConstraint,
    DropIndex,
    RenameConstraint,
    RetireColumn,
    SetNullable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.migration.state import ColumnState
    from core.migration.steps import Step


def target_of(current: TableState, steps: Iterable[Step], wanted: TableState) -> TableState:
    """The table after `steps`, which concern it. What no step speaks of stays, whoever put it there."""
    for step in steps:
        current = _after(current, step, wanted)
    return replace(current, options=tuple(option for option in current.options if _is_possible(option, current)))


def _is_possible(option: str, state: TableState) -> bool:
    """Whether the table's key allows the option: the key may have to wait."""
    if option == AUTOINCREMENT:
        return len(state.primary_key) == 1
    return option != WITHOUT_ROWID or bool(state.primary_key)


def is_alterable(current: TableState, target: TableState) -> bool:
    """Whether ADD COLUMN is enough. Indexes do not count: they are made and dropped for themselves."""
    known = len(current.columns)
    return (
        current.columns == target.columns[:known]
        and set(current.constraints) == set(target.constraints)
        and set(current.options) == set(target.options)
        and all(can_be_added(column) for column in target.columns[known:])
    )


def _after(state: TableState, step: Step, wanted: TableState) -> TableState:
    match step:
        case AddColumn(column=name, nullable=nullable, plain=plain):
            new = replace(_column(wanted, name), nullable=nullable)
            return replace(state, columns=(*state.columns, replace(new, computed=None) if plain else new))
        case RetireColumn(column=name):
            return _retired(state, name)
        case ConvertColumn(column=name):
            return _altered(state, name, type=_column(wanted, name).type)
        case AlterColumn(column=name, what="computed", plain=plain):
            return _altered(state, name, computed=None) if plain else _computed(state, _column(wanted, name))
        case AlterColumn(column=name, what=what):
            return _altered(state, name, **{what: getattr(_column(wanted, name), what)})
        case SetNullable(column=name, nullable=nullable):
            return _altered(state, name, nullable=nullable)
        case ChangeOptions():
            return replace(state, options=wanted.options)
        case AddIndex(index=index):
            return replace(state, indexes=(*_others(state.indexes, index.name), index))
        case DropIndex(index=index):
            return replace(state, indexes=_others(state.indexes, index.name))
        case _:
            return _constrained(state, step)


def _constrained(state: TableState, step: Step) -> TableState:
    match step:
        case AddConstraint(constraint=added):
            kept = (c for c in state.constraints if not is_same(c, added) and not _are_both_keys(c, added))
            return replace(state, constraints=(*kept, added))
        case DropConstraint(constraint=dropped):
            return replace(state, constraints=tuple(c for c in state.constraints if not is_same(c, dropped)))
        case RenameConstraint(old=old, new=new):
            return replace(state, constraints=tuple(new if is_same(c, old) else c for c in state.constraints))
        case _:
            return state


def is_same(one: ConstraintState, other: ConstraintState) -> bool:
    """Whether it is the same constraint, though its text may have changed when a table or a column was renamed."""
    if one.kind is not other.kind or (one.name or "").lower() != (other.name or "").lower():
        return False
    if one.name or one.definition == other.definition:
        return True
    return one.kind is not ConstraintKind.CHECK and one.columns == other.columns and one.target == other.target


def _are_both_keys(one: ConstraintState, other: ConstraintState) -> bool:
    return one.kind is other.kind is ConstraintKind.PRIMARY


def _retired(state: TableState, name: str) -> TableState:
    """The table with a column that nobody fills any more: nothing may ask for a value in it."""
    kept = tuple(c for c in state.constraints if name not in c.columns)
    indexes = tuple(index for index in state.indexes if not (index.unique and name in index.columns))
    return replace(_altered(state, name, nullable=True), constraints=kept, indexes=indexes)


def _computed(state: TableState, wanted: ColumnState) -> TableState:
    """The table with a column that is computed from now on, or no longer; only then it may have a default."""
    kind = {"type": wanted.type, "collation": wanted.collation} if wanted.computed else {}
    return _altered(state, wanted.name, computed=wanted.computed, default=wanted.default, **kind)


def _altered(state: TableState, name: str, **changes: Any) -> TableState:
    columns = tuple(replace(column, **changes) if column.name == name else column for column in state.columns)
    return replace(state, columns=columns)


def _others(indexes: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    return tuple(index for index in indexes if index.name.lower() != name.lower())


def _column(wanted: TableState, name: str) -> ColumnState:
    column = wanted.column(name)
    if column is None:
        raise LookupError(
            f"{wanted.name} has no column {name!r} in the model: the plan and the model do not belong together"
        )
    return column
