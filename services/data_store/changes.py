"""When it is looked whether objects were changed in place: often, in small slices. How that is seen is `entries`'."""

from __future__ import annotations

import asyncio
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from services.data_store.entries import Entries

# Seconds between two looks, and how long one may take: of all stores together, and of what is not suspect.
TICK: Final = 0.1
_SLICE: Final = 0.003
_AUDIT: Final = 0.0005
# Between two looks lies so many times what the last one took, even if one huge value took long.
_REST: Final = 20


def tick(stores: Collection[Entries[Any]]) -> None:
    """Look once: at what was lent since the last time or is held by someone, and then at a little of the rest."""
    for entries in stores:
        entries.notice(entries.lent.suspects(), seconds=_SLICE / len(stores))
        entries.notice(entries.lent.audit(), seconds=_AUDIT / len(stores))


async def keep_noticing(stores: Callable[[], Collection[Entries[Any]]]) -> NoReturn:
    """Look at all `stores` again and again, for never more than a twentieth of the time."""
    took = 0.0
    while True:
        await asyncio.sleep(max(TICK, _REST * took))
        began = perf_counter()
        tick(stores())
        took = perf_counter() - began


async def notice_all(entries: Entries[Any]) -> None:
    """Save whatever was changed in place by now, without holding up the loop for long."""
    await _notice(entries, entries.lent.all())


async def notice_suspects(entries: Entries[Any]) -> list[Exception]:
    """Save what was changed in place of what was lent since the last look, or is held by someone, or was not saved.

    Returns the errors of what cannot be saved.
    """
    failures: list[Exception] = []
    await _notice(entries, chain(entries.lent.suspects(), entries.failed()), failures)
    return failures


async def _notice(
    entries: Entries[Any], found: Iterable[tuple[str, Any]], failures: list[Exception] | None = None
) -> None:
    objects = iter(found)
    while not entries.notice(objects, seconds=_SLICE, failures=failures):  # noqa: ASYNC110 - nothing is waited for
        await asyncio.sleep(0)  # others have their turn
