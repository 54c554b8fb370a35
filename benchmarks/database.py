"""What Aha adds to a write: upsert and commit through `db_sessionmaker` against the same statements on the bare driver.

Both write to the same server or disk with the same durability and the same number of connections, in turns. The peer is
what a careful author would write on the driver alone: each write takes a connection from a pool and gives it back, and
sends BEGIN, INSERT ... ON CONFLICT and COMMIT, or ROLLBACK if it fails. On PostgreSQL that is asyncpg's own pool and
transaction, but without the fourth statement with which the pool otherwise resets a connection that comes back, since
Aha sends none; asyncpg keeps its statements prepared. On SQLite it is a list of connections, set up as Aha's are, and
one asyncio.Lock, so that no connection ever waits in SQLite.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiosqlite
import asyncpg
from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from benchmarks.postgresql import postgresql
from benchmarks.rows import Row, Section
from core.context import Module, entered
from core.database import close_database, db_sessionmaker, dbBase, open_database
from core.database.engine import POSTGRES_CONNECTIONS, SQLITE_CONNECTIONS
from core.migration.start import expand
from utils.sqlalchemy import upsert

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Write = Callable[[int], Awaitable[None]]

KEYS = 500
# Goes on from one measurement to the next: SQLite writes nothing, and syncs nothing, when a row stays as it is.
NUMBERS = count()
ALLOWED = 0.6
CONNECTIONS = {"SQLite": SQLITE_CONNECTIONS, "PostgreSQL": POSTGRES_CONNECTIONS}

HOW = """One upsert of a key and a short text, and its commit, on the file system of the temporary folder: a new SQLite
file with WAL and `synchronous=FULL`, and a PostgreSQL with its default, durable settings (or `AHA_TEST_POSTGRES`). The
bare drivers, aiosqlite and asyncpg, run the same three statements, BEGIN, INSERT and COMMIT, on a connection that each
write takes from a pool of as many. asyncpg's pool is spared the statement with which it otherwise resets a connection;
on SQLite one asyncio.Lock keeps writers from waiting in SQLite. Commits per second, the two in turns, after a round
that does not count."""

module = Module("benchmark")
with entered(module):

    class Test(dbBase):
        __tablename__ = "test"

        user: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        data: Mapped[str] = mapped_column(Text)


# --- the two that write ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def aha(url: str) -> AsyncIterator[Write]:
    async def write(n: int) -> None:
        async with db_sessionmaker() as session:
            await session.execute(upsert(Test, user=n % KEYS, data=f"data {n}"))
            await session.commit()

    await open_database(url)
    assert (await expand([module])).failures == {}
    try:
        yield write
    finally:
        await close_database()


@asynccontextmanager
async def bare_sqlite(url: str) -> AsyncIterator[Write]:
    async def connect() -> aiosqlite.Connection:
        connection = await aiosqlite.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            await connection.execute(f"PRAGMA {pragma}")
        return connection

    async def write(n: int) -> None:
        async with one_writer:
            connection = free.pop()
            try:
                await connection.execute("BEGIN IMMEDIATE")
                await connection.execute(
                    "INSERT INTO peer VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET data = excluded.data",
                    (n % KEYS, f"data {n}"),
                )
                await connection.execute("COMMIT")
            except BaseException:
                await connection.rollback()
                raise
            finally:
                free.append(connection)

    one_writer = asyncio.Lock()
    connections = [await connect() for _ in range(CONNECTIONS["SQLite"])]
    free = list(connections)
    await free[0].execute("CREATE TABLE IF NOT EXISTS peer (user INTEGER PRIMARY KEY, data TEXT NOT NULL)")
    try:
        yield write
    finally:
        for connection in connections:
            await connection.close()


@asynccontextmanager
async def bare_postgresql(url: str) -> AsyncIterator[Write]:
    async def write(n: int) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                'INSERT INTO peer VALUES ($1, $2) ON CONFLICT ("user") DO UPDATE SET data = excluded.data',
                n % KEYS,
                f"data {n}",
            )

    async def send_nothing(connection: asyncpg.Connection) -> None: ...

    size = CONNECTIONS["PostgreSQL"]
    async with asyncpg.create_pool(url, min_size=size, max_size=size, reset=send_nothing) as pool:
        await pool.execute('CREATE TABLE IF NOT EXISTS peer ("user" BIGINT PRIMARY KEY, data TEXT NOT NULL)')
        yield write


# --- measuring ------------------------------------------------------------------------------------------------------


async def rate(write: Write, *, calls: int, at_once: int) -> float:
    """Return calls per second, `at_once` of them under way at any moment."""
    numbers = islice(NUMBERS, calls)

    async def worker() -> None:
        for n in numbers:
            await write(n)

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return calls / (time.perf_counter() - start)


async def compare(what: str, ours: Write, peer: Write, *, calls: int, at_once: int, rounds: int) -> Row:
    """Let both run in turns, now the one and now the other first, after a round that does not count."""
    rates: dict[Write, list[float]] = {ours: [], peer: []}
    for n in range(rounds + 1):
        for write in (ours, peer) if n % 2 else (peer, ours):
            rates[write].append(await rate(write, calls=calls, at_once=at_once))
    return Row(
        what=what,
        against="bare driver",
        ours=tuple(rates[ours][1:]),
        peer=tuple(rates[peer][1:]),
        unit="per second",
        allowed=ALLOWED,
    )


async def compare_on(name: str, url: str, bare: Callable[[str], Any], *, rounds: int) -> list[Row]:
    async with aha(url) as ours, bare(url) as peer:
        one = await compare(f"{name}, one at a time", ours, peer, calls=200, at_once=1, rounds=rounds)
        fifty = await compare(f"{name}, 50 at once", ours, peer, calls=500, at_once=50, rounds=rounds)
        crowd = await compare(f"{name}, 2,000 at once", ours, peer, calls=2_000, at_once=2_000, rounds=1)
        return [one, fifty, replace(crowd, allowed=None, proves="no error")]


def measure(rounds: int) -> Section:
    """Return what was found; whatever one of the writes raises is raised."""
    with tempfile.TemporaryDirectory() as name, postgresql(Path(name) / "pg") as url:
        rows = [
            *asyncio.run(compare_on("SQLite", f"sqlite:///{name}/bot.db", bare_sqlite, rounds=rounds)),
            *asyncio.run(compare_on("PostgreSQL", url, bare_postgresql, rounds=rounds)),
        ]
        version = asyncio.run(version_of(url))
    return Section("Upsert and commit", HOW, tuple(rows), (f"SQLite {sqlite3.sqlite_version}, PostgreSQL {version}",))


async def version_of(url: str) -> str:
    connection = await asyncpg.connect(url)
    version: str = await connection.fetchval("SHOW server_version")
    await connection.close()
    return version
