"""`aha run` and real signals: one ends the bot in good order, a second ends the waiting."""

import signal

import pytest

from tests.acceptance.echo import ECHO


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="SIGINT"),
        pytest.param(signal.SIGTERM, id="SIGTERM"),
        pytest.param(signal.SIGHUP, id="SIGHUP"),
    ],
)
def test_a_signal_ends_the_bot_in_good_order(write, start, folder, number):
    code = """
        import asyncio
        from pathlib import Path
        from core.database import db_sessionmaker
        from core.dispatcher import *
        from models.api import Message
        from services.data_store import SimpleStore
        from sqlalchemy import text

        store = SimpleStore()

        @on_message("work")
        async def _(event: Message):
            store["key"] = "set before the signal"
            await event.send("working")
            while not Path("go").exists():
                await asyncio.sleep(0.01)
            await event.send("done")

        @on_message("read")
        async def _(event: Message):
            await event.send(store["key"])

        @on_cleanup
        async def _():
            async with db_sessionmaker() as session:
                print("cleaned up", await session.scalar(text("SELECT 42")), flush=True)
    """
    write({"worker.py": code})
    process = start("run").ready()
    process.say("work")
    process.wait_for("working", stream="out")
    process.popen.send_signal(number)
    (folder / "go").touch()
    assert process.end() == 0
    assert process.out == "working\ndone\ncleaned up 42\n", process.err
    again = start("run").ready()
    again.say("read")
    again.wait_for("set before the signal", stream="out")
    assert again.end() == 0


def test_a_second_signal_ends_the_waiting_but_loses_nothing(write, start, run):
    code = """
        import asyncio
        from core.dispatcher import *
        from models.api import Message
        from services.data_store import SimpleStore

        store = SimpleStore()

        @on_message("hang")
        async def _(event: Message):
            store["key"] = "kept"
            await event.send("hanging")
            await asyncio.Event().wait()

        @on_message("read")
        async def _(event: Message):
            await event.send(store["key"])
    """
    write({"hang.py": code})
    process = start("run").ready()
    process.say("hang")
    process.wait_for("hanging", stream="out")
    process.popen.send_signal(signal.SIGINT)
    process.wait_for("stopping")
    assert process.end(signal.SIGINT) == 0
    assert run("run", text="read\n").out == "kept\n"


def test_a_signal_breaks_off_an_import_that_hangs(write, start):
    write({"a.py": ECHO, "b.py": "import sys, time\nprint('importing', flush=True)\ntime.sleep(600)"})
    process = start("run")
    process.wait_for("importing", stream="out")
    assert process.end(signal.SIGTERM) == 0


def test_a_signal_breaks_off_an_on_start_that_hangs(write, start):
    code = """
        import asyncio
        from core.dispatcher import *

        @on_start
        async def _():
            print("starting", flush=True)
            await asyncio.Event().wait()
    """
    write({"a.py": code})
    process = start("run")
    process.wait_for("starting", stream="out")
    assert process.end(signal.SIGINT) == 0
