"""One process at a time: whoever migrates holds a lock in the database, which goes with the process that holds it.

PostgreSQL has locks of that kind. On SQLite it is the write lock, for each transaction anew.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager, nullcontext
from math import ceil, inf
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from core.database.patience import is_locked, saying_so
from core.database.sqlite import AhaSQLite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

# An arbitrary number, the same in every release: PostgreSQL's advisory locks are known by numbers, in each database.
_KEY = 4_712_093_316_874_115


@asynccontextmanager
async def one_process(engine: AsyncEngine) -> AsyncIterator[None]:
    """Wait until no other process migrates, and keep others from it for the body. Does nothing on SQLite."""
    if engine.dialect.name != "postgresql":
        yield
        return
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            await _take_lock(connection)
            yield
        finally:
            # Closed, not given back: with it go the lock and the settings, whatever state it is in.
            await connection.invalidate()


async def _take_lock(connection: AsyncConnection) -> None:
    with saying_so() as wait:
        timeout = 0 if wait.left == inf else ceil(wait.left * 1000)  # 0 is for ever
        await connection.execute(
            text(f"SELECT set_config('lock_timeout', '{timeout}', false), set_config('statement_timeout', '0', false)")
        )
        try:
            await connection.execute(text(f"SELECT pg_advisory_lock({_KEY})"))
        except DBAPIError as error:
            if is_locked(error):
                wait.check()
            raise


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """One transaction around the body, in which nobody else can write on SQLite; rolled back unless it is committed."""
    take_write_lock(connection)
    dialect = connection.dialect
    try:
        with dialect.writers.unhurried() if isinstance(dialect, AhaSQLite) else nullcontext():
            yield
    finally:
        connection.rollback()


def take_write_lock(connection: Connection) -> None:
    """Begin the transaction of a change. On SQLite nobody else can write until it ends."""
    if connection.dialect.name != "sqlite":
        return
    with saying_so() as wait:
        while True:
            try:
                connection.exec_driver_sql("SELECT 1 /* FOR UPDATE */")
            except OperationalError as error:
                if not is_locked(error):
                    raise
                connection.rollback()  # SQLite has waited for its busy_timeout
                wait.check()
            else:
                return
