"""Opening and closing the one database of the bot, and the two names through which modules reach it."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import event, text
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from core.database import sqlite  # noqa: F401 - registers the dialect sqlite+aha
from core.database.forks import IN_A_CHILD, keep_from_children
from core.database.patience import is_locked, saying_so
from core.database.session import BotSession
from core.database.url import explain, parse_url
from models.exc import DatabaseError, DatabaseNotOpen, UsageError
from utils.forks import after_fork

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine, TextClause

# An SQLite connection is a thread and a few file handles. Handlers that wait inside their sessions share this many.
SQLITE_CONNECTIONS = 64
POSTGRES_CONNECTIONS = 40
# How long a handler may wait for a free connection, in seconds: long enough for thousands of writers on a slow disk.
_POOL_TIMEOUT = 120
_CONNECT_TIMEOUT = 15
# How a bot's connections are told from others on a PostgreSQL server, by whoever must not touch what a bot has open.
APPLICATION = "aha"


class _BotEngine(AsyncEngine):
    """The engine that modules import before there is one: every use before open and after close says so."""

    def __init__(self) -> None:
        self.opened: AsyncEngine | None = None
        self.was_open = False
        self.undo = AsyncExitStack()
        self.of_parent: list[object] = []

    @property
    def sync_engine(self) -> Engine:  # type: ignore[override]
        """The engine in use; raises DatabaseNotOpen when there is none."""
        if self.opened is not None:
            return self.opened.sync_engine
        if self.of_parent:
            raise DatabaseNotOpen(IN_A_CHILD)
        if self.was_open:
            raise DatabaseNotOpen("the database is closed: the bot has stopped; do this in an @on_cleanup callback")
        raise DatabaseNotOpen(
            "the database is not open yet: it opens when all modules are loaded; do this in an @on_start callback"
        )

    def lose(self) -> None:
        """Have no database in a forked child. What its parent has stays as it is: to let go of it would close it."""
        if self.opened is not None:
            self.of_parent += [self.opened, self.undo]
            self.opened, self.undo = None, AsyncExitStack()


_bot = _BotEngine()
after_fork(_bot.lose)

db_engine: AsyncEngine = _bot
"""The engine in use. It raises DatabaseNotOpen until the database is open and after it was closed."""


db_sessionmaker = async_sessionmaker[AsyncSession](db_engine, class_=BotSession, expire_on_commit=False)
"""`async with db_sessionmaker() as session:` - a session on the bot's database. Rows stay readable after commit."""


async def open_database(url: str, *, synchronous: str = "full", read_only: bool = False) -> None:
    """Open the database at `url` for `db_sessionmaker` and `db_engine`.

    `url` is an SQLAlchemy URL; `sqlite` and `postgresql` without a driver pick the ones that Aha ships. `synchronous`
    is "full" or "normal" and concerns SQLite only. With `read_only` an SQLite file is not written to; one that is not
    there is not made, but counts as empty. Raises DatabaseError when the database cannot be used.
    """
    if _bot.opened is not None:
        raise UsageError("the database is open already: a process runs one bot; close_database() first")
    if _bot.of_parent:
        raise DatabaseNotOpen(IN_A_CHILD)
    parsed = parse_url(url)
    async with AsyncExitStack() as undo:
        try:
            if parsed.get_backend_name() == "sqlite":
                file = _file_to_read(parsed, undo) if read_only else _prepared_file(parsed, undo)
                engine = _create_sqlite(file, synchronous, read_only=read_only)
            else:
                engine = _create_postgresql(parsed)
            undo.push_async_callback(engine.dispose)
            await _try_out(engine, (_READ_PROBES if read_only else _PROBES)[engine.dialect.name])
        except Exception as error:
            # Drivers raise errors of many families; to the owner each means that this database cannot be used.
            raise DatabaseError(explain(parsed, error)) from error
        _bot.opened, _bot.undo, _bot.was_open = engine, undo.pop_all(), True


async def close_database() -> None:
    """Close the database; does nothing when it is not open."""
    _bot.opened = None
    await _bot.undo.aclose()


