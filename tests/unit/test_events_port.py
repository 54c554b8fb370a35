"""What an event asks of the bot that brought it: answers in every form, and what moderators do."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any

import pytest

from models.api import Message, Notice, Request
from models.exc import EventNotBound
from models.msg import At, Image, MessageChain, MsgSeg, MsgSeq, Reply


class Recorder:
    """A port that notes what it is asked for and answers what it is told to."""

    def __init__(self, answer: Any = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answer = answer

    def __getattr__(self, name: str) -> Any:
        async def note(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, *args, *kwargs.items()))
            return self.answer

        return note


@pytest.fixture
def port() -> Recorder:
    return Recorder("77")


@pytest.fixture
def event(port: Recorder) -> Message:
    event = Message(platform="QQ", user_id=1, group_id=2, message_id=3, message="hi")
    event.bind(port)
    return event


async def coming(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


class Row:
    def __repr__(self) -> str:
        return "Test(user=1, data='hello')"


ANSWERS = [
    pytest.param("a", MsgSeq("a"), id="str"),
    pytest.param("[Aha:at,user_id=1]", MsgSeq("[Aha:at,user_id=1]"), id="a str is no code"),
    pytest.param(At(user_id=5), MsgSeq(At(user_id=5)), id="segment"),
    pytest.param(["a", At(user_id=5)], MsgSeq("a", At(user_id=5)), id="list"),
    pytest.param(MsgSeq("a", "b"), MsgSeq("a", "b"), id="chain"),
    pytest.param(None, MsgSeq("None"), id="None"),
    pytest.param(5, MsgSeq("5"), id="number"),
    pytest.param(Row(), MsgSeq("Test(user=1, data='hello')"), id="row"),
]


@pytest.mark.parametrize(("value", "chain"), ANSWERS)
@pytest.mark.parametrize("wrap", [lambda value: value, coming], ids=["as it is", "awaitable"])
async def test_send_takes(event: Message, port: Recorder, value: Any, chain: MessageChain, wrap: Any) -> None:
    assert await event.send(wrap(value)) == "77"
    assert port.calls == [("send", event, chain)]


async def test_send_takes_any_kind_of_awaitable(event: Message, port: Recorder) -> None:
    await event.send(asyncio.ensure_future(coming("a")))
    assert port.calls == [("send", event, MsgSeq("a"))]


@pytest.mark.parametrize(
    ("method", "options", "chain"),
    [
        pytest.param("send", {}, MsgSeq("a"), id="send"),
        pytest.param("send", {"at": True}, MsgSeq(At(user_id="1"), "a"), id="with a mention"),
        pytest.param("send", {"image": "x.png"}, MsgSeq("a", Image(file="x.png")), id="with an image"),
        pytest.param(
            "send", {"image": Image(file_id="9")}, MsgSeq("a", Image(file_id="9")), id="with an image segment"
        ),
        pytest.param("reply", {}, MsgSeq(Reply(id="3"), "a"), id="reply"),
        pytest.param(
            "reply",
            {"at": True, "image": b"\x00"},
            MsgSeq(Reply(id="3"), At(user_id="1"), "a", Image(file="base64://AA==")),
            id="reply with everything",
        ),
    ],
)
async def test_what_comes_before_and_after(
    event: Message, port: Recorder, method: str, options: dict[str, Any], chain: list[MsgSeg]
) -> None:
    assert await getattr(event, method)("a", **options) == "77"
    assert port.calls == [("send", event, chain)]


async def test_a_message_without_an_id_is_answered_without_quoting(event: Message, port: Recorder) -> None:
    event.message_id = None
    await event.reply("a")
    assert port.calls == [("send", event, MsgSeq("a"))]


async def test_the_chain_that_was_given_stays_as_it_is(event: Message) -> None:
    answer = MsgSeq("a")
    await event.reply(answer, at=True, image="x")
    assert answer == MsgSeq("a")


async def test_an_error_of_the_awaitable_reaches_the_caller(event: Message, port: Recorder) -> None:
    async def failing() -> str:
        raise LookupError("no such row")

    with pytest.raises(LookupError, match="no such row"):
        await event.reply(failing())
    assert port.calls == []


@pytest.mark.parametrize("method", ["send", "reply"])
async def test_an_unbound_event_says_so_and_leaves_nothing_unawaited(method: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        with pytest.raises(EventNotBound, match="came from no adapter"):
            await getattr(Message(), method)(coming("a"))
        gc.collect()
    assert caught == []


@pytest.mark.parametrize(
    ("method", "args", "call"),
    [
        pytest.param("delete", (), ("delete",), id="delete"),
        pytest.param("ban", (60,), ("ban", 60), id="ban"),
        pytest.param("kick", (), ("kick",), id="kick"),
        pytest.param("poke", (), ("poke",), id="poke"),
    ],
)
async def test_a_message_asks_its_port_to(
    event: Message, port: Recorder, method: str, args: tuple[Any, ...], call: tuple[Any, ...]
) -> None:
    await getattr(event, method)(*args)
    assert port.calls == [(call[0], event, *call[1:])]
    with pytest.raises(EventNotBound):
        await getattr(Message(), method)(*args)


@pytest.mark.parametrize(
    ("ask", "approve", "remark", "reason"),
    [
        pytest.param(lambda request: request.process(approve=True), True, None, None, id="process"),
        pytest.param(lambda request: request.process(approve=False, reason="full"), False, None, "full", id="refuse"),
        pytest.param(lambda request: request.approve(), True, None, None, id="approve"),
        pytest.param(lambda request: request.approve(remark="Bob"), True, "Bob", None, id="approve with a remark"),
        pytest.param(
            lambda request: request.approve(approve=False, reason="full"), False, None, "full", id="approve not"
        ),
    ],
)
async def test_a_request_is_answered(
    port: Recorder, ask: Any, approve: bool, remark: str | None, reason: str | None
) -> None:
    request = Request(event_type="friend", user_id=1, flag="f")
    request.bind(port)
    await ask(request)
    assert port.calls == [("process", request, approve, ("remark", remark), ("reason", reason))]


async def test_aha_ids_are_asked_of_the_port() -> None:
    port = Recorder(-5)
    event = Message(platform="QQ", user_id=1, group_id=2)
    event.bind(port)
    assert (await event.user_aha_id(), await event.group_aha_id()) == (-5, -5)
    assert port.calls == [("user_aha_id", "QQ", "1"), ("group_aha_id", "QQ", "2")]


async def test_nobody_has_no_aha_id() -> None:
    assert await Message(user_id=1).group_aha_id() is None
    assert await Notice().user_aha_id() is None


def test_a_port_can_be_taken_back(event: Message) -> None:
    event.bind(None)
    with pytest.raises(EventNotBound, match="this Message"):
        _ = event.port
