"""From an event to the callbacks it is for: bind, look up, evaluate, start. It waits for nobody but at the end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.dispatcher.arguments import arguments, private_event
from core.dispatcher.calls import Call
from core.dispatcher.defaults import guard_of
from core.dispatcher.describe import describe
from core.dispatcher.holding import Hold
from core.dispatcher.hooks import Hooks
from core.dispatcher.matching import matched
from core.dispatcher.registry import Registry
from core.dispatcher.tasks import Ending, Tasks, run
from core.expr.fetch import awaited, fetch
from core.expr.sight import Sight
from core.port import port_for

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection, Sequence

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
        self._holds: list[Hold] = []
        self._open = True

    def feed(self, event: Event, adapter: Adapter | None = None) -> asyncio.Future[None]:
        """Start every callback that `event` is for; the future is done when the last of them has ended.

        Callbacks start in the order of their registration, those whose conditions ask for something that has to be
        fetched (`uid`, `gid`) after the others. `adapter` is who answers for the event; None leaves it as it is.
        Neither the call nor the future raises.
        """
        ending = Ending()
        if self._open:
            try:
                if adapter is not None:
                    event.bind(port_for(adapter))
                self._dispatch(Sight(event), ending)
            except Exception:
                logger.exception("cannot dispatch %s", describe(event))
        ending.end()
        return ending.future

    def hold(self, modules: Collection[Module]) -> Hold:
        """Give `modules` no events from now on until `release` of what is returned; these wait, `MOST_WAITING` at most.

        Raises UsageError if one of them is held already.
        """
        return Hold(modules, among=self._holds, tasks=self._tasks, deliver=self._deliver)

    @property
    def is_open(self) -> bool:
        """Whether events are taken in."""
        return self._open

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
        with Call(module):
            await self.on_start.run(module)

    async def run_cleanup(self, module: Module | None) -> None:
        """Run what the module registered with `@on_cleanup`; what fails is logged."""
        with Call(module):
            await self.on_cleanup.run_all(module)

    def _dispatch(self, sight: Sight, ending: Ending) -> None:
        candidates = self.registry.candidates(sight)
        if self._holds:
            held = [hold.modules for hold in self._holds if hold.keep(sight, ending)]
            candidates = [each for each in candidates if not any(each.module in modules for modules in held)]
        self._start_callbacks(candidates, sight, ending)

    def _deliver(self, modules: Collection[Module], sight: Sight, ending: Ending) -> None:
        """Start the callbacks of `modules` for an event that was held, by the configuration as it is now."""
        try:
            sight = sight.anew()
            candidates = [each for each in self.registry.candidates(sight) if each.module in modules]
            self._start_callbacks(candidates, sight, ending)
        except Exception:
            logger.exception("cannot dispatch %s", describe(sight.event))
        ending.end()

    def _start_callbacks(self, candidates: Sequence[Registration], sight: Sight, ending: Ending) -> None:
        waiting: list[Registration] = []
        needed: frozenset[str] = frozenset()
        for registration in candidates:
            missing = awaited(registration.mentions)
            look = None if missing else matched(registration, sight)
            if look is None and not missing:
                continue
            guard = guard_of(registration, sight.event)
            missing |= guard.awaits
            if missing:
                waiting.append(registration)
                needed |= missing
            elif look is not None and guard.admits(sight.facts):
                self._start(registration, sight, look, ending)
        if waiting:
            modules = tuple({registration.module for registration in waiting})
            self._tasks.start(self._start_later(waiting, needed, sight, ending), ending, modules=modules)

    async def _start_later(
        self, waiting: Sequence[Registration], needed: frozenset[str], sight: Sight, ending: Ending
    ) -> None:
        await fetch(sight.facts, needed)
        for registration in waiting:
            look = matched(registration, sight)
            if look is not None and guard_of(registration, sight.event).admits(sight.facts):
                self._start(registration, sight, look, ending)

    def _start(self, registration: Registration, sight: Sight, look: Look, ending: Ending) -> None:
        if not registration.active:  # removed since it was looked up
            return
        if registration.expires is not None:
            self.registry.remove(registration)
        event = private_event(sight, look, mapped=registration.pre_hook is not None)
        call = run(registration, event, arguments(registration, event, look))
        self._tasks.start(call, ending, modules=(registration.module,))


dispatcher = Dispatcher()
