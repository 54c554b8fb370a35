"""Foreign keys of unused tables that go because what they refer to is no key any more, or lost values they have.

Those of used tables follow their model; those that others put there are left alone. Where all values of a key can be
converted, the executors convert what refers to it, too.
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
    lost = {entry.step.column for entry in planned if isinstance(entry.step, ConvertColumn) and _loses(entry)}
    for table in unused if dropped or lost else ():
        for key in table.constraints:
            is_ours = key.kind is ConstraintKind.FOREIGN and any(key.target == step.table for step in steps)
            if is_ours and _depends(key, dropped, lost):
                yield Planned(DropConstraint(table.name, key), phase, Verdict.REPORT)


def _loses(planned: Planned) -> bool:
    return planned.verdict is not Verdict.POSTPONE and planned.kept > 0


def _depends(key: ConstraintState, dropped: set[tuple[str, ...]], lost: set[str]) -> bool:
    columns = set(key.target_columns)
    return not lost.isdisjoint(columns) or any(columns == set(names) for names in dropped)
