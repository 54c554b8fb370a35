"""One run of a bot, from the import of its modules to the close of its database. It owns no process and no signal."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from core.adapter import adapters
from core.database import close_database, open_database
from core.dispatcher import dispatcher
from core.dispatcher.owning import end_tasks, owning
from services.data_store import close_stores, open_stores

from .adapters import Running
from .loader import Loader
from .reload.coming import bring_each, start_each
from .reload.means import Means
from .reload.reloader import Reloader
from .selection import look_again
from .starting import PATIENCE, Starter
from .steps import attempt, attempt_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from core.adapter import Adapter, Emit
    from core.context import Module
    from models.api import Event

    from .selection import Selection
    from .starting import OnFailure, OnMigration


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of. `adapters` makes the adapters when it is given the way on which they emit.

    `folder` is that of the data, where stores keep what the database does not have yet. `backup` saves the database
    into a file; it is awaited before the first change to a table that has rows. None saves nothing. `look` chooses
    anew from what is in the folder of modules by now; None looks only where the modules of `selection` were. `options`
    are those by which another command finds the same database.
    """

    selection: Selection
    database: str
    folder: Path
    adapters: Callable[[Emit], Sequence[Adapter]]
    synchronous: str = "full"
    backup: Callable[[], Awaitable[Path]] | None = None
    look: Callable[[], Selection] | None = None
    options: Sequence[str] = ()


class Bot:
    """A bot that runs once: `start` it, wait for what ends it, and `stop` it, even if `start` failed or was cancelled.

    `running.ended` is set when no adapter is left that could bring an event. When it has started, `reloader` runs
    modules as their files are by then. `interrupting` is around imports, which no event loop can interrupt.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        on_failure: OnFailure,
        on_migration: OnMigration | None = None,
        interrupting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.plan = plan
        self.running = Running()
        self.loader = Loader(plan.selection.wanted, off=plan.selection.off, on_failure=self._import_failed)
        self._starter = Starter(backup=plan.backup, on_migration=on_migration)
        self._means = Means(self.loader, self._starter, interrupting)
        self.reloader = Reloader(self._means, plan.look or partial(look_again, plan.selection))
        self._on_failure = on_failure
        self._interrupting = interrupting
        self._undo = ExitStack()

    async def start(self, *, importing: AbstractContextManager[None] | None = None) -> None:
        """Bring everything up; modules that fail are off, the others run. `importing` is around the imports.

        Raises ConfigError, DatabaseError: then the bot cannot run.
        """
        made = self.plan.adapters(emit)
        dispatcher.stop_intake()
        self._undo.enter_context(owning(asyncio.get_running_loop()))
        self.loader.open()
        with importing or nullcontext(), self._interrupting():
            for name in list(self.loader.wanted):
                self.loader.load(name)
        self.loader.seal()
        await open_database(self.plan.database, synchronous=self.plan.synchronous)
        open_stores(self.plan.folder)
        await self._start_modules()
        dispatcher.open_intake()
        for adapter in made:
            self.running.start(adapter)

    async def stop(self, *, hurry: asyncio.Event) -> None:
        """Take everything down in order; each step is tried even if the one before failed. `hurry` ends all waiting.

        What is in the stores is written in any case.
        """
        dispatcher.stop_intake()
        await attempt_within(PATIENCE, "stop listening", self.running.stop_intake, hurry=hurry)
        await attempt_within(PATIENCE, "finish a reload", self.reloader.close, hurry=hurry)
        await attempt_within(PATIENCE + 3, "finish callbacks", lambda: dispatcher.drain(PATIENCE), hurry=hurry)
        await self._starter.clean_up(self._modules(), hurry=hurry)
        await attempt_within(PATIENCE, "end the tasks of modules", lambda: end_tasks(self._modules()), hurry=hurry)
        await attempt("write the SimpleStores", close_stores)
        await attempt_within(PATIENCE, "close the adapters", self.running.close, hurry=hurry)
        await attempt("close the database", close_database)
        self.loader.close()
        self._undo.close()

    async def _start_modules(self) -> None:
        """Start all; those that import one that fails to are imported once more, and run if they can do without it."""
        lost = await start_each(self._modules(), self._means, self._on_failure, longest=inf)
        while lost:
            lost = await bring_each(lost, self._means, self._on_failure, longest=inf)

    def _modules(self) -> list[Module]:
        return list(self.loader.loaded.values())

    def _import_failed(self, name: str, error: BaseException) -> None:
        self._on_failure(name, "import", error)


def emit(event: Event) -> Awaitable[None]:
    """Hand an adapter's event to the dispatcher, which answers through that adapter."""
    return dispatcher.feed(event, adapters.get(event.bot_id))
