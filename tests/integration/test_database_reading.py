"""Opening a database to read it only: nothing is written, nothing is made."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from core.database import close_database, db_engine, open_database
from models.exc import DatabaseError


@pytest.fixture
async def reading(sqlite_url):
    """Opens the file of this test, or another, to read it only."""

    async def opened(url=sqlite_url):
        await open_database(url, read_only=True)

    yield opened
    await close_database()


@pytest.fixture(params=["wal", "delete"])
def file(request, sqlite_url):
    """A file with one row, in either of the journal modes that SQLite may have left it in."""
    path = Path(make_url(sqlite_url).database)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode={request.param}")
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
    return path


async def ask(sql):
    async with db_engine.connect() as connection:
        return (await connection.execute(text(sql))).scalar()


async def test_what_is_there_is_read_and_no_byte_changes(file, reading):
    before = file.read_bytes(), file.stat().st_mtime_ns
    await reading()
    assert await ask("SELECT x FROM t") == 1
    await close_database()
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


async def test_nothing_can_be_written(file, reading):
    await reading()
    with pytest.raises(DBAPIError, match="readonly"):
        await ask("INSERT INTO t VALUES (2)")


@pytest.mark.parametrize("file", ["wal"], indirect=True)
async def test_what_another_has_committed_meanwhile_is_seen(file, reading):
    await reading()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("UPDATE t SET x = 2")
        assert await ask("SELECT x FROM t") == 2


async def test_a_file_that_is_not_there_counts_as_empty_and_is_not_made(sqlite_url, tmp_path, reading):
    await reading(sqlite_url.replace("test.db", "folder/test.db"))
    assert await ask("SELECT count(*) FROM sqlite_master") == 0
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_no_database_is_said_to_be_none(sqlite_url, tmp_path, reading):
    (tmp_path / "test.db").write_text("no database" * 100)
    with pytest.raises(DatabaseError, match="file is not a database"):
        await reading()


@pytest.mark.parametrize("file", ["wal"], indirect=True)
async def test_a_file_in_a_folder_where_nothing_can_be_written_is_read(file, reading, monkeypatch):
    # Whoever is root may write anywhere, so the answer is given here.
    monkeypatch.setattr("core.database.engine.os.access", lambda *_: False)
    await reading()
    assert await ask("SELECT x FROM t") == 1
    assert [path.name for path in file.parent.iterdir()] == [file.name]
