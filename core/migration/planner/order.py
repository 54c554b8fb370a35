"""The order of steps within a transaction, which holds for both databases. It knows nothing of tables or rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.state import ConstraintKind
from core.migration.steps import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    ChangeOptions,
    CommentTable,
    ConvertColumn,
    CreateTable,
    DropConstraint,
    DropIndex,
    FillColumn,
    FillFromOld,
    MergeTable,
    Planned,
    RenameColumn,
    RenameConstraint,
    RenameTable,
    RestoreKept,
    RetireColumn,
    RetireTable,
    SetNullable,
    Step,
    ValidateConstraint,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

# A column may be NULL before it is converted, and must not be only when it is filled.
_ORDER: tuple[type, ...] = (
    RenameTable,
    RenameColumn,
    CreateTable,
    DropConstraint,
    DropIndex,
    RetireColumn,
    AddColumn,
    ConvertColumn,
    FillFromOld,
    MergeTable,
    FillColumn,
    RestoreKept,
    AlterColumn,
    SetNullable,
    RenameConstraint,
    AddConstraint,
    AddIndex,
    ValidateConstraint,
    CommentTable,
    ChangeOptions,
    RetireTable,
)
_RANK = {kind: place for place, kind in enumerate(_ORDER)}
# A key that others refer to is made before their foreign keys are, and goes after them.
_PLACE = {ConstraintKind.PRIMARY: 0, ConstraintKind.FOREIGN: 2}


def in_order(planned: Iterable[Planned]) -> list[Planned]:
    """`planned` in the order in which they are taken; what is alike stays as it was."""
    return sorted(planned, key=lambda entry: _place(entry.step))


def _place(step: Step) -> tuple[int, int]:
    if isinstance(step, SetNullable) and step.nullable:
        return _RANK[RetireColumn], 1
    if isinstance(step, AddConstraint):
        return _RANK[AddConstraint], _PLACE.get(step.constraint.kind, 1)
    if isinstance(step, DropConstraint):
        return _RANK[DropConstraint], -_PLACE.get(step.constraint.kind, 1)
    return _RANK[type(step)], 0
