"""An upsert that goes straight to the driver behaves in every way as one that goes SQLAlchemy's way."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from copy import copy
from datetime import datetime  # noqa: TC003 - Mapped[...] is read when the class is made

import pytest
from sqlalchemy import BigInteger, Engine, ForeignKey, Text, event, func, select, text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.context import entered
from core.database import close_database, db_engine, db_sessionmaker, dbBase, open_database
from core.migration.start import expand
from utils.sqlalchemy import upsert


@pytest.fixture(autouse=True)
def unheard(monkeypatch):
    """Forget that another test has listened to all engines: SQLAlchemy leaves that mark on their class for good."""
    monkeypatch.setattr(Engine, "_has_events", False)


@pytest.fixture
async def tables(database, module):
    record = module("demo")
    with entered(record):

        class Item(dbBase):
            __tablename__ = "item"
            id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
            data: Mapped[str] = mapped_column(Text)

        class Part(dbBase):
            __tablename__ = "part"
            id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
            item: Mapped[int] = mapped_column(ForeignKey("item.id", deferrable=True, initially="DEFERRED"))

        class Dated(dbBase):
            __tablename__ = "dated"
            id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
            made: Mapped[str] = mapped_column(default=lambda: "made in Python")
            at: Mapped[datetime | None]

    assert (await expand([record])).failures == {}
    yield Item, Part, Dated
    await close_database()


def new_session(way):
    """A session; an option that a direct upsert does not know of makes it SQLAlchemy's."""
    return db_sessionmaker() if way == "direct" else db_sessionmaker(autobegin=True)


def is_direct(session):
    """Whether nothing has made it a session of SQLAlchemy yet."""
    return "sync_session" not in vars(session)


async def outcome(awaitable):
    """What came of it, as far as a caller can tell."""
    try:
        value = await awaitable
        return getattr(value, "rowcount", value)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is compared
        return type(error), str(error), type(getattr(error, "orig", None)), getattr(error, "connection_invalidated", 0)


# --- what modules do in a session, and all that they can see of it ---


async def result_of_one(session, item, *_):
    result = await session.execute(upsert(item, id=1, data="a"))
    yield type(result), result.rowcount, result.returns_rows, result.is_insert, result.closed
    yield tuple(result.inserted_primary_key), result.context.compiled_parameters, str(result.context.statement)
    yield await outcome(asyncio.to_thread(result.all))
    yield await session.commit()


async def nothing_is_kept_without_commit(session, item, *_):
    await session.execute(upsert(item, id=1, data="a"))
    yield


async def rolled_back(session, item, *_):
    await session.execute(upsert(item, id=1, data="a"))
    yield session.in_transaction()
    await session.rollback()
    yield session.in_transaction()
    await session.execute(upsert(item, id=2, data="b"))
    await session.commit()
    yield session.in_transaction()


async def several_in_one_transaction(session, item, *_):
    for n in range(3):
        await session.execute(upsert(item, id=n, data="a"))
    yield await session.scalar(select(func.count()).select_from(item))
    await session.commit()
    await session.execute(upsert(item, id=9, data="next transaction"))
    await session.commit()


async def objects_in_the_same_transaction(session, item, *_):
    await session.execute(upsert(item, id=1, data="a"))
    session.add(item(id=2, data="b"))
    yield session.get_transaction() is not None, len(session.new)
    await session.execute(upsert(item, id=2, data="upserted"))
    yield (await session.get(item, 1)).data
    await session.commit()


async def savepoints(session, item, *_):
    await session.execute(upsert(item, id=1, data="a"))
    async with session.begin_nested() as savepoint:
        await session.execute(upsert(item, id=1, data="lost"))
        await savepoint.rollback()
    await session.commit()
    yield


async def begun_beforehand(session, item, *_):
    async with session.begin():
        await session.execute(upsert(item, id=1, data="a"))
    yield session.in_transaction()


async def a_refused_row(session, item, *_):
    await session.execute(upsert(item, id=1, data="a"))
    yield await outcome(session.execute(upsert(item, id=2, data=None)))
    yield session.in_transaction(), session.is_active
    yield await outcome(session.execute(upsert(item, id=3, data="b")))
    yield await outcome(session.commit())


