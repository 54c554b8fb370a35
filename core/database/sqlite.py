"""SQLite that behaves like PostgreSQL's READ COMMITTED: a dialect on top of SQLAlchemy's for aiosqlite.

SQLite knows one writer, and a transaction that has read and then wants to write fails when somebody wrote meanwhile.
So a transaction here opens nothing until its first write: each statement before sees what is committed by then. The
first write (or `with_for_update()`) queues up in `WriteQueue` and takes the lock with BEGIN IMMEDIATE, on a fresh view.
"""

from __future__ import annotations

import re
import sqlite3
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import aiosqlite
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

from core.database.driver import SQLiteDriver, connect
from core.database.writers import WriteQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExecutionContext, IsolationLevel
    from sqlalchemy.pool import PoolProxiedConnection
    from sqlalchemy.sql.selectable import GenerativeSelect

    AnyConnection = DBAPIConnection | PoolProxiedConnection

# SQLite takes its write lock for a whole file, so FOR UPDATE is only a word here; the comment carries it to do_execute.
_FOR_UPDATE = " /* FOR UPDATE */"
# A comment can be read in one way only, up to its first `*/`: else the time would double with each of them.
_COMMENT = r"--[^\n]*\n|/\*[^*]*\*+(?:[^*/][^*]*\*+)*/"
_READS = re.compile(rf"(?:\s|\(|{_COMMENT})*(?:SELECT|VALUES|EXPLAIN|PRAGMA|(WITH))\b", re.IGNORECASE)
_WRITES_INSIDE = re.compile(r"\b(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
# Waits of this many milliseconds concern other processes only: writers of this one meet in the queue.
_BUSY_TIMEOUT = 30_000


class _Compiler(SQLiteCompiler):
    def for_update_clause(self, select: GenerativeSelect, **kw: Any) -> str:  # noqa: ARG002 - the signature is SQLAlchemy's
        return _FOR_UPDATE


class AhaSQLite(SQLiteDialect_aiosqlite):
    """The dialect behind `sqlite://` URLs. `synchronous` is FULL (a commit survives a power cut) or NORMAL.

    With `read_only` nothing in the file is changed, its journal mode neither.
    """

    supports_statement_cache = True
    statement_compiler = _Compiler
    # A cursor that stays open holds on to an old view of the database: `stream()` gets its rows at once too.
    supports_server_side_cursors = False

    def __init__(self, synchronous: str = "full", read_only: bool = False, **kw: Any) -> None:
        super().__init__(**kw)
        self.writers = WriteQueue()
        self._synchronous = synchronous
        self._read_only = read_only
        self._autocommit: set[int] = set()

    # --- every new connection ---

    def create_connect_args(self, url: Any) -> Any:
        args, kw = super().create_connect_args(url)
        # Without an isolation level Python's sqlite3 opens no transactions of its own.
        return args, {**kw, "isolation_level": None, "async_creator_fn": connect}

    @classmethod
    def import_dbapi(cls) -> Any:
        return SQLiteDriver(aiosqlite, sqlite3)

    def on_connect(self) -> Callable[[DBAPIConnection], None]:
        base = super().on_connect()

        def connected(connection: DBAPIConnection) -> None:
            try:
                if base is not None:
                    base(connection)
                self._set_up(connection)
            except BaseException:
                connection.close()  # nobody else knows of it yet, and its thread would outlive the event loop
                raise

        return connected

    def _set_up(self, connection: DBAPIConnection) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT}",
            *(() if self._read_only else ("journal_mode=WAL",)),
            f"synchronous={self._synchronous}",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # --- the first write takes the lock ---

    def do_execute(
        self, cursor: DBAPICursor, statement: str, parameters: Any, context: ExecutionContext | None = None
    ) -> None:
        self._before(statement, context)
        super().do_execute(cursor, statement, parameters, context)

    def do_executemany(
        self, cursor: DBAPICursor, statement: str, parameters: Any, context: ExecutionContext | None = None
    ) -> None:
        self._before(statement, context)
        super().do_executemany(cursor, statement, parameters, context)

    def do_execute_no_params(
        self, cursor: DBAPICursor, statement: str, context: ExecutionContext | None = None
    ) -> None:
        self._before(statement, context)
        super().do_execute_no_params(cursor, statement, context)

    def _before(self, statement: str, context: ExecutionContext | None) -> None:
        if context is None or not writes(statement):
            return
        connection: Any = context.root_connection.connection.dbapi_connection
        if not self._may_write(connection):
            connection.run_async(lambda _: self.enter(connection))

    def _may_write(self, connection: Any) -> bool:
        return self.writers.held_by(connection) or id(connection) in self._autocommit

    async def enter(self, connection: Any) -> None:
        """Wait for the turn of `connection` to write; its next statement begins a transaction."""
        if self._may_write(connection):
            return
        await self.writers.enter(connection)
        # From here on the lock is given back by commit, rollback or close, even if BEGIN fails or is cancelled.
        connection.driver_connection.begin_first = True

    # --- commit, rollback and close give it back ---

    def do_commit(self, dbapi_connection: AnyConnection) -> None:
        connection = _raw(dbapi_connection)
        if self._in_transaction(connection):
            super().do_commit(dbapi_connection)
        self._release(connection)

    async def commit(self, connection: Any) -> None:
        """As do_commit, for those who are in no greenlet."""
        if self._in_transaction(connection):
            await connection.driver_connection.commit()
        self._release(connection)

    def do_rollback(self, dbapi_connection: AnyConnection) -> None:
        connection = _raw(dbapi_connection)
        try:
            if self._in_transaction(connection):
                super().do_rollback(dbapi_connection)
        finally:
            self._release(connection)

    def do_close(self, dbapi_connection: DBAPIConnection) -> None:
        try:
            super().do_close(dbapi_connection)
        finally:
            self._forget(dbapi_connection)

    def do_terminate(self, dbapi_connection: DBAPIConnection) -> None:
        try:
            super().do_terminate(dbapi_connection)
        finally:
            self._forget(dbapi_connection)

    def _in_transaction(self, connection: Any) -> bool:
        # The first is true before SQLite knows of it: BEGIN may still be on its way to the connection's thread.
        return self.writers.held_by(connection) or connection.driver_connection.in_transaction

    def _release(self, connection: Any) -> None:
        connection.driver_connection.begin_first = False
        self.writers.leave(connection)

    def _forget(self, connection: Any) -> None:
        self._autocommit.discard(id(connection))
        self.writers.leave(connection)

    # --- isolation levels ---

    def get_isolation_level_values(self, dbapi_conn: DBAPIConnection) -> Sequence[IsolationLevel]:  # noqa: ARG002
        return ["READ COMMITTED", "AUTOCOMMIT"]

    def get_isolation_level(self, dbapi_connection: DBAPIConnection) -> IsolationLevel:
        return "AUTOCOMMIT" if id(dbapi_connection) in self._autocommit else "READ COMMITTED"

    def set_isolation_level(self, dbapi_connection: DBAPIConnection, level: IsolationLevel) -> None:
        if level == "AUTOCOMMIT":
            self._autocommit.add(id(dbapi_connection))
        else:
            self._autocommit.discard(id(dbapi_connection))

    def detect_autocommit_setting(self, dbapi_conn: DBAPIConnection) -> bool:
        return id(dbapi_conn) in self._autocommit


@lru_cache(maxsize=4096)
def writes(statement: str) -> bool:
    """Whether `statement` needs the write lock. When in doubt it does: waiting in the queue harms nobody."""
    if _FOR_UPDATE in statement:
        return True
    match = _READS.match(statement)
    return match is None or (match[1] is not None and _WRITES_INSIDE.search(statement) is not None)


def _raw(connection: AnyConnection) -> Any:
    return getattr(connection, "dbapi_connection", connection)


registry.register("sqlite.aha", __name__, AhaSQLite.__name__)
