"""A store's table on the bare drivers, for what is asked of it: `python -m benchmarks.store_bare URL`.

The rows are those that a store has. It runs in our environment, with Aha not imported.
"""

from __future__ import annotations

import asyncio
import pickle
import sqlite3
import sys
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

import asyncpg

from benchmarks.asked import megabytes, serve
from benchmarks.keys import KEYS, PROTOCOL, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Rows = list[tuple[Any, ...]]

TABLE = """CREATE TABLE IF NOT EXISTS bare (key TEXT PRIMARY KEY, value {bytes} NOT NULL, updated_at {moment} NOT NULL,
position BIGINT, checksum BIGINT, mac {bytes}, version BIGINT)"""
UPSERT = """INSERT INTO bare (key, value, updated_at, position, checksum, mac, version) VALUES ({marks})
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, checksum = excluded.checksum,
mac = excluded.mac, version = bare.version + 1"""
SELECT = "SELECT key, value, checksum, mac, position FROM aha_store__benchmark"


def rows(part: str, moment: object) -> Rows:
    """All keys with values, as rows."""
    values = ((key, pickle.dumps(f"{part} text of {key}", PROTOCOL)) for key in keys())
    return [(key, value, moment, n, crc32(value), None, 1) for n, (key, value) in enumerate(values)]


def on_sqlite(path: str) -> Mapping[str, Callable[..., Any]]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    upsert = UPSERT.format(marks=", ".join("?" * 7))

    connection.execute(TABLE.format(bytes="BLOB", moment="TEXT"))

    def empty() -> None:
        connection.execute("DELETE FROM bare")

    def folds(part: str) -> float:
        """Rows per second."""
        given = rows(part, str(datetime.now(UTC)))
        start = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(upsert, given)
        connection.execute("COMMIT")
        return KEYS / (time.perf_counter() - start)

    def opens() -> float:
        """Seconds to have all rows."""
        start = time.perf_counter()
        found = connection.execute(SELECT).fetchall()
        seconds = time.perf_counter() - start
        assert found
        return seconds

    def passes() -> float:
        """Seconds to have had all rows, none of which is kept."""
        start = time.perf_counter()
        deque(connection.execute(SELECT), maxlen=0)
        return time.perf_counter() - start

    def holds() -> float:
        """MB that a dict of all keys and pickled values takes."""
        before = megabytes()
        found = {key: value for key, value, *_ in connection.execute(SELECT)}
        assert found
        return megabytes() - before

    return {"empty": empty, "folds": folds, "opens": opens, "passes": passes, "holds": holds}


def on_postgresql(url: str) -> Mapping[str, Callable[..., Any]]:
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(url))
    upsert = UPSERT.format(marks=", ".join(f"${n}" for n in range(1, 8)))

    loop.run_until_complete(connection.execute(TABLE.format(bytes="BYTEA", moment="TIMESTAMPTZ")))

    def empty() -> None:
        loop.run_until_complete(connection.execute("DELETE FROM bare"))

    def folds(part: str) -> float:
        given = rows(part, datetime.now(UTC))
        start = time.perf_counter()
        loop.run_until_complete(connection.executemany(upsert, given))
        return KEYS / (time.perf_counter() - start)

    return {"empty": empty, "folds": folds}


def main(url: str) -> None:
    serve(on_sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else on_postgresql(url))


if __name__ == "__main__":
    main(sys.argv[1])
