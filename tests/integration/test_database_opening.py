"""Opening and closing the database, and its connections: what is said before, after and instead of it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Column, Integer, Table, inspect, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from core.context import entered
from core.database import close_database, db_engine, db_sessionmaker, metadata, open_database
from core.database.engine import _create_postgresql
from core.database.url import explain, parse_url
from core.migration.start import expand
from models.exc import DatabaseError, DatabaseNotOpen, UsageError

# --- before, after and instead of a database ---


@pytest.fixture(autouse=True)
async def closed_afterwards():
    yield
    await close_database()


@pytest.mark.parametrize("name", ["connect", "dialect", "url", "begin"])
async def test_using_a_database_that_is_not_open_says_what_to_do(name, monkeypatch):
    monkeypatch.setattr(db_engine, "was_open", False)
    with pytest.raises(DatabaseNotOpen, match="@on_start"):
        db_sessionmaker()
    with pytest.raises(DatabaseNotOpen, match="@on_start"):
        async with getattr(db_engine, name)():
            pass


async def test_using_a_closed_database_says_that_it_is_closed(database):
    assert isinstance(db_engine, AsyncEngine)
    assert db_engine.dialect.name in database
    await close_database()
    with pytest.raises(DatabaseNotOpen, match="is closed"):
        db_sessionmaker()
    await close_database()


async def test_a_second_database_at_once_is_refused(database):
    with pytest.raises(UsageError, match="open already"):
        await open_database(database)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("nonsense", "cannot be read: write sqlite:///", id="no URL"),
        pytest.param("http//u:secret@h", r"'http//\*\*\*@h' cannot be read", id="no URL, with a password"),
        pytest.param("sqlite:///a.db?mode=ro", "not known here: mode; leave it out", id="an option of SQLite"),
        pytest.param("mysql://u:secret@h/d", "is of kind 'mysql', which is not supported: write", id="other database"),
        pytest.param("postgresql://u:secret@h:port/d", r"'postgresql://\*\*\*@h:port/d' cannot be read", id="bad port"),
        pytest.param("postgresql://u:secret@h:99999/d", "names port 99999, which no server can have", id="no port"),
        pytest.param("postgresql://u:secret@[::1/d", r"'postgresql://\*\*\*@\[::1/d' cannot be", id="bad address"),
        pytest.param("postgresql://u:a@secret@h/d", "write those in the password as %40", id="@ in the password"),
        pytest.param("postgresql://u@127.0.0.1:1/d?password=secret", "u@127.0.0.1:1/d cannot be used", id="in options"),
        pytest.param("postgresql://u:secret@127.0.0.1:1/d?nonsense=1", "options in the URL", id="unknown option"),
        pytest.param(
            "postgresql://u:secret@127.0.0.1:1/d?sslmode=disable", "check that the server runs", id="psql's option"
        ),
        pytest.param("sqlite://name", "a file is written with three slashes", id="a file with two slashes"),
        pytest.param("sqlite:////dev/null/x.db", "check that the folder exists", id="no folder"),
        pytest.param("sqlite:////dev", "unable to open database file; check", id="a folder, not a file"),
        pytest.param("sqlite:////proc/version", "cannot be used: .*; check that", id="not a database and not writable"),
        pytest.param("postgresql://u:secret@127.0.0.1:1/d", r"u:\*\*\*@127.0.0.1:1/d cannot be used", id="down"),
    ],
)
async def test_a_database_that_cannot_be_used_is_one_line_without_the_password(url, message):
    with pytest.raises(DatabaseError, match=message) as caught:
        await open_database(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(DatabaseNotOpen):
        db_sessionmaker()


async def test_a_database_that_may_not_be_written_is_found_at_start(sqlite_url):
    await open_database(sqlite_url)
    await close_database()
    with pytest.raises(DatabaseError, match="readonly database; check"):
        await open_database(sqlite_url.replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite://"])
async def test_in_memory_sqlite_works_and_is_gone_after_close(url, module):
    with entered(module("demo")) as _:
        table = Table("t", metadata, Column("id", Integer, primary_key=True))
    for _ in range(2):
        await open_database(url)
        await expand([])
        async with db_engine.begin() as connection:
            assert not await connection.run_sync(lambda c: inspect(c).has_table("t__demo"))
            await connection.run_sync(table.create)
            await connection.execute(table.insert().values(id=1))
            async with db_sessionmaker() as other:
                assert (await other.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 't__demo'"))) == 0
        await close_database()


# --- connections ---


async def test_every_sqlite_connection_is_set_up_alike(sqlite_url):
    await open_database(sqlite_url, synchronous="normal")
    try:
        async with db_engine.connect() as one, db_engine.connect() as two:
            for connection in (one, two):
                shown = [
                    (await connection.execute(text(f"PRAGMA {name}"))).scalar()
                    for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
                ]
                assert shown == ["wal", 1, 1, 30_000]
    finally:
        await close_database()


async def test_a_commit_on_sqlite_reaches_the_disk_by_default(sqlite_url):
    await open_database(sqlite_url)
    try:
        async with db_engine.connect() as connection:
            assert (await connection.execute(text("PRAGMA synchronous"))).scalar() == 2
    finally:
        await close_database()


async def test_connections_that_the_server_closed_are_replaced_before_anyone_notices(postgres_url):
    await open_database(postgres_url)
    async with db_engine.connect() as one, db_engine.connect() as two, db_engine.connect() as killer:
        await killer.execution_options(isolation_level="AUTOCOMMIT")
        pids = [(await connection.execute(text("SELECT pg_backend_pid()"))).scalar() for connection in (one, two)]
        closed = [(await connection.get_raw_connection()).driver_connection for connection in (one, two)]
        await one.rollback()
        await two.rollback()
        for pid in pids:
            await killer.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
        while not all(connection.is_closed() for connection in closed):
            await asyncio.sleep(0)
        await killer.close()
    for _ in range(3):
        async with db_sessionmaker() as session:
            assert await session.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize("place", ["/d?host=/nowhere", "127.0.0.1:1/d"], ids=["socket", "port"])
async def test_a_server_that_cannot_be_reached_is_an_error_of_sqlalchemy_that_says_so(place):
    engine = _create_postgresql(parse_url(f"postgresql://u:secret@{place}"))
    with pytest.raises(OperationalError, match=r"the database cannot be reached \(.+\): .* tries again") as caught:
        async with engine.connect():
            pass
    assert isinstance(caught.value.orig.__cause__, OSError)
    assert "secret" not in str(caught.value)
    assert explain(engine.url, caught.value).count("reached") == 0