def forget_statements() -> None:
    """Forget how statements were compiled: the memory of it holds on to tables and classes that may be gone."""
    if _bot.opened is not None:
        _bot.opened.sync_engine.clear_compiled_cache()


# Rolled back: on SQLite only an attempt to write shows that a file cannot be written.
_PROBES = {"sqlite": text("CREATE TABLE aha_probe (id INTEGER)"), "postgresql": text("SELECT 1")}
# Read, because what SQLite opens it has not looked at yet: it may be no database.
_READ_PROBES = {"sqlite": text("SELECT count(*) FROM sqlite_master"), "postgresql": text("SELECT 1")}


async def _try_out(engine: AsyncEngine, probe: TextClause) -> None:
    """Raise what keeps the database from being used. A process that writes to it is waited for: it may migrate."""
    with saying_so():
        while True:
            try:
                async with engine.connect() as connection:
                    await connection.execute(probe)
            except OperationalError as error:
                if not is_locked(error):
                    raise
            else:
                return


def _prepared_file(url: URL, undo: AsyncExitStack) -> URL:
    """`url` with a file whose folder exists."""
    if url.database in (None, "", ":memory:"):
        # SQLite's in-memory databases are one per connection, or block readers while one writes; a file does neither.
        return url.set(database=f"{undo.enter_context(TemporaryDirectory(prefix='aha-'))}/memory.db")
    if not url.database.startswith("file:"):
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return url


def _file_to_read(url: URL, undo: AsyncExitStack) -> URL:
    """`url` so that nothing can be written; where there is no file, that of an empty database."""
    named = url.database or ""
    if not named.startswith("file:"):
        file = Path(named)
        if not file.is_file():
            return _prepared_file(url.set(database=""), undo)
        url = url.set(database=f"file:{quote(str(file.absolute()))}")
        # Where nothing can be written SQLite reads a file only if it is told that nobody writes, as nobody has it open.
        if not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists():
            url = url.update_query_dict({"immutable": "1"})
    return url.update_query_dict({"uri": "true", "mode": "ro"} if url.query.get("mode") != "memory" else {})


def _create_sqlite(url: URL, synchronous: str, *, read_only: bool) -> AsyncEngine:
    return create_async_engine(
        url,
        synchronous=synchronous,
        read_only=read_only,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=SQLITE_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT,
        pool_use_lifo=True,
    )


def _create_postgresql(url: URL) -> AsyncEngine:
    engine: AsyncEngine = create_async_engine(
        url,
        pool_size=POSTGRES_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT,
        pool_use_lifo=True,
        connect_args={
            "timeout": _CONNECT_TIMEOUT,
            "server_settings": {"application_name": APPLICATION},
            "async_creator_fn": lambda **where: _reach(engine.dialect.loaded_dbapi, where),
        },
    )
    event.listen(engine.sync_engine, "connect", lambda connection, _: keep_from_children(connection.driver_connection))
    event.listen(engine.sync_engine, "checkout", _replace_if_closed)
    # Closing asks the server to agree, for however long it takes; this asks for two seconds, and then just hangs up.
    engine.dialect.do_close = engine.dialect.do_terminate  # type: ignore[method-assign]
    return engine


async def _reach(dbapi: Any, where: dict[str, Any]) -> Any:
    """Connect; what the system says when that cannot be is made an error that SQLAlchemy knows as one of a database."""
    try:
        return await dbapi.asyncpg.connect(**where)
    except OSError as error:
        # Where no server has a socket in its folder, the system misses a file; that is as when nobody has the port.
        cause = error if isinstance(error, ConnectionError) else ConnectionError(str(error) or type(error).__name__)
        raise dbapi.OperationalError(
            f"the database cannot be reached ({cause}): nothing was done, and each new session tries again by itself"
        ) from cause


def _replace_if_closed(connection: Any, *_: Any) -> None:
    # When a server goes, asyncpg hears of it at once; a ping before each use would cost three round trips.
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the server has closed the connection")
