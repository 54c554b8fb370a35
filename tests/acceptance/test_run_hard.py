"""`aha run` under modules and owners that do not behave."""

import os
import re
import socket

import pytest

STORE = """
    import asyncio
    import sys
    from core.dispatcher import *
    from models.api import Message
    from services.data_store import SimpleStore

    store = SimpleStore()

    @on_message("read")
    async def _(event: Message):
        await event.send(str(store.get("key")))
"""


@pytest.mark.parametrize("what", ["sys.exit(3)", "raise KeyboardInterrupt", "quit()"])
@pytest.mark.parametrize(
    "where",
    [
        pytest.param("{what}", id="callback"),
        pytest.param("asyncio.get_running_loop().call_soon(leave)", id="loop"),
        pytest.param("task = asyncio.create_task(later()); await asyncio.wait([task])", id="task"),
    ],
)
def test_a_module_that_wants_to_end_the_process_does_not(write, run, what, where):
    code = f"""
    def leave():
        {what}

    async def later():
        leave()

    @on_message("leave")
    async def _(event: Message):
        store["key"] = "kept"
        {where.format(what=what)}
    """
    write({"a.py": STORE + code})
    process = run("run", text="leave\nread\n")
    assert (process.code, process.out) == (0, "kept\n"), process.err
    assert run("run", text="read\n").out == "kept\n"


def test_an_on_cleanup_that_fails_or_leaves_costs_no_data(write, run):
    code = """
    @on_cleanup
    async def _():
        store["key"] = "set at the very end"
        1 / 0

    @on_cleanup
    def _():
        sys.exit(5)
    """
    write({"a.py": STORE + code})
    process = run("run")
    assert process.code == 0
    assert "ZeroDivisionError" in process.err
    assert run("run", text="read\n").out == "set at the very end\n"


def test_a_callback_that_fails_touches_nothing_else(write, run):
    code = """
    @on_message("both")
    async def _(event: Message):
        1 / 0

    @on_message("both")
    async def _(event: Message):
        await event.send("fine")
    """
    write({"a.py": STORE + code})
    process = run("run", text="both\nboth\n")
    assert (process.code, process.out) == (0, "fine\nfine\n")
    assert process.err.count("ZeroDivisionError") == 2


def test_a_bot_whose_only_adapter_fails_ends_with_an_error(write, run, folder):
    write({"a.py": STORE})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (folder / "config.yml").write_text(f"bots: [{{adapter: onebot, mode: reverse, port: {port}}}]")
        process = run("run")
    assert process.code == 1
    assert str(port) in process.err
    assert "Traceback" not in process.err


def test_end_of_input_from_a_file_or_from_nowhere_ends_the_bot(write, start, folder):
    write({"a.py": STORE})
    (folder / "lines.txt").write_text("read\n")
    for source, answer in (("lines.txt", "None\n"), ("/dev/null", "")):
        with (folder / source).open() as stdin:
            process = start("run", stdin=stdin.fileno())
            assert process.end() == 0
        assert process.out == answer


def test_the_environment_configures_as_the_file_does(write, run, folder):
    write({"a.py": STORE})
    (folder / "other.yml").write_text("aha: {data_dir: elsewhere}\n")
    assert run("run", AHA_CONFIG="other.yml").code == 0
    assert (folder / "elsewhere" / "aha.db").is_file()
    assert run("run", AHA_DATABASE="sqlite:///my.db").code == 0
    assert (folder / "my.db").is_file()
    assert run("run", "--db", "sqlite:///given.db", AHA_DATABASE="sqlite:///my.db").code == 0
    assert (folder / "given.db").is_file()


def test_a_log_file_gets_the_lines_as_well(write, run, folder):
    write({"a.py": STORE})
    (folder / "config.yml").write_text("log: {file: bot.log, level: warning}\n")
    process = run("run")
    assert (process.code, process.err) == (0, "")
    (folder / "config.yml").write_text("log: {file: bot.log}\n")
    assert run("run").code == 0
    assert "aha.serve: ready: 1 module" in (folder / "bot.log").read_text()


def test_a_log_file_is_found_below_the_home_folder(write, run, folder):
    write({"a.py": STORE})
    (folder / "config.yml").write_text("log: {file: ~/bot.log}\n")
    assert run("run", HOME=str(folder)).code == 0
    assert "ready" in (folder / "bot.log").read_text()


def test_a_log_file_on_a_full_disk_is_one_line_and_stops_nothing(write, run, folder):
    write({"a.py": STORE})
    (folder / "config.yml").write_text("log: {file: /dev/full}\n")
    process = run("run", text="read\n")
    assert (process.code, process.out) == (0, "None\n")
    [said] = [line for line in process.err.splitlines() if not re.search("INFO +(the database|  |ready|stopp)", line)]
    assert "the log file /dev/full cannot be written: No space left on device" in said


def test_a_name_that_is_no_text_is_logged_all_the_same(write, run, folder):
    write({"a.py": STORE})
    (folder / "config.yml").write_text("log: {file: bot.log}\n")
    (folder / "modules" / os.fsdecode("签到.py".encode("gbk"))).touch()
    process = run("run")
    assert (process.code, process.err.count("Traceback")) == (0, 0)
    assert "ready: 1 module, 1 off" in (folder / "bot.log").read_text()


def test_a_log_file_that_cannot_be_written_is_one_line(run, folder):
    (folder / "config.yml").write_text("log: {file: nowhere/bot.log}\n")
    process = run("run")
    assert (process.code, process.err.count("\n")) == (1, 1)
    assert "nowhere/bot.log" in process.err
