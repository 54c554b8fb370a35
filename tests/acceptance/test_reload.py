"""Code that changes while a real bot runs: saved files, `aha reload`, and super users at the console and by OneBot."""

from __future__ import annotations

import asyncio
import json
import signal
import stat

import pytest

from tests.onebot_peer import listening_peer

ECHO = """
    from core.dispatcher import *
    from models.api import Message

    @on_message("ping")
    async def _(event: Message):
        await event.send("{answer}")
"""


def echo(answer):
    return ECHO.format(answer=answer)


@pytest.fixture
def bot(write, start, folder):
    """Start a bot with one module that answers "ping" by "one", and wait until it is ready."""

    def bot(*arguments, **aha):
        write({"echo.py": echo("one")})
        if aha:
            (folder / "config.yml").write_text(json.dumps({"aha": aha}))
        return start("run", *arguments).ready()

    return bot


def answers(process, answer):
    """Say ping and wait until this is the answer."""
    process.say("ping")
    process.wait_for(rf"(?m)^{answer}$", stream="out")


# --- saved files -------------------------------------------------------------------------------------------------


def test_a_saved_file_is_taken_over(bot, write):
    process = bot("--reload")
    answers(process, "one")
    write({"echo.py": echo("two")})
    process.wait_for("reloaded: echo")
    answers(process, "two")
    assert process.end() == 0
    assert process.out == "one\ntwo\n", process.err


def test_a_broken_file_leaves_the_old_code_and_is_told_of(bot, write):
    process = bot("--reload")
    write({"echo.py": "def f(:"})
    process.wait_for("invalid syntax")
    answers(process, "one")
    write({"echo.py": echo("two")})
    process.wait_for("reloaded: echo")
    answers(process, "two")
    assert process.end() == 0


def test_modules_come_and_go_with_their_files(bot, write, folder):
    process = bot("--reload")
    modules = folder / "modules"
    write({"more.py": echo("more").replace("ping", "more")})
    process.wait_for("new: more")
    process.say("more")
    process.wait_for("^more$", stream="out")
    (modules / "echo.py").rename(modules / "DISABLEDecho.py")
    process.wait_for("gone: echo")
    process.say("ping", "more")
    process.wait_for("more\nmore\n", stream="out")
    (modules / "DISABLEDecho.py").rename(modules / "echo.py")
    process.wait_for("new: echo")
    answers(process, "one")
    assert process.end() == 0
    assert process.out == "more\nmore\none\n", process.err


COUNTING = """
    from pathlib import Path

    @on_start
    def count():
        with Path("starts").open("a") as starts:
            starts.write("once\\n")
"""


@pytest.mark.parametrize(
    "arguments", [["reload"], ["reload", "echo"], ["modules", "enable", "echo"]], ids=["all", "by name", "enabled"]
)
def test_what_a_command_has_taken_over_is_not_taken_over_again(bot, write, run, folder, arguments):
    process = bot("--reload")
    modules, starts = folder / "modules", folder / "starts"
    if "enable" in arguments:
        (modules / "echo.py").rename(modules / "DISABLEDecho.py")
        process.wait_for("gone: echo")
    write({"DISABLEDecho.py" if "enable" in arguments else "echo.py": echo("two") + COUNTING})
    assert run(*arguments).code == 0
    before = starts.read_text()  # the bot may have seen the file even before the command came
    write({"mark.py": ""})
    process.wait_for("new: mark")
    assert starts.read_text() == before
    answers(process, "two")
    assert process.end() == 0


HANGING = """
    import asyncio

    @on_start
    async def hang():
        print("hanging", flush=True)
        await asyncio.sleep(600)
"""


def test_what_is_saved_while_new_code_hangs_is_taken_over(bot, write):
    write({"impatient.py": "from aha.reload import unit\nunit.LONGEST_START = 2.0"})
    process = bot("--reload")
    write({"echo.py": echo("two") + HANGING})
    process.wait_for("hanging", stream="out")
    write({"echo.py": echo("three")})
    process.say("ping")
    process.wait_for("on_start did not end within 2 s")
    process.wait_for("reloaded: echo")
    answers(process, "three")
    assert process.end() == 0
    assert process.out.count("hanging") == 1
    assert process.err.count("was not reloaded, the old code goes on") == 1


STARTING = """
    import asyncio
    from pathlib import Path
    from core.dispatcher import on_start

    @on_start
    async def begin():
        print("starting", flush=True)
        while not Path("go").exists():
            await asyncio.sleep(0.01)
"""


