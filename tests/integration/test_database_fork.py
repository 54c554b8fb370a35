"""A forked child has a copy of the database's connections: it is told so, and can do nothing to what its parent has."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from sqlalchemy import text

from core.database import close_database, db_engine, db_sessionmaker, open_database
from models.exc import DatabaseNotOpen
from tests.forks import FORKS, forked

pytestmark = FORKS


async def select(number: int) -> int:
    async with db_sessionmaker() as session:
        return await session.scalar(text(f"SELECT {number}"))


async def connect() -> None:
    async with db_engine.connect():
        pass


USES = {
    "a session": lambda: select(3),
    "the engine": connect,
    "opening another": lambda: open_database("sqlite://"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
async def test_who_uses_the_database_in_a_child_is_told_what_to_do(database, use):
    assert await select(1) == 1
    answer = forked(lambda: asyncio.run(use()))
    assert answer.startswith("DatabaseNotOpen: ")
    assert "forked child process" in answer
    assert "write that in the parent" in answer
    assert await select(2) == 2


async def test_a_child_that_ends_as_a_bot_ends_closes_nothing(database):
    async with db_engine.connect() as connection:
        assert forked(lambda: asyncio.run(close_database())) == "None"
        assert await connection.scalar(text("SELECT 1")) == 1
    assert await select(2) == 2


async def test_what_a_child_does_in_an_open_session_does_not_reach_the_parent(database):
    async with db_sessionmaker() as session:
        await session.execute(text("CREATE TABLE t (n integer)"))
        answer = forked(lambda: asyncio.run(session.execute(text("INSERT INTO t VALUES (1)"))))
        assert re.match(r"\w*(NotOpen|Error): ", answer)
        assert (await session.scalars(text("SELECT n FROM t"))).all() == []
        await session.commit()
    assert await select(2) == 2


def _select_in_child(number: int) -> int:
    return asyncio.run(select(number))


async def test_a_pool_of_processes_passes_on_what_its_child_was_told(database):
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        for _ in range(2):
            with pytest.raises(DatabaseNotOpen, match="forked child process"):
                await loop.run_in_executor(pool, _select_in_child, 1)
            assert await select(2) == 2


def test_a_child_of_a_process_that_has_no_database_open_may_have_its_own(database_url):
    async def use() -> int:
        await open_database(database_url)
        try:
            return await select(3)
        finally:
            await close_database()

    assert forked(lambda: asyncio.run(use())) == "3"
