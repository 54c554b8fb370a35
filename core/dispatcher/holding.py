"""Events wait here for modules whose code is being changed. It matches nothing and calls nobody."""

from __future__ import annotations

import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Final

from core.dispatcher.calls import current_call
from models.exc import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextvars import Context

    from core.context import Module
    from core.dispatcher.tasks import Ending, Tasks
    from core.expr.sight import Sight

logger = logging.getLogger(__name__)

# What comes beyond them for modules that are held is not given to these.
MOST_WAITING: Final = 10_000


class Hold:
    """Keeps events from `modules`, from `Dispatcher.hold` until `release`. Nobody else notices.

    What is published for one of their callbacks that still runs, or for their `on_start` or `on_cleanup`, is not kept
    but goes straight to their callbacks: it may be waited for.
    """

    def __init__(
        self,
        modules: Collection[Module],
        *,
        among: list[Hold],
        tasks: Tasks,
        deliver: Callable[[frozenset[Module], Sight, Ending], None],
    ) -> None:
        self.modules: frozenset[Module] = frozenset()
        self._among = among
        self._tasks = tasks
        self._deliver = deliver
        self._waiting: list[tuple[Context, Sight, Ending]] = []
        self._missed = 0
        self.add(modules)
        among.append(self)

    def add(self, modules: Collection[Module]) -> None:
        """Keep events from these as well; at `release` they get all that waited, also what came before."""
        for other in self._among:
            if other is not self and (twice := other.modules.intersection(modules)):
                raise UsageError(f"{_names(twice)} is held already: release it first, or hold all of them at once")
        self.modules |= frozenset(modules)

    def keep(self, sight: Sight, ending: Ending) -> bool:
        """Have an event wait, and `ending` for it; False if it goes straight to the modules instead."""
        call = current_call.get()
        if call is not None and call.may_wait_for(self.modules):
            return False
        if len(self._waiting) < MOST_WAITING:
            ending.begin()
            self._waiting.append((copy_context(), sight, ending))
        else:
            self._missed += 1
        return True

    async def drain(self, seconds: float) -> None:
        """Wait for the callbacks of the modules that run, but at most so long, then cancel them."""
        await self._tasks.drain(seconds, self.modules)

    def release(self) -> None:
        """Deliver what waited, in order, to the callbacks that the modules have now; once more is harmless."""
        if self not in self._among:
            return
        self._among.remove(self)
        waiting, self._waiting = self._waiting, []
        for context, sight, ending in waiting:
            context.run(self._deliver, self.modules, sight, ending)
        if self._missed:
            logger.error(
                "more than %d events waited for %s while its code was changed; not given to it: %d",
                MOST_WAITING,
                _names(self.modules),
                self._missed,
            )


def _names(modules: Collection[Module]) -> str:
    """Name modules in a sentence."""
    names = sorted(module.name for module in modules)
    return f"module{'s' * (len(names) > 1)} {', '.join(names)}"
