"""Starts of releases of one module's tables, in tests: plan, apply, settle, with the records in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

from core.migration.casts import cast as casts
from core.migration.kept.values import kept_table
from core.migration.planner.plan import forgotten, make_plan, next_records
from core.migration.postgresql import script as apply_postgresql
from core.migration.run import carry_out, surrounded
from core.migration.schema.read import read_tables
from core.migration.schema.scratch import wanted_tables
from core.migration.sqlite import script as apply_sqlite
from core.migration.steps import Phase, Planned, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Table

    from core.migration.model import TableRecord, UnitPlan

_EXECUTORS: Any = {"sqlite": apply_sqlite, "postgresql": apply_postgresql}


def told(planned: Planned) -> str:
    """A step with its verdict in one line: "VERDICT Step what [rows=N] [kept=N] [keys=...]"."""
    step: Any = planned.step
    if (constraint := getattr(step, "constraint", None)) is not None:
        what = f"{constraint.kind}({', '.join(constraint.columns)})"
        what += "" if getattr(step, "validate", True) else " later"
    elif hasattr(step, "index"):
        what = step.index.name
    else:
        what = getattr(step, "column", step.table)
    if hasattr(step, "nullable"):
        what += " null" if step.nullable else " not null"
    if hasattr(step, "fill") and (step.fill.sql or step.fill.make):
        what += f" {step.fill.sql or 'call'}"
    what += f" from {step.old}" if isinstance(getattr(step, "old", None), str) else ""
    what += f" {step.what}" if hasattr(step, "what") else ""
    numbers = f" rows={planned.rows}" * bool(planned.rows) + f" kept={planned.kept}" * bool(planned.kept)
    keys = f" keys={','.join(planned.keys)}" if planned.keys else ""
    return f"{planned.verdict} {type(step).__name__} {what}{numbers}{keys}"


class Releases:
    """One database through several releases of module m. `records` are what it remembers."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.records: dict[str, TableRecord] = {}
        kept_table.create(connection, checkfirst=True)
        connection.commit()

    def plan(self, make: Sequence[Callable[[MetaData], Table]], phase: Phase = Phase.EXPAND) -> list[UnitPlan]:
        """Plan for the tables that `make` declares."""
        casts.prepare(self.connection)
        metadata = MetaData()
        tables = [declare(metadata) for declare in make]
        wanted = wanted_tables(self.connection, tables, {table.fullname: "m" for table in tables}, {})
        live = read_tables(self.connection)
        return make_plan(self.connection, wanted, live, self.records, phase=phase, modules=["m"])

    def start(self, *make: Callable[[MetaData], Table]) -> list[str]:
        """Plan and apply in both phases; what was planned at first, and nothing but what waits is left."""
        units = self.plan(make)
        self.apply(units, Phase.EXPAND)
        self.apply(self.plan(make, Phase.SETTLE), Phase.SETTLE)
        again = self.plan(make)
        left = [told(planned) for unit in again for planned in unit.steps]
        assert all(planned.verdict is Verdict.POSTPONE for unit in again for planned in unit.steps), left
        for unit in again:
            assert next_records(unit, Phase.EXPAND) == {n: self.records[n] for n in unit.wanted}
        return [told(planned) for unit in units for planned in unit.steps]

    def apply(self, units: Sequence[UnitPlan], phase: Phase) -> None:
        """Carry out what is planned for `phase`."""
        for unit in units:
            script = _EXECUTORS[self.connection.dialect.name].script(self.connection, unit, phase)
            self.connection.rollback()
            with surrounded(self.connection, [script]):
                casts.prepare(self.connection)
                carry_out(self.connection, script, unit.wanted)
                self.connection.commit()
            for name in forgotten(unit, phase):
                self.records.pop(name, None)
            self.records |= next_records(unit, phase)
