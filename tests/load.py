"""A steady load: numbered messages on a schedule, and what was answered to each. It knows no bot and no module.

    async with steady(say, heard, rate=200) as load:  # say(number) sends; heard() is what was answered since
        await load.answered(lambda text: text == "new", why="the new code")

An answer begins with the number of its message. What is due is sent, however busy the machine was meanwhile, so the
rate holds on average; but no more than `MOST_OPEN` messages are without an answer at once, lest a machine that cannot
keep up with the rate has ever more to do. What is not sent then is not made up for.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

T = TypeVar("T")

# Seconds that anything may take which is waited for; so many times what it takes on a machine that does nothing else.
PATIENCE = 60.0
MOST_OPEN = 100
_TICK = 0.01


async def until(what: Callable[[], T], *, why: Callable[[], str]) -> T:
    """Wait until `what` returns something true and return that; fail with `why` if it takes too long."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while not (found := what()):
        if loop.time() > end:
            pytest.fail(f"not within {PATIENCE:g} s: {why()}")
        await asyncio.sleep(_TICK)
    return found


class Load:
    """`sent` messages went out, numbered from 0; `answers` are those to each number, as they came."""

    def __init__(self, say: Callable[[int], Awaitable[object]], heard: Callable[[], Iterable[str]]) -> None:
        self.sent = 0
        self.answers: dict[int, list[str]] = {}
        self._say = say
        self._heard = heard
        self._last_call = False

    async def run(self, rate: float) -> None:
        """Send on schedule until `stop`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not self._last_call:
            self.listen()
            due = int((loop.time() - began) * rate) + 1 - self.sent
            for _ in range(min(due, MOST_OPEN - self.open)):
                self.sent += 1
                due -= 1
                await self._say(self.sent - 1)
            began += due / rate
            await asyncio.sleep(_TICK)

    @property
    def open(self) -> int:
        """How many messages have no answer yet."""
        return self.sent - len(self.answers)

    def stop(self) -> None:
        """Send no more."""
        self._last_call = True

    def listen(self) -> None:
        """Take note of what was answered by now."""
        for answer in self._heard():
            number, _, text = answer.partition(" ")
            self.answers.setdefault(int(number), []).append(text)

    async def answered(self, fits: Callable[[str], bool], *, why: str) -> None:
        """Wait for such an answer to a message that is sent from now on."""
        first = self.sent

        def seen() -> bool:
            return any(fits(text) for number in range(first, self.sent) for text in self.answers.get(number, ()))

        await until(seen, why=lambda: f"{why}; {self}")

    async def next_answers(self, count: int, of: Callable[[str], bool]) -> list[str]:
        """Wait for that many such answers to messages that are sent from now on, and return all there are."""
        first = self.sent

        def those() -> list[str]:
            numbers = range(first, self.sent)
            found = [text for number in numbers for text in self.answers.get(number, ()) if of(text)]
            return found if len(found) >= count else []

        return await until(those, why=lambda: f"{count} answers more; {self}")

    async def all_answered(self) -> None:
        """Wait until no message is without an answer. There may be more to come: see `not_once`."""

        def all_of_them() -> bool:
            self.listen()
            return not self.open

        await until(all_of_them, why=lambda: f"an answer to every message; {self}")

    @property
    def not_once(self) -> dict[int, list[str]]:
        """The messages that were not answered exactly once, with the answers that they got."""
        wrong = set(self.answers) ^ set(range(self.sent)) | {n for n, texts in self.answers.items() if len(texts) != 1}
        return {number: self.answers.get(number, []) for number in sorted(wrong)}

    def __repr__(self) -> str:
        missing = [number for number in range(self.sent) if number not in self.answers]
        last = max(self.answers, default=None)
        return (
            f"{self.sent} sent, {len(missing)} without an answer {missing[:5]}...{missing[-5:]}, "
            f"the last that has one: {last} {self.answers.get(last, '')}"
        )


@asynccontextmanager
async def steady(
    say: Callable[[int], Awaitable[object]], heard: Callable[[], Iterable[str]], *, rate: float = 200
) -> AsyncIterator[Load]:
    """Keep a load up for the body, and wait until all of it is answered."""
    load = Load(say, heard)
    running = asyncio.create_task(load.run(rate))
    try:
        yield load
        load.stop()
        await running
        await load.all_answered()
    finally:
        running.cancel()
        await asyncio.wait([running])
