"""The keys and values that every store is given, ours and the others, and the loops in which it gets them."""

from __future__ import annotations

import asyncio
import random
import time
from itertools import cycle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Burst = tuple[Sequence[str], Sequence[str]]
    Work = Callable[[Sequence[str], Sequence[str]], None]

KEYS = 100_000
# A bot has its other work to do in between; ours gives its event loop a turn.
BURST = 1_000
PROTOCOL = 5
# Reads per second, each of another value, and how many numbers make about 1 kB of one.
READS, NUMBERS = 1_000, 340


def keys(count: int = KEYS) -> list[str]:
    """Keys as of users or groups, in no order."""
    numbers = list(range(count))
    random.Random(7).shuffle(numbers)
    return [f"user:{number}" for number in numbers]


def bursts() -> list[Burst]:
    """All keys twice, with other values the second time."""
    every = keys()
    starts = range(0, KEYS, BURST)
    return [
        (every[start : start + BURST], [f"{part} text of {key}" for key in every[start : start + BURST]])
        for part in ("first", "second")
        for start in starts
    ]


class Clock:
    """Hands out bursts, again and again, until `seconds` are over; `rate` says how many entries a second that was."""

    def __init__(self, found: Sequence[Burst], seconds: float) -> None:
        self._bursts = cycle(found)
        self._seconds = seconds
        self._count = 0

    def __iter__(self) -> Iterator[Burst]:
        self._start = time.perf_counter()
        while time.perf_counter() - self._start < self._seconds:
            yield next(self._bursts)
            self._count += BURST

    def rate(self) -> float:
        return self._count / (time.perf_counter() - self._start)


def rate(work: Work, found: Sequence[Burst], seconds: float) -> float:
    """Let `work` have bursts until the time is over; return entries per second."""
    clock = Clock(found, seconds)
    for given, values in clock:
        work(given, values)
    return clock.rate()


def writing(mapping: Any) -> Work:
    """The loop that sets, for whatever is used like a dict."""

    def work(given: Sequence[str], values: Sequence[str]) -> None:
        for key, value in zip(given, values, strict=True):
            mapping[key] = value

    return work


def reading(mapping: Mapping[str, Any]) -> Work:
    """The loop that gets."""

    def work(given: Sequence[str], _: Sequence[str]) -> None:
        for key in given:
            mapping[key]

    return work


def lists() -> dict[str, list[int]]:
    """Values that can be changed in place, of about 1 kB each when pickled."""
    return {f"list:{number}": [1_000 * number + n for n in range(NUMBERS)] for number in range(READS)}


async def busy(mapping: Mapping[str, Any], names: Sequence[str], seconds: float) -> float:
    """Read what has these names once a second, a hundredth at a time; return what a second takes of the processor."""
    turns = 100
    groups = [names[turn::turns] for turn in range(turns)]
    start, processor = time.perf_counter(), time.process_time()
    for turn in range(round(turns * seconds)):
        for key in groups[turn % turns]:
            mapping[key]
        await asyncio.sleep(start + (turn + 1) / turns - time.perf_counter())
    return (time.process_time() - processor) / (time.perf_counter() - start)
