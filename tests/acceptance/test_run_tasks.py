"""What becomes of the tasks that a module leaves running, from a bot's start to its end."""

from __future__ import annotations

import asyncio
import sys
import textwrap

import pytest

from aha.testing import running_bot

STARTS = """
import asyncio
from core.dispatcher import *
from models.api import *

heard = []

async def for_ever():
    try:
        await asyncio.Event().wait()
    finally:
        heard.append("task ended")
"""


@pytest.fixture
def module(tmp_path):
    """Write a module that has `for_ever` and `heard`, and return its path."""

    def write(code):
        path = tmp_path / "ticks.py"
        path.write_text(STARTS + textwrap.dedent(code))
        return path

    return write


def tasks():
    return {task for task in asyncio.all_tasks() if "for_ever" in repr(task)}


async def test_tasks_that_a_module_leaves_running_end_after_its_cleanup(module):
    path = module(
        """
        @on_start
        async def _():
            heard.append(asyncio.create_task(for_ever()))

        @on_message("more")
        async def _(event: Message):
            heard.append(asyncio.create_task(for_ever()))
            await event.send("started")

        @on_cleanup
        async def _():
            heard.append("cleaned up")
        """
    )
    async with running_bot(modules=[path]) as bot:
        assert await bot.say("more") == ["started"]
        assert len(tasks()) == 2
        heard = sys.modules["modules.ticks"].heard
    assert heard[2:] == ["cleaned up", "task ended", "task ended"]
    assert not tasks()


async def test_tasks_may_use_the_database_when_they_are_ended(module):
    path = module(
        """
        from sqlalchemy import text
        from core.database import db_sessionmaker

        async def writes_at_the_end():
            try:
                await for_ever()
            finally:
                async with db_sessionmaker() as session:
                    heard.append((await session.execute(text("SELECT 5"))).scalar())

        @on_message("start")
        async def _(event: Message):
            heard.append(asyncio.create_task(writes_at_the_end()))
            await asyncio.sleep(0)
        """
    )
    async with running_bot(modules=[path]) as bot:
        await bot.say("start")
        heard = sys.modules["modules.ticks"].heard
    assert heard[1:] == ["task ended", 5]


async def test_tasks_of_a_module_that_fails_to_start_end_at_once(module):
    path = module(
        """
        @on_start
        async def _():
            heard.append(asyncio.create_task(for_ever()))
            raise ValueError("broken")
        """
    )
    with pytest.raises(ValueError, match="broken"):
        async with running_bot(modules=[path]):
            pass
    assert not tasks()


async def test_after_the_bot_tasks_are_made_as_before(module):
    loop = asyncio.get_running_loop()
    async with running_bot(modules=[module("")]):
        assert loop.get_task_factory() is not None
    assert loop.get_task_factory() is None
