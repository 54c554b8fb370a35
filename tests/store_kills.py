"""A program that is killed at one statement of a fold: each line of its input is a JSON list of URL, folder, statement.

It is a program of its own because SIGKILL can only be had by a process; and it forks, so that it starts only once. For
each line it prints whether the fold was killed or is done.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from core.database import db_engine
from services.data_store import flush_stores, folding, writing
from tests.store_bot import bot

BEFORE = {"a": 1, "b": 2, "c": 3, "d": 4}
"""What is in the table."""
CHANGES = {
    "in one transaction": [("a", 10), ("e", 5), ("b", None), ("c", None), ("c", 30), ("f", 6), ("e", None), ("e", 50)],
    "in several": [("a", 10), ("e", 5), ("b", None), ("f", 6), ("g", 7), ("h", 8), ("a", 11), ("i", 9)],
    "by COPY": [("a", 10), ("e", 5), ("b", None), ("f", 6), ("d", 4), ("g", 7)],
}
"""What is set, and deleted if it is None, and then folded."""


def change(store, changes) -> None:
    """Do it, to a store or a dict."""
    for key, value in changes:
        if value is None:
            del store[key]
        else:
            store[key] = value


async def run(url: str, folder: str, changes: str, fatal: int) -> None:
    """Set all that, and fold it up to the statement, or commit, number `fatal`."""
    if changes == "by COPY":
        writing._COPIED = 2
    else:
        folding._ROWS = 2
    count = 0

    def kill(*_) -> None:
        nonlocal count
        if count == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1

    async with bot(url, Path(folder), "a") as [store]:
        change(store, CHANGES[changes])
        event.listen(db_engine.sync_engine, "before_cursor_execute", kill)
        event.listen(db_engine.sync_engine, "commit", kill)
        await flush_stores()
        count = fatal + 1  # what the end does is none of it


def main() -> None:
    """Do what the input says."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            asyncio.run(run(*json.loads(line)))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print("done" if status == 0 else "killed" if status == signal.SIGKILL else f"failed {status}", flush=True)


if __name__ == "__main__":
    main()
