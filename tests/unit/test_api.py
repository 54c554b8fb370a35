"""API calls go to the right bot under OneBot's names, and answers come back in the promised shape."""

from __future__ import annotations

import inspect

import pytest

from core.adapter import Adapter, adapters
from core.api import API, SS, select_bot
from core.context import current_event
from core.port import port_for
from models.api import Message, Request
from models.exc import APIException, UsageError
from models.msg import At, MessageChain, Reply, Text

# Action, positional arguments, the parameters that are sent. In OneBot's order, so that the table is the standard.
CALLS = [
    ("send_private_msg", (1, "hi"), {"user_id": 1, "message": MessageChain("hi")}),
    ("send_group_msg", ("2", At(user_id="1")), {"group_id": "2", "message": MessageChain(At(user_id="1"))}),
    ("delete_msg", (5,), {"message_id": 5}),
    ("get_msg", (5,), {"message_id": 5}),
    ("get_forward_msg", (5,), {"id": "5"}),
    ("send_like", (1, 3), {"user_id": 1, "times": 3}),
    ("set_group_kick", (2, 1, True), {"group_id": 2, "user_id": 1, "reject_add_request": True}),
    ("set_group_ban", (2, 1, 60), {"group_id": 2, "user_id": 1, "duration": 60}),
    ("set_group_anonymous_ban", (2, None, "f", 60), {"group_id": 2, "flag": "f", "duration": 60}),
    ("set_group_whole_ban", (2, False), {"group_id": 2, "enable": False}),
    ("set_group_admin", (2, 1, False), {"group_id": 2, "user_id": 1, "enable": False}),
    ("set_group_anonymous", (2, False), {"group_id": 2, "enable": False}),
    ("set_group_card", (2, 1, "c"), {"group_id": 2, "user_id": 1, "card": "c"}),
    ("set_group_name", (2, "n"), {"group_id": 2, "group_name": "n"}),
    ("set_group_leave", (2, True), {"group_id": 2, "is_dismiss": True}),
    ("set_group_special_title", (2, 1, "t", 9), {"group_id": 2, "user_id": 1, "special_title": "t", "duration": 9}),
    ("set_friend_add_request", ("f", True, "r"), {"flag": "f", "approve": True, "remark": "r"}),
    (
        "set_group_add_request",
        ("f", "add", False, "r"),
        {"flag": "f", "sub_type": "add", "approve": False, "reason": "r"},
    ),
    ("get_login_info", (), {}),
    ("get_stranger_info", (1, True), {"user_id": 1, "no_cache": True}),
    ("get_friend_list", (), {}),
    ("get_group_info", (2, True), {"group_id": 2, "no_cache": True}),
    ("get_group_list", (), {}),
    ("get_group_member_info", (2, 1, True), {"group_id": 2, "user_id": 1, "no_cache": True}),
    ("get_group_member_list", (2,), {"group_id": 2}),
    ("get_group_honor_info", (2, "emotion"), {"group_id": 2, "type": "emotion"}),
    ("get_cookies", ("x.example",), {"domain": "x.example"}),
    ("get_csrf_token", (), {}),
    ("get_credentials", ("x.example",), {"domain": "x.example"}),
    ("get_record", ("a.amr", "mp3"), {"file": "a.amr", "out_format": "mp3"}),
    ("get_image", ("a.png",), {"file": "a.png"}),
    ("can_send_image", (), {}),
    ("can_send_record", (), {}),
    ("get_status", (), {}),
    ("get_version_info", (), {}),
    ("set_restart", (2000,), {"delay": 2000}),
    ("clean_cache", (), {}),
]


class Recorder(Adapter):
    """Keeps the calls and answers each with `answer`, or raises it."""

    name, platform = "recorder", "QQ"

    def __init__(self, bot_id):
        super().__init__(None, bot_id=bot_id, settings={})
        self.calls, self.answer = [], None

    async def run(self): ...
    async def stop_intake(self): ...
    async def close(self): ...

    async def call(self, action, params):
        self.calls.append((action, params))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def bots(monkeypatch):
    """Two bots that run, "one" started first."""
    running = {name: Recorder(name) for name in ("one", "two")}
    monkeypatch.setattr("core.api.adapters", running)
    return running


@pytest.fixture
def event(bots):
    """The event that a callback is handling: "two" received it."""
    event = Message(bot_id="two", platform="QQ", self_id="99", user_id="1", group_id="2", message_id="5", message="hi")
    event.bind(port_for(bots["two"]))
    token = current_event.set(event)
    yield event
    current_event.reset(token)


@pytest.mark.parametrize(("action", "given", "sent"), CALLS, ids=[call[0] for call in CALLS])
async def test_an_action_is_called_under_its_name_with_its_parameters(bots, action, given, sent):
    await getattr(API, action)(*given)

    assert bots["one"].calls == [(action, sent)]


async def test_every_action_is_in_the_table():
    public = {name for name, _ in inspect.getmembers(API, inspect.isfunction)}

    assert public == {call[0] for call in CALLS} | {"call", "send_msg", "handle_quick_operation"}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"user_id": 1}, {"message_type": "private", "user_id": 1}),
        ({"group_id": 2}, {"message_type": "group", "group_id": 2}),
        ({"group_id": 2, "user_id": 1}, {"message_type": "group", "group_id": 2, "user_id": 1}),
        (
            {"group_id": 2, "user_id": 1, "message_type": "private"},
            {"message_type": "private", "group_id": 2, "user_id": 1},
        ),
    ],
    ids=str,
)
async def test_send_msg_goes_to_the_group_if_there_is_one(bots, given, sent):
    await API.send_msg("hi", **given)

    assert bots["one"].calls == [("send_msg", {**sent, "message": MessageChain("hi")})]


