"""Whatever a OneBot implementation reports becomes an event that keeps all of it."""

from __future__ import annotations

import pytest

from bots.onebot.events import read_event
from models.api import Message, MetaEvent, Notice, Request
from models.msg import At, MessageChain, Reply, Text
from tests.onebot_payloads import events

ORIGIN = {"bot_id": "main", "platform": "QQ", "adapter": "onebot"}
KINDS = {"message": Message, "notice": Notice, "request": Request, "meta_event": MetaEvent}


def read(**frame):
    return read_event({"time": 1, "self_id": 10001, **frame}, ORIGIN)


@pytest.mark.parametrize("frame", events())
def test_every_known_payload_becomes_its_kind_of_event(frame):
    event = read_event(frame, ORIGIN)

    assert type(event) is KINDS[frame["post_type"]]
    assert (event.bot_id, event.platform, event.adapter, event.self_id) == (
        "main",
        "QQ",
        "onebot",
        str(frame["self_id"]),
    )
    for name, value in frame.items():
        if name not in ("post_type", "message", "sender") and not name.endswith("_type"):
            kept = getattr(event, name) if name in type(event).model_fields else event.extra[name]
            assert kept in (value, str(value)), name


def test_a_group_message_has_everything():
    event = read(
        post_type="message",
        message_type="group",
        sub_type="normal",
        message_id=-7,
        user_id=2**40,
        group_id="30001",
        message=[{"type": "reply", "data": {"id": 5}}, {"type": "text", "data": {"text": "hi"}}],
        sender={"nickname": "n", "card": "c", "role": "admin", "level": 3},
        font=0,
    )

    assert (event.event_type, event.sub_type, event.message_id) == ("group", "normal", "-7")
    assert (event.user_id, event.group_id) == (str(2**40), "30001")
    assert event.message == MessageChain([Reply(id="5"), Text(text="hi")])
    assert (event.sender.card, event.sender.role, event.sender.level) == ("c", "admin", "3")
    assert event.extra["font"] == 0


def test_a_message_as_string_is_read_as_cq_codes():
    event = read(post_type="message", message_type="private", message="[CQ:at,qq=all] Test &amp; text")

    assert event.message == MessageChain([At.all(), Text(text=" Test & text")])


ODD = [
    pytest.param({"post_type": "message"}, Message, "private", id="message with nothing in it"),
    pytest.param({"post_type": "message", "group_id": 1}, Message, "group", id="message without type, in a group"),
    pytest.param({"post_type": "message", "message_type": "guild"}, Message, "guild", id="message of unknown type"),
    pytest.param({"post_type": "message", "sender": 5, "message": 5}, Message, "private", id="values of other types"),
    pytest.param({"post_type": "notice"}, Notice, "", id="notice without type"),
    pytest.param({"post_type": "notice", "notice_type": "group_card"}, Notice, "group_card", id="without sub_type"),
    pytest.param({"post_type": "notice", "notice_type": "bot_offline"}, Notice, "bot_offline", id="NapCat's own"),
    pytest.param({"post_type": "notice", "notice_type": ["x"]}, Notice, "['x']", id="type that is a list"),
    pytest.param({"post_type": "request", "flag": 5}, Request, "", id="request without type"),
    pytest.param({"post_type": "meta_event", "interval": "x"}, MetaEvent, "", id="meta event without type"),
    pytest.param({"post_type": "meta_event", "meta_event_type": "heartbeat"}, MetaEvent, "heartbeat", id="no interval"),
    pytest.param({"post_type": "guild_thing"}, Notice, "guild_thing", id="unknown post_type"),
    pytest.param({"post_type": None}, Notice, "", id="post_type null"),
    pytest.param({"post_type": [1]}, Notice, "[1]", id="post_type that is a list"),
    pytest.param({"post_type": "notice", "time": "soon", "self_id": None}, Notice, "", id="no time, no account"),
    pytest.param({"post_type": "notice", "bot_id": "x", "port": 1, "extra": 2, "self": 3}, Notice, "", id="our names"),
]


@pytest.mark.parametrize(("frame", "cls", "event_type"), ODD)
def test_an_odd_event_is_kept(frame, cls, event_type):
    event = read(**frame)

    assert type(event) is cls
    assert event.event_type == event_type
    assert event.bot_id == "main"


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param({"post_type": "message_sent", "user_id": 10001}, id="message_sent"),
        pytest.param({"post_type": "message", "user_id": "10001"}, id="message by the bot's account"),
    ],
)
def test_the_bots_own_message_is_a_notice(frame):
    event = read(**frame, message_type="group", group_id=1, message_id=5, message="me")

    assert type(event) is Notice
    assert (event.event_type, event.message_id, event.group_id) == ("message_sent", "5", "1")
    assert event.extra["message"] == MessageChain("me")
