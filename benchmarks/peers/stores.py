"""What SimpleStore is compared with, as its users use it: `python -m benchmarks.peers.stores NAME FOLDER`.

It runs in the peers' environment, with nothing imported but the one that is asked for.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import time
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

from benchmarks.asked import serve
from benchmarks.keys import PROTOCOL, bursts, busy, lists, rate, reading, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.keys import Work

# So many sets wait for the disk at once.
GROUP = 10


def plyvel(folder: str) -> Work:
    """LevelDB takes bytes. Its log is not synced for each write."""
    put = import_module("plyvel").DB(folder, create_if_missing=True).put

    def work(keys: Sequence[str], values: Sequence[str]) -> None:
        for key, value in zip(keys, values, strict=True):
            put(key.encode(), pickle.dumps(value, PROTOCOL))

    return work


def rocksdict(folder: str) -> Work:
    """RocksDB; this takes any object. Its log is not synced for each write."""
    return writing(import_module("rocksdict").Rdict(folder))


def diskcache(folder: str) -> Work:
    """SQLite, with a transaction for each write; this takes any object."""
    return writing(import_module("diskcache").Index(folder))


def sqlitedict(folder: str) -> Work:
    """SQLite in a thread, which has to be waited for: what is set is only in a queue before."""
    found = import_module("sqlitedict").SqliteDict(f"{folder}.db", autocommit=True)
    write = writing(found)

    def work(keys: Sequence[str], values: Sequence[str]) -> None:
        write(keys, values)
        found.commit()

    return work


STORES = {"plyvel": plyvel, "rocksdict": rocksdict, "diskcache": diskcache, "sqlitedict": sqlitedict}


def stored(name: str, folder: str) -> Mapping[str, Callable[..., Any]]:
    work, load = STORES[name](folder), bursts()
    return {"sets": lambda seconds: rate(work, load, seconds)}


def plain(_: str) -> Mapping[str, Callable[..., Any]]:
    load, values = bursts(), lists()
    found = {key: value for burst in load for key, value in zip(*burst, strict=True)}
    return {
        "gets": lambda seconds: rate(reading(found), load, seconds),
        "reads": lambda seconds: asyncio.run(busy(values, list(values), seconds)),
    }


def appending(folder: str) -> Mapping[str, Callable[..., Any]]:
    """One thread that appends ten records to a file and then waits for the disk."""
    load = chain.from_iterable(zip(*burst, strict=True) for burst in bursts())
    records = [key.encode() + pickle.dumps(value, PROTOCOL) for key, value in load]
    fd = os.open(f"{folder}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def synced(seconds: float) -> float:
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            begin = count % len(records)
            for record in records[begin : begin + GROUP]:
                os.write(fd, record)
            os.fdatasync(fd)
            count += GROUP
        return count / (time.perf_counter() - start)

    return {"synced": synced}


def main(name: str, folder: str) -> None:
    others = {"dict": plain, "append": appending}
    serve(others[name](folder) if name in others else stored(name, folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
