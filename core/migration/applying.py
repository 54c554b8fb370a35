"""One unit of a plan becomes one transaction: its script, and what the database is to remember of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.config import cfg
from core.migration.disk import check_room
from core.migration.ledger import records as ledger
from core.migration.ledger import stamp
from core.migration.ledger.changes import changes
from core.migration.lock import alone
from core.migration.planner.plan import forgotten, next_records
from core.migration.planning import plan_within, version
from core.migration.postgresql import script as apply_postgresql
from core.migration.report import refusal
from core.migration.run import carry_out, surrounded
from core.migration.sqlite import script as apply_sqlite
from core.migration.statements import Script, Sql
from core.migration.steps import Phase, RestoreKept
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.ledger.stamp import Stamp
    from core.migration.model import TableRecord, UnitPlan
    from core.migration.owned import Owned
    from core.migration.planning import Planning
    from core.migration.steps import Planned

_EXECUTORS = {"sqlite": apply_sqlite, "postgresql": apply_postgresql}


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done in one transaction, and the stamp that it left."""

    units: Sequence[UnitPlan]
    stamp: Stamp


def script_of(connection: Connection, unit: UnitPlan, phase: Phase) -> Script:
    """The statements that carry out `unit` on this database."""
    script: Script = _EXECUTORS[connection.dialect.name].script(connection, unit, phase)
    return script


def has_work(unit: UnitPlan, phase: Phase) -> bool:
    """Whether anything is to be done in `phase`, be it that the records are to be written."""
    return unit.acts or bool(_news(unit, phase))


def _news(unit: UnitPlan, phase: Phase) -> dict[str, TableRecord]:
    """The records that are not written yet."""
    return {name: r for name, r in next_records(unit, phase).items() if r != unit.records.get(name)}


def refuse(unit: UnitPlan) -> None:
    """Raise DatabaseError if the plan refuses anything in the unit."""
    if refused := refusal(unit, lang=cfg.aha.lang):
        raise DatabaseError(refused)


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be carried out, as it was planned; without `scripts` until they are written."""

    planning: Planning
    units: Sequence[UnitPlan]
    stamped: Stamp
    scripts: Sequence[Script] | None = None

    @property
    def copied(self) -> set[str]:
        """The tables whose rows are copied."""
        return {s.table for script in self.scripts or () for s in script.statements if _copies(s)}


def apply(
    connection: Connection, unit: UnitPlan, phase: Phase, *, planning: Planning, owned: Sequence[Owned], stamped: Stamp
) -> Applied:
    """Carry out `unit` of `planning`, which concerns the modules `owned`, and mark it in the stamp, so far `stamped`.

    If others have written to the database since it was planned, it is planned anew under the lock, and that is done:
    what fails here is nobody else's doing. Raises DatabaseError; the database is then as it was before.
    """
    job = _Job(planning, [unit], stamped)
    with alone(connection):
        job = _current(connection, job, owned, phase)
    while True:
        check_room(connection, job.copied)
        with surrounded(connection, job.scripts or ()), alone(connection):
            prepared, job = job, _current(connection, job, owned, phase)
            if _suits(prepared.scripts or (), job.scripts or ()):
                applied = _carry_out(connection, job, phase)
                connection.commit()
                return applied


def _current(connection: Connection, job: _Job, owned: Sequence[Owned], phase: Phase) -> _Job:
    """`job` with its scripts; another one if others have written since it was planned. Nobody may write meanwhile."""
    if version(connection) != job.planning.seen:
        planning, stamped = plan_within(connection, owned, phase), stamp.read(connection)[0] or job.stamped
        for unit in planning.units:
            refuse(unit)
        job = _Job(planning, [unit for unit in planning.units if has_work(unit, phase)], stamped)
    elif job.scripts is not None:
        return job
    return replace(job, scripts=[script_of(connection, unit, phase) for unit in job.units])


def _copies(statement: object) -> bool:
    return isinstance(statement, Sql) and statement.rows and bool(statement.table)


def _suits(prepared: Sequence[Script], scripts: Sequence[Script]) -> bool:
    """Whether what was run before the transaction for `prepared` is what `scripts` need."""
    done = {statement for script in prepared for statement in script.before}
    return all(statement in done for script in scripts for statement in script.before)


def _carry_out(connection: Connection, job: _Job, phase: Phase) -> Applied:
    stamped, done = job.stamped, []
    for planned, script in zip(job.units, job.scripts or (), strict=True):
        unit = _told(planned, carry_out(connection, script, planned.wanted))
        done.append(unit)
        ledger.write_records(connection, _news(unit, phase), gone=forgotten(unit, phase))
        if unit.acts:
            ledger.write_history(connection, unit, phase)
        if phase is Phase.EXPAND:
            stamped = replace(stamped, pending=changes(unit, job.planning, stamped.pending))
    if job.units:
        stamped = stamp.unsettle(connection, stamped)
    return Applied(done, stamped)


def _told(unit: UnitPlan, back: Mapping[tuple[str, str], int]) -> UnitPlan:
    """`unit` with as many rows as got kept values `back`, which its plan could only foresee."""
    return replace(unit, steps=tuple(replace(p, rows=_rows_of(p, back)) for p in unit.steps))


def _rows_of(planned: Planned, back: Mapping[tuple[str, str], int]) -> int:
    step = planned.step
    return back.get((step.table, step.column), planned.rows) if isinstance(step, RestoreKept) else planned.rows
