"""Runs callbacks as tasks, each in its module's context, and waits for them to end. It decides nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from core.context import current_code, current_event, current_module, entered
from core.dispatcher.callback import name_of
from core.dispatcher.calls import Call
from core.dispatcher.describe import describe
from core.dispatcher.owning import GRACE
from utils.cancellation import is_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping

    from core.context import Module
    from core.dispatcher.registration import Registration
    from models.api import Event

logger = logging.getLogger(__name__)


class Ending:
    """Tells when everything that an event started has ended: `future` is then done. It begins with one to end."""

    __slots__ = ("_left", "future")

    def __init__(self) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = 1

    def begin(self) -> None:
        """One more has to end."""
        self._left += 1

    def end(self) -> None:
        """One has ended."""
        self._left -= 1
        if not self._left and not self.future.done():
            self.future.set_result(None)


class Tasks:
    """The running tasks of the dispatcher, with the modules that each is for. None there is the framework."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], Collection[Module | None]] = {}

    def start(self, work: Coroutine[Any, Any, None], ending: Ending, *, modules: tuple[Module | None, ...]) -> None:
        """Run `work` as a task that is owned, and that `ending` waits for, until it ends.

        If it is for one module, it is entered in that one's record too, whoever published the event.
        """
        if current_module.get() is None:
            task = asyncio.get_running_loop().create_task(work)
        else:
            with entered(None):  # else it would belong to the publisher
                task = asyncio.get_running_loop().create_task(work)
        ending.begin()
        self._running[task] = modules
        only = modules[0] if len(modules) == 1 else None
        if only is not None:
            only.tasks[task] = None

        def ended(task: asyncio.Task[None]) -> None:
            del self._running[task]
            if only is not None:
                del only.tasks[task]
            ending.end()

        task.add_done_callback(ended)

    async def drain(self, seconds: float, modules: Collection[Module] | None = None) -> None:
        """Wait for `seconds` until all tasks have ended, also those that others start; then cancel what still runs.

        With `modules` only for those that concern them, and what others need, too, is not cancelled. If the waiting
        itself is cancelled, so are the tasks.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        try:
            while (running := self._of(modules, any)) and (left := end - loop.time()) > 0:
                await asyncio.wait(running, timeout=left)
        finally:
            running = self._of(modules, all)
            names = {module.name for task in running for module in self._running[task] if module is not None}
            for task in running:
                task.cancel()
        if running:
            whose = ", ".join(sorted(names)) or "no module"
            logger.warning("callbacks of %s that still ran after %g s were cancelled: %d", whose, seconds, len(running))
            await _see_end(running)

    def _of(
        self, modules: Collection[Module | None] | None, whole: Callable[[Iterable[bool]], bool]
    ) -> set[asyncio.Task[None]]:
        """Return the tasks of which `any` or `all` modules are in `modules`, if given; never the one that asks."""
        found = {task for task, of in self._running.items() if modules is None or whole(each in modules for each in of)}
        return found - {asyncio.current_task()}


async def _see_end(cancelled: set[asyncio.Task[None]]) -> None:
    _, stubborn = await asyncio.wait(cancelled, timeout=GRACE)
    for task in stubborn:
        logger.error("a callback does not end although it was cancelled; it is left behind: %r", task)


async def run(registration: Registration, event: Event, arguments: Mapping[str, Any]) -> None:
    """Call a callback as code of its module. An error is logged and goes no further; cancelling this call does."""
    current_module.set(registration.module)
    current_code.set(registration.module.code if registration.module else None)
    current_event.set(event)
    try:
        with Call(registration.module):
            await registration.callback(**arguments)
    except (Exception, SystemExit, asyncio.CancelledError) as error:
        # It may call exit(), or what it waits for be cancelled: that ends the callback, not the bot, and is told.
        if isinstance(error, asyncio.CancelledError) and is_cancelled():
            raise
        logger.exception(
            "callback %s of module %s failed on %s",
            name_of(registration.callback),
            registration.module_name or "(none)",
            describe(event),
        )