async def a_refused_first_row(session, item, *_):
    yield await outcome(session.execute(upsert(item, id=2, data=None)))
    yield session.in_transaction(), session.is_active
    await session.rollback()
    yield session.in_transaction()


async def a_value_that_the_driver_refuses(session, item, *_):
    yield await outcome(session.execute(upsert(item, id="one", data=["no text"])))
    yield await outcome(session.commit())


async def a_value_that_its_column_refuses(session, item, part, dated):
    yield await outcome(session.execute(upsert(dated, id=1, made="today", at="today")))
    yield session.in_transaction()
    yield await outcome(session.commit())


async def a_refused_commit(session, item, part, _):
    await session.execute(upsert(part, id=1, item=404))
    yield await outcome(session.commit())
    yield session.in_transaction(), session.is_active
    yield await outcome(session.execute(upsert(item, id=1, data="a")))
    await session.rollback()
    yield session.in_transaction()
    await session.execute(upsert(item, id=2, data="b"))
    await session.commit()


async def a_default_of_python(session, item, part, dated):
    await session.execute(upsert(dated, id=1))
    await session.commit()
    yield (await session.get(dated, 1)).made


async def other_uses(session, item, *_):
    await session.execute(upsert(item, id=1, data="a"))
    yield session.bind is db_engine, session.info, session.autoflush, list(session), session.get_bind().dialect.name
    connection = await session.connection()
    yield connection.in_transaction(), (await connection.scalar(select(item.data)))
    yield await session.run_sync(lambda sync: sync.scalar(select(item.data)))
    await session.close()
    yield session.in_transaction()


SCENARIOS = [
    result_of_one,
    nothing_is_kept_without_commit,
    rolled_back,
    several_in_one_transaction,
    objects_in_the_same_transaction,
    savepoints,
    begun_beforehand,
    a_refused_row,
    a_refused_first_row,
    a_value_that_the_driver_refuses,
    a_value_that_its_column_refuses,
    a_refused_commit,
    a_default_of_python,
    other_uses,
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_whatever_a_module_sees_it_is_what_sqlalchemy_shows(tables, scenario):
    seen = {}
    for way in ("direct", "SQLAlchemy's"):
        async with new_session(way) as session:
            assert is_direct(session) is (way == "direct")
            shown = [step async for step in scenario(session, *tables)]
        async with db_sessionmaker() as session:
            kept = (await session.execute(select(tables[0].id, tables[0].data).order_by(tables[0].id))).all()
            await session.execute(tables[0].__table__.delete())
            await session.execute(tables[2].__table__.delete())
            await session.commit()
        assert db_engine.pool.checkedout() == 0
        seen[way] = shown, kept
    assert seen["direct"] == seen["SQLAlchemy's"]


async def test_an_upsert_and_its_commit_need_no_session_of_sqlalchemy(tables):
    async with db_sessionmaker() as session:
        await session.execute(upsert(tables[0], id=1, data="a"))
        await session.commit()
        assert is_direct(session)
        assert not session.in_transaction()
        assert not is_direct(session)


# --- those who watch ---


async def write(item, n=1):
    async with db_sessionmaker() as session:
        await session.execute(upsert(item, id=n, data="a"))
        await session.commit()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (lambda: db_engine.sync_engine, "before_cursor_execute"),
        (lambda: db_engine.sync_engine, "commit"),
        (lambda: Session, "do_orm_execute"),
        (lambda: Session, "after_begin"),
        (lambda: Session, "before_commit"),
        (lambda: db_engine.sync_engine.pool, "checkout"),
        (lambda: db_engine.sync_engine.pool, "checkin"),
    ],
    ids=["statements", "commits", "session's statements", "session's begin", "session's commit", "checkout", "checkin"],
)
async def test_listeners_hear_of_upserts(tables, target, name):
    heard = []

    def listener(*_):
        heard.append(name)

    event.listen(target(), name, listener)
    try:
        await write(tables[0])
    finally:
        event.remove(target(), name, listener)
    assert heard == [name]
    await write(tables[0])
    assert heard == [name]


