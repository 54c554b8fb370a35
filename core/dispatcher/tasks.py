"""Runs callbacks as tasks, each in its module's context, and waits for them at the end. It decides nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from core.context import current_event, current_module
from core.dispatcher.callback import name_of
from core.dispatcher.describe import describe

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from core.context import Module
    from core.dispatcher.registration import Registration
    from models.api import Event

logger = logging.getLogger(__name__)

# Seconds that a cancelled callback has for its clean-up.
_GRACE: Final = 2.0


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
    """The running tasks of the dispatcher; a callback's task is entered in its module's record too."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], ending: Ending, *, module: Module | None = None) -> None:
        """Run `work` as a task that is owned, and that `ending` waits for, until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        ending.begin()
        self._running.add(task)
        if module is not None:
            module.tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._running.discard(task)
            if module is not None:
                module.tasks.discard(task)
            ending.end()

        task.add_done_callback(ended)

    async def drain(self, seconds: float) -> None:
        """Wait for `seconds` until all tasks have ended, also those that others start; then cancel what still runs.

        If the waiting itself is cancelled, so are the tasks.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        try:
            while (running := self._others()) and (left := end - loop.time()) > 0:
                await asyncio.wait(running, timeout=left)
        finally:
            running = self._others()
            for task in running:
                task.cancel()
        if running:
            logger.warning("%d callbacks still ran after %g s and were cancelled", len(running), seconds)
            await _see_end(running)

    def _others(self) -> set[asyncio.Task[None]]:
        return self._running - {asyncio.current_task()}


async def _see_end(cancelled: set[asyncio.Task[None]]) -> None:
    _, stubborn = await asyncio.wait(cancelled, timeout=_GRACE)
    for task in stubborn:
        logger.error("a callback does not end although it was cancelled; it is left behind: %r", task)


async def run(registration: Registration, event: Event, arguments: Mapping[str, Any]) -> None:
    """Call a callback as code of its module. An error is logged and goes no further; cancellation does."""
    current_module.set(registration.module)
    current_event.set(event)
    try:
        await registration.callback(**arguments)
    except (Exception, SystemExit):  # `exit()` in a callback ends that callback, not the bot
        logger.exception(
            "callback %s of module %s failed on %s",
            name_of(registration.callback),
            registration.module_name or "(none)",
            describe(event),
        )
