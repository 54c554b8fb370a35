"""The steps by which code ends: each is tried whatever became of the one before, and none can hold up the rest."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from utils.cancellation import is_cancelled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from typing import Any

logger = logging.getLogger(__name__)

# Seconds that a step still gets when its time is up, and once more after it was cancelled.
_GRACE = 1.0


async def attempt(what: str, work: Callable[[], Awaitable[object]], *, during: str = "stopping") -> None:
    """Do `work` however long it takes; a failure is logged, with what it happened `during`, and goes no further."""
    try:
        await work()
    except asyncio.CancelledError:
        if is_cancelled():
            raise
        logger.exception("while %s: something that was needed to %s had been cancelled", during, what)
    except (Exception, SystemExit):
        logger.exception("while %s: could not %s", during, what)


async def attempt_within(
    seconds: float, what: str, work: Callable[[], Awaitable[object]], *, hurry: asyncio.Event, during: str = "stopping"
) -> None:
    """Do `work` for about `seconds`, or a moment only if `hurry` is set; a failure is logged and goes no further."""
    working = asyncio.create_task(attempt(what, work, during=during), name=what)
    hurrying = asyncio.create_task(hurry.wait())
    try:
        await asyncio.wait({working, hurrying}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        working.cancel()
        raise
    finally:
        hurrying.cancel()
    if await _ended(working):
        return
    logger.warning("while %s: gave up trying to %s", during, what)
    working.cancel()
    await _ended(working)


async def break_off(tasks: Iterable[asyncio.Task[Any]], *, grace: float) -> None:
    """Cancel tasks and see them end, within `grace` seconds twice over.

    What waits for SQLite ends when it is cancelled for the second time, else only when SQLite has answered.
    """
    left = set(tasks)
    for _ in range(2):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=grace)


async def _ended(task: asyncio.Task[None]) -> bool:
    await asyncio.wait({task}, timeout=_GRACE)
    return task.done()
