"""What brings stores to their tables and back, the fold and the loading, against the bare driver with the same rows."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy import text

from benchmarks.postgresql import new_databases, postgresql
from benchmarks.rows import Row, Section
from core.context import Module, entered
from core.database import close_database, db_engine, open_database
from core.migration.start import expand
from services.data_store import SimpleStore, background, close_stores, flush_stores, load_stores, open_stores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    Timed = Callable[[], Coroutine[Any, Any, float]]

FOLDED, LOADED = 200_000, 1_000_000
FOLD_ALLOWED = 0.6
LOAD_ALLOWED = 0.4  # at most 2.5 times as long

HOW = f"""A store with keys such as `user:123` and short texts, on the file system of the temporary folder: a new SQLite
file and a PostgreSQL with its default, durable settings (or `AHA_TEST_POSTGRES`). A fold of {FOLDED:,} new keys, its
commit included, against `executemany` of an INSERT of the same rows in one transaction of sqlite3 or asyncpg. Loading
{LOADED:,} keys, until the module may touch them, against the bare SELECT of the same columns, all rows fetched at once.
Rows per second, the two in turns, after a round that does not count."""

INSERT = "INSERT INTO aha_store__folding (key, value, updated_at, position, checksum, mac, version) VALUES ({})"
SELECT = "SELECT key, value, checksum, mac, position FROM aha_store__folding"
ROWS = "SELECT key, value, updated_at, position, checksum, mac, version FROM aha_store__folding"


@asynccontextmanager
async def bot(url: str, folder: Path) -> AsyncIterator[Module]:
    """A bot with one store, which is not loaded yet."""
    module = Module("folding")
    with entered(module):
        SimpleStore()
    await open_database(url)
    try:
        assert (await expand([module])).failures == {}
        open_stores(folder)
        yield module
    finally:
        await close_stores()
        await close_database()
        module.drop()


class Bare:
    """The driver alone, on the table of the store."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def insert(self, rows: list[tuple[Any, ...]]) -> float:
        if self.url.startswith("sqlite"):
            return await asyncio.to_thread(self._insert_sqlite, rows)
        connection = await asyncpg.connect(self.url)
        start = time.perf_counter()
        async with connection.transaction():
            await connection.executemany(INSERT.format("$1, $2, $3, $4, $5, $6, $7"), rows)
        seconds = time.perf_counter() - start
        await connection.close()
        return seconds

    def _insert_sqlite(self, rows: list[tuple[Any, ...]]) -> float:
        with closing(self._sqlite()) as connection:
            start = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT.format("?, ?, ?, ?, ?, ?, ?"), rows)
            connection.execute("COMMIT")
            return time.perf_counter() - start

    async def select(self, query: str) -> tuple[list[Any], float]:
        if self.url.startswith("sqlite"):
            return await asyncio.to_thread(self._select_sqlite, query)
        connection = await asyncpg.connect(self.url)
        start = time.perf_counter()
        rows = await connection.fetch(query)
        seconds = time.perf_counter() - start
        await connection.close()
        return rows, seconds

    def _select_sqlite(self, query: str) -> tuple[list[Any], float]:
        with closing(self._sqlite()) as connection:
            start = time.perf_counter()
            rows = connection.execute(query).fetchall()
            return rows, time.perf_counter() - start

    def _sqlite(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA synchronous=FULL")
        return connection


async def empty() -> None:
    """Empty the table behind the store's back; all that it has is to be set again then."""
    statement = "DELETE FROM" if db_engine.dialect.name == "sqlite" else "TRUNCATE"
    async with db_engine.begin() as connection:
        await connection.execute(text(f"{statement} aha_store__folding"))


async def in_turns(ours: Timed, peer: Timed, rounds: int) -> tuple[list[float], list[float]]:
    """The seconds of both, now the one and now the other first, after a round that does not count."""
    seconds: dict[Timed, list[float]] = {ours: [], peer: []}
    for number in range(rounds + 1):
        for work in (ours, peer) if number % 2 else (peer, ours):
            seconds[work].append(await work())
    return seconds[ours][1:], seconds[peer][1:]


async def fold(name: str, url: str, folder: Path, rounds: int) -> tuple[Row, str]:
    values = {f"user:{n}": f"a short text, number {n}" for n in range(FOLDED)}
    still: list[float] = []
    background.INTERVAL = 1_000_000.0  # no fold but the one that is measured
    async with bot(url, folder) as module:
        await load_stores([module])
        module.store.update(values)
        await flush_stores()
        rows = [tuple(row) for row in (await Bare(url).select(ROWS))[0]]

        async def ours() -> float:
            await empty()
            module.store.update(values)
            watching = asyncio.create_task(watch(still))
            start = time.perf_counter()
            await flush_stores()
            seconds = time.perf_counter() - start
            watching.cancel()
            return seconds

        async def peer() -> float:
            await empty()
            return await Bare(url).insert(rows)

        background.MUCH = 10 * FOLDED
        mine, its = await in_turns(ours, peer, rounds)
    still.sort()
    half, most = (1e3 * still[int(share * len(still))] for share in (0.5, 0.99))
    note = (
        f"{name}: while a fold ran, what was due in the event loop began {half:.1f} ms late in the median, and less than "
        f"{most:.1f} ms in 99 of 100 cases"
    )
    return row(f"fold {FOLDED:,} keys, {name}", "bare executemany", mine, its, FOLDED, FOLD_ALLOWED), note


async def watch(still: list[float]) -> None:
    """Note how much later than it should be this is woken."""
    with suppress(asyncio.CancelledError):
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            still.append(time.perf_counter() - start - 0.001)


async def load(name: str, url: str, folder: Path, rounds: int) -> Row:
    async with bot(url, folder) as module:
        await load_stores([module])
        module.store.update((f"user:{n}", f"a short text, number {n}") for n in range(LOADED))
        await flush_stores()

    async def ours() -> float:
        async with bot(url, folder) as module:
            start = time.perf_counter()
            await load_stores([module])
            seconds = time.perf_counter() - start
            assert len(module.store) == LOADED
            return seconds

    async def peer() -> float:
        rows, seconds = await Bare(url).select(SELECT)
        assert len(rows) == LOADED
        return seconds

    return row(
        f"load {LOADED:,} keys, {name}", "bare SELECT", *await in_turns(ours, peer, rounds), LOADED, LOAD_ALLOWED
    )


def row(what: str, against: str, ours: list[float], peer: list[float], count: int, allowed: float) -> Row:
    mine, its = (tuple(count / seconds for seconds in all_of_them) for all_of_them in (ours, peer))
    return Row(what=what, against=against, ours=mine, peer=its, unit="per second", allowed=allowed)


def measure(rounds: int) -> Section:
    """Return what was found; whatever one of the two raises is raised."""
    rows, notes = [], []
    with (
        tempfile.TemporaryDirectory() as name,
        postgresql(Path(name) / "pg") as server,
        new_databases(server, ["folding", "loading"]) as on_server,
    ):
        on_sqlite = [f"sqlite:///{name}/{purpose}.db" for purpose in ("folding", "loading")]
        for place, (folding, _) in (("SQLite", on_sqlite), ("PostgreSQL", on_server)):
            found, note = asyncio.run(fold(place, folding, Path(name) / f"fold {place}", rounds))
            rows.append(found)
            notes.append(note)
        for place, (_, loading) in (("SQLite", on_sqlite), ("PostgreSQL", on_server)):
            rows.append(asyncio.run(load(place, loading, Path(name) / f"load {place}", rounds)))
    return Section("Folding and loading stores", HOW, tuple(rows), tuple(notes))
