"""Sessions on both databases: what they see of each other, who waits for whom, and what modules are told."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.context import entered
from core.database import close_database, db_engine, db_sessionmaker, dbBase, metadata, open_database
from core.database.sqlite import writes
from core.migration.start import expand
from models.exc import DatabaseBusy


@pytest.fixture
async def counter(database, module):
    """A mapped class `Counter(id, n, note)` whose table exists and has the row 1."""
    record = module("demo")
    with entered(record):

        class Counter(dbBase):
            __tablename__ = "counter"
            id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
            n: Mapped[int] = mapped_column(default=0)
            note: Mapped[str | None] = mapped_column(Text)

    assert (await expand([record])).failures == {}
    async with db_sessionmaker() as session:
        session.add(Counter(id=1))
        await session.commit()
    return Counter


# --- what sessions see ---


async def test_rows_stay_readable_after_commit_and_close(counter):
    async with db_sessionmaker() as session:
        row = await session.get(counter, 1)
        row.note = "kept"
        await session.commit()
    assert (row.id, row.n, row.note) == (1, 0, "kept")
    assert repr(row) == "Counter(id=1, n=0, note='kept')"


async def test_a_big_integer_key_numbers_itself(counter):
    async with db_sessionmaker() as session:
        rows = [counter(), counter()]
        if session.bind.dialect.name == "postgresql":
            await session.execute(text("SELECT setval('counter__demo_id_seq', 1)"))
        session.add_all(rows)
        await session.commit()
        session.add(counter(id=-(2**63)))
        session.add(counter(id=2**63 - 1))
        await session.commit()
    assert [row.id for row in rows] == [2, 3]


async def test_a_reader_sees_what_is_committed_between_its_statements_and_can_write_afterwards(counter):
    async with db_sessionmaker() as reader, db_sessionmaker() as writer:
        query = select(counter.n).where(counter.id == 1)
        assert await reader.scalar(query) == 0
        await writer.execute(update(counter).values(n=5))
        assert await reader.scalar(query) == 0
        await writer.commit()
        assert await reader.scalar(query) == 5
        await reader.execute(update(counter).values(n=counter.n + 1))
        await reader.commit()
        assert await writer.scalar(query) == 6


async def test_a_handler_that_waits_inside_its_reading_session_blocks_nobody(counter):
    async with db_sessionmaker() as waiting:
        await waiting.get(counter, 1)
        async with db_sessionmaker() as session:
            await session.execute(update(counter).values(n=1))
            await session.commit()


async def test_rollback_undoes_and_lets_the_next_one_write(counter):
    async with db_sessionmaker() as session:
        await session.execute(update(counter).values(n=9))
        await session.rollback()
        await session.execute(update(counter).values(n=counter.n + 1))
        await session.commit()
        assert await session.scalar(select(counter.n)) == 1


async def test_a_session_left_without_commit_keeps_nothing(counter):
    async with db_sessionmaker() as session:
        await session.execute(update(counter).values(n=9))
    async with db_sessionmaker() as session:
        assert await session.scalar(select(counter.n)) == 0
        await session.execute(update(counter).values(n=1))
        await session.commit()


async def test_a_savepoint_loses_only_what_came_after_it(counter):
    async with db_sessionmaker() as session:
        await session.execute(update(counter).values(n=1))
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(counter.__table__.insert().values(id=1))
        async with session.begin_nested():
            await session.execute(update(counter).values(n=counter.n + 1))
        await session.commit()
        assert await session.scalar(select(counter.n)) == 2


async def test_two_thousand_concurrent_increments_all_count(counter):
    async def increment():
        async with db_sessionmaker() as session:
            await session.execute(update(counter).where(counter.id == 1).values(n=counter.n + 1))
            await session.commit()

    await asyncio.gather(*(increment() for _ in range(2000)))
    async with db_sessionmaker() as session:
        assert (await session.get(counter, 1)).n == 2000


async def test_reading_for_update_makes_read_then_write_safe(counter):
    async def increment(index):
        async with db_sessionmaker() as session:
            if index % 2:
                row = await session.get(counter, 1, with_for_update=True)
            else:
                row = (await session.scalars(select(counter).with_for_update())).one()
            row.n += 1
            await session.commit()

    await asyncio.gather(*(increment(index) for index in range(100)))
    async with db_sessionmaker() as session:
        assert (await session.get(counter, 1)).n == 100


async def test_rows_can_be_streamed_while_others_write(counter):
    async with db_sessionmaker() as session:
        session.add_all([counter(id=number) for number in range(2, 200)])
        await session.commit()
    seen = []
    async with db_sessionmaker() as reader:
        async for row in await reader.stream_scalars(select(counter).order_by(counter.id)):
            seen.append(row.id)
            if row.id == 5:
                async with db_sessionmaker() as writer:
                    await writer.execute(update(counter).values(n=1))
                    await writer.commit()
        await reader.execute(update(counter).values(n=counter.n + 1))
        await reader.commit()
    assert seen == list(range(1, 200))


# --- the queue of writers on SQLite ---


@pytest.fixture
async def sqlite_counter(request, sqlite_url, module):
    await open_database(sqlite_url)
    table = Table("n", MetaData(), Column("id", Integer, primary_key=True), Column("n", Integer))
    async with db_engine.begin() as connection:
        await connection.run_sync(table.create)
        await connection.execute(table.insert().values(id=1, n=0))
    yield table
    await close_database()


async def test_writers_are_served_in_the_order_in_which_they_asked(sqlite_counter):
    order = []

    async def write(index):
        async with db_sessionmaker() as session:
            await session.execute(update(sqlite_counter).values(n=index))
            order.append(index)
            await session.commit()

    async with db_sessionmaker() as first:
        await first.execute(update(sqlite_counter).values(n=-1))
        tasks = []
        for index in range(20):
            tasks.append(asyncio.create_task(write(index)))
            while len(db_engine.dialect.writers._waiting) < index + 1:
                await asyncio.sleep(0)
        await first.commit()
    await asyncio.gather(*tasks)
    assert order == list(range(20))


async def test_a_second_writing_session_in_the_same_handler_is_an_error_and_not_a_deadlock(sqlite_counter):
    async with db_sessionmaker() as outer:
        await outer.execute(update(sqlite_counter).values(n=1))
        async with db_sessionmaker() as inner:
            with pytest.raises(DatabaseBusy, match="commit or close that session first"):
                await inner.execute(update(sqlite_counter).values(n=2))
        await outer.commit()


async def test_a_writer_that_keeps_all_others_waiting_is_named(sqlite_counter, module):
    db_engine.dialect.writers._patience = 0.05

    async def write():
        async with db_sessionmaker() as session:
            await session.execute(update(sqlite_counter).values(n=2))

    with entered(module("slow")):
        async with db_sessionmaker() as session:
            await session.execute(update(sqlite_counter).values(n=1))
            with pytest.raises(DatabaseBusy, match="module slow .* has kept the database locked for 0.05 s"):
                await asyncio.create_task(write())
            await session.commit()
    await asyncio.create_task(write())


@pytest.mark.parametrize("steps", range(12))
async def test_a_writer_cancelled_at_any_moment_leaves_the_way_free(sqlite_counter, steps):
    async def write(value):
        async with db_sessionmaker() as session:
            await session.execute(update(sqlite_counter).values(n=value))
            await session.commit()

    async with db_sessionmaker() as session:
        if steps % 2:
            await session.execute(update(sqlite_counter).values(n=1))
        victim = asyncio.create_task(write(2))
        for _ in range(steps):
            await asyncio.sleep(0)
        victim.cancel()
        await session.commit()
    await asyncio.gather(victim, return_exceptions=True)
    await asyncio.wait_for(asyncio.create_task(write(3)), 10)
    async with db_sessionmaker() as session:
        assert await session.scalar(select(sqlite_counter.c.n)) == 3


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 1", False),
        ("  select 1", False),
        ("-- note\nSELECT 1", False),
        ("/* a */ (SELECT 1)", False),
        ("/** a * / **/SELECT 1", False),
        ("/* SELECT */ DELETE FROM t", True),
        ("VALUES (1)", False),
        ("PRAGMA user_version", False),
        ("EXPLAIN QUERY PLAN DELETE FROM t", False),
        ("WITH x AS (SELECT 1) SELECT * FROM x", False),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", True),
        ("SELECT 1 /* FOR UPDATE */", True),
        ("INSERT INTO t VALUES (1)", True),
        ("SAVEPOINT a", True),
        ("CREATE TABLE t (a)", True),
        ("", True),
        pytest.param("/* a */ " * 40 + "SELECT 1", False, id="many comments before a read"),
        pytest.param("/* a */ " * 40 + "INSERT INTO t VALUES (1)", True, id="many comments before a write"),
    ],
)
def test_what_needs_the_write_lock(statement, expected):
    assert writes(statement) is expected


async def test_statements_outside_any_transaction_work_on_sqlite(sqlite_counter):
    async with db_engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM"))
        await connection.execute(update(sqlite_counter).values(n=7))
        await connection.rollback()
    async with db_engine.connect() as connection:
        await connection.execute(update(sqlite_counter).values(n=8))
        await connection.rollback()
        assert (await connection.execute(select(sqlite_counter.c.n))).scalar() == 7


# --- values no database takes ---


@pytest.mark.parametrize("value", ["a\ud800b", "a\0b"], ids=["lone surrogate", "NUL"])
async def test_a_text_that_the_database_refuses_is_the_callers_error_only(counter, value):
    async with db_sessionmaker() as session:
        refused = (value == "a\ud800b") or session.bind.dialect.name == "postgresql"
        session.add(counter(id=2, note=value))
        if refused:
            with pytest.raises((DBAPIError, StatementError, UnicodeEncodeError)):
                await session.commit()
        else:
            await session.commit()
    async with db_sessionmaker() as session:
        session.add(counter(id=3, note="😀"))
        await session.commit()
        assert (await session.get(counter, 3)).note == "😀"


# --- creating tables ---


async def test_a_module_whose_tables_cannot_be_made_costs_no_other_anything(database, module):
    good, bad, late = module("good"), module("bad"), module("late")
    with entered(good):
        Table("t", metadata, Column("id", Integer, primary_key=True))
    with entered(bad):
        Table("t", metadata, Column("id", Integer, primary_key=True), Column("x", ForeignKey("nowhere.id")))
    with entered(late):
        Table("t", metadata, Column("id", ForeignKey("t__good.id"), primary_key=True))
    failed = (await expand([bad, late, good])).failures
    assert list(failed) == [bad]
    assert str(failed[bad]) == (
        "t__bad.x refers to 'nowhere__bad.id', which does not exist: module bad has the tables t; "
        "another module's table is written t__module, and that module must be on"
    )
    async with db_engine.connect() as connection:
        names = await connection.run_sync(lambda c: inspect(c).get_table_names())
    assert {"t__good", "t__late"} <= set(names)
    assert "t__bad" not in names


async def test_a_relationship_to_nothing_is_found_at_start(database, module):
    record = module("bad")
    with entered(record):

        class Note(dbBase):
            __tablename__ = "note"
            id: Mapped[int] = mapped_column(primary_key=True)
            owner = relationship("Nobody")

    failed = (await expand([record])).failures
    assert "Nobody" in str(failed[record])


async def test_tables_that_refer_to_each_other_in_a_circle(database, module):
    record = module("demo")
    with entered(record):
        a = Table("a", metadata, Column("id", Integer, primary_key=True), Column("b", ForeignKey("b.id", name="fk")))
        Table("b", metadata, Column("id", Integer, primary_key=True), Column("a", ForeignKey("a.id")))
    assert (await expand([record])).failures == {}
    assert (await expand([record])).failures == {}
    async with db_engine.connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(a.insert().values(id=1, b=5))
            await connection.commit()


async def test_what_is_there_stays_and_what_is_missing_is_made(counter, module):
    with entered(module("more")) as _:
        table = Table("t", metadata, Column("id", Integer, primary_key=True))
    owner = metadata.owners[table.name]
    assert (await expand([metadata.owners["counter__demo"], owner])).failures == {}
    async with db_sessionmaker() as session:
        assert (await session.get(counter, 1)) is not None
        assert (await session.execute(select(table))).all() == []
