"""OneBot over real sockets: what is said is heard and answered where it was said, and what is no message is not."""

from __future__ import annotations

import pytest

from models.api import Event, Message, MetaEvent, Notice
from models.msg import At, MessageChain
from tests.integration.onebot.bot import both_modes, lines, pong, talk
from tests.onebot_payloads import events


@both_modes
async def test_a_message_is_answered_where_it_was_said(mode):
    async with talk(mode, pong) as (_, peer):
        number = await peer.say("ping", user=20001, group=30001)
        call = await peer.call()

    assert call["action"] == "send_group_msg"
    assert call["params"] == {
        "group_id": 30001,
        "message": [
            {"type": "reply", "data": {"id": str(number)}},
            {"type": "text", "data": {"text": "pong ping"}},
        ],
    }


@both_modes
async def test_every_known_payload_gets_through(mode, caplog):
    async with talk(mode) as (bot, peer):
        for parameter in events():
            (event,) = parameter.values
            await peer.event(event)
            assert (await bot.event(Event)).self_id == str(event["self_id"])
    assert lines(caplog) == []


async def test_a_private_talk_between_members_of_a_group_is_answered_through_the_group():
    async with talk("forward", pong) as (_, peer):
        await peer.say("ping", user=20001, sub_type="group", group_id=30001)
        call = await peer.call()

    assert (call["action"], call["params"]["user_id"], call["params"]["group_id"]) == ("send_private_msg", 20001, 30001)


async def test_a_sent_message_tells_its_id():
    async with talk("forward") as (bot, peer):
        await peer.say("ping")
        event = await bot.event()
        peer.answers["send_private_msg"] = {"message_id": -5}

        assert await event.send("pong") == "-5"


@pytest.mark.parametrize("data", [None, {}, [], "ok"], ids=str)
async def test_a_message_sent_without_an_id_has_none(data):
    async with talk("forward") as (bot, peer):
        await peer.say("ping")
        event = await bot.event()
        peer.answers["send_private_msg"] = lambda call: [
            {"status": "ok", "retcode": 0, "data": data, "echo": call["echo"]}
        ]

        assert await event.send("pong") is None


@both_modes
async def test_what_the_bot_says_itself_is_not_a_message(mode):
    async with talk(mode, pong) as (bot, peer):
        await peer.event({"post_type": "message_sent", "message_type": "private", "user_id": 10001, "message": "me"})
        await peer.say("ping")

        assert await peer.answered() == "pong ping"
        assert (await bot.event(Notice)).event_type == "message_sent"


async def test_after_stop_intake_nothing_is_heard_and_calls_still_work():
    async with talk("forward") as (bot, peer):
        await bot.adapter.stop_intake()
        await peer.say("ping")
        peer.answers["get_status"] = {"online": True}

        assert await bot.adapter.call("get_status", {}) == {"online": True}
        assert bot.events.empty()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ud83d half", id="lone surrogate"),
        pytest.param("😀", id="emoji"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("长" * 100_000, id="long"),
        pytest.param("[CQ:at,qq=all] [Aha:at,user_id=1]", id="codes"),
    ],
)
async def test_any_text_is_heard_and_answered(text, caplog):
    async with talk("forward", pong) as (_, peer):
        await peer.say(text)

        assert await peer.answered() == "pong " + text.replace("\ud83d", "\ufffd").replace("[Aha:", "&#91;Aha:")
    assert len(lines(caplog)) == text.count("\ud83d")


@pytest.mark.parametrize("bad", [[None], None, "", 5, {}, [[]], [{"type": "at"}]], ids=str)
async def test_a_message_without_content_is_an_event_all_the_same(bad):
    async with talk("forward") as (bot, peer):
        await peer.say(bad)

        assert isinstance((await bot.event()).message, MessageChain)


async def test_an_event_that_nobody_can_handle_leaves_the_connection_alone(caplog):
    async with talk("forward") as (bot, peer):
        bot.adapter.emit = lambda _event: 1 / 0
        await peer.say("\x1b[2Jboom")
        peer.answers["act"] = 1
        assert await bot.adapter.call("act", {}) == 1

    (line,) = lines(caplog)
    assert "skipped an event" in line
    assert line.isprintable()


async def test_heartbeats_are_events_in_whatever_unit_they_are():
    async with talk("forward") as (bot, peer):
        for interval in (2, 2000, "2000", None):
            await peer.event({"post_type": "meta_event", "meta_event_type": "heartbeat", "interval": interval})
        beats = [await bot.event(MetaEvent) for _ in range(4)]

    assert [beat.extra["interval"] for beat in beats] == [2, 2000, "2000", None]


async def test_a_mention_goes_out_as_a_segment():
    async def mention(event):
        if isinstance(event, Message):
            await event.send("hi", at=True)

    async with talk("forward", mention) as (_, peer):
        await peer.say("ping", user=-5, group=2**40)
        call = await peer.call()

    assert call["params"]["group_id"] == 2**40
    assert call["params"]["message"][0] == {"type": "at", "data": {"qq": str(At(user_id="-5").user_id)}}
