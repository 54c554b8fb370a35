"""Long work in a thread that ends when whoever awaits it is cancelled. It knows nothing of the work."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Cancelled(Exception):  # noqa: N818 - reads as the sentence it is
    """Nobody waits for the work any more."""


async def in_thread(work: Callable[[Callable[[], None]], T]) -> T:
    """Run `work` in a thread and return what it returns.

    It is given a function to call now and then, which raises Cancelled once the caller has been cancelled; the caller
    waits for that, so that nothing works on behind its back.
    """
    stop = threading.Event()

    def check() -> None:
        if stop.is_set():
            raise Cancelled

    running = asyncio.ensure_future(asyncio.to_thread(work, check))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({running})
        running.exception()  # it is known
        raise


async def apart(work: Callable[..., T], *args: Any) -> T:
    """Call `work` in a thread, for a moment: the caller waits for it even if it is cancelled."""
    return await in_thread(lambda _: work(*args))
