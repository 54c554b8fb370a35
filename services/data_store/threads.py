"""Threads of the stores' own: a module may keep those of `asyncio.to_thread` busy for as long as it likes.

Folds go on then and let go of the database in time, and a bot that is told to stop writes its stores and ends.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from utils.forks import after_fork

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

_MOST: Final = 2


def _made() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST, thread_name_prefix="SimpleStores")


_threads = _made()  # none is started before there is something to do


@after_fork
def _lose() -> None:
    """Have threads of its own in a forked child, as those of its parent are not there."""
    global _threads
    _threads = _made()


async def in_thread(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Return what `work` returns, which runs in a thread and, as with `asyncio.to_thread`, in the caller's context."""
    call = partial(copy_context().run, work, *args, **named)
    return await asyncio.get_running_loop().run_in_executor(_threads, call)
