"""The tables of one module change while others write and read: none of them is refused anything."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text, event, insert, text
from sqlalchemy.util import await_only

from core.context import entered
from core.database import close_database, db_engine, db_sessionmaker, metadata, open_database
from core.migration.postgresql import script as apply_postgresql
from core.migration.start import expand, settle
from core.migration.statements import Sql
from tests.open_database import run, scalar

pytestmark = pytest.mark.usefixtures("forgets")

ROWS = 500


@pytest.fixture
def release(module):
    """Declares a release of a module with one table; the one before of the same name is dropped."""
    running = {}

    def declare(name, *columns):
        if name in running:
            running.pop(name).drop()
        record = running[name] = module(name)
        with entered(record):
            Table("note", metadata, Column("id", Integer, primary_key=True), *columns)
        return record

    return declare


@pytest.fixture
async def other(database, release):
    """The module that runs beside `demo`, of which there are rows already."""
    demo, other = release("demo", Column("text", Text)), release("other", Column("text", Text))
    assert (await expand([demo, other])).failures == {}
    async with db_engine.begin() as connection:
        texts = [{"id": n, "text": str(n)} for n in range(ROWS)]
        await connection.execute(insert(demo.tables["note"]), texts)
    return other


@asynccontextmanager
async def busy(*works):
    """Let each of `works` be done over and over while the body runs; each has been done before it begins and after."""
    done = [asyncio.Event() for _ in works]

    async def work_on(work, done):
        while True:
            await work()
            done.set()

    async def all_done():
        for each in done:
            each.clear()
        for each in done:
            await each.wait()

    tasks = [asyncio.create_task(work_on(*pair)) for pair in zip(works, done, strict=True)]
    try:
        await first_of(all_done(), *tasks)
        yield
        await first_of(all_done(), *tasks)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def first_of(wanted, *tasks):
    """Wait for `wanted`; an error of a task comes first."""
    waiting = asyncio.ensure_future(wanted)
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
    await waiting


async def test_others_write_and_read_all_the_time(other, release):
    written = []

    async def write():
        async with db_sessionmaker() as session:
            await session.execute(insert(other.tables["note"]).values(text="x"))
            await session.execute(text("SELECT count(*) FROM note__demo"))
            await session.commit()
        written.append(1)

    async def read():
        async with db_sessionmaker() as session:
            await session.execute(text("SELECT * FROM note__demo WHERE id = 7"))

    async with busy(*[write] * 4, read):
        for type_ in (Integer, Text):
            demo = release("demo", Column("text", type_), Column("size", BigInteger, nullable=False, default=1))
            assert (await expand([demo], beside=[other])).failures == {}
            assert (await settle([demo])).failures == {}
    assert await scalar("SELECT count(*) FROM note__other") >= len(written)
    assert await scalar("SELECT count(*) FROM note__demo WHERE text = CAST(id AS text)") == ROWS


# --- PostgreSQL: locks, and statements that were prepared before ---


@pytest.fixture
async def server(postgres_url, release):
    """A PostgreSQL database with `demo`, of which there are rows, and the module that runs beside it."""
    await open_database(postgres_url)
    demo, other = release("demo", Column("text", Text)), release("other", Column("text", Text))
    assert (await expand([demo, other])).failures == {}
    await run("INSERT INTO note__demo VALUES (1, '1'), (2, '2')")
    yield other
    await close_database()


READ = text("SELECT * FROM note__demo WHERE id = 1")


async def test_a_session_that_is_open_meanwhile_reads_the_table_as_it_is(server, release):
    async with db_engine.connect() as reader:
        await reader.execute(READ)
        await reader.rollback()
        await reader.execute(text("SELECT 1"))
        assert (await expand([release("demo", Column("text", Integer))], beside=[server])).failures == {}
        assert (await reader.execute(READ)).all() == [(1, 1)]


async def test_a_statement_that_waits_for_the_change_reads_the_table_as_it_is_then(server, release):
    demo, reading = release("demo", Column("text", Integer)), []
    async with db_engine.connect() as reader:
        await reader.execute(READ)
        await reader.rollback()

        async def read_in_vain():
            reading.append(asyncio.create_task(reader.execute(READ)))
            while not await scalar("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0)

        def altered(*args):
            if "ALTER TABLE" in args[2] and not reading:
                await_only(read_in_vain())

        event.listen(db_engine.sync_engine, "after_cursor_execute", altered)
        assert (await expand([demo], beside=[server])).failures == {}
        assert (await reading[0]).all() == [(1, 1)]


@pytest.fixture
def impatient(monkeypatch):
    """Lets a migration wait for tables that others use as long as a test can."""
    monkeypatch.setattr(apply_postgresql, "_OPENING", (Sql("SET LOCAL lock_timeout = '20ms'"),))


@pytest.mark.usefixtures("impatient")
async def test_a_table_that_is_read_all_the_time_stays_as_it_is_and_all_go_on(server, release, caplog):
    caplog.set_level("INFO", logger="core.migration.work")
    demo = release("demo", Column("text", Integer))
    async with db_engine.connect() as reader:
        await reader.execute(READ)
        outcome = await expand([demo], beside=[server])
        assert "others use it: end them (pg_stat_activity shows which), then try again" in str(outcome.failures[demo])
        assert len(caplog.messages) == 2
        old = release("demo", Column("text", Text))
        assert (await expand([old], beside=[server])).failures == {}
        await run("INSERT INTO note__demo VALUES (3, 'three')", "INSERT INTO note__other VALUES (1, 'x')")
    demo = release("demo", Column("text", Integer))
    assert (await expand([demo], beside=[server])).failures == {}


async def test_whoever_waits_for_us_while_we_wait_for_him_goes_first(server, release, caplog):
    """PostgreSQL ends one of two who wait for each other: the migration, which then tries again."""
    caplog.set_level("INFO", logger="core.migration.work")
    demo, tasks = release("demo", Column("text", Integer), Column("note", ForeignKey("note__other.id"))), []
    await run("INSERT INTO note__other VALUES (1, 'x')")

    async def read_when_we_wait(other):
        while not await scalar("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
        await other.execute(READ)
        await other.commit()

    async with db_engine.connect() as other:
        await other.execute(text("SET LOCAL deadlock_timeout = '1min'"))
        await other.execute(text("UPDATE note__other SET text = 'y'"))

        def refers(*args):
            if "REFERENCES" in args[2] and not tasks:
                tasks.append(asyncio.create_task(read_when_we_wait(other)))

        event.listen(db_engine.sync_engine, "before_cursor_execute", refers)
        assert (await expand([demo], beside=[server])).failures == {}
        await tasks[0]
    assert "tries again: " in caplog.text
    assert await scalar("SELECT text FROM note__other") == "y"
