"""A migration from the first comparison to the stamp: units in their order, each applied or not, and what became of it.

Which modules have to be looked at was decided before (`start`); how a unit is applied is in `applying`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateSequence

from core.database._sqlalchemy import preparing_anew
from core.migration.applying import apply, has_work, refuse
from core.migration.beside import spare
from core.migration.faults import fatal, is_full, is_in_use, said
from core.migration.ledger import records as ledger
from core.migration.ledger import stamp
from core.migration.ledger.leftovers import unused
from core.migration.lock import alone
from core.migration.owned import FRAMEWORK, framework, selected
from core.migration.planning import plan, plan_alone, version
from core.migration.refused import remedy_for
from core.migration.schema.read import default_schema, shown_name, table_names
from core.migration.steps import CreateTable, Phase, RenameTable, RetireTable, Verdict
from models.exc import DatabaseError, NothingToCompare

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

    from core.migration.applying import Applied
    from core.migration.ledger.stamp import Stamp
    from core.migration.model import TableRecord, UnitPlan
    from core.migration.owned import Owned
    from core.migration.planning import Planning

logger = logging.getLogger(__name__)

# So many times a unit is tried whose tables others use: each time PostgreSQL waits for its lock_timeout.
_ATTEMPTS = 3


@dataclass(slots=True)
class Work:
    """One migration. `stamp` is what the last one left, as `found` in the database, and becomes what this one leaves.

    `backup` is called before the first unit that touches rows. `beside` are the names of modules that run on. `units`
    are all that had steps, also postponed ones; `failures` are by module, whose data then is as it was.
    """

    connection: AsyncConnection
    phase: Phase
    stamp: Stamp
    found: Stamp
    backup: Callable[[], Awaitable[object]] | None = None
    beside: Collection[str] = ()
    units: list[UnitPlan] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)
    changed: bool = False
    _backed_up: bool = False
    _no_backup: Exception | None = None

    async def expand(
        self, wanted: Sequence[Owned], *, changed: Collection[str], declared: Collection[str] = ()
    ) -> None:
        """Bring the tables of those up to date that `changed`, and of those tied to them; the framework first.

        `declared` are those whose models are as they were: where nothing can be compared, they go on with their tables
        as these are. Raises DatabaseError if the framework's own tables fail, or if the database is gone.
        """
        if FRAMEWORK in changed:
            await self.migrate([framework()])
            self._go_on_with(declared)
            if FRAMEWORK in self.failures:
                error = self.failures[FRAMEWORK]
                raise DatabaseError(
                    f"the framework's own tables cannot be brought up to date: {said(error)}"
                ) from error
        await self.migrate(selected(wanted, changed))
        self._go_on_with(declared)

    def _go_on_with(self, declared: Collection[str]) -> None:
        """Let those run with their tables as they are whose models are as they were, if nothing can be compared."""
        for name in [name for name, error in self.failures.items() if isinstance(error, NothingToCompare)]:
            if name in declared:
                error = self.failures.pop(name)
                logger.warning("%s goes on with its tables as they are: %s", name or "the framework", error)

    async def migrate(self, wanted: Sequence[Owned]) -> None:
        """Plan and apply what the modules `wanted` need now."""
        if not wanted:
            return
        await self.connection.run_sync(_make_sequences, wanted)
        planning = await self.connection.run_sync(plan, wanted, self.phase)
        if planning.failures and await self._is_outdated(planning):
            planning = await self.connection.run_sync(plan_alone, wanted, self.phase)
        units = await self._take_all(planning)
        if self.phase is Phase.SETTLE and any(unit.acts for unit in units) and any(map(_cannot_ask, units)):
            # What was in the way of asking has been changed.
            planning = await self.connection.run_sync(plan, wanted, self.phase)
            units = list(planning.units)
        probes = {owned.name: _probes(units, planning, owned.name) for owned in wanted}
        postponed = {**self.stamp.postponed, **probes}
        self.stamp = replace(self.stamp, postponed={name: found for name, found in postponed.items() if found})

    async def _is_outdated(self, planning: Planning) -> bool:
        """Whether others may have written while it was planned, or since."""
        return await self.connection.run_sync(version) != planning.seen

    async def _take_all(self, planning: Planning, *, is_last: bool = False) -> list[UnitPlan]:
        """Do what is planned, and return it as it was done: others may have done it, or something else, meanwhile."""
        planning = spare(planning, self.beside)
        self.failures |= planning.failures
        units: list[UnitPlan] = []
        for unit in planning.units:
            try:
                units += await self._take(unit, planning)
            except DatabaseError as error:
                await self.connection.rollback()
                if fatal(error) is not None and not (is_full(error) and await self._answers()):
                    raise
                if not is_last and await self._is_outdated(planning):
                    # Nobody is to blame for what another process has changed: what fails again is a module's own fault.
                    anew = await self.connection.run_sync(plan_alone, planning.of(unit), self.phase)
                    units += await self._take_all(anew, is_last=True)
                else:
                    self.failures |= dict.fromkeys(unit.modules, error)
        return units

    async def _answers(self) -> bool:
        """Whether the database still does what it is asked."""
        try:
            await self.connection.run_sync(stamp.read)
        except SQLAlchemyError:
            return False
        await self.connection.rollback()
        return True

    async def _take(self, unit: UnitPlan, planning: Planning) -> Sequence[UnitPlan]:
        refuse(unit)
        if not has_work(unit, self.phase):
            done: Sequence[UnitPlan] = [unit]
        else:
            if self.backup is not None and await self.connection.run_sync(_touches_rows, unit):
                await self._back_up(self.backup)
            done = await self._apply(unit, planning)
        self.units += [unit for unit in done if unit.steps]
        return done

    async def _apply(self, unit: UnitPlan, planning: Planning) -> Sequence[UnitPlan]:
        with preparing_anew(self.connection.sync_engine):
            applied = await self._until_unlocked(unit, planning)
        self.changed = self.changed or any(unit.acts for unit in applied.units)
        # Should a module that these tables were taken from run again, it has to look for them.
        gone = {record.module for unit in applied.units for record in _renamed_away(unit)}
        models = {name: found for name, found in applied.stamp.models.items() if name not in gone}
        self.found, self.stamp = applied.stamp, replace(applied.stamp, models=models)
        return applied.units

    async def _until_unlocked(self, unit: UnitPlan, planning: Planning) -> Applied:
        """Apply the unit; if others use its tables all the time that PostgreSQL waits, try some times more."""
        left = _ATTEMPTS
        while True:
            left -= 1
            try:
                return await self.connection.run_sync(
                    apply, unit, self.phase, planning=planning, owned=planning.of(unit), stamped=self.stamp
                )
            except Exception as error:
                if not left or not is_in_use(error):
                    if isinstance(error, DatabaseError):
                        raise
                    raise _explained(error) from error
                await self.connection.rollback()
                logger.info("%s waits for tables that others use, and tries again: %s", _named(unit), said(error))

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
        try:
            await self.connection.run_sync(self._finish, running)
        except SQLAlchemyError as error:
            if not is_full(error):
                raise
            logger.warning("the next start compares all tables again: %s", said(error))

    def _finish(self, connection: Connection, running: Sequence[Owned]) -> None:
        with alone(connection):
            records = ledger.records(connection, table_names(connection))
            default = default_schema(connection)
            tables = {shown_name(table, default) for owned in (framework(), *running) for table in owned.tables}
            left = unused(records, wanted=tables, running={FRAMEWORK, *(owned.name for owned in running)})
            models = {name: found for name, found in self.stamp.models.items() if name not in self.failures}
            self.stamp = stamp.write(connection, replace(self.stamp, unused=left, models=models), base=self.found)
            connection.commit()


def _make_sequences(connection: Connection, wanted: Sequence[Owned]) -> None:
    """Make the sequences that are missing: tables may need them, and nothing else asks for those that none needs."""
    if connection.dialect.supports_sequences:
        for sequence in (sequence for owned in wanted for sequence in owned.sequences):
            connection.execute(CreateSequence(sequence, if_not_exists=True))
        connection.commit()


def _explained(error: Exception) -> DatabaseError:
    """What the owner is told of a unit that was not applied."""
    return fatal(error) or DatabaseError(
        f"its tables could not be brought up to date: {said(error)}; {remedy_for(error)}"
    )


def _named(unit: UnitPlan) -> str:
    return ", ".join(name or "the framework" for name in unit.modules)


def _cannot_ask(unit: UnitPlan) -> bool:
    """Whether something in the unit waits without a query that tells when it may be possible."""
    return any(planned.verdict is Verdict.POSTPONE and not planned.probe for planned in unit.steps)


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
    try:
        return any(connection.exec_driver_sql(f"SELECT EXISTS (SELECT 1 FROM {name})").scalar() for name in names)
    except DBAPIError:
        connection.rollback()
        return True  # another process was here first, or the database has gone: whoever goes on will see
