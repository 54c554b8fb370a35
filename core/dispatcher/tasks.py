"""Runs callbacks as tasks, each in its module's context, and waits for them at the end. It decides nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from core.context import current_event, current_module
from core.dispatcher.callback import name_of
from core.dispatcher.describe import describe

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping

    from core.context import Module
    from core.dispatcher.registration import Registration
    from models.api import Event

logger = logging.getLogger(__name__)

# Seconds that a cancelled callback has for its clean-up.
_GRACE: Final = 2.0


class Tasks:
    """The running tasks of the dispatcher; a callback's task is entered in its module's record too."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], *, module: Module | None = None) -> asyncio.Task[None]:
        """Run `work` as a task that is owned until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        owners = (self._running,) if module is None else (self._running, module.tasks)
        for owner in owners:
            owner.add(task)
            task.add_done_callback(owner.discard)
        return task

    async def drain(self, seconds: float) -> None:
        """Wait for `seconds` for all tasks, also those that others start, then cancel what still runs."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (running := self._others()) and (left := end - loop.time()) > 0:
            await asyncio.wait(running, timeout=left)
        if running := self._others():
            logger.warning("%d callbacks still ran after %g s and were cancelled", len(running), seconds)
            await _cancel(running)

    def _others(self) -> set[asyncio.Task[None]]:
        return self._running - {asyncio.current_task()}


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    _, stubborn = await asyncio.wait(tasks, timeout=_GRACE)
    for task in stubborn:
        logger.error("%s does not end although it was cancelled; it is left behind", task.get_coro())


async def run(registration: Registration, event: Event, arguments: Mapping[str, Any]) -> None:
    """Call a callback as code of its module. An error is logged and goes no further; cancellation does."""
    current_module.set(registration.module)
    current_event.set(event)
    try:
        await registration.callback(**arguments)
    except Exception:
        logger.exception(
            "callback %s of module %s failed on %s",
            name_of(registration.callback),
            registration.module_name or "(none)",
            describe(event),
        )
