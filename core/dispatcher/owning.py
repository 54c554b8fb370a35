"""Whose each asyncio task is: what a module's code starts belongs to the module, and ends with it at the latest."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from core.context import current_module

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from core.context import Module

logger = logging.getLogger(__name__)

# Seconds that cancelled tasks have for their clean-up.
GRACE: Final = 2.0


@contextmanager
def owning(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """In the body, enter every task that is created as code of a module in `Module.tasks` until it ends.

    Tasks are made by the task factory that `loop` had before, if any.
    """
    before: Any = loop.get_task_factory()

    # What it is given differs: in 3.11 and 3.12 the context at most, later also the name and more.
    def owned(loop: asyncio.AbstractEventLoop, coro: Any, **how: Any) -> Any:
        task = asyncio.Task(coro, loop=loop, **how) if before is None else before(loop, coro, **how)
        context = how.get("context")
        module = current_module.get() if context is None else context.get(current_module)
        if module is not None:
            module.tasks[task] = asyncio.current_task(loop)
            task.add_done_callback(module.tasks.pop)
        return task

    loop.set_task_factory(owned)
    try:
        yield
    finally:
        if loop.get_task_factory() is owned:  # else somebody chained it, and goes on with what there was before
            loop.set_task_factory(before)


async def end_tasks(modules: Collection[Module], *, but: Collection[asyncio.Task[Any]] = ()) -> None:
    """Cancel all tasks of `modules` but the one that calls this, and see to their end; the stubborn are logged.

    One that was started by another is cancelled after that one's end: it may be the clean-up that the other waits for.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + GRACE
    cancelled: set[asyncio.Task[Any]] = set()
    while (left := _tasks_of(modules, but)) and loop.time() < end:
        for task in [task for task, starter in left.items() if starter not in left and task not in cancelled]:
            task.cancel()
            cancelled.add(task)
        await asyncio.wait(left, timeout=end - loop.time(), return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
        logger.error("a task does not end although it was cancelled; it is left behind: %r", task)


def _tasks_of(
    modules: Iterable[Module], but: Collection[asyncio.Task[Any]]
) -> dict[asyncio.Task[Any], asyncio.Task[Any] | None]:
    """Return the tasks of `modules` with those that started them, without the one that asks."""
    spared = {asyncio.current_task(), *but}
    return {task: starter for module in modules for task, starter in module.tasks.items() if task not in spared}