@pytest.fixture
def starting(write, start):
    """Start a bot that is ready only when there is a file `go` in its folder."""

    def starting(*arguments):
        write({"echo.py": echo("one"), "gone.py": "", "off.py": "", "slow.py": STARTING, "zh/locales/en.yaml": "a: b"})
        write({"zh/__init__.py": "", "_shared.py": "", "using.py": "from modules import _shared"})
        process = start("run", *arguments)
        process.wait_for("starting", stream="out")
        return process

    return starting


def test_what_changes_while_the_bot_is_starting_is_taken_over(starting, write, folder):
    process = starting("--reload")
    write({"echo.py": echo("two"), "came.py": "", "zh/locales/en.yaml": "a: c", "_shared.py": "N = 1"})
    (folder / "modules" / "gone.py").unlink()
    (folder / "modules" / "off.py").rename(folder / "modules" / "DISABLEDoff.py")
    (folder / "go").touch()
    done = process.wait_for("reloaded: (.*); new: came; gone: (.*); ")
    assert set(done[1].split(", ")) == {"echo", "zh", "using"}
    assert set(done[2].split(", ")) == {"gone", "off"}
    answers(process, "two")
    assert process.end() == 0


def test_what_was_there_when_the_bot_started_is_not_taken_over_again(starting, write, folder):
    own = STARTING.replace("print(", "Path(__file__).with_name('state.json').write_text('{}'); print(")
    write({"own/__init__.py": own, "own/state.json": ""})
    process = starting("--reload")
    (folder / "go").touch()
    process.ready()
    write({"mark.py": ""})
    process.wait_for("new: mark")
    assert "reloaded:" not in process.err
    assert process.end() == 0


# --- from another terminal ---------------------------------------------------------------------------------------


def test_another_process_has_a_module_reloaded(bot, write, run, folder):
    process = bot()
    assert stat.S_IMODE((folder / "data" / "aha.sock").stat().st_mode) == 0o600
    write({"echo.py": echo("two")})
    told = run("reload", "echo")
    assert (told.code, told.err) == (0, "")
    assert "echo" in told.out
    answers(process, "two")
    assert process.end() == 0
    assert not (folder / "data" / "aha.sock").exists()


@pytest.mark.parametrize(
    ("contents", "arguments", "code", "said"),
    [
        ({"echo.py": "1 / 0"}, ["echo"], 1, "ZeroDivisionError"),
        ({"echo.py": "def f(:"}, [], 1, "invalid syntax"),
        ({}, ["nope"], 2, "nope"),
        ({}, ["../echo"], 2, "../echo"),
        ({}, [""], 2, "there is no module ''; there are: echo"),
        ({}, [","], 2, "there is no module ''; there are: echo"),
        ({}, ["--with-database", ""], 2, "there is no module ''; there are: echo"),
        ({}, ["--with-database", "echo", "nope"], 2, "there is no module nope"),
        ({"echo.py": echo("one") + "\n    # new"}, ["echo", "--json"], 0, '"echo"'),
    ],
    ids=[
        "it raises",
        "a syntax error",
        "unknown",
        "a path",
        "nothing",
        "a comma",
        "the database of nothing",
        "one with its database",
        "json",
    ],
)
def test_how_it_went_is_told_and_is_the_exit_code(bot, write, run, contents, arguments, code, said):
    process = bot()
    write(contents)
    told = run("reload", *arguments)
    assert told.code == code, told.err
    assert said in told.out + told.err
    if "--json" in arguments:
        json.loads(told.out)
    answers(process, "one")
    assert process.end() == 0


def test_a_signal_ends_a_reload_that_hangs_and_that_is_told(bot, write, start):
    process = bot()
    write({"echo.py": "import time\nprint('importing', flush=True)\ntime.sleep(600)"})
    told = start("reload", "echo")
    process.wait_for("importing", stream="out")
    assert process.end(signal.SIGTERM) == 0
    assert told.end() == 1
    assert told.err == "aha: the reload was broken off: the bot is stopping\n"


def test_without_a_bot_there_is_nothing_to_reload(run):
    told = run("reload")
    assert (told.code, told.out) == (1, "")
    assert told.err == "aha: no bot runs with the data folder data: start it with: aha run\n"


def test_a_bot_that_is_starting_is_said_to(starting, run, folder):
    process = starting()
    told = run("reload")
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "aha: the bot with the data folder data does not answer, it is starting or stopping: try again in a moment\n"
    )
    (folder / "go").touch()
    process.ready()
    assert run("reload").code == 0
    assert process.end() == 0


def test_a_killed_bot_is_no_bot_and_the_next_one_can_be_told(bot, run, start):
    bot().end(signal.SIGKILL)
    assert run("reload").code == 1
    process = start("run").ready()
    assert run("reload").code == 0
    assert process.end() == 0


