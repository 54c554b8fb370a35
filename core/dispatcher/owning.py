"""Whose each asyncio task is: what a module's code starts belongs to the module, and ends with it at the latest."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from core.context import current_module

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

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
            module.tasks.add(task)
            task.add_done_callback(module.tasks.discard)
        return task

    loop.set_task_factory(owned)
    try:
        yield
    finally:
        if loop.get_task_factory() is owned:  # else somebody chained it, and goes on with what there was before
            loop.set_task_factory(before)


async def end_tasks(modules: Collection[Module], *, but: Collection[asyncio.Task[Any]] = ()) -> None:
    """Cancel all tasks of `modules` but the one that calls this, and see to their end; the stubborn are logged.

    What they start for their clean-up has as much time as they.
    """
    spared = {asyncio.current_task(), *but}

    def left() -> set[asyncio.Task[Any]]:
        return {task for module in modules for task in module.tasks} - spared

    for task in left():
        task.cancel()
    await until_ended(left, GRACE)
    for task in left():
        task.cancel()
        logger.error("a task does not end although it was cancelled; it is left behind: %r", task)


async def until_ended(running: Callable[[], Collection[asyncio.Task[Any]]], seconds: float) -> None:
    """Wait until none is `running` any more, also of those that start meanwhile, but at most so long."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (tasks := running()) and (left := end - loop.time()) > 0:
        await asyncio.wait(tasks, timeout=left)
