"""The end of `aha run` when something of a module does not end: it is named and left behind, and nothing is lost."""

import re
import signal

import pytest

MODULE = """
    import asyncio
    import atexit
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor
    from core.dispatcher import *
    from models.api import Message
    from services.data_store import SimpleStore

    store = SimpleStore()

    @on_message("read")
    async def _(event: Message):
        await event.send(str(store.get("key")))

    @on_cleanup
    def _():
        store["key"] = "set at the end"

    async def stubborn():
        print("begun", flush=True)
        while True:
            try:
                await asyncio.sleep(0.05)
            except BaseException:
                pass

    def endless():
        print("begun", flush=True)
        while True:
            time.sleep(0.05)

    @on_message("begin")
    async def begin(event: Message):
        atexit.register(print, "at exit", flush=True)
        {begin}
"""
LEFT = r"the process ends without what does not end by itself: (.*);"


@pytest.mark.parametrize(
    ("begin", "left"),
    [
        pytest.param("await stubborn()", r"task '.+' \(modules\.a\.stubborn, line \d+\)", id="callback"),
        pytest.param(
            "begin.task = asyncio.create_task(stubborn(), name='mine')",
            r"task 'mine' \(modules\.a\.stubborn, line \d+\)",
            id="task",
        ),
        pytest.param(
            "await asyncio.to_thread(endless)", r"thread 'asyncio_\d' \(modules\.a\.endless, line \d+\)", id="to_thread"
        ),
        pytest.param(
            "threading.Thread(target=endless, name='mine').start()",
            r"thread 'mine' \(modules\.a\.endless, line \d+\)",
            id="thread",
        ),
    ],
)
def test_what_does_not_end_is_named_and_left_behind(write, start, run, begin, left):
    write({"a.py": MODULE.format(begin=begin)})
    process = start("run").ready()
    process.say("begin")
    process.wait_for("begun", stream="out")
    process.popen.send_signal(signal.SIGTERM)
    process.wait_for("stopping")
    assert (process.end(signal.SIGTERM), process.out) == (0, "begun\nat exit\n"), process.err
    assert [bool(re.fullmatch(left, found)) for found in re.findall(LEFT, process.err)] == [True], process.err
    assert re.search(r"stopped\n.*the process ends without", process.err), process.err
    assert "destroyed" not in process.err
    assert run("run", text="read\n").out == "set at the end\n"


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(lambda process: process.popen.send_signal(signal.SIGTERM), id="after a signal"),
        pytest.param(lambda process: process.popen.stdin.close(), id="after the end of its input"),
    ],
)
def test_a_signal_ends_the_wait_for_what_does_not_end(write, start, stop):
    long = "import aha.loop; aha.loop._GRACE = 60.0"  # however slow the machine is, the signal comes before that
    write({"a.py": MODULE.format(begin=f"{long}; begin.task = asyncio.create_task(stubborn(), name='mine')")})
    process = start("run").ready()
    process.say("begin")
    process.wait_for("begun", stream="out")
    stop(process)
    process.wait_for("stopped")
    assert (process.end(signal.SIGINT), process.out) == (0, "begun\nat exit\n"), process.err
    assert "Traceback" not in process.err
    assert re.search(r"stopped\n.*itself: task 'mine' \(modules\.a\.stubborn, line \d+\);", process.err), process.err


AT_ONCE = """
    import logging
    import os
    import signal
    import aha.loop
    aha.loop._GRACE = 60.0
    tell = lambda record: record.msg != "stopped" or os.kill(os.getpid(), signal.SIGINT) is None
    logging.getLogger("aha.serve").addFilter(tell)
"""


def test_a_signal_before_the_wait_for_what_does_not_end_leaves_it_out(write, start):
    write({"a.py": MODULE.format(begin="begin.task = asyncio.create_task(stubborn(), name='mine')") + AT_ONCE})
    process = start("run").ready()
    process.say("begin")
    process.wait_for("begun", stream="out")
    assert (process.end(signal.SIGTERM), process.out) == (0, "begun\nat exit\n"), process.err
    assert "Traceback" not in process.err
    assert re.search(r"stopped\n.*itself: task 'mine' \(modules\.a\.stubborn, line \d+\);", process.err), process.err


def test_the_exit_code_of_a_bot_that_cannot_run_is_the_same_with_a_thread_that_does_not_end(write, start, folder):
    write({"a.py": MODULE.format(begin="pass") + "    threading.Thread(target=endless).start()\n"})
    (folder / "not.db").write_text("no database " * 100)
    process = start("run", "--db", "sqlite:///not.db")
    assert process.end() == 1, process.err
    assert re.findall(LEFT, process.err), process.err


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param("begin.pool = ThreadPoolExecutor(); begin.pool.submit(int)", id="a pool that nobody closed"),
        pytest.param("threading.Thread(target=lambda: time.sleep(0.3)).start()", id="a thread that ends soon"),
        pytest.param("threading.Thread(target=endless, daemon=True).start()", id="a daemon"),
    ],
)
def test_what_holds_nothing_up_is_not_named(write, run, begin):
    write({"a.py": MODULE.format(begin=begin)})
    process = run("run", text="begin\n")
    assert (process.code, process.out.replace("begun\n", "")) == (0, "at exit\n"), process.err
    assert "ends without" not in process.err


def test_what_a_module_does_at_exit_holds_the_end_up_for_seconds_only(write, run):
    write({"a.py": MODULE.format(begin="atexit.register(endless)")})
    process = run("run", text="begin\n")
    assert (process.code, process.out) == (0, "begun\n"), process.err
    assert "atexit" in process.err
