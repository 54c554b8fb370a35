"""Events take whatever a platform sends, compare by content, and give every callback a copy of its own."""

from __future__ import annotations

import copy
import pickle
import typing
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.api import (
    Event,
    External,
    Message,
    MessageType,
    MetaEvent,
    MetaType,
    Notice,
    NoticeType,
    Request,
    RequestType,
    Sender,
    SubType,
)
from models.core import Group, User
from models.msg import At, Image, MsgSeq, Node, Text

EVENTS = [Message, Notice, Request, MetaEvent, External]
each_event = pytest.mark.parametrize("cls", EVENTS)

CHARACTERS = st.characters(exclude_categories=())
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(CHARACTERS, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS, max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELD = st.sampled_from(
    [
        "time",
        "self_id",
        "event_type",
        "sub_type",
        "message",
        "message_id",
        "user_id",
        "group_id",
        "sender",
        "duration",
        "flag",
    ]
)
PAYLOAD = st.dictionaries(FIELD | st.text(CHARACTERS, max_size=5), VALUE, max_size=6)


@each_event
def test_any_payload_makes_an_event_equal_to_its_twin(cls: type[Event]) -> None:
    @given(PAYLOAD)
    def holds(payload: dict[str, Any]) -> None:
        event, twin = cls(**payload), cls(**payload)
        assert event == twin
        assert hash(event) == hash(twin)
        assert event.private_copy() == event
        assert all(
            type(event.__dict__[name]) is not int
            for name in ("self_id", "user_id", "group_id")
            if name in event.__dict__
        )

    holds()


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        pytest.param("user_id", 10001, "10001", id="id as a number"),
        pytest.param("user_id", 2**40, str(2**40), id="id above 2^32"),
        pytest.param("user_id", -1, "-1", id="negative id"),
        pytest.param("user_id", None, "", id="no user"),
        pytest.param("group_id", 3, "3", id="group"),
        pytest.param("self_id", 5, "5", id="the bot's id"),
        pytest.param("message_id", -2147483648, "-2147483648", id="negative message id"),
        pytest.param("message_id", None, None, id="no message id"),
        pytest.param("time", 1718000000, 1718000000, id="time"),
        pytest.param("time", 1718000000123.5, 1718000000123.5, id="time that is no epoch"),
        pytest.param("time", "1718000000", 1718000000, id="time as text"),
        pytest.param("time", "yesterday", 0, id="time that is none"),
        pytest.param("sub_type", None, None, id="no sub type"),
        pytest.param("message", "a", MsgSeq("a"), id="message as text"),
        pytest.param("message", ["a", At(user_id=1)], MsgSeq("a", At(user_id=1)), id="message as a list"),
        pytest.param("message", None, MsgSeq(), id="no message"),
        pytest.param("sender", None, Sender(), id="no sender"),
        pytest.param("sender", ["x"], Sender(), id="sender that is none"),
        pytest.param("sender", {"nickname": "小明", "level": 3}, Sender(nickname="小明", level="3"), id="sender"),
    ],
)
def test_a_field_of_a_message_is_kept_as(field: str, sent: object, kept: object) -> None:
    value = getattr(Message(event_type="group", **{field: sent}), field)
    assert value == kept
    assert type(value) is type(kept) or field == "time"


def test_unknown_fields_are_kept_aside() -> None:
    event = Message(font=0, anonymous=None, sender={"age": 18}, extra="x", user=1)
    assert event.extra == {"font": 0, "anonymous": None, "extra": "x", "user": 1}
    assert event.sender.extra == {"age": 18}
    assert event.font == 0
    assert isinstance(event.user, User)


