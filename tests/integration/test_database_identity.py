"""The identity of a database: it stays for good, and what was made of another database has one of its own."""

from __future__ import annotations

import asyncio

import pytest

from core.backup import backup, copy_database, restore
from core.database import close_database, open_database
from core.database.identity import database_identity
from core.migration.start import expand


async def identity(url: str) -> str:
    """What a start finds."""
    await open_database(url)
    try:
        await expand([])
        found = await database_identity()
        assert await asyncio.gather(*(database_identity() for _ in range(3))) == [found] * 3
    finally:
        await close_database()
    return found


@pytest.fixture
def empty_url(request, database_url, tmp_path):
    """A second database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/empty.db"
    else:
        postgres = request.getfixturevalue("postgres")
        url = postgres.create()
        yield url
        postgres.drop(url)


async def test_it_stays_for_good(database_url, empty_url):
    assert await identity(database_url) == await identity(database_url)
    assert await identity(empty_url) != await identity(database_url)


async def test_a_database_that_is_put_back_is_another(database_url, empty_url, tmp_path):
    before = await identity(database_url)
    made = await backup(database_url, tmp_path / "backups", keep=0, pg_dump="none")
    await restore(made, empty_url, pg_dump="none")
    await restore(made, database_url, overwrite=True, pg_dump="none")
    assert len({before, await identity(database_url), await identity(empty_url)}) == 3


async def test_a_copy_is_another(sqlite_url, postgres_url):
    before = await identity(sqlite_url)
    await copy_database(sqlite_url, postgres_url)
    assert await identity(postgres_url) != before
