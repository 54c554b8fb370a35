"""aiosqlite with one trip to its thread for a statement and all its rows, instead of four. It decides nothing.

A trip costs more than most statements do: opening a cursor, BEGIN, the statement, its rows and closing the cursor are
one function here. `Connection._execute` is how aiosqlite itself runs a function in its thread.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn
from weakref import WeakSet

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import await_only

from core.database.forks import IN_A_CHILD
from models.exc import DatabaseNotOpen
from utils.forks import after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class _Result(NamedTuple):
    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    rows: Sequence[Any] = ()


class Cursor:
    """What SQLAlchemy needs of a cursor: a result that is complete once `execute` returns."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._result = _Result()

    @property
    def description(self) -> Any:
        """The columns as in PEP 249; None for a statement without rows."""
        return self._result.description

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed, -1 where that does not apply."""
        return self._result.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The rowid of the last row that was inserted."""
        return self._result.lastrowid

    async def execute(self, sql: str, parameters: Any = ()) -> None:
        """Run one statement and fetch its rows."""
        self._result = await self._connection.run(sqlite3.Cursor.execute, sql, parameters)

    async def executemany(self, sql: str, parameters: Any) -> None:
        """Run a statement once for each of `parameters`."""
        self._result = await self._connection.run(sqlite3.Cursor.executemany, sql, parameters)

    async def fetchall(self) -> Sequence[Any]:
        """All rows of the statement."""
        return self._result.rows

    def close(self) -> None:
        """Nothing is open any more once the statement has run."""


class Connection(aiosqlite.Connection):
    """A connection of aiosqlite. While `begin_first` is set, the next statement opens a transaction before it runs."""

    begin_first = False

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(partial(self._open, connector), iter_chunk_size=64)
        self._opened: sqlite3.Connection | None = None  # touched in the thread only
        self._is_stopping = False
        _connections.add(self)

    def _open(self, connector: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        self._opened = connector()
        return self._opened

    def stop(self) -> Any:
        """End the thread. The file is closed even if whoever asked for it was cancelled before it was open.

        Asked once more there is nothing to wait for: the thread ends, and would not answer any more.
        """
        if self._is_stopping:
            return None
        self._is_stopping = True
        self._tx.put_nowait((None, self._close))
        return super().stop()

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def cursor(self) -> Cursor:  # type: ignore[override]
        """Return a cursor, without a trip to the thread."""
        return Cursor(self)

    async def run(self, how: Callable[..., Any], sql: str, parameters: Any) -> _Result:
        """Run `sql` in the connection's thread, after BEGIN IMMEDIATE if that is due; `how` is a method of a cursor."""
        begin, self.begin_first = self.begin_first, False
        result: _Result = await self._execute(_run, self._conn, begin, how, sql, parameters)  # type: ignore[no-untyped-call]
        return result

    def lose(self) -> None:
        """Do nothing any more, in a forked child: there is no thread, and whoever waits for it waits for ever."""
        self._execute = _refuse  # type: ignore[method-assign]


_connections: Final[WeakSet[Connection]] = WeakSet()


@after_fork
def _lose_all() -> None:
    for connection in list(_connections):
        connection.lose()


async def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise DatabaseNotOpen(IN_A_CHILD)


async def connect(database: str, **options: Any) -> Connection:
    """Open `database` with the options of `sqlite3.connect`."""
    connection = Connection(partial(sqlite3.connect, database, **options))
    # The bot may end while a statement runs; SQLAlchemy does the same with the connections that it makes.
    connection._thread.daemon = True  # noqa: SLF001
    try:
        await connection
    except BaseException:
        # aiosqlite has told the thread to end; the event loop must not be closed before it has.
        connection._thread.join(timeout=1)  # noqa: SLF001
        raise
    return connection


def _run(connection: sqlite3.Connection, begin: bool, how: Callable[..., Any], sql: str, parameters: Any) -> _Result:
    if begin:
        connection.execute("BEGIN IMMEDIATE")
    cursor = connection.cursor()
    try:
        how(cursor, sql, parameters)
        rows = cursor.fetchall() if cursor.description else ()
        return _Result(cursor.description, cursor.rowcount, cursor.lastrowid, rows)
    finally:
        cursor.close()


class _AdaptedCursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that needs no greenlet to be opened or closed: ours has nothing to wait for then."""

    __slots__ = ()
    _awaitable_cursor_close = False

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor


class _AdaptedConnection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = _AdaptedCursor


class SQLiteDriver(AsyncAdapt_aiosqlite_dbapi):
    """What SQLAlchemy calls a driver: aiosqlite, with the connections and cursors of this file."""

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        """Open a connection, in SQLAlchemy's greenlet."""
        creator = kw.pop("async_creator_fn")
        return _AdaptedConnection(self, await_only(creator(*arg, **kw)))
