"""From an event to the callbacks it is for: bind, look up, evaluate, start. It waits for nobody but at the end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from core.dispatcher.arguments import arguments, private_event
from core.dispatcher.defaults import admits, awaited_by_defaults
from core.dispatcher.describe import describe
from core.dispatcher.hooks import Hooks
from core.dispatcher.matching import matched
from core.dispatcher.registry import Registry
from core.dispatcher.tasks import Tasks, run
from core.expr.fetch import awaited, fetch
from core.expr.sight import Sight
from core.port import port_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.adapter import Adapter
    from core.context import Module
    from core.dispatcher.registration import Registration
    from core.expr.nodes import Look
    from models.api import Event

logger = logging.getLogger(__name__)


class Dispatcher:
    """Brings events to the callbacks that modules registered; `core.dispatcher.dispatcher` is the one in use."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.on_start = Hooks("on_start")
        self.on_cleanup = Hooks("on_cleanup")
        self._tasks = Tasks()
        self._open = True

    def feed(self, event: Event, adapter: Adapter | None = None) -> asyncio.Future[None]:
        """Start every callback that `event` is for; the future is done when the last of them has ended.

        Callbacks start in the order of their registration, those whose conditions ask for something that has to be
        fetched (`uid`, `gid`) after the others. `adapter` is who answers for the event; None leaves it as it is.
        Neither the call nor the future raises.
        """
        ended = asyncio.get_running_loop().create_future()
        tasks: list[asyncio.Task[None]] = []
        if self._open:
            try:
                if adapter is not None:
                    event.bind(port_for(adapter))
                tasks = self._start_callbacks(Sight(event))
            except Exception:
                logger.exception("cannot dispatch %s", describe(event))
        _resolve_after(tasks, ended)
        return ended

    def open_intake(self) -> None:
        """Take events in (again)."""
        self._open = True

    def stop_intake(self) -> None:
        """Take no notice of events from now on; callbacks that run go on."""
        self._open = False

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109 - after it, callbacks are not left to themselves
        """Wait for the callbacks that run, but at most `timeout` seconds, then cancel them."""
        await self._tasks.drain(timeout)

    async def run_start(self, module: Module | None) -> None:
        """Run what the module registered with `@on_start`, in order; raise what the first that fails raises."""
        await self.on_start.run(module)

    async def run_cleanup(self, module: Module | None) -> None:
        """Run what the module registered with `@on_cleanup`; what fails is logged."""
        await self.on_cleanup.run_all(module)

    def _start_callbacks(self, sight: Sight) -> list[asyncio.Task[None]]:
        tasks = []
        waiting: list[Registration] = []
        needed: frozenset[str] = frozenset()
        for registration in self.registry.candidates(sight):
            missing = awaited(registration.mentions)
            look = None if missing else matched(registration, sight)
            if missing or look is not None:
                missing |= awaited_by_defaults(registration)
            if missing:
                waiting.append(registration)
                needed |= missing
            elif look is not None and (task := self._start(registration, sight, look)):
                tasks.append(task)
        if waiting:
            tasks.append(self._tasks.start(self._start_later(sight, waiting, needed)))
        return tasks

    async def _start_later(self, sight: Sight, waiting: Sequence[Registration], needed: frozenset[str]) -> None:
        await fetch(sight.facts, needed)
        looks = ((registration, matched(registration, sight)) for registration in waiting)
        tasks = [
            task
            for registration, look in looks
            if look is not None and (task := self._start(registration, sight, look))
        ]
        if tasks:
            await asyncio.wait(tasks)

    def _start(self, registration: Registration, sight: Sight, look: Look) -> asyncio.Task[None] | None:
        """Start a callback whose own condition holds, unless it is over or a default condition is against it."""
        if not registration.active or not admits(registration, sight.facts):
            return None
        if registration.expires is not None:
            self.registry.remove(registration)
        event = private_event(sight, look, mapped=registration.pre_hook is not None)
        call = run(registration, event, arguments(registration, event, look))
        return self._tasks.start(call, module=registration.module)


def _resolve_after(tasks: list[asyncio.Task[None]], ended: asyncio.Future[None]) -> None:
    left = len(tasks)

    def one_ended(_: asyncio.Task[None] | None = None) -> None:
        nonlocal left
        left -= 1
        if left <= 0 and not ended.done():
            ended.set_result(None)

    if not tasks:
        one_ended()
    for task in tasks:
        task.add_done_callback(one_ended)


dispatcher = Dispatcher()
