"""Callbacks run as tasks: their errors, to whom they belong, and how one waits for their end."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from core.dispatcher import dispatcher, on_message
from core.expr import Puser
from models.core import User
from tests.integration.dispatcher.messages import message, say

pytestmark = pytest.mark.usefixtures("module")


async def test_an_error_is_logged_once_and_touches_nothing_else(calls, caplog):
    @on_message()
    async def fails(event):
        raise ValueError("broken")

    @on_message()
    async def works():
        calls.append(1)

    await say("two\nlines " + "x" * 1_000)
    assert calls == [1]
    (record,) = caplog.records
    assert record.exc_info[1].args == ("broken",)
    line = record.getMessage()
    assert re.search(r"fails:\d+ of module demo failed on Message\(", line)
    assert r"two\nlines" in line
    assert "event_type='private'" in line
    assert "\n" not in line
    assert len(line) < 400


async def test_what_a_callback_waits_for_may_be_cancelled_which_is_logged_as_an_error(caplog):
    @on_message()
    async def fails():
        waiting = asyncio.ensure_future(asyncio.Event().wait())
        waiting.cancel()
        await waiting

    await say("hi")
    (record,) = caplog.records
    assert isinstance(record.exc_info[1], asyncio.CancelledError)
    assert record.getMessage().startswith("callback ")


async def test_an_odd_message_is_no_reason_to_fail(caplog):
    caplog.set_level(logging.DEBUG)

    @on_message("a")
    @on_message(["a", str])
    @on_message(r"a\s")
    async def callback():
        pass

    for odd in ("\ud800", "\0", "😀", "a" * 100_000, "[Aha:", "\n" * 1000):
        await say(odd)
    assert caplog.messages == []


async def test_a_module_that_goes_takes_its_callbacks_along_also_in_the_middle_of_an_event(calls, module):
    @on_message(Puser == User("QQ", "5"))
    async def callback():
        calls.append(1)

    future = dispatcher.feed(message())
    module.drop()
    await future
    await say()
    assert calls == [1]


async def test_tasks_belong_to_their_module_until_they_end(module):
    released = asyncio.Event()

    @on_message()
    async def callback():
        await released.wait()

    future = dispatcher.feed(message())
    assert len(module.tasks) == 1
    assert not future.done()
    released.set()
    await future
    assert not module.tasks


async def test_the_future_may_be_given_up_without_harm(calls):
    released = asyncio.Event()

    @on_message()
    async def callback():
        await released.wait()
        calls.append(1)

    dispatcher.feed(message()).cancel()
    released.set()
    await dispatcher.drain(5)
    assert calls == [1]


async def test_drain_waits_for_callbacks_and_for_those_that_they_started(calls):
    @on_message("a")
    async def first():
        await asyncio.sleep(0)
        dispatcher.feed(message("b"))

    @on_message("b")
    async def second():
        await asyncio.sleep(0)
        calls.append(1)

    dispatcher.feed(message("a"))
    await dispatcher.drain(5)
    assert calls == [1]


async def test_drain_cancels_what_takes_too_long(calls, caplog):
    @on_message()
    async def callback():
        try:
            await asyncio.Event().wait()
        finally:
            calls.append("cleaned up")

    future = dispatcher.feed(message())
    await asyncio.sleep(0)
    await dispatcher.drain(0.01)
    assert calls == ["cleaned up"]
    assert future.done()
    assert "cancelled" in caplog.text


async def test_a_drain_that_is_cancelled_cancels_the_callbacks():
    @on_message()
    async def callback():
        await asyncio.Event().wait()

    future = dispatcher.feed(message())
    draining = asyncio.create_task(dispatcher.drain(60))
    await asyncio.sleep(0)
    draining.cancel()
    await future
    with pytest.raises(asyncio.CancelledError):
        await draining


async def test_a_callback_may_drain_without_waiting_for_itself():
    @on_message()
    async def callback():
        await dispatcher.drain(5)

    await asyncio.wait_for(dispatcher.feed(message()), 2)


async def test_after_stop_intake_events_are_ignored_until_it_opens_again(calls):
    async def callback():
        calls.append(1)

    on_message(callback=callback)
    dispatcher.stop_intake()
    await say()
    dispatcher.open_intake()
    assert calls == []
    await say()
    assert calls == [1]
