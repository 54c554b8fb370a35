"""The console as a program, on real pipes, files and terminals: lines in, answers out, and a good end."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager, suppress

import pytest

PATIENCE = 20
# Answers each message with who said what where.
BOT = textwrap.dedent(
    """
    import asyncio, logging, sys
    from pathlib import Path
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    from bots.console import Console
    from core.config import cfg
    from core.port import port_for

    async def answer(event):
        folder = Path(sys.argv[1])
        match event.message_str.partition(" ")[0]:
            case "quit":
                sys.stdin.close()  # as quit() does
            case "log":
                logging.warning("logged")
            case "note":
                (folder / "note").write_text(event.message_str, encoding="utf-8")
            case "wait":
                await event.send("waiting")
                while not (folder / "go").exists():
                    await asyncio.sleep(0.01)
                await event.send("done")
                (folder / "answered").touch()
        where = f" in {event.group_id}" if event.is_group_msg else ""
        await event.reply(f"{event.user_id}{where}: {event.message_str}".replace("ESC", chr(27)))

    def emit(event):
        event.bind(port_for(bot))
        return asyncio.ensure_future(answer(event))

    cfg.set("aha.data_dir", Path(sys.argv[1]))
    bot = Console(emit, bot_id="console", settings={})
    asyncio.run(bot.run())
    """
)


@pytest.fixture
def command(tmp_path):
    return [sys.executable, "-X", "dev", "-W", "error", "-c", BOT, str(tmp_path)]


def chat(command, given, **options):
    return subprocess.run(command, input=given, capture_output=True, timeout=PATIENCE, check=False, **options)


def test_a_pipe_gets_the_answers_and_nothing_else(command):
    ended = chat(command, b"hello\n/as bob\n/in 42\nhi\n\n/private\nlast")

    assert ended.stdout.decode() == "console: hello\nbob in 42: hi\nbob: last\n"
    assert ended.stderr.decode() == "You are bob.\nYou are bob in 42.\nYou are bob.\n"
    assert ended.returncode == 0


def test_any_bytes_are_taken(command):
    given = [b"\xff\xfe", "😀".encode(), b"a\0b", b"x" * 100_000, b"\x1b[31mred", b"dos\r"]
    ended = chat(command, b"\n".join(given))

    expected = ["\ufffd\ufffd", "😀", r"a\x00b", "x" * 100_000, r"\x1b[31mred", "dos"]
    assert ended.stdout.decode().splitlines() == [f"console: {text}" for text in expected]
    assert ended.stderr == b""


@pytest.mark.parametrize("kind", ["file", "/dev/null", "closed"])
def test_input_may_be_anything(command, kind, tmp_path):
    script = {"file": f"< {tmp_path}/lines", "/dev/null": "< /dev/null", "closed": "<&-"}[kind]
    (tmp_path / "lines").write_text("hello\nlast")
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {script}', "sh", *command], capture_output=True, timeout=PATIENCE, check=False
    )

    assert ended.stdout.decode() == ("console: hello\nconsole: last\n" if kind == "file" else "")
    assert (ended.stderr, ended.returncode) == (b"", 0)


def test_an_output_that_cannot_show_a_character_gets_an_escape(command):
    ended = chat(command, "é😀\n".encode(), env={**os.environ, "PYTHONIOENCODING": "latin-1"})

    assert ended.stdout == b"console: \xe9\\U0001f600\n"


def test_the_console_ends_when_nobody_reads_its_output(command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    process.stdin.write(b"one\n")
    process.stdin.flush()

    assert process.wait(PATIENCE) == 0
    with process.stdin, process.stderr:
        assert process.stderr.read().decode().count("\n") == 1


@contextmanager
def terminal(command, stderr=None):
    """Run the bot on a terminal of its own, unless `stderr` is another place; yield the process and the other end."""
    ours, theirs = pty.openpty()
    # Nobody here answers a terminal's questions, and waiting for that takes seconds.
    environment = {**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1"}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=stderr or theirs, start_new_session=True, env=environment
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait(PATIENCE)
        with suppress(OSError):  # the test has closed it
            os.close(ours)


def read_until(terminal, text):
    """Read what appears until `text` does; return all of it."""
    seen, end = b"", time.monotonic() + PATIENCE
    while text.encode() not in seen:
        assert select.select([terminal], [], [], max(0, end - time.monotonic()))[0], seen
        seen += os.read(terminal, 65536)
    return seen.decode(errors="replace")


def press_until_end(process, terminal, key):
    """Press a key that ends the program; while something is being shown it may go unheard. Return the exit code."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        os.write(terminal, key)
        if select.select([terminal], [], [], 0.2)[0]:
            with suppress(OSError):  # the other end is closed
                os.read(terminal, 65536)
    return process.poll()


