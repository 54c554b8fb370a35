"""A bot with one store that does what it is asked: `python -m benchmarks.store_bot URL FOLDER`.

It is all of a bot that has to do with stores: event loop, database, journal, the tasks that fold and look for changes.
Its first answer is how many seconds and MB it took to load the store.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from itertools import chain, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from benchmarks.asked import answer, megabytes, question
from benchmarks.keys import KEYS, Clock, bursts, busy, keys, lists, rate, reading
from core.context import Module, entered
from core.database import close_database, db_engine, open_database
from core.migration.start import expand
from services.data_store import SimpleStore, close_stores, flush_stores, load_stores, open_stores

if TYPE_CHECKING:
    from benchmarks.keys import Burst

WRITERS = 10

module = Module("benchmark")
with entered(module):
    store: SimpleStore[Any] = SimpleStore()


class Works:
    """What it may be asked for."""

    def __init__(self, folder: Path, load: list[Burst]) -> None:
        self._journal = folder / "store"
        self._load = load

    async def sets(self, seconds: float) -> tuple[float, int, float]:
        """Sets per second; how many folds were made meanwhile, and the most MB that the journal had on the disk."""
        folds = await folds_so_far()
        journal = asyncio.create_task(most_in(self._journal))
        clock = Clock(self._load, seconds)
        for given, values in clock:
            for key, value in zip(given, values, strict=True):
                store[key] = value
            await asyncio.sleep(0)
        found = clock.rate()
        journal.cancel()
        return found, await folds_so_far() - folds, await journal

    async def gets(self, seconds: float) -> float:
        """Gets per second."""
        if len(store) < KEYS:
            await self.folds("first")
        return rate(reading(store), self._load, seconds)

    async def synced(self, seconds: float) -> float:
        """Sets per second of tasks of which each waits until what it has set is on the disk, before it sets again."""
        entries = cycle(chain.from_iterable(zip(*burst, strict=True) for burst in self._load))
        start = time.perf_counter()

        async def writer() -> int:
            count = 0
            while time.perf_counter() - start < seconds:
                key, value = next(entries)
                store[key] = value
                await store.sync()
                count += 1
            return count

        counts = await asyncio.gather(*(writer() for _ in range(WRITERS)))
        return sum(counts) / (time.perf_counter() - start)

    async def reads(self, seconds: float) -> float:
        """What a second of many reads takes of the processor."""
        values = lists()
        if not values.keys() <= store.keys():
            store.update(values)
            await flush_stores()
        names = list(values)
        del values  # nobody holds what is read
        return await busy(store, names, seconds)

    async def folds(self, part: str) -> float:
        """Rows per second of one fold of all keys, from when they are set until they are committed."""
        store.update((key, f"{part} text of {key}") for key in keys())
        start = time.perf_counter()
        await flush_stores()
        return KEYS / (time.perf_counter() - start)

    async def empty(self) -> None:
        store.clear()
        await flush_stores()

    async def fill(self, count: int) -> None:
        store.update((key, f"a text of {key}") for key in keys(count))
        await flush_stores()


async def folds_so_far() -> int:
    async with db_engine.connect() as connection:
        return await connection.scalar(text("SELECT folded FROM aha_store_journal WHERE module = ''")) or 0


async def most_in(folder: Path) -> float:
    """Look until cancelled; return how much there was in the folder, in MB."""
    most = 0
    try:
        while True:
            with os.scandir(folder) as files, suppress(FileNotFoundError):  # one may be removed meanwhile
                most = max(most, sum(file.stat().st_size for file in files))
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return most / 1e6


async def load_store(folder: Path) -> tuple[float, float]:
    """Have what the store holds; return how many seconds that took, and how many MB it takes."""
    before, start = megabytes(), time.perf_counter()
    open_stores(folder)
    assert await load_stores([module]) == {}
    seconds = time.perf_counter() - start
    return seconds, megabytes() - before


async def main(url: str, folder: Path) -> None:
    await open_database(url)
    assert (await expand([module])).failures == {}
    try:
        answer(await load_store(folder))
        works = Works(folder, bursts())
        while line := await asyncio.to_thread(sys.stdin.readline):
            name, arguments = question(line)
            answer(await getattr(works, name)(*arguments))
    finally:
        await close_stores()
        await close_database()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