async def test_a_listener_that_comes_before_the_commit_hears_of_it(tables):
    heard = []

    def listener(*_):
        heard.append("commit")

    async with db_sessionmaker() as session:
        await session.execute(upsert(tables[0], id=1, data="a"))
        event.listen(db_engine.sync_engine, "commit", listener)
        await session.commit()
    assert heard == ["commit"]


async def test_upserts_are_logged_when_statements_are(tables, caplog):
    with caplog.at_level(logging.INFO, "sqlalchemy.engine"):
        db_engine.sync_engine.echo = True
        try:
            await write(tables[0])
        finally:
            db_engine.sync_engine.echo = False
    assert "INSERT INTO item__demo" in caplog.text
    assert "COMMIT" in caplog.text


# --- trouble ---


@pytest.mark.parametrize("steps", range(14))
async def test_an_upsert_cancelled_at_any_moment_leaves_the_way_free(tables, steps):
    item = tables[0]
    async with db_sessionmaker() as session:
        if steps % 2:
            await session.execute(upsert(item, id=1, data="mine"))
        victim = asyncio.create_task(write(item, 2))
        for _ in range(steps):
            await asyncio.sleep(0)
        victim.cancel()
        await session.commit()
    assert isinstance((await asyncio.gather(victim, return_exceptions=True))[0], asyncio.CancelledError | None)
    await asyncio.wait_for(asyncio.create_task(write(item, 3)), 10)
    assert db_engine.pool.checkedout() == 0


async def test_many_more_upserts_at_once_than_connections(tables):
    await asyncio.gather(*(write(tables[0], n) for n in range(300)))
    async with db_sessionmaker() as session:
        assert await session.scalar(select(func.count()).select_from(tables[0])) == 300
    assert db_engine.pool.checkedout() <= 1


async def test_two_tasks_that_share_a_session_are_told_so(tables):
    item = tables[0]
    pool = db_engine.sync_engine.pool
    async with AsyncExitStack() as others:
        while pool.checkedin():  # so that there is no connection at hand, and both have to wait for one
            await others.enter_async_context(db_engine.connect())
        async with db_sessionmaker() as session:
            tried = [session.execute(upsert(item, id=n, data="a")) for n in range(2)]
            results = await asyncio.gather(*tried, return_exceptions=True)
            await session.commit()
    assert sum(isinstance(result, InvalidRequestError) for result in results) == 1
    assert pool.checkedout() == 0


async def test_a_server_that_went_is_noticed_and_replaced(postgres_url, module):
    record = module("demo")
    with entered(record):

        class Item(dbBase):
            __tablename__ = "item"
            id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
            data: Mapped[str] = mapped_column(Text)

    await open_database(postgres_url)
    try:
        assert (await expand([record])).failures == {}
        for way in ("between", "before the commit"):
            async with db_sessionmaker() as session:
                await session.execute(upsert(Item, id=1, data="a"))
                if way == "between":
                    await session.commit()
                await kill_others()
                if way == "before the commit":
                    _, message, _, invalidated = await outcome(session.commit())
                    assert invalidated, message
        await write(Item)
        assert db_engine.pool.checkedout() == 0
    finally:
        await close_database()


async def kill_others():
    async with db_engine.connect() as killer:
        await killer.execute(
            text(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
            )
        )


# --- the statement itself ---


def test_a_statement_gets_its_values_when_it_is_looked_at(module):
    with entered(module("demo")):

        class Item(dbBase):
            __tablename__ = "item"
            id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
            data: Mapped[str] = mapped_column(Text)

    statement = upsert(Item, id=1, data="a")
    assert statement.table.name == "item__demo"
    assert statement.compile().params == {"id": 1, "data": "a"}
    assert type(statement) is type(statement.returning(Item.id))
    assert upsert(Item, id=1, data="a").compare(upsert(Item, id=1, data="a"))
    assert copy(upsert(Item, id=1, data="a")).compile().params == {"id": 1, "data": "a"}