def test_on_a_terminal_there_is_a_prompt_with_a_history(command, tmp_path):
    with terminal(command) as (process, screen):
        read_until(screen, "console> ")
        os.write(screen, b"hello\r")
        seen = read_until(screen, "console: hello")
        assert "bot> " in seen
        os.write(screen, b"/as bob\r")
        read_until(screen, "bob> ")
        os.write(screen, b"\x1b[A\x1b[A\r")
        read_until(screen, "bob: hello")
        assert press_until_end(process, screen, b"\x04") == 0

    assert "+hello" in (tmp_path / "console_history").read_text()


def test_a_pipe_is_read_on_though_a_callback_closes_the_standard_input_of_the_program(command):
    ended = chat(command, b"quit\nhello\n")

    assert (ended.stdout.decode(), ended.stderr) == ("console: quit\nconsole: hello\n", b"")


def test_a_terminal_is_read_on_though_a_callback_closes_the_standard_input_of_the_program(command):
    with terminal(command) as (process, screen):
        read_until(screen, "console> ")
        os.write(screen, b"quit\r")
        read_until(screen, "console: quit")
        os.write(screen, b"hello\r")
        read_until(screen, "console: hello")
        assert press_until_end(process, screen, b"\x04") == 0


def test_what_goes_to_a_file_is_not_shown_above_the_prompt(command, tmp_path):
    with (tmp_path / "log").open("w") as log, terminal(command, stderr=log) as (process, screen):
        read_until(screen, "console> ")
        os.write(screen, b"log\r")
        assert "logged" not in read_until(screen, "console: log")
        assert press_until_end(process, screen, b"\x04") == 0

    assert "WARNING:root:logged\n" in (tmp_path / "log").read_text()


def test_a_terminal_that_is_closed_ends_the_console_and_breaks_off_nothing(command, tmp_path):
    with terminal(command, stderr=subprocess.DEVNULL) as (process, screen):
        read_until(screen, "console> ")
        os.write(screen, b"wait\r")
        read_until(screen, "waiting")
        os.close(screen)
        (tmp_path / "go").touch()
        assert process.wait(PATIENCE) == 0

    assert (tmp_path / "answered").exists()


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        pytest.param("记住我".encode("gbk"), "\ufffd", id="another encoding"),
        pytest.param("记住我".encode(), "记住我", id="UTF-8"),
    ],
)
@pytest.mark.parametrize("utf8", ["0", "1"], ids=["ASCII locale", "UTF-8 mode"])
def test_what_is_typed_on_a_terminal_is_whole_text(command, tmp_path, typed, heard, utf8):
    locale = {"PYTHONUTF8": utf8, "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    command = ["env", *(f"{name}={value}" for name, value in locale.items()), *command]
    with terminal(command) as (_, screen):
        read_until(screen, "console> ")
        os.write(screen, b"note " + typed + b"\r")
        read_until(screen, "console: note")

    assert heard in (tmp_path / "note").read_text(encoding="utf-8")


def test_what_is_said_on_a_terminal_does_not_steer_it(command):
    with terminal(command) as (_, screen):
        read_until(screen, "console> ")
        os.write(screen, b"ESC[2J\r")
        seen = read_until(screen, r"console: \x1b[2J")

    assert "\x1b[2J" not in seen


def test_ctrl_c_on_a_terminal_interrupts_the_program(command):
    with terminal(command) as (process, screen):
        read_until(screen, "console> ")
        assert press_until_end(process, screen, b"\x03") == -signal.SIGINT
