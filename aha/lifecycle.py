"""One run of a bot, from the import of its modules to the close of its database. It owns no process and no signal."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from core.adapter import adapters
from core.database import close_database, open_database
from core.dispatcher import dispatcher
from core.dispatcher.owning import owning
from core.migration.start import expand, settle
from services.data_store import close_stores, load_stores, open_stores

from .adapters import Running
from .loader import Loader
from .steps import attempt, attempt_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from core.adapter import Adapter, Emit
    from core.context import Module
    from core.migration.model import UnitPlan
    from models.api import Event

    from .selection import Selection

logger = logging.getLogger(__name__)

# Seconds that running callbacks, and then each module's on_cleanup, may take when the bot stops.
PATIENCE = 10.0


OnFailure: TypeAlias = "Callable[[str, str, BaseException], None]"
"""Is told of a module that goes off: its name, what it failed to do ("import", "start"), and the error."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done to the tables of modules in so many `seconds`, or has to wait. `backup` was saved before."""

    units: Sequence[UnitPlan]
    seconds: float
    backup: Path | None = None


OnMigration: TypeAlias = "Callable[[Migrated], None]"
"""Is told of each change of the tables of modules."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of. `adapters` makes the adapters when it is given the way on which they emit.

    `folder` is that of the data, where stores keep what the database does not have yet. `backup` saves the database
    into a file; it is awaited before the first change to a table that has rows. None saves nothing.
    """

    selection: Selection
    database: str
    folder: Path
    adapters: Callable[[Emit], Sequence[Adapter]]
    synchronous: str = "full"
    backup: Callable[[], Awaitable[Path]] | None = None


class Bot:
    """A bot that runs once: `start` it, wait for what ends it, and `stop` it, even if `start` failed or was cancelled.

    `running.ended` is set when no adapter is left that could bring an event.
    """

    def __init__(self, plan: Plan, *, on_failure: OnFailure, on_migration: OnMigration | None = None) -> None:
        self.plan = plan
        self.running = Running()
        self.loader = Loader(plan.selection.wanted, off=plan.selection.off, on_failure=self._import_failed)
        self._on_failure = on_failure
        self._on_migration = on_migration
        self._started: list[Module] = []
        self._saved: Path | None = None
        self._at_end = ExitStack()

    async def start(self, *, importing: AbstractContextManager[None] | None = None) -> None:
        """Bring everything up; modules that fail are off, the others run. `importing` is around the imports.

        Raises ConfigError, DatabaseError: then the bot cannot run.
        """
        self._at_end.enter_context(owning(asyncio.get_running_loop()))
        made = self.plan.adapters(emit)
        dispatcher.stop_intake()
        self.loader.open()
        with importing or nullcontext():
            for name in list(self.loader.wanted):
                self.loader.load(name)
        await open_database(self.plan.database, synchronous=self.plan.synchronous)
        began = perf_counter()
        migrated = await expand(self._modules(), backup=self._back_up if self.plan.backup else None)
        self._tell(migrated.units, since=began)
        self._put_off("have its tables", migrated.failures)
        open_stores(self.plan.folder)
        self._put_off("load its SimpleStore", await load_stores(self._modules()))
        for module in self._modules():
            await self._start_module(module)
        dispatcher.open_intake()
        for adapter in made:
            self.running.start(adapter)

    async def stop(self, *, hurry: asyncio.Event) -> None:
        """Take everything down in order; each step is tried even if the one before failed. `hurry` ends all waiting.

        What is in the stores is written in any case.
        """
        dispatcher.stop_intake()
        await attempt_within(PATIENCE, "stop listening", self.running.stop_intake, hurry=hurry)
        await attempt_within(PATIENCE + 3, "finish callbacks", lambda: dispatcher.drain(PATIENCE), hurry=hurry)
        for module in reversed(self._started):
            await attempt_within(PATIENCE, f"clean up module {module.name}", _cleanup(module), hurry=hurry)
        ending = partial(dispatcher.end_tasks, self._modules())
        await attempt_within(PATIENCE, "end the tasks of modules", ending, hurry=hurry)
        await attempt("write the SimpleStores", close_stores)
        await attempt_within(PATIENCE, "close the adapters", self.running.close, hurry=hurry)
        await attempt("close the database", close_database)
        self.loader.close()
        self._at_end.close()

    def _modules(self) -> list[Module]:
        return list(self.loader.loaded.values())

    async def _start_module(self, module: Module) -> None:
        try:
            await dispatcher.run_start(module)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a module's fault puts that module off, not the bot
            await dispatcher.end_tasks([module])
            self._put_off("start", {module: error})
        else:
            self._started.append(module)
            await self._settle(module)

    async def _back_up(self) -> None:
        if self.plan.backup is not None:
            self._saved = await self.plan.backup()

    async def _settle(self, module: Module) -> None:
        began = perf_counter()
        settled = await settle([module])
        self._tell(settled.units, since=began)
        for error in settled.failures.values():
            logger.warning("what has to wait in the tables of module %s waits on: %s", module.name, error)

    def _tell(self, units: Sequence[UnitPlan], *, since: float) -> None:
        if units and self._on_migration is not None:
            self._on_migration(Migrated(units, perf_counter() - since, self._saved))
            self._saved = None

    def _import_failed(self, name: str, error: BaseException) -> None:
        self._on_failure(name, "import", error)

    def _put_off(self, what: str, failures: Mapping[Module, BaseException]) -> None:
        for module, error in failures.items():
            self.loader.unload(module.name, f"it failed to {what}, see its own report")
            self._on_failure(module.name, what, error)


def emit(event: Event) -> Awaitable[None]:
    """Hand an adapter's event to the dispatcher, which answers through that adapter."""
    return dispatcher.feed(event, adapters.get(event.bot_id))


def _cleanup(module: Module) -> Callable[[], Awaitable[None]]:
    return lambda: dispatcher.run_cleanup(module)
