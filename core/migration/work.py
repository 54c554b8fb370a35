"""A migration from the first comparison to the stamp: units in their order, each applied or not, and what became of it.

Which modules have to be looked at was decided before (`start`); how a unit is applied is in `applying`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.schema import CreateSequence

from core.config import cfg
from core.migration import ledger, stamp
from core.migration.applying import apply, has_work
from core.migration.faults import fatal, said
from core.migration.leftovers import unused
from core.migration.owned import FRAMEWORK, framework, selected
from core.migration.planning import plan
from core.migration.read import table_names
from core.migration.report import refusal
from core.migration.steps import CreateTable, Phase, RenameTable, RetireTable, Verdict
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

    from core.migration.model import TableRecord, UnitPlan
    from core.migration.owned import Owned
    from core.migration.planning import Planning
    from core.migration.stamp import Stamp

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Work:
    """One migration. `stamp` is what the last one left, and becomes what this one leaves.

    `backup` is called before the first unit that touches rows. `units` are all that had steps, also postponed ones;
    `failures` are by module, whose data then is as it was.
    """

    connection: AsyncConnection
    phase: Phase
    stamp: Stamp
    backup: Callable[[], Awaitable[object]] | None = None
    units: list[UnitPlan] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)
    changed: bool = False
    _backed_up: bool = False
    _no_backup: Exception | None = None

    async def expand(self, wanted: Sequence[Owned], *, changed: Collection[str]) -> None:
        """Bring the tables of those up to date that `changed`, and of those tied to them; the framework first.

        Raises DatabaseError if the framework's own tables fail, or if the database is gone.
        """
        if FRAMEWORK in changed:
            await self.migrate([framework()])
            if FRAMEWORK in self.failures:
                error = self.failures[FRAMEWORK]
                raise DatabaseError(
                    f"the framework's own tables cannot be brought up to date: {said(error)}"
                ) from error
        await self.migrate(selected(wanted, changed))

    async def migrate(self, wanted: Sequence[Owned]) -> None:
        """Plan and apply what the modules `wanted` need now."""
        if not wanted:
            return
        await self.connection.run_sync(_make_sequences, wanted)
        planning = await self.connection.run_sync(plan, wanted, self.phase)
        self.failures |= planning.failures
        for unit in planning.units:
            await self._take(unit, planning)
        probes = {owned.name: _probes(self.units, planning, owned.name) for owned in wanted}
        postponed = {**self.stamp.postponed, **probes}
        self.stamp = replace(self.stamp, postponed={name: found for name, found in postponed.items() if found})

    async def _take(self, unit: UnitPlan, planning: Planning) -> None:
        try:
            refuse(unit)
            if has_work(unit, self.phase):
                await self._apply(unit, planning)
            elif unit.steps:
                self.units.append(unit)
        except DatabaseError as error:
            await self.connection.rollback()
            if fatal(error) is not None:
                raise
            self.failures |= dict.fromkeys(unit.modules, error)

    async def _apply(self, unit: UnitPlan, planning: Planning) -> None:
        if self.backup is not None and await self.connection.run_sync(_touches_rows, unit):
            await self._back_up(self.backup)
        try:
            applied = await self.connection.run_sync(
                apply, unit, self.phase, planning=planning, owned=planning.of(unit), stamped=self.stamp
            )
        except DatabaseError:
            raise
        except Exception as error:
            raise fatal(error) or DatabaseError(
                f"its tables could not be brought up to date: {said(error)}; its data is as it was"
            ) from error
        self.units += [unit for unit in applied.units if unit.steps]
        self.changed = self.changed or any(unit.acts for unit in applied.units)
        # Should a module that these tables were taken from run again, it has to look for them.
        gone = {record.module for unit in applied.units for record in _renamed_away(unit)}
        models = {name: found for name, found in applied.stamp.models.items() if name not in gone}
        self.stamp = replace(applied.stamp, models=models)

    async def _back_up(self, backup: Callable[[], Awaitable[object]]) -> None:
        if not self._backed_up:
            self._backed_up = True
            await self.connection.rollback()
            try:
                await backup()
            except Exception as error:  # noqa: BLE001 - whatever it is, it concerns those who need the backup only
                self._no_backup = error
        if self._no_backup is not None:
            raise DatabaseError(
                f"its tables have to be changed, and no backup could be made before: {said(self._no_backup)}; see to "
                "that, or start with --no-db-backup"
            ) from self._no_backup

    async def finish(self, *, running: Sequence[Owned]) -> None:
        """Write the stamp, the last thing of a migration. `running` are all modules, also those not looked at."""
        await self.connection.run_sync(self._finish, running)
        await self.connection.commit()

    def _finish(self, connection: Connection, running: Sequence[Owned]) -> None:
        records = ledger.records(connection, table_names(connection))
        tables = {table.fullname for owned in (framework(), *running) for table in owned.tables}
        left = unused(records, wanted=tables, running={FRAMEWORK, *(owned.name for owned in running)})
        models = {name: found for name, found in self.stamp.models.items() if name not in self.failures}
        self.stamp = stamp.write(connection, replace(self.stamp, unused=left, models=models))


def _make_sequences(connection: Connection, wanted: Sequence[Owned]) -> None:
    """Make the sequences that are missing: tables may need them, and nothing else asks for those that none needs."""
    if connection.dialect.supports_sequences:
        for sequence in (sequence for owned in wanted for sequence in owned.sequences):
            connection.execute(CreateSequence(sequence, if_not_exists=True))
        connection.commit()


def refuse(unit: UnitPlan) -> None:
    """Raise DatabaseError if the plan refuses anything in the unit."""
    if refused := refusal(unit, lang=cfg.aha.lang):
        raise DatabaseError(refused)


def _renamed_away(unit: UnitPlan) -> list[TableRecord]:
    """The records of the tables that have another name now."""
    olds = (planned.step.old for planned in unit.steps if isinstance(planned.step, RenameTable))
    return [unit.records[old] for old in olds if old in unit.records]


def _probes(units: Sequence[UnitPlan], planning: Planning, module: str) -> tuple[str, ...]:
    """The queries that tell whether what the module waits for may be possible."""
    postponed = (p for unit in units for p in unit.steps if p.verdict is Verdict.POSTPONE)
    own = {name for name, table in planning.wanted.items() if table.module == module}
    return tuple(dict.fromkeys(planned.probe for planned in postponed if planned.step.table in own))


def _touches_rows(connection: Connection, unit: UnitPlan) -> bool:
    """Whether the unit changes tables that have rows."""
    harmless = (CreateTable, RetireTable)
    if all(isinstance(p.step, harmless) for p in unit.steps if p.verdict is not Verdict.POSTPONE):
        return False
    quote = connection.dialect.identifier_preparer.quote
    names = (".".join(quote(part) for part in name.split(".")) for name in unit.live)
    return any(connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {name})")) for name in names)
