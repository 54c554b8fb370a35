"""What the database has to remember of a migration, table by table, so that the next one knows what is ours. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.migration.members import remembered
from core.migration.model import TableRecord
from core.migration.planner.matching import moved
from core.migration.steps import (
    AddColumn,
    ConvertColumn,
    Fill,
    FillColumn,
    FillFromOld,
    MergeTable,
    Phase,
    Planned,
    RenameColumn,
    RenameTable,
    RetireTable,
    Step,
    ValidateConstraint,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.migration.meaning import Meaning
    from core.migration.model import UnitPlan, WantedTable
    from core.migration.state import TableState


def next_records(unit: UnitPlan, phase: Phase) -> dict[str, TableRecord]:
    """The records of the unit's tables after what it plans for `phase` was done; the names in `forgotten` have none."""
    done: dict[str, list[Step]] = {}
    for planned in unit.steps:
        if is_taken(planned, phase):
            done.setdefault(planned.step.table, []).append(_as_done(planned))
    records = {}
    for name, wanted in unit.wanted.items():
        steps = done.get(name, [])
        source = next((step.old for step in steps if isinstance(step, RenameTable)), name)
        waiting = [
            planned.step for planned in unit.steps if planned.step.table == name and not is_taken(planned, phase)
        ]
        before = None if _is_moved(source, name, unit) else unit.records.get(source)
        records[name] = _Next(wanted, before, unit.live.get(source), steps, waiting).record()
    for planned in unit.steps:
        name = planned.step.table
        if isinstance(planned.step, RetireTable) and name in unit.records:
            records[name] = replace(unit.records[name], used=False, filled_from={}, merged=())
    return records


def forgotten(unit: UnitPlan, phase: Phase) -> set[str]:
    """The former names of renamed tables: what the ledger has under them is to be deleted."""
    renamed = {p.step.old for p in unit.steps if is_taken(p, phase) and isinstance(p.step, RenameTable)}
    return renamed - unit.wanted.keys()


def is_taken(planned: Planned, phase: Phase) -> bool:
    """Whether the step is carried out in `phase`."""
    return planned.phase is phase and planned.verdict in (Verdict.APPLY, Verdict.REPORT)


def _as_done(planned: Planned) -> Step:
    """The step as it was carried out: a conversion in which every value could follow has filled nothing."""
    step = planned.step
    return replace(step, fill=Fill()) if isinstance(step, ConvertColumn) and not planned.kept else step


def _is_moved(source: str, name: str, unit: UnitPlan) -> bool:
    """Whether what is recorded under `source` now belongs to a table that was renamed away from there."""
    olds = {planned.step.old for planned in unit.steps if isinstance(planned.step, RenameTable)}
    return source == name and name in olds


