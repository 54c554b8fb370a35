"""What no module is to blame for: the disk, the server, other processes. A start that meets it leaves the old state."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import Column, Integer, Table, Text, event, text

from core.context import entered
from core.database import close_database, db_engine, metadata, open_database, patience, sqlite
from core.migration import disk, lock, planning, work
from core.migration.postgresql import script as apply_postgresql
from core.migration.start import expand, settle
from core.migration.statements import Sql
from models.exc import DatabaseError


@pytest.fixture
def release(module):
    """Declares the release of a module whose column `text` has a type that needs a rebuild if it is not the old one."""
    running = []

    def declare(type_=Text):
        while running:
            running.pop().drop()
        running.append(module("demo"))
        with entered(running[0]):
            Table("note", metadata, Column("id", Integer, primary_key=True), Column("text", type_))
        return running[0]

    return declare


async def rows():
    async with db_engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text("SELECT * FROM note__demo ORDER BY id"))]


@pytest.fixture
async def old(database, release):
    """The database of the release before, with rows that would become numbers."""
    await expand([release()])
    async with db_engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO note__demo VALUES (:id, :text)"), [{"id": n, "text": f"{n}"} for n in range(1000)]
        )
    return database


@pytest.fixture
def at():
    """Listens to an event of the engine until it is told to stop, or the test ends."""
    heard = []

    def listen(name, function, **options):
        heard.append((db_engine.sync_engine, name, function))
        event.listen(*heard[-1], **options)

    def stop():
        while heard:
            event.remove(*heard.pop())

    listen.stop = stop
    yield listen
    stop()


async def goes_on(demo):
    """The next start finds the rows as they were, migrates them, and the one after has nothing to do."""
    assert await rows() == [(n, f"{n}") for n in range(1000)]
    assert (await expand([demo])).failures == {}
    await settle([demo])
    assert await rows() == [(n, n) for n in range(1000)]
    assert (await expand([demo])).units == ()


@pytest.fixture
def limited(old, at):
    """Limits the file that SQLite may write to so many pages more than it has."""
    if not old.startswith("sqlite"):
        pytest.skip("a server's disk cannot be filled here")
    limits = [2**30]
    at("checkout", lambda connection, *_: connection.execute(f"PRAGMA max_page_count={limits[-1]}"))

    async def limit(more):
        async with db_engine.connect() as connection:
            limits.append(await connection.scalar(text("PRAGMA page_count")) + more)

    return limit


async def test_a_full_disk_costs_only_those_who_need_room(limited, release, module):
    await limited(2)
    demo, other = release(Integer), module("other")
    with entered(other):
        Table("small", metadata, Column("id", Integer, primary_key=True))
    outcome = await expand([demo, other])
    assert outcome.failures.keys() == {demo}
    assert "disk is full; what was under way was rolled back" in str(outcome.failures[demo])
    assert "make room and start again" in str(outcome.failures[demo])
    async with db_engine.connect() as connection:
        assert (await connection.execute(text("SELECT * FROM small__other"))).all() == []
    await limited(2**20)
    await goes_on(demo)


async def test_a_database_that_may_only_be_read(old, at, release):
    switch = {
        "sqlite": ("PRAGMA query_only=1", "PRAGMA query_only=0"),
        "postgresql": ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
    }[old.partition(":")[0]]
    way = 0

    def begin(connection):
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(switch[way])
        elif way == 0:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    at("begin", begin)
    demo = release(Integer)
    with pytest.raises(DatabaseError, match="(the file cannot be written|the database is read-only)"):
        await expand([demo])
    way = 1
    await goes_on(demo)


@pytest.mark.parametrize("when", ["SELECT format_type", "ALTER TABLE", "INSERT INTO aha_history"])
async def test_a_server_that_goes_away(old, at, release, when):
    if old.startswith("sqlite"):
        pytest.skip("there is no server")

    def goes(connection, cursor, statement, *_):
        if statement.strip().startswith(when):
            at.stop()
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    demo = release(Integer)
    at("before_cursor_execute", goes)
    with pytest.raises(DatabaseError, match="the server is (gone|shutting down): start it, then the bot"):
        await expand([demo])
    await goes_on(demo)


async def test_too_little_room_for_a_copy_puts_the_module_off(old, release, monkeypatch):
    if not old.startswith("sqlite"):
        pytest.skip("a server's disk cannot be looked at")
    demo = release(Integer)
    with monkeypatch.context() as patched:
        patched.setattr(disk, "free_bytes", lambda folder: 1000)
        outcome = await expand([demo])
    assert "the tables note__demo have to be copied, which takes 16 MB in" in str(outcome.failures[demo])
    await goes_on(demo)


async def test_whoever_has_to_wait_says_so(old, release, monkeypatch, caplog):
    monkeypatch.setattr(patience, "_SECONDS", 0.01)
    caplog.set_level("INFO", logger="core.database.patience")
    demo = release(Integer)
    if old.startswith("sqlite"):
        other = sqlite3.connect(old.partition("///")[2], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        migrating = asyncio.create_task(expand([demo]))
        while not caplog.records:
            await asyncio.sleep(0)
        other.rollback()
        other.close()
    else:
        async with lock.one_process(db_engine):
            migrating = asyncio.create_task(expand([demo]))
            while not caplog.records:
                await asyncio.sleep(0)
    assert (await migrating).failures == {}
    assert caplog.messages == ["another process is migrating this database; waiting for it"]
    await settle([demo])
    assert await rows() == [(n, n) for n in range(1000)]


async def test_a_file_that_another_process_writes_to_for_long_is_waited_for(sqlite_url, monkeypatch, caplog):
    monkeypatch.setattr(patience, "_SECONDS", 0.01)
    monkeypatch.setattr(sqlite, "_BUSY_TIMEOUT", 20)
    caplog.set_level("INFO", logger="core.database.patience")
    other = sqlite3.connect(sqlite_url.partition("///")[2], isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("BEGIN IMMEDIATE")
    opening = asyncio.create_task(open_database(sqlite_url))
    while not caplog.records:
        await asyncio.sleep(0)
    other.rollback()
    other.close()
    await opening
    await close_database()


async def test_a_start_that_is_broken_off_leaves_the_old_state(old, at, release):
    def breaks(connection, cursor, statement, *_):
        if statement.startswith("INSERT INTO aha_history"):
            raise asyncio.CancelledError

    demo = release(Integer)
    at("before_cursor_execute", breaks)
    with pytest.raises(asyncio.CancelledError):
        await expand([demo])
    at.stop()
    await goes_on(demo)


async def test_nobody_is_to_blame_for_what_others_do_after_the_planning(old, release, monkeypatch):
    if not old.startswith("sqlite"):
        pytest.skip("the others are locked out")
    gone = iter(["ALTER TABLE note__demo RENAME TO theirs"])

    def plan(*args):
        planned = planning.plan(*args)
        with closing(sqlite3.connect(old.partition("///")[2])) as other:
            other.execute(next(gone, "SELECT 1"))
        return planned

    async def backup():
        pass

    demo = release(Integer)
    monkeypatch.setattr(work, "plan", plan)
    assert (await expand([demo], backup=backup)).failures == {}
    assert await rows() == []


async def test_an_error_before_the_lock_is_no_reason_to_stop(old, at, release):
    failing = iter([text("SELECT * FROM not_yet")] * 2)
    at("before_execute", lambda connection, query, *given: (next(failing, query), *given[:2]), retval=True)
    assert (await expand([release(Integer)])).failures == {}


@pytest.fixture
def soon_tried_again(old, monkeypatch, caplog):
    """Tables that others use are waited for a moment only, several times, which is logged."""
    if old.startswith("sqlite"):
        pytest.skip("SQLite has one lock, which is waited for as long as it takes")
    monkeypatch.setattr(apply_postgresql, "_OPENING", (Sql("SET LOCAL lock_timeout = '20ms'"),))
    caplog.set_level("INFO", logger="core.migration.work")


async def test_tables_that_others_use_are_waited_for_several_times(soon_tried_again, release, caplog):
    demo = release(Integer)
    async with db_engine.connect() as other:
        await other.execute(text("SELECT * FROM note__demo"))
        migrating = asyncio.create_task(expand([demo]))
        while not caplog.records:
            await asyncio.sleep(0)
    assert (await migrating).failures == {}
    assert caplog.messages[0].startswith("demo waits for tables that others use, and tries again: ")


async def test_tables_that_others_use_all_the_time_put_the_module_off(soon_tried_again, release, caplog):
    demo = release(Integer)
    async with db_engine.connect() as other:
        await other.execute(text("SELECT * FROM note__demo"))
        outcome = await expand([demo])
    assert "lock timeout" in str(outcome.failures[demo])
    assert len(caplog.messages) == 2
    await goes_on(demo)
