"""The end of tasks that somebody owns. It starts none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# Seconds that a cancelled task has.
_GRACE: Final = 2.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and see them end, but not for ever."""
    left = set(tasks)
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=_GRACE)