def test_a_module_is_disabled_and_enabled_while_the_bot_runs(bot, run, folder):
    process = bot()
    told = run("modules", "disable", "echo")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("modules/echo.py -> modules/DISABLEDecho.py\n")
    assert "next start" not in told.out
    process.say("ping")
    assert run("modules", "enable", "echo").code == 0
    answers(process, "one")
    assert process.end() == 0
    assert process.out == "one\n"


def test_a_module_is_disabled_together_with_those_that_import_it(bot, write, run):
    write({"user.py": "import modules.echo"})
    process = bot()
    told = run("modules", "disable", "echo")
    assert (told.code, told.err) == (0, "")
    assert "gone: echo, user;" in told.out
    assert told.out.endswith("module user is off: it imports module echo, which is off\n")
    told = run("modules", "enable", "echo")
    assert (told.code, told.err) == (0, "")
    assert "new: echo, user;" in told.out
    assert process.end() == 0


def test_a_bot_with_other_modules_is_left_alone(bot, run, folder):
    process = bot()
    (folder / "others").mkdir()
    (folder / "others" / "echo.py").touch()
    told = run("modules", "disable", "echo", "--modules", "others")
    assert told.out == "others/echo.py -> others/DISABLEDecho.py; it counts from the next start on\n"
    answers(process, "one")
    assert process.end() == 0


# --- super users -------------------------------------------------------------------------------------------------


def test_a_super_user_reloads_at_the_console_and_nobody_else_does(bot, write):
    process = bot(super=["console:boss"], global_msg_prefix=["!"])
    write({"echo.py": echo("two")})
    process.say("!reload")
    answers(process, "one")
    process.say("/as boss", "reload", "!reload echo")
    process.wait_for("echo", stream="out")
    answers(process, "two")
    process.say("!重载 nope ../../etc/passwd")
    process.wait_for("there is no module", stream="out")
    assert process.end() == 0, process.err


def test_the_reload_module_reloads_itself_and_tells(bot):
    process = bot(super=["console:console"])
    process.say("reload")
    process.wait_for("reload", stream="out")
    process.say("重载 reload")
    process.wait_for("(?s)reload.*reload", stream="out")
    assert process.end() == 0, process.err


def test_the_reload_module_can_be_left_out(bot):
    process = bot("--exclude", "reload", super=["console:console"])
    process.say("reload")
    answers(process, "one")
    assert process.end() == 0
    assert process.out == "one\n"


def test_the_last_line_of_the_input_is_answered_before_the_bot_stops(bot, run, write, folder):
    write({"echo.py": echo("one")})
    (folder / "config.yml").write_text(json.dumps({"aha": {"super": ["console:console"], "lang": "zh"}}))
    process = run("run", text="重载 echo\n")
    assert process.code == 0, process.err
    assert "echo" in process.out
    assert not (folder / "data" / "reload.json").exists()


async def test_a_super_user_is_told_by_onebot_also_after_a_restart(bot, write, folder, start):
    write({"echo.py": echo("one")})
    async with listening_peer() as peer:
        bots = [{"adapter": "onebot", "id": "main", "url": peer.url}]
        (folder / "config.yml").write_text(json.dumps({"bots": bots, "aha": {"super": ["QQ:7"]}}))
        process = start("run")
        await peer.connected()
        await peer.say("reload echo", user=8)
        number = await peer.say("reload echo", user=7, group=30)
        call = await peer.call()
        assert (call["action"], str(call["params"]["group_id"])) == ("send_group_msg", "30")
        quote, text = call["params"]["message"]
        assert quote == {"type": "reply", "data": {"id": str(number)}}
        assert "echo" in text["data"]["text"]

        write({"echo.py": "import time\nprint('importing', flush=True)\ntime.sleep(600)"})
        await peer.say("重载", user=7)
        await asyncio.to_thread(process.wait_for, "importing", stream="out")
        assert await asyncio.to_thread(process.end, signal.SIGKILL) == -signal.SIGKILL
        write({"echo.py": "1 / 0"})
        again = start("run")
        await peer.connected()
        call = await peer.call()
        assert (call["action"], str(call["params"]["user_id"])) == ("send_private_msg", "7")
        told = call["params"]["message"][0]["data"]["text"]
        assert told.startswith("the bot was started anew before that was done")
        assert told.endswith("are off (its log says why): echo")
        assert await asyncio.to_thread(again.end, signal.SIGTERM) == 0, again.err
    assert not (folder / "data" / "reload.json").exists()


def test_garbage_in_the_file_of_those_who_wait_stops_no_start(bot, folder):
    (folder / "data").mkdir()
    (folder / "data" / "reload.json").write_text('[{"names": "../../x"}, 1')
    process = bot()
    process.wait_for("reload.json cannot be read and is left out")
    answers(process, "one")
    assert process.end() == 0
