"""Whose each asyncio task is, and how it ends with its module."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from contextlib import suppress

import pytest
from sqlalchemy import text

from core.config import cfg
from core.context import Module, current_module, entered
from core.database import db_engine, db_sessionmaker
from core.dispatcher import dispatcher, on_external, on_message, process_external
from core.dispatcher.owning import end_tasks, owning
from models.api import External, Message


@pytest.fixture
async def module():
    cfg.load(values={}, environ={})
    module = Module("demo")
    with owning(asyncio.get_running_loop()):
        yield module
        await end_tasks([module])
    module.drop()
    cfg.reset()


@pytest.fixture
def started():
    return []


async def forever():
    await asyncio.Event().wait()


# --- whose it is ----------------------------------------------------------------------------------------------------


async def test_a_task_that_a_callback_starts_is_of_its_module(module, started):
    async def deep():
        started.append(asyncio.create_task(forever(), name="named"))

    async def callback():
        await asyncio.gather(deep())

    with entered(module):
        on_message(callback=callback)
    await dispatcher.feed(Message())
    await asyncio.sleep(0)
    assert set(module.tasks) == set(started)
    assert started[0].get_name() == "named"


async def test_a_task_of_the_framework_is_of_no_module(module):
    task = asyncio.create_task(forever())
    assert not module.tasks
    task.cancel()


@pytest.mark.parametrize("inside", [True, False])
async def test_a_context_that_is_given_says_whose_a_task_is(module, inside):
    context = contextvars.copy_context()
    context.run(current_module.set, module if inside else None)
    with entered(None if inside else module):
        task = asyncio.create_task(forever(), context=context)
    assert set(module.tasks) == ({task} if inside else set())
    task.cancel()


async def test_a_task_is_forgotten_when_it_has_ended(module):
    async def ends():
        return 1

    with entered(module):
        task = asyncio.create_task(ends())
    assert await task == 1
    await asyncio.sleep(0)
    assert not module.tasks


async def test_a_callback_is_a_task_of_its_own_module_whoever_publishes(module, started):
    other = Module("other")

    async def callback():
        started.extend([set(module.tasks), set(other.tasks), asyncio.current_task()])

    async def publish():
        await process_external(External(key="key"))

    with entered(other):
        on_external("key", callback)
    with entered(module):
        await asyncio.create_task(publish())
    other.drop()
    of_module, of_other, call = started
    assert of_other == {call}
    assert call not in of_module


async def test_the_factory_that_was_there_makes_the_tasks(module, started):
    loop = asyncio.get_running_loop()

    def theirs(loop, coro, **how):
        task = asyncio.Task(coro, loop=loop, **how)
        started.append(task)
        return task

    ours = loop.get_task_factory()
    loop.set_task_factory(theirs)
    with owning(loop), entered(module):
        task = asyncio.create_task(forever())
    assert loop.get_task_factory() is theirs
    loop.set_task_factory(ours)
    assert started == [task]
    assert set(module.tasks) == {task}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tasks start eagerly from Python 3.12 on")
async def test_tasks_may_start_eagerly(module, started):
    async def callback():
        started.append(set(module.tasks))

    loop = asyncio.get_running_loop()
    ours = loop.get_task_factory()
    loop.set_task_factory(asyncio.eager_task_factory)
    with owning(loop):
        with entered(module):
            on_message(callback=callback)
            task = asyncio.create_task(forever())
        assert set(module.tasks) == {task}
        await dispatcher.feed(Message())
    loop.set_task_factory(ours)
    assert started == [{task}]
    assert set(module.tasks) == {task}


@pytest.mark.parametrize(
    "how", [{}, {"context": None}, {"name": "named", "context": None}], ids=["3.11", "3.12", "3.14"]
)
async def test_the_factory_takes_what_each_python_gives_it(module, how):
    loop = asyncio.get_running_loop()
    with entered(module):
        task = loop.get_task_factory()(loop, forever(), **how)
    assert set(module.tasks) == {task}


async def test_a_factory_that_was_put_above_ours_stays():
    loop = asyncio.get_running_loop()

    def above(loop, coro, **how):
        return below(loop, coro, **how)

    with owning(loop):
        below = loop.get_task_factory()
        loop.set_task_factory(above)
    assert loop.get_task_factory() is above
    loop.set_task_factory(None)


# --- its end --------------------------------------------------------------------------------------------------------


async def test_end_tasks_cancels_the_tasks_of_these_modules_and_waits_for_them(module, started):
    other = Module("other")

    async def cleans_up():
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            started.append("cleaned up")

    with entered(module):
        mine = asyncio.create_task(cleans_up())
    with entered(other):
        theirs = asyncio.create_task(forever())
    await asyncio.sleep(0)
    await end_tasks([module])
    assert mine.cancelled()
    assert started == ["cleaned up"]
    assert not theirs.done()
    theirs.cancel()


@pytest.mark.parametrize("begun", [False, True])
async def test_what_a_task_starts_for_its_clean_up_is_not_cancelled(module, started, begun):
    async def clean_up():
        for _ in range(3):
            await asyncio.sleep(0)
        started.append("cleaned up")

    async def works():
        try:
            if not begun:
                await forever()
        finally:
            cleaning = asyncio.create_task(clean_up())
            with suppress(asyncio.CancelledError):
                await asyncio.shield(cleaning)
            await cleaning

    with entered(module):
        task = asyncio.create_task(works())
    await asyncio.sleep(0)
    await end_tasks([module])
    assert task.done()
    assert started == ["cleaned up"]
    assert not module.tasks


async def test_what_a_task_has_left_behind_is_cancelled_as_well(module, started):
    async def starts_another():
        started.append(asyncio.create_task(forever()))
        await forever()

    with entered(module):
        asyncio.get_running_loop().call_soon(lambda: started.append(asyncio.create_task(starts_another())))
    while len(started) < 2:
        await asyncio.sleep(0)
    await end_tasks([module])
    assert all(task.cancelled() for task in started)


async def test_sessions_of_tasks_that_end_are_closed_in_good_order(module, database):
    async def asks():
        while True:
            async with db_sessionmaker() as session:
                await session.execute(text("SELECT 1"))

    for moment in range(30):
        with entered(module):
            tasks = [asyncio.create_task(asks()) for _ in range(3)]
        for _ in range(moment):
            await asyncio.sleep(0)
        await end_tasks([module])
        assert all(task.cancelled() for task in tasks)
        assert not module.tasks
    assert db_engine.pool.checkedout() == 0


async def test_end_tasks_spares_its_caller_and_whom_it_is_told_to(module, started):
    async def ends_all():
        await end_tasks([module], but=[spared])
        started.append("went on")

    with entered(module):
        spared = asyncio.create_task(forever())
        await asyncio.create_task(ends_all())
    assert started == ["went on"]
    assert not spared.done()


async def test_a_stubborn_task_is_named_and_left_behind(module, caplog, monkeypatch):
    monkeypatch.setattr("core.dispatcher.owning.GRACE", 0.01)
    released = asyncio.Event()

    async def clings():
        while not released.is_set():
            with suppress(asyncio.CancelledError):
                await released.wait()

    with entered(module):
        task = asyncio.create_task(clings(), name="clings")
    await asyncio.sleep(0)
    await end_tasks([module])
    (record,) = caplog.records
    assert "name='clings'" in record.getMessage()
    released.set()
    await task


async def test_nothing_to_end_takes_no_time(module):
    await end_tasks([module, Module("other")])
