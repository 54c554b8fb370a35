"""Takes modules that were imported to where they answer: their tables, stores and on_start. It imports none."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from core.database.patience import waiting_at_most
from core.dispatcher import dispatcher
from core.dispatcher.owning import GRACE, end_tasks
from core.migration.start import expand, settle
from models.exc import ModuleError
from services.data_store import load_stores

from .reports import NO_TABLES
from .steps import attempt_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from core.context import Module
    from core.migration.model import UnitPlan

logger = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds that running callbacks, and then each module's on_cleanup, may take when modules are to end."""

# Seconds after which it is said what a start waits for.
_A_MOMENT = 5.0

PutOff: TypeAlias = "Callable[[Module, str, BaseException], None]"
"""Is told of a module that cannot go on, what it failed to do ("start"), and the error. What it raises ends it all."""

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


class Starter:
    """Starts modules, when the bot starts and when their code was replaced. `started` are those that it has.

    `backup` saves the database into a file; it is awaited before the first change to a table that has rows.
    """

    def __init__(
        self, *, backup: Callable[[], Awaitable[Path]] | None = None, on_migration: OnMigration | None = None
    ) -> None:
        self.started: dict[Module, None] = {}
        self._backup = backup
        self._on_migration = on_migration
        self._saved: Path | None = None

    async def start(
        self,
        modules: Iterable[Module],
        *,
        put_off: PutOff,
        beside: Collection[Module] = (),
        migrate: bool = True,
        longest: float = inf,
    ) -> None:
        """Start `modules`, while those `beside` run; `put_off` is told of each that fails, the others go on.

        One that `put_off` unloads is not started any more. `migrate` False leaves their tables as they are. An on_start
        that takes `longest` seconds has failed, and so has a wait for another process that has the database. Raises
        DatabaseError if the database cannot be used.
        """
        modules = list(modules)
        with waiting_at_most(longest):
            failures = await self._expand(modules, beside) if migrate else {}
        modules = _put_off(modules, failures, NO_TABLES, put_off)
        modules = _put_off(modules, await load_stores(modules), "load its SimpleStore", put_off)
        for module in modules:
            if not module.is_over:
                await self._start(module, put_off, longest)

    async def clean_up(self, modules: Collection[Module], *, hurry: asyncio.Event, during: str = "stopping") -> None:
        """Run the on_cleanup of those of `modules` that have started, the last one first; `hurry` ends all waiting."""
        for module in [each for each in reversed(self.started) if each in modules]:
            await attempt_within(
                PATIENCE,
                f"clean up module {module.name}",
                partial(dispatcher.run_cleanup, module),
                hurry=hurry,
                during=during,
            )
            self.started.pop(module, None)

    async def _expand(self, modules: Sequence[Module], beside: Collection[Module]) -> Mapping[Module, Exception]:
        began = perf_counter()
        migrated = await expand(modules, backup=self._back_up if self._backup else None, beside=beside)
        self._tell(migrated.units, since=began)
        return migrated.failures

    async def _start(self, module: Module, put_off: PutOff, longest: float) -> None:
        error = await _error_of_start(module, longest)
        if error is not None:
            await end_tasks([module])
            put_off(module, "start", error)
        else:
            self.started[module] = None
            with waiting_at_most(longest):
                await self._settle(module)

    async def _settle(self, module: Module) -> None:
        began = perf_counter()
        settled = await settle([module])
        self._tell(settled.units, since=began)
        for error in settled.failures.values():
            logger.warning("what has to wait in the tables of module %s waits on: %s", module.name, error)

    async def _back_up(self) -> None:
        if self._backup is not None:
            self._saved = await self._backup()

    def _tell(self, units: Sequence[UnitPlan], *, since: float) -> None:
        if units and self._on_migration is not None:
            self._on_migration(Migrated(units, perf_counter() - since, self._saved))
            self._saved = None


def _put_off(
    modules: Iterable[Module], failures: Mapping[Module, BaseException], what: str, put_off: PutOff
) -> list[Module]:
    """Tell `put_off` of those that failed; return those that are left."""
    for module, error in failures.items():
        put_off(module, what, error)
    return [module for module in modules if module not in failures and not module.is_over]


async def _error_of_start(module: Module, longest: float) -> BaseException | None:
    """Run the module's on_start; return what it failed with."""
    running = asyncio.create_task(_attempted(module), name=f"start module {module.name}")
    try:
        with _saying_so(module, longest):
            ended, _ = await asyncio.wait({running}, timeout=None if longest == inf else longest)
        if ended:
            return running.result()
    finally:
        running.cancel()
        await asyncio.wait({running}, timeout=GRACE)
    if not running.done():
        logger.error("on_start of module %s does not end although it was cancelled; it is left behind", module.name)
    return ModuleError(f"on_start did not end within {longest:g} s; what goes on is a task: asyncio.create_task(...)")


@contextmanager
def _saying_so(module: Module, longest: float) -> Iterator[None]:
    """Say in the log what is waited for if the body takes longer than a moment."""
    if longest == inf:
        said = partial(logger.info, "waiting for on_start of module %s", module.name)
    else:
        said = partial(logger.info, "waiting for on_start of module %s, for %g s at most", module.name, longest)
    saying = asyncio.get_running_loop().call_later(_A_MOMENT, said)
    try:
        yield
    finally:
        saying.cancel()


async def _attempted(module: Module) -> BaseException | None:
    try:
        await dispatcher.run_start(module)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a module's fault puts it off alone
        return error
    return None
