"""Forks a bot for each line with a URL and a folder: its stores are written without pause until it is killed.

Words of 8 bytes come back: the number of the process; after each set that returned which writer it was and the how
manieth; at last END. Writers 1 and 2 are tasks, with a store of their own each; writer 3 is a thread that shares the
second one's. Run with -m.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.store_bot import bot

if TYPE_CHECKING:
    from services.data_store import SimpleStore

STORES = {1: "a", 2: "b", 3: "b"}
"""The module whose store a writer sets."""
KEYS = 40
"""Each writer sets so many keys in turn."""
END = (1 << 64) - 1


def say(word: int) -> None:
    os.write(1, word.to_bytes(8, "little"))


def put(store: SimpleStore[int], writer: int, n: int) -> None:
    key = f"{writer}:{n % KEYS}"
    if n % 7 == 6:
        store.pop(key, None)  # so that it goes to the end
    store[key] = n
    say(writer << 32 | n)


def first(store: SimpleStore[int], writer: int) -> int:
    """The number that comes after all that the writer has set."""
    return max((n for key, n in store.items() if key.startswith(f"{writer}:")), default=-1) + 1


async def write(url: str, folder: Path) -> None:
    async with bot(url, folder, "a", "b") as [a, b]:

        async def task(store: SimpleStore[int], writer: int) -> None:
            for n in range(first(store, writer), 1 << 30):
                put(store, writer, n)
                await asyncio.sleep(0)

        def thread() -> None:
            for n in range(first(b, 3), 1 << 30):
                put(b, 3, n)

        threading.Thread(target=thread).start()
        await asyncio.gather(task(a, 1), task(b, 2))


def main() -> None:
    for line in sys.stdin:
        url, folder = line.split()
        process = os.fork()
        if not process:
            asyncio.run(write(url, Path(folder)))
            return
        say(process)
        os.waitpid(process, 0)
        say(END)


if __name__ == "__main__":
    main()
