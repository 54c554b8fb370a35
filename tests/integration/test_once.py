"""`once("name")`: work of a module that is done once per database, all of it or nothing."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core.context import entered
from core.database import db_engine, db_sessionmaker, dbBase, once
from core.database.once import done
from core.dispatcher import on_start
from core.dispatcher.hooks import Hooks
from core.migration.start import expand
from models.exc import UsageError
from utils.sqlalchemy import upsert


@pytest.fixture
async def bot(database, module):
    """A module with a table Note(id, text), and its hooks: `bot.start()` is what a start of the bot does."""

    class Bot:
        def __init__(self):
            self.hooks = Hooks("on_start")
            self.record = module("demo")
            with entered(self.record):

                class Note(dbBase):
                    __tablename__ = "note"
                    id: Mapped[int] = mapped_column(primary_key=True)
                    text: Mapped[str]

            self.Note = Note

        def on_start(self, function):
            with entered(self.record):
                self.hooks.add(function())

        async def start(self):
            await self.hooks.run(self.record)

        async def notes(self):
            async with db_sessionmaker() as session:
                return list(await session.scalars(select(self.Note.text).order_by(self.Note.id)))

        async def markers(self):
            async with db_sessionmaker() as session:
                return [tuple(row) for row in await session.execute(select(done.c.module, done.c.name))]

    made = Bot()
    assert (await expand([made.record])).failures == {}
    return made


async def write(note, key, text):
    async with db_sessionmaker() as session:
        session.add(note(id=key, text=text))
        await session.commit()


async def test_it_is_done_at_the_first_start_and_never_again(bot):
    @bot.on_start
    def _():
        @once("greet")
        async def greet():
            await write(bot.Note, len(await bot.notes()) + 1, "hello")

        return greet

    await bot.start()
    await bot.start()
    assert await bot.notes() == ["hello"]
    assert await bot.markers() == [("demo", "greet")]


async def test_if_it_raises_nothing_of_it_is_left_and_the_next_start_tries_again(bot):
    faults = [RuntimeError("no network")]

    @bot.on_start
    def _():
        @once("greet")
        async def greet():
            await write(bot.Note, 1, "first")
            async with db_sessionmaker() as session:
                await session.execute(upsert(bot.Note, id=2, text="second"))
                await session.commit()
            if faults:
                raise faults.pop()

        return greet

    with pytest.raises(RuntimeError, match="no network"):
        await bot.start()
    assert (await bot.notes(), await bot.markers()) == ([], [])
    await bot.start()
    assert await bot.notes() == ["first", "second"]


async def test_all_sessions_in_it_are_one_transaction(bot):
    seen = []

    @bot.on_start
    def _():
        @once("share")
        async def share():
            await write(bot.Note, 1, "shared")
            async with db_sessionmaker() as session:
                seen.append(await session.scalar(select(func.count()).select_from(bot.Note)))
            async with db_engine.connect() as outside:
                seen.append(await outside.scalar(select(func.count()).select_from(bot.Note)))

        return share

    await bot.start()
    assert seen == [1, 0]


async def test_a_session_that_rolls_back_takes_back_its_own_work_only(bot):
    @bot.on_start
    def _():
        @once("mixed")
        async def mixed():
            await write(bot.Note, 1, "kept")
            with pytest.raises(IntegrityError):
                await write(bot.Note, 1, "twice")
            async with db_sessionmaker() as session:
                await session.execute(insert(bot.Note).values(id=2, text="left uncommitted"))
            async with db_sessionmaker.begin() as session:
                await session.execute(update(bot.Note).values(text="changed"))

        return mixed

    await bot.start()
    assert await bot.notes() == ["changed"]


async def test_a_task_that_it_leaves_running_has_sessions_of_its_own(bot):
    go, tasks = asyncio.Event(), []

    @bot.on_start
    def _():
        @once("spawn")
        async def spawn():
            async def later():
                await go.wait()
                await write(bot.Note, 7, "later")

            tasks.append(asyncio.create_task(later()))

        return spawn

    await bot.start()
    go.set()
    await tasks[0]
    assert await bot.notes() == ["later"]


async def test_a_function_that_is_not_async_is_called_as_well(bot):
    called = []

    @bot.on_start
    def _():
        return once("sync")(lambda: called.append(1))

    await bot.start()
    await bot.start()
    assert called == [1]


async def test_two_at_once_do_it_once(bot):
    @bot.on_start
    def _():
        @once("race")
        async def race():
            await write(bot.Note, len(await bot.notes()) + 1, "mine")

        return race

    await asyncio.gather(*(bot.start() for _ in range(5)))
    assert await bot.notes() == ["mine"]


async def test_the_name_belongs_to_the_module(bot, module):
    for record in (module("one"), module("two")):
        hooks = Hooks("on_start")
        with entered(record):
            hooks.add(once("same")(lambda: None))
        await hooks.run(record)
    assert sorted(await bot.markers()) == [("one", "same"), ("two", "same")]


# --- wrong use ---


def test_above_on_start_it_says_where_to_stand(module):
    with entered(module("demo")), pytest.raises(UsageError, match="above @on_start.*write it below"):

        @once("late")
        @on_start
        async def late(): ...


def test_the_same_name_twice_in_a_module_is_refused(module):
    with entered(module("demo")):
        once("twice")(lambda: None)
        with pytest.raises(UsageError, match=r"@once\('twice'\) is there twice in module demo"):
            once("twice")(lambda: None)


@pytest.mark.parametrize("given", [None, "", lambda: None, 3], ids=["none", "empty", "a function", "a number"])
def test_it_needs_a_name(given):
    with pytest.raises(UsageError, match="once takes the name"):
        once(given)


def test_a_function_with_arguments_is_refused():
    with pytest.raises(UsageError, match="without arguments, but missing a required argument: 'session'"):
        once("x")(lambda session: None)
