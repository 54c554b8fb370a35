"""Events that do not come from an adapter: what modules publish, and messages that are fed in."""

from __future__ import annotations

import asyncio

import pytest

from core.dispatcher import dispatcher, on_external, on_message, process_external, process_message
from models.api import External, Message
from models.exc import EventNotBound, UsageError
from tests.integration.dispatcher.messages import message, say

pytestmark = pytest.mark.usefixtures("module")


async def test_an_external_event_is_published_by_key_with_its_data(calls):
    @on_external("key")
    async def callback(event, data, localizer):
        calls.append((event.key, dict(data), localizer.lang))
        data.clear()

    data = {"a": 1}
    await process_external(External(key="key", data=data, lang="zh"))
    process_external(External(key="other", data=data))
    assert calls == [("key", {"a": 1}, "zh")]
    assert data == {"a": 1}


@pytest.mark.parametrize("wrong", ["key", {"key": "key"}, None], ids=repr)
async def test_what_is_published_is_an_external_event(wrong):
    with pytest.raises(UsageError, match=r"takes an event, as in process_external\(External\(key="):
        process_external(wrong)


def test_publishing_needs_the_running_bot():
    with pytest.raises(UsageError, match="in a callback"):
        process_external(External(key="key"))


class Port:
    def __init__(self):
        self.sent = []

    async def send(self, event, chain):
        self.sent.append(str(chain))


async def test_a_message_fed_in_by_a_callback_is_answered_where_the_callback_is():
    port = Port()

    @on_message("a")
    async def first():
        await process_message(message("b"))

    @on_message("b")
    async def second(event):
        await event.send("answer")

    event = message("a")
    event.bind(port)
    await dispatcher.feed(event)
    assert port.sent == ["answer"]


async def test_a_message_fed_in_by_a_callback_is_of_the_same_bot_as_far_as_it_does_not_say(calls):
    @on_message("a")
    async def first():
        await process_message(Message(message="b", user_id="6"))
        await process_message(Message(message="b", user_id="6", platform="other"))

    @on_message("b")
    async def second(event):
        calls.append((event.bot_id, event.self_id, event.platform, event.adapter))

    await say("a", bot_id="main", self_id="9", adapter="onebot")
    assert calls == [("main", "9", "QQ", "onebot"), ("main", "9", "other", "onebot")]


async def test_process_message_returns_when_the_callbacks_have_ended(calls):
    @on_message()
    async def callback(event):
        await asyncio.sleep(0)
        with pytest.raises(EventNotBound):
            await event.send("answer")
        calls.append(1)

    await process_message(message())
    assert calls == [1]


async def test_publishing_before_events_flow_is_said_and_not_kept_silent(caplog):
    dispatcher.stop_intake()
    try:
        await process_external(External(key="early"))
    finally:
        dispatcher.open_intake()
    assert "events flow after all @on_start" in caplog.text