def test_a_field_name_that_is_no_valid_unicode_is_kept_readably() -> None:
    assert Message(**{"\ud800": 1}).extra == {"\\ud800": 1}


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        pytest.param(
            Message(),
            {"event_type": "private", "group_id": None, "is_group_msg": False, "group": None},
            id="empty message",
        ),
        pytest.param(
            Message(group_id=3, platform="QQ"),
            {"event_type": "group", "is_group_msg": True, "group": Group("QQ", "3")},
            id="a group tells what a message is",
        ),
        pytest.param(
            Message(event_type="private", group_id=3),
            {"group_id": None, "extra": {"group_id": "3"}, "is_group_msg": False},
            id="a private message keeps its group aside",
        ),
        pytest.param(
            Message(event_type="guild", group_id=3), {"event_type": "guild", "is_group_msg": False}, id="another type"
        ),
        pytest.param(Message(user_id=1, platform="QQ"), {"user": User("QQ", "1")}, id="user of a message"),
        pytest.param(Message(message="a [b]"), {"message_str": "a [b]", "msg": MsgSeq("a [b]")}, id="message as text"),
        pytest.param(
            Notice(event_type="notify"),
            {"sub_type": None, "user_id": None, "operator_id": None, "duration": None, "target_id": None, "user": None},
            id="notice without sub type",
        ),
        pytest.param(
            Notice(event_type="group_ban", sub_type="ban", group_id=1, operator_id=2, user_id=3, duration="600"),
            {"event_type": NoticeType.group_ban, "operator_id": "2", "duration": 600},
            id="ban",
        ),
        pytest.param(Notice(duration="long"), {"duration": None}, id="duration that is none"),
        pytest.param(
            Request(event_type="friend", user_id=1, comment=None),
            {"event_type": RequestType.friend, "comment": "", "flag": "", "group": None},
            id="request",
        ),
        pytest.param(
            MetaEvent(event_type="heartbeat", interval=2, status={"good": True}),
            {"event_type": MetaType.heartbeat, "extra": {"interval": 2, "status": {"good": True}}},
            id="heartbeat",
        ),
        pytest.param(External(key="k", data=[1]), {"key": "k", "data": [1], "lang": None}, id="external"),
    ],
)
def test_fields_of(event: Event, fields: dict[str, object]) -> None:
    assert {name: getattr(event, name) for name in fields} == fields


@pytest.mark.parametrize("names", [MessageType, NoticeType, RequestType, MetaType, SubType])
def test_names_of_events_equal_their_strings(names: type[SubType]) -> None:
    for member in names:
        assert member == member.value
        assert str(member) == f"{member}" == member.value
        assert member.name.rstrip("_") == member.value


def test_a_known_type_is_a_member_and_an_unknown_one_stays_text() -> None:
    assert Message(event_type="group").event_type is MessageType.group
    assert type(Notice(event_type="group_dance").event_type) is str
    assert Notice(sub_type="poke").sub_type is SubType.poke
    assert type(Notice(sub_type="wave").sub_type) is str


def test_msg_is_message() -> None:
    event = Message(message="a")
    event.msg.append("b")
    assert event.message == MsgSeq("ab")
    event.msg = MsgSeq("c")
    assert event.message == MsgSeq("c")


# --- equality, copies, storage -----------------------------------------------------------------------------------

FULL = {
    "time": 1718000000,
    "self_id": 1,
    "bot_id": "main",
    "platform": "QQ",
    "adapter": "onebot",
    "event_type": "group",
    "message_id": 5,
    "message": MsgSeq("a", Node(content=["b"])),
    "user_id": 4,
    "group_id": 3,
    "sender": {"nickname": "x", "likes": ["tea"]},
    "raw": {"list": [1]},
}


@pytest.mark.parametrize("field", ["time", "self_id", "message", "user_id", "group_id", "sender", "raw", "another"])
def test_events_differ_when_any_content_differs(field: str) -> None:
    assert Message(**FULL) != Message(**{**FULL, field: {"nickname": "other"}})


def test_events_of_different_kinds_differ() -> None:
    assert len({cls() for cls in EVENTS} | {cls() for cls in EVENTS}) == len(EVENTS)
    assert Notice() != "notice"


def test_being_bound_is_no_content() -> None:
    bound = Message(**FULL)
    bound.bind(object())
    assert bound == Message(**FULL)
    assert hash(bound) == hash(Message(**FULL))


