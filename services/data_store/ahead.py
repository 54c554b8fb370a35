"""Things that are made in a thread while the one before is in use. What they are, and for what, others know."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from services.data_store.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

P = TypeVar("P")
T = TypeVar("T")


async def ahead(make: Callable[[P], T], parts: Iterator[P]) -> AsyncGenerator[T, None]:
    """Yield what `make` makes of each of `parts`, which is done in a thread, and for one of them ahead."""

    def next_one() -> list[T]:
        return [make(part) for part in islice(parts, 1)]

    coming = asyncio.ensure_future(in_thread(next_one))
    try:
        while made := await coming:
            coming = asyncio.ensure_future(in_thread(next_one))
            yield made[0]
    finally:
        coming.cancel()