class _Next:
    """The next record of one table. `done` are the steps that were taken, `waiting` those that were not."""

    def __init__(
        self,
        wanted: WantedTable,
        before: TableRecord | None,
        live: TableState | None,
        done: Sequence[Step],
        waiting: Sequence[Step],
    ) -> None:
        self._wanted = wanted
        self._before = before
        self._live = live
        self._done = done
        self._waiting = {step.column: step.before for step in waiting if isinstance(step, ConvertColumn)}
        self._unvalidated = {step.constraint.definition for step in waiting if isinstance(step, ValidateConstraint)}
        self._columns = {step.old: step.column for step in done if isinstance(step, RenameColumn)}

    def record(self) -> TableRecord:
        constraints = self._wanted.state.constraints
        return TableRecord(
            name=self._wanted.state.name,
            module=self._wanted.module,
            state=self._state(),
            meanings=self._meanings(),
            renamed=self._renamed(),
            was=self._was(),
            wrote=self._wrote(),
            filled_from=self._filled_from(),
            merged=self._merged(),
            used=True,
            unvalidated=tuple(c.definition for c in constraints if c.definition in self._unvalidated),
            members=self._members(),
        )

    def _state(self) -> TableState:
        """What the model wants, as far as it is there: a type that has to wait is the one on disk."""
        state = self._wanted.state
        on_disk = {new: old for old, new in self._columns.items()}
        columns = list(state.columns)
        for at, column in enumerate(columns):
            now = self._live.column(on_disk.get(column.name, column.name)) if self._live else None
            if column.name in self._waiting and now is not None:
                columns[at] = replace(column, type=now.type)
        return replace(state, columns=tuple(columns))

    def _meanings(self) -> dict[str, Meaning]:
        """Those of the model and of all columns that are unused, as long as they are there."""
        before = moved(self._before.meanings, self._columns) if self._before else {}
        names = {self._columns.get(name, name) for name in self._live.column_names} if self._live else set()
        unused = {name: meaning for name, meaning in before.items() if name in names}
        return unused | dict(self._wanted.meanings) | self._waiting

    def _renamed(self) -> dict[str, tuple[str, ...]]:
        """The former names of each column, also those that only a model declares: an older release may know them."""
        known = moved(self._before.renamed, self._columns) if self._before else {}
        olds = {new: (old,) for old, new in self._columns.items()}
        declared = self._wanted.column_was
        names = dict.fromkeys((*known, *olds, *declared))
        found = {name: _others(name, olds.get(name, ()), known.get(name, ()), declared.get(name, ())) for name in names}
        return {name: others for name, others in found.items() if others}

    def _members(self) -> dict[str, dict[str, str]]:
        """The former members of each enum and what they are now; likewise."""
        known = moved(self._before.members, self._columns) if self._before else {}
        done = {step.column: step.members for step in self._done if isinstance(step, ConvertColumn)}
        declared = self._wanted.members_was
        found = {}
        for name in dict.fromkeys((*known, *done, *declared)):
            if name in self._waiting:
                found[name] = dict(known.get(name, {}))
                continue
            meaning = self._wanted.meanings.get(name)
            members = meaning.members if meaning else ()
            found[name] = remembered(known.get(name, {}), done.get(name, {}), declared.get(name, {}), members)
        return {name: others for name, others in found.items() if others}

    def _was(self) -> tuple[str, ...]:
        """The former names of the table, likewise."""
        renamed = tuple(step.old for step in self._done if isinstance(step, RenameTable))
        known = self._before.was if self._before else ()
        return _others(self._wanted.state.name, renamed, known, self._wanted.was)

    def _wrote(self) -> dict[str, tuple[str, ...]]:
        """What was filled into which column and may still be there, as SQL literals of its present type."""
        wrote = moved(self._before.wrote, self._columns) if self._before else {}
        for step in self._done:
            if isinstance(step, AddColumn | FillFromOld | ConvertColumn):
                wrote.pop(step.column, None)
            if isinstance(step, ConvertColumn) and step.wrote:
                wrote[step.column] = step.wrote
            if isinstance(step, AddColumn | ConvertColumn | FillColumn) and step.fill.written is not None:
                wrote[step.column] = tuple(dict.fromkeys((*wrote.get(step.column, ()), step.fill.written)))
        return wrote

    def _filled_from(self) -> dict[str, tuple[str, ...]]:
        """What each column need not be filled from any more. What the model uses as a name again may come again.

        Not if another column still declares to have been that: then the name was given to something new.
        """
        filled = moved(self._before.filled_from, self._columns) if self._before else {}
        declared = self._wanted.column_was
        for step in self._done:
            if isinstance(step, FillFromOld | RenameColumn):
                filled[step.column] = (*filled.get(step.column, ()), *declared.get(step.column, ()))
        used = set(self._wanted.state.column_names).difference(*declared.values())
        found = {name: _others(name, [old for old in olds if old not in used]) for name, olds in filled.items()}
        return {name: olds for name, olds in found.items() if olds}

    def _merged(self) -> tuple[str, ...]:
        """The former names of the table whose rows need not be taken over any more."""
        known = self._before.merged if self._before else ()
        taken = any(isinstance(step, RenameTable | MergeTable) for step in self._done)
        return tuple(dict.fromkeys((*known, *(self._wanted.was if taken else ()))))


def _others(name: str, *names: Sequence[str]) -> tuple[str, ...]:
    """All `names` but `name`, each once."""
    return tuple(other for other in dict.fromkeys(other for some in names for other in some) if other != name)