def test_a_private_copy_may_be_changed_freely_and_keeps_its_port() -> None:
    event, port = Message(**FULL), object()
    event.bind(port)
    private = event.private_copy()
    private.message.append("x")
    private.message[1].content.append("x")
    private.sender.nickname = "other"
    private.sender.likes.append("x")
    private.raw["list"].append(2)
    private.user_id = "9"
    assert event == Message(**FULL)
    assert private.port is port


def test_a_private_copy_of_an_external_shares_what_is_no_container() -> None:
    shared = object()
    event = External(key="k", data={"list": [shared]})
    private = event.private_copy()
    private.data["list"].append(1)
    assert event.data == {"list": [shared]}
    assert private.data["list"][0] is shared


@pytest.mark.parametrize(
    ("data", "change"),
    [
        pytest.param({"a": [1]}, lambda data: data["a"].append(2), id="dict"),
        pytest.param([[1]], lambda data: data[0].append(2), id="list"),
        pytest.param(([1],), lambda data: data[0].append(2), id="tuple"),
        pytest.param({1}, lambda data: data.add(2), id="set"),
        pytest.param(bytearray(b"1"), lambda data: data.append(2), id="bytearray"),
        pytest.param(deque([[1]], maxlen=3), lambda data: data[0].append(2), id="deque"),
        pytest.param(OrderedDict(a=[1]), lambda data: data["a"].append(2), id="OrderedDict"),
        pytest.param(defaultdict(list, a=[1]), lambda data: data["a"].append(2), id="defaultdict"),
        pytest.param(Counter("a"), lambda data: data.update("a"), id="Counter"),
    ],
)
def test_a_private_copy_of_an_external_has_its_own_containers_at_every_depth(data: Any, change: Any) -> None:
    before = copy.deepcopy(data)
    private = External(key="k", data={"deep": [data]}).private_copy()
    [own] = private.data["deep"]
    assert (own, type(own)) == (data, type(data))
    change(own)
    assert data == before


def test_a_private_copy_of_a_container_keeps_what_it_was_made_with() -> None:
    data = External(data=(deque([1], maxlen=3), defaultdict(list))).private_copy().data
    assert (data[0].maxlen, data[1]["new"]) == (3, [])


@pytest.mark.parametrize("stored", [copy.copy, copy.deepcopy, lambda event: pickle.loads(pickle.dumps(event))])
def test_a_stored_event_comes_back_without_its_port(stored: Any) -> None:
    event = Message(**FULL)
    event.bind(lambda: None)  # cannot be pickled
    assert stored(event) == event
    assert getattr(stored(event), "_port", None) is None


def test_an_event_is_readable_and_becomes_json() -> None:
    assert "MessageChain([Text(text='hi')])" in repr(Message(message="hi"))
    assert '"message":"hi[Aha:at,user_id=1]"' in Message(message=["hi", At(user_id=1)]).model_dump_json()


# --- annotations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [Image, Image | Text, tuple[Text, Image], str], ids=["class", "union", "tuple", "text"]
)
def test_what_a_message_holds_can_be_asked_for_in_an_annotation(content: Any) -> None:
    async def callback(event: Message[content]) -> None: ...

    annotation = callback.__annotations__["event"]
    annotation = eval(annotation, {"Message": Message, "content": content})
    assert typing.get_origin(annotation) is Message
    assert typing.get_args(annotation) == (content,)


def test_a_message_can_be_built_through_its_annotation() -> None:
    assert Message[Image](user_id=1) == Message(user_id=1)


# --- users and groups --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [User, Group])
def test_users_and_groups_are_values_with_text_ids(cls: type[User] | type[Group]) -> None:
    someone = cls("QQ", 10001)
    assert someone == cls("QQ", "10001") != cls("web", "10001")
    assert hash(someone) == hash(cls("QQ", "10001"))
    assert attrs.astuple(someone) == ("QQ", "10001")
    assert pickle.loads(pickle.dumps(someone)) == someone
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        someone.platform = "web"


def test_a_user_is_no_group() -> None:
    assert User("QQ", "1") != Group("QQ", "1")
