"""A PostgreSQL database as backups see it: connecting, which schemas are the bot's, and who has it open."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.database.engine import APPLICATION
from core.database.url import explain, what_it_said
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

_TIMEOUT = 15
_FACTS = """
SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('server_version') AS version,
  coalesce(current_schema(), 'public') AS schema, pg_database_size(current_database()) AS size,
  to_regclass('aha_schema') IS NOT NULL AS has_ledger,
  (SELECT coalesce(array_agg(extname::text ORDER BY oid), '{}') FROM pg_extension WHERE extname <> 'plpgsql')
    AS extensions
"""
_SCHEMAS = """
SELECT nspname FROM pg_namespace
WHERE nspname IN (SELECT split_part(name, '.', 1) FROM aha_schema WHERE name LIKE '%.%')
ORDER BY nspname
"""
_OTHERS = """
SELECT pid, coalesce(host(client_addr), 'this host') AS host FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Server:
    """What has to be known of a database before it is backed up; `schemas` are the bot's, the default one first."""

    major: int
    version: str
    size: int
    schemas: tuple[str, ...]
    extensions: tuple[str, ...]


def engine_for(url: URL) -> AsyncEngine:
    """An engine whose connections are not taken for a bot's."""
    settings = {"application_name": f"{APPLICATION} backup"}
    return create_async_engine(url, poolclass=NullPool, connect_args={"timeout": _TIMEOUT, "server_settings": settings})


@asynccontextmanager
async def connected(url: URL) -> AsyncIterator[Any]:
    """A connection of asyncpg; raises BackupError if there is none, and if the server refuses something in the body."""
    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            yield (await connection.get_raw_connection()).driver_connection
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise BackupError(explain(url, error)) from error
    finally:
        await engine.dispose()


async def look(connection: Any) -> Server:
    """Return the facts of the database that `connection` is for."""
    row = await connection.fetchrow(_FACTS)
    named = [found["nspname"] for found in await connection.fetch(_SCHEMAS)] if row["has_ledger"] else []
    schemas = tuple(dict.fromkeys([row["schema"], *named]))
    return Server(row["major"], row["version"], row["size"], schemas, tuple(row["extensions"]))


async def check_unused(connection: Any, url: URL) -> None:
    """Raise BackupError if a bot has the database open now."""
    await connection.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees but one state of it otherwise
    others = await connection.fetch(_OTHERS, APPLICATION)
    if others:
        where = ", ".join(sorted({row["host"] for row in others}))
        raise BackupError(
            f"the database {url.database} is open in a bot on {where} ({len(others)} connections): stop the bot first"
        )


def refused(error: Exception) -> str:
    """What the server said, in one line."""
    context = getattr(error, "context", None) or getattr(error, "where", None)
    return what_it_said(error) + (f" ({context})" if context else "")
