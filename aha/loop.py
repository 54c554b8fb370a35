"""The event loop of a process: tasks neither end it before its time, nor hold up its end by ignoring that they are."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .ending import leave_behind, named
from .steps import break_off

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds that tasks have to end when they are cancelled, and once more.
_GRACE = 1.0


@contextmanager
def wound_up(loop: asyncio.AbstractEventLoop, *, hurry: asyncio.Event) -> Iterator[None]:
    """Wind the loop up after the body. What of its tasks has not ended soon, or when `hurry` is set, is left behind.

    An asyncio.Runner would wait for them, and for the threads of `asyncio.to_thread`, for ever.
    """
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        ending = loop.create_task(_wind_up(hurry))
        try:
            run_through(loop, ending)
        finally:
            _let_go(loop, asyncio.all_tasks(loop) - {ending})


def run_through(loop: asyncio.AbstractEventLoop, task: asyncio.Task[T]) -> T:
    """Run the task to its end and return its result. No other task can break it off.

    Signals are handled meanwhile, so SystemExit and KeyboardInterrupt are a module's fault.
    """
    task.add_done_callback(lambda _: loop.stop())
    while not task.done():
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt):
            if not task.done():
                logger.exception("a module wanted to end the process; a signal does that")
    return task.result()


def _let_go(loop: asyncio.AbstractEventLoop, left: set[asyncio.Task[Any]]) -> None:
    """Close the loop, unless tasks are left that would be destroyed with it."""
    for task in left:
        leave_behind(named("task", task.get_name(), _inwards(task.get_coro())))
    if not left:
        asyncio.set_event_loop(None)
        loop.close()


async def _wind_up(hurry: asyncio.Event) -> None:
    """End all other tasks and asynchronous generators, as far as they let themselves be ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    steps = {asyncio.create_task(_end(others), name="end"), asyncio.create_task(hurry.wait(), name="hurry")}
    await asyncio.wait(steps, return_when=asyncio.FIRST_COMPLETED)
    for step in steps:
        step.cancel()
    await asyncio.wait(steps)


async def _end(tasks: set[asyncio.Task[Any]]) -> None:
    await break_off(tasks, grace=_GRACE)
    closing = asyncio.create_task(asyncio.get_running_loop().shutdown_asyncgens(), name="asynchronous generators")
    _, late = await asyncio.wait({closing}, timeout=_GRACE)
    await break_off(late, grace=_GRACE)


def _inwards(coroutine: Any) -> list[FrameType | None]:
    """The frames of a coroutine and of those that it awaits, innermost first."""
    frames = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        frames.append(frame)
        coroutine = coroutine.cr_await
    return frames[::-1]
