"""The session that modules get. Upserts and their commit go straight to the driver while nothing else is asked of it.

Most sessions of a bot write one row and commit. For those SQLAlchemy's Session is not even made: the first use of
anything else makes it, and it goes on in the transaction that was begun here (docs/adr/0010-direct-upserts.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.util import greenlet_spawn

from core.database import _direct as private
from core.database.shared import shared_connection
from utils.sqlalchemy import prepared

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Result
    from sqlalchemy.orm import Session

    from utils.sqlalchemy import Prepared

# Options that make no difference to an upsert. With any other a session is SQLAlchemy's from the start.
_HARMLESS = {"expire_on_commit", "autoflush", "info"}


class BotSession(AsyncSession):
    """An AsyncSession whose Session, `sync_session`, is made when it is first needed."""

    _engine: Engine | None = None  # where upserts go directly; None once there is a Session
    _direct: Connection | None = None  # in a transaction that was begun by an upsert

    def __init__(self, bind: Any = None, **options: Any) -> None:
        if (shared := shared_connection()) is not None:
            bind, options = shared, {**options, "join_transaction_mode": "create_savepoint"}
        self._given = (bind, options)
        if isinstance(bind, AsyncEngine):
            self._engine = bind.sync_engine
        if self._engine is None or not options.keys() <= _HARMLESS:
            self._make_session()

    def __getattr__(self, name: str) -> Any:
        # All that AsyncSession does it does through attributes that it has only once it was initialised.
        if self._engine is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        self._make_session()
        return getattr(self, name)

    def _make_session(self) -> Session:
        bind, options = self._given
        super().__init__(bind, **options)
        self._engine = None
        if self._direct is not None:
            connection, self._direct = self._direct, None
            private.join(self.sync_session, connection)
        return self.sync_session

    async def execute(self, statement: Any, params: Any = None, **options: Any) -> Result[Any]:
        """As in AsyncSession; an upsert runs as it was prepared."""
        found = None if params is not None or options else prepared(statement)
        if found is not None:
            done = await self._execute_directly(found)
            if done is not None:
                return done
            # What the session has not written yet goes first, as with every other statement.
            if not (self.new or self.dirty or self.deleted):
                statement, params = found.statement, found.row
        result: Result[Any] = await super().execute(statement, params, **options)
        return result

    async def _execute_directly(self, found: Prepared) -> Result[Any] | None:
        """Run it on the driver; None if it must go SQLAlchemy's way."""
        engine = self._engine
        if engine is None or private.is_watched(engine):
            return None
        compiled = private.compile_directly(engine, found.statement, found.row)
        if compiled is None:
            return None
        connection = self._direct or await self._connect(engine)
        try:
            context = private.make_context(connection, compiled)
        except Exception:  # noqa: BLE001 - a value of the wrong type; SQLAlchemy's way says so, with the statement
            return None
        try:
            return await private.execute_directly(connection, context)
        except BaseException:
            self._make_session()  # which has the transaction that has failed, until it is rolled back
            raise

    async def _connect(self, engine: Engine) -> Connection:
        connection = private.take_idle(engine)
        if connection is None:
            connection = await greenlet_spawn(engine.connect)
        if self._direct is not None or self._engine is None:
            connection.close()
            raise InvalidRequestError("two tasks use this session at the same time: give each one of its own")
        self._direct = connection
        return connection

    async def commit(self) -> None:
        """As in AsyncSession."""
        connection, engine = self._direct, self._engine
        if connection is None or engine is None or private.is_watched(engine):
            await super().commit()
            return
        self._direct = None
        try:
            await private.commit_directly(connection)
        except BaseException as error:
            self._direct = connection
            await greenlet_spawn(private.fail_to_commit, self._make_session(), connection, error)
            raise
        connection.close()

    async def __aexit__(self, kind: Any, value: Any, traceback: Any) -> None:
        if self._engine is not None and self._direct is None:
            return  # nothing was done that is not committed
        if self.in_transaction():
            await super().__aexit__(kind, value, traceback)
        else:
            self.sync_session.close()
