"""The event loop of a process: tasks neither end it before its time, nor hold up its end by ignoring that they are."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .ending import leave_behind, named
from .steps import break_off

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from types import FrameType

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds that tasks have to end when they are cancelled, and once more.
_GRACE = 1.0


@contextmanager
def own_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop for the body. What of its tasks does not end then is left to the end of the process.

    An asyncio.Runner would wait for them, and for the threads of `asyncio.to_thread`, for ever.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    patient = True
    try:
        yield loop
    except KeyboardInterrupt:
        patient = False
        raise
    finally:
        ending = loop.create_task(_wind_up(_GRACE if patient else 0.0))
        try:
            _run_despite((SystemExit,), loop, ending)  # by now Ctrl-C is a KeyboardInterrupt again
        finally:
            _let_go(loop, asyncio.all_tasks(loop) - {ending})


def run_through(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], *, name: str) -> T:
    """Run `work`, which handles signals, to its end and return its result; no other task can break it off."""
    return _run_despite((SystemExit, KeyboardInterrupt), loop, loop.create_task(work, name=name))


def _run_despite(errors: tuple[type[BaseException], ...], loop: asyncio.AbstractEventLoop, task: asyncio.Task[T]) -> T:
    """Run the task to its end, also if others raise these errors, which stop the loop; that is a module's fault."""
    while True:
        try:
            return loop.run_until_complete(task)
        except errors:
            if task.done():
                raise
            logger.exception("a module wanted to end the process; a signal does that")


def _let_go(loop: asyncio.AbstractEventLoop, left: set[asyncio.Task[Any]]) -> None:
    """Close the loop, unless tasks are left that would be destroyed with it."""
    for task in left:
        leave_behind(named("task", task.get_name(), _inwards(task.get_coro())))
    if not left:
        asyncio.set_event_loop(None)
        loop.close()


async def _wind_up(grace: float) -> None:
    """End all other tasks and asynchronous generators, as far as they let themselves be ended."""
    await break_off(asyncio.all_tasks() - {asyncio.current_task()}, grace=grace)
    closing = asyncio.create_task(asyncio.get_running_loop().shutdown_asyncgens(), name="asynchronous generators")
    _, late = await asyncio.wait({closing}, timeout=grace)
    await break_off(late, grace=grace)


def _inwards(coroutine: Any) -> list[FrameType | None]:
    """The frames of a coroutine and of those that it awaits, innermost first."""
    frames = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        frames.append(frame)
        coroutine = coroutine.cr_await
    return frames[::-1]
