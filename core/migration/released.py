"""Foreign keys of unused tables that go because the key they refer to changes: no model says any more what they mean.

Those of used tables follow their model; those that others put there are left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.state import ConstraintKind
from core.migration.steps import AddConstraint, ConvertColumn, DropConstraint, Planned, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from core.migration.state import ConstraintState, TableState
    from core.migration.steps import Phase


def released(unused: Iterable[TableState], planned: Sequence[Planned], phase: Phase) -> Iterator[Planned]:
    """The steps for tables that are `unused` and refer to the table that `planned` is for."""
    steps = [entry.step for entry in planned if entry.verdict is not Verdict.POSTPONE]
    made = {step.constraint.columns for step in steps if isinstance(step, AddConstraint)}
    dropped = {step.constraint.columns for step in steps if isinstance(step, DropConstraint)} - made
    converted = {
        step.column for step in steps if isinstance(step, ConvertColumn) and step.before.kind != step.after.kind
    }
    for table in unused if dropped or converted else ():
        for key in table.constraints:
            is_ours = key.kind is ConstraintKind.FOREIGN and any(key.target == step.table for step in steps)
            if is_ours and _depends(key, dropped, converted):
                yield Planned(DropConstraint(table.name, key), phase, Verdict.REPORT)


def _depends(key: ConstraintState, dropped: set[tuple[str, ...]], converted: set[str]) -> bool:
    columns = set(key.target_columns)
    return not converted.isdisjoint(columns) or any(columns == set(names) for names in dropped)