async def test_a_quick_operation_has_its_hidden_name(bots):
    await API.handle_quick_operation({"post_type": "request"}, {"approve": True})

    assert bots["one"].calls[0][0] == ".handle_quick_operation"


@pytest.mark.parametrize(
    ("action", "given", "nothing"),
    [
        ("send_private_msg", (1, "hi"), None),
        ("get_msg", (1,), {}),
        ("get_group_list", (), []),
        ("get_friend_list", (), []),
        ("get_status", (), {}),
        ("can_send_image", (), False),
    ],
)
@pytest.mark.parametrize("answer", [None, {}, [], 0, "ok"], ids=repr)
async def test_an_answer_without_content_is_an_empty_one(bots, answer, action, given, nothing):
    bots["one"].answer = answer

    assert await getattr(API, action)(*given) == nothing


async def test_a_sent_message_gives_its_id_as_text(bots):
    bots["one"].answer = {"message_id": -7}

    assert await API.send_group_msg(1, "hi") == "-7"


async def test_the_bot_of_the_current_event_is_asked_as_its_account(bots, event):
    await API.get_status()

    assert bots["two"].calls == [("get_status", {"self_id": "99"})]


@pytest.mark.parametrize("by", ["id", "instance"])
async def test_a_named_bot_is_asked(bots, event, by):
    await API.get_status(bot="one" if by == "id" else bots["one"])

    assert bots["one"].calls == [("get_status", {})]


async def test_any_other_action_can_be_called(bots):
    bots["one"].answer = "answer"

    assert await API.call("group_poke", user_id=1, group_id=None) == "answer"
    assert bots["one"].calls == [("group_poke", {"user_id": 1})]


async def test_a_bot_that_does_not_run_is_named_with_those_that_do(bots):
    with pytest.raises(UsageError, match=r"'three'.*'one', 'two'"):
        await API.get_status(bot="three")


@pytest.mark.parametrize("error", [NotImplementedError("no"), APIException(5, "no"), TimeoutError("no")], ids=repr)
async def test_what_the_adapter_raises_reaches_the_caller(bots, error):
    bots["one"].answer = error

    with pytest.raises(type(error)) as raised:
        await API.get_status()
    assert raised.value is error


def test_a_bot_is_selected_by_the_event_or_is_the_first(bots, event):
    assert select_bot() is select_bot(SS.DEFAULT) is bots["two"]

    current_event.set(None)
    assert select_bot() is bots["one"]


def test_no_other_bot_speaks_for_one_that_runs_no_more(bots, event):
    del bots["two"]

    with pytest.raises(UsageError, match="no bot 'two' is running; running: 'one'"):
        select_bot()


def test_without_any_bot_there_is_none_to_select(bots):
    bots.clear()

    with pytest.raises(UsageError, match="no bot is running"):
        select_bot()


def test_no_bot_runs_before_it_is_started():
    assert adapters == {}


# --- what events ask of their bot --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "action", "sent"),
    [
        (lambda event: event.send("x"), "send_group_msg", {"group_id": "2", "message": MessageChain("x")}),
        (
            lambda event: event.reply("x"),
            "send_group_msg",
            {"group_id": "2", "message": MessageChain([Reply(id="5"), Text(text="x")])},
        ),
        (lambda event: event.delete(), "delete_msg", {"message_id": "5"}),
        (lambda event: event.ban(60), "set_group_ban", {"group_id": "2", "user_id": "1", "duration": 60}),
        (lambda event: event.kick(), "set_group_kick", {"group_id": "2", "user_id": "1"}),
        (lambda event: event.poke(), "group_poke", {"group_id": "2", "user_id": "1"}),
    ],
    ids=["send", "reply", "delete", "ban", "kick", "poke"],
)
async def test_an_event_asks_the_bot_that_received_it(bots, event, ask, action, sent):
    await ask(event)

    assert bots["two"].calls == [(action, {"self_id": "99", **sent})]
    assert bots["one"].calls == []


async def test_a_private_message_is_answered_and_poked_in_private(bots):
    event = Message(platform="QQ", self_id="99", user_id="1", message="hi", event_type="private")
    event.bind(port_for(bots["two"]))

    await event.send("x")
    await event.poke()

    assert bots["two"].calls == [
        ("send_private_msg", {"self_id": "99", "user_id": "1", "message": MessageChain("x")}),
        ("friend_poke", {"self_id": "99", "user_id": "1"}),
    ]


@pytest.mark.parametrize(
    ("fields", "action", "sent"),
    [
        ({"event_type": "friend"}, "set_friend_add_request", {"remark": "m"}),
        ({"event_type": "group", "sub_type": "add"}, "set_group_add_request", {"sub_type": "add", "reason": "r"}),
        ({"event_type": "group", "sub_type": "invite"}, "set_group_add_request", {"sub_type": "invite", "reason": "r"}),
    ],
    ids=["friend", "add", "invite"],
)
async def test_a_request_is_answered_by_its_kind(bots, fields, action, sent):
    request = Request(self_id="99", flag="f", **fields)
    request.bind(port_for(bots["two"]))

    await request.process(approve=True, remark="m", reason="r")

    assert bots["two"].calls == [(action, {"self_id": "99", "flag": "f", "approve": True, **sent})]
