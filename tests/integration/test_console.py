"""The console in this process: lines are events, and answers are shown."""

from __future__ import annotations

import asyncio
import os
import sys
import time

import pytest

from bots.console import Console
from bots.console.terminal import Terminal
from core.context import Module, current_module, entered
from core.port import port_for
from models.api import Message
from models.msg import At, Image, MessageChain

PATIENCE = 20


def test_what_is_printed_on_a_terminal_belongs_to_no_module(monkeypatch, tmp_path):
    printers = []
    monkeypatch.setattr("prompt_toolkit.print_formatted_text", lambda _: printers.append(current_module.get()))
    with entered(Module("demo")):
        Terminal(lambda: "", history=tmp_path / "history").show("hi")
    assert printers == [None]


class Chat:
    """A console that reads from a pipe; `handler` is its one callback."""

    def __init__(self, handler):
        self.console = Console(self.emit, bot_id="main", settings={})
        self.handler = handler
        self.events = []
        self.heard = asyncio.Event()

    def emit(self, event):
        self.events.append(event)
        self.heard.set()
        event.bind(port_for(self.console))
        return asyncio.ensure_future(self.handler(event))

    @property
    def said(self):
        return [event.message_str for event in self.events]


@pytest.fixture
def typed(monkeypatch):
    """The writing end of a pipe that is standard input."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w") as typed:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield typed


async def nothing(_event):
    pass


async def run(chat):
    await asyncio.wait_for(chat.console.run(), PATIENCE)


async def test_a_line_is_an_event_with_everything(typed):
    chat = Chat(nothing)
    typed.write("/as 20001\n/in 30001\nhi [Aha:at,user_id=1]\n/private\nho")
    typed.close()
    await run(chat)

    group, private = chat.events
    assert isinstance(group, Message)
    assert (group.event_type, group.user_id, group.group_id, group.sender.nickname) == (
        "group",
        "20001",
        "30001",
        "20001",
    )
    assert (group.platform, group.adapter, group.bot_id, group.self_id) == ("console", "console", "main", "main")
    assert group.message == MessageChain("hi [Aha:at,user_id=1]")
    assert abs(group.time - time.time()) < PATIENCE
    assert (private.event_type, private.group_id) == ("private", None)
    assert group.message_id != private.message_id


async def test_a_line_waits_for_the_callbacks_of_the_line_before(typed):
    ended = []

    async def slow(event):
        for _ in range(10):
            await asyncio.sleep(0)
        ended.append(event.message_str)
        assert ended == chat.said

    chat = Chat(slow)
    typed.write("1\n2\n3\n")
    typed.close()
    await run(chat)

    assert ended == ["1", "2", "3"]


async def test_a_line_does_not_wait_for_ever(typed, monkeypatch):
    monkeypatch.setattr("bots.console.adapter._PATIENCE", 0.01)
    second = asyncio.Event()

    async def stuck(event):
        if event.message_str == "1":
            await second.wait()
        else:
            second.set()

    chat = Chat(stuck)
    typed.write("1\n2\n")
    typed.close()
    await run(chat)

    assert chat.said == ["1", "2"]


async def test_the_end_of_input_waits_for_running_callbacks(typed, monkeypatch):
    monkeypatch.setattr("bots.console.adapter._PATIENCE", 0.01)
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def stuck(_event):
        await go_on.wait()
        ended.set()

    chat = Chat(stuck)
    typed.write("1\n")
    typed.close()
    running = asyncio.create_task(run(chat))
    await asyncio.wait_for(chat.heard.wait(), PATIENCE)
    go_on.set()
    await running

    assert ended.is_set()


async def test_after_stop_intake_lines_are_no_events_and_answers_are_still_shown(typed, capsys):
    async def stop(event):
        await chat.console.stop_intake()
        await event.send("bye")

    chat = Chat(stop)
    typed.write("1\n2\n3\n")
    typed.close()
    await run(chat)

    assert (chat.said, capsys.readouterr().out) == (["1"], "bye\n")


async def test_close_ends_run_though_the_input_is_open(typed):
    chat = Chat(nothing)
    typed.write("1\n")
    typed.flush()
    running = asyncio.create_task(run(chat))
    await asyncio.wait_for(chat.heard.wait(), PATIENCE)
    await chat.console.close()
    await running

    typed.write("2\n")
    typed.close()
    again = Chat(nothing)
    await run(again)
    assert again.said == ["2"]


async def test_run_may_be_cancelled(typed):
    chat = Chat(nothing)
    running = asyncio.create_task(chat.console.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=PATIENCE)

    assert running.cancelled()


async def test_an_input_that_cannot_be_read_ends_the_console_with_one_line(typed, monkeypatch, caplog):
    def fail(_file, _size):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("bots.console.pipe.os.read", fail)
    typed.close()
    await run(Chat(nothing))

    (record,) = caplog.records
    assert "standard input cannot be read any more: [Errno 5]" in record.getMessage()


async def test_an_endless_line_is_cut(typed, monkeypatch):
    monkeypatch.setattr("bots.console.pipe.LONGEST", 10)
    monkeypatch.setattr("bots.console.pipe._CHUNK", 4)
    chat = Chat(nothing)
    typed.write("a" * 30)
    typed.close()
    await run(chat)

    assert chat.said == ["a" * 12, "a" * 12, "a" * 6]


@pytest.mark.parametrize("action", ["send_msg", "send_private_msg", "send_group_msg"])
async def test_a_sent_message_is_shown_and_has_an_id(action, capsys):
    message = MessageChain([At(user_id="1"), " look ", Image(file="a.png")])
    console = Console(nothing, bot_id="main", settings={})

    first, second = [await console.call(action, {"message": message}) for _ in range(2)]
    assert capsys.readouterr().out == "@1 look [image: a.png]\n" * 2
    assert first["message_id"] != second["message_id"]


async def test_another_action_is_named():
    with pytest.raises(NotImplementedError, match="console bot 'main' has no action set_group_ban"):
        await Console(nothing, bot_id="main", settings={}).call("set_group_ban", {})
