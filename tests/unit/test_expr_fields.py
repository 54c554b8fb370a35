"""Fields of conditions: what each is worth for an event, and what of a message counts as prefix and command."""

from __future__ import annotations

import asyncio
import sys

import pytest

from core.config import cfg
from core.context import Module, entered
from core.expr import PM, Or, evaluate, fetch, set_validator
from core.expr.facts import Facts, limits
from core.expr.limit import RateLimit
from core.expr.sight import Sight
from core.expr.text import MessageText
from models.api import External, Message, MetaEvent, Notice, Request
from models.core import Group, User
from models.msg import At, Image, MessageChain, Reply, Text


@pytest.fixture(autouse=True)
def configure():
    cfg.load(values={}, environ={})
    yield lambda **aha: cfg.load(values={"aha": aha}, environ={})
    cfg.reset()


def value(field, event):
    return field.__node__.value(Sight(event).look(PM.platform.__node__)[1])


GROUP = Message(
    message=["a ", Image(file="f"), "b"],
    group_id="7",
    user_id="5",
    platform="QQ",
    bot_id="main",
    sub_type="normal",
    sender={"role": "owner"},
)
PRIVATE = Message(message="a", user_id="5", platform="QQ", sender={"role": "member"})
NOTICE = Notice(event_type="notify", sub_type="poke", group_id="7", user_id="5", platform="QQ")

VALUES = {
    "message": (PM.message, GROUP, "a [Aha:image,file=f]b"),
    "message_chain": (PM.message_chain, GROUP, MessageChain(["a ", Image(file="f"), "b"])),
    "command": (PM.command, GROUP, ["a", Image(file="f"), "b"]),
    "type_ of a message": (PM.type_, GROUP, "group"),
    "sub_type": (PM.sub_type, GROUP, "normal"),
    "notice": (PM.notice, NOTICE, "notify"),
    "sub_type of a notice": (PM.sub_type, NOTICE, "poke"),
    "request": (PM.request, Request(event_type="friend"), "friend"),
    "meta": (PM.meta, MetaEvent(event_type="heartbeat"), "heartbeat"),
    "isgroup": (PM.isgroup, GROUP, True),
    "isgroup in private": (PM.isgroup, PRIVATE, False),
    "isgroup of a notice": (PM.isgroup, NOTICE, True),
    "isprivate": (PM.isprivate, PRIVATE, True),
    "isprivate in a group": (PM.isprivate, GROUP, False),
    "group": (PM.group, GROUP, Group("QQ", "7")),
    "group in private": (PM.group, PRIVATE, None),
    "user": (PM.user, GROUP, User("QQ", "5")),
    "user of a notice": (PM.user, NOTICE, User("QQ", "5")),
    "platform": (PM.platform, GROUP, "QQ"),
    "bot": (PM.bot, GROUP, "main"),
    "prefix, none configured": (PM.prefix, GROUP, True),
    "admin": (PM.admin, GROUP, True),
    "admin, a member": (PM.admin, PRIVATE, False),
    "super, none configured": (PM.super, GROUP, False),
    "validated, no validator": (PM.validated, GROUP, True),
    "limit, none configured": (PM.limit, GROUP, True),
}


@pytest.mark.parametrize(("field", "event", "expected"), VALUES.values(), ids=VALUES)
def test_a_field_is_worth_what_the_event_says(field, event, expected):
    assert value(field, event) == expected


@pytest.mark.parametrize("field", [PM.message, PM.command, PM.prefix, PM.admin], ids=repr)
def test_a_field_that_the_event_does_not_have_is_an_error(field):
    with pytest.raises(AttributeError):
        value(field, NOTICE)


def test_an_external_event_has_a_type_and_no_user():
    assert value(PM.type_, External(key="k")) == ""
    with pytest.raises(AttributeError):
        value(PM.user, External(key="k"))


# --- super, uid, gid, validated -------------------------------------------------------------------------------------


@pytest.fixture
def aha_ids(monkeypatch):
    """Let user "5" be 50 and group "7" be 70, and keep the look-ups in a list."""
    asked = []

    async def user2aha_id(platform, user_id):
        asked.append((platform, user_id))
        return int(user_id) * 10

    monkeypatch.setattr(fetch, "user2aha_id", user2aha_id)
    monkeypatch.setattr(fetch, "group2aha_id", user2aha_id)
    return asked


@pytest.mark.parametrize(("supers", "expected"), [(["QQ:5"], True), (["QQ:6"], False), ([50], True), ([51], False)])
async def test_super_users_are_listed_by_platform_and_id_or_by_aha_id(configure, aha_ids, supers, expected):
    configure(super=supers)
    assert await evaluate(GROUP, PM.super) is expected
    assert len(aha_ids) == isinstance(supers[0], int)


@pytest.mark.parametrize(
    ("condition", "event", "expected"),
    [
        (PM.uid == 50, GROUP, True),
        (PM.gid == 70, GROUP, True),
        (PM.gid == None, PRIVATE, True),  # noqa: E711
        (PM.uid == 50, Notice(), False),
        (PM.uid.in_([1]) | (PM.message == "a"), PRIVATE, True),
    ],
    ids=repr,
)
async def test_aha_ids_are_fetched_for_a_condition_that_asks(aha_ids, condition, event, expected):
    assert await evaluate(event, condition) is expected


@pytest.mark.parametrize("fault", [lambda said: 1 / 0, lambda said: sys.exit()], ids=["error", "exit"])
async def test_a_condition_whose_function_fails_does_not_hold(fault):
    assert not await evaluate(GROUP, PM.message.applyto(fault))
    assert await evaluate(GROUP, Or(PM.message.applyto(fault), PM.isgroup))


async def may(_):
    return False


WAITING = {
    "applyto": PM.message.applyto(lambda said: may(said)),
    "filter": PM.command.filter(lambda word: may(word)),
    "a call": PM.message.applyto(lambda _: may)("a"),
}


@pytest.mark.parametrize("condition", WAITING.values(), ids=WAITING)
async def test_what_has_to_be_waited_for_does_not_count_as_true(condition):
    with pytest.warns(RuntimeWarning, match="never awaited"):
        assert not await evaluate(GROUP, condition)


async def test_nothing_is_fetched_for_a_condition_that_does_not_ask(aha_ids):
    assert await evaluate(GROUP, PM.user == User("QQ", "5"), PM.super == False)  # noqa: E712
    assert aha_ids == []


async def test_an_aha_id_that_cannot_be_had_makes_the_condition_false_and_is_logged(monkeypatch, caplog):
    async def fails(*_):
        raise OSError("the database is gone")

    monkeypatch.setattr(fetch, "user2aha_id", fails)
    assert not await evaluate(GROUP, ~(PM.uid == 1))
    assert "PM.uid is unknown" in caplog.text


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize("asynchronous", [True, False])
async def test_the_validator_decides_what_is_validated_until_its_module_goes(answer, asynchronous):
    async def later(event):
        return answer

    module = Module("demo")
    with entered(module):
        set_validator(later if asynchronous else lambda event: answer)
    assert await evaluate(GROUP, PM.validated) is answer
    module.drop()
    assert await evaluate(GROUP, PM.validated)


async def cancelled(event):
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await task


@pytest.mark.parametrize(
    "fault", [lambda event: 1 / 0, lambda event: sys.exit(), cancelled], ids=["error", "exit", "what it waits for"]
)
async def test_an_event_is_not_validated_if_the_validator_fails(caplog, fault):
    module = Module("demo")
    with entered(module):
        set_validator(fault)
    assert not await evaluate(GROUP, PM.validated)
    assert "PM.validated is unknown" in caplog.text
    module.drop()


async def test_an_evaluation_that_is_cancelled_while_it_waits_for_the_validator_ends():
    begun = asyncio.Event()

    async def waits(event):
        begun.set()
        await asyncio.Event().wait()

    module = Module("demo")
    with entered(module):
        set_validator(waits)
    asking = asyncio.create_task(evaluate(GROUP, PM.validated))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    module.drop()


# --- the rate limit -------------------------------------------------------------------------------------------------


def test_a_user_is_limited_to_so_many_messages_in_so_many_seconds():
    limit = RateLimit()
    times = [0, 1, 2, 9, 10, 11, 12]
    admitted = [limit.admits("u", most=2, seconds=10, now=now) for now in times]
    assert admitted == [True, True, False, False, True, True, False]


def test_users_are_limited_each_for_themselves():
    limit = RateLimit()
    assert [limit.admits(user, most=1, seconds=10, now=0) for user in "abab"] == [True, True, False, False]


def test_those_whose_time_is_over_are_forgotten():
    limit = RateLimit()
    for user in range(5_000):
        limit.admits(user, most=1, seconds=10, now=user)
    assert len(limit._admitted) < 1_100


def test_an_event_counts_once_however_often_it_is_asked(configure):
    configure(limit={"messages": 1, "seconds": 60.0})
    limits.__init__()
    facts = Facts(PRIVATE)
    assert facts.limit
    assert facts.limit
    assert not Facts(PRIVATE).limit


# --- prefix and command ---------------------------------------------------------------------------------------------

ME, OTHER = At(user_id="1"), At(user_id="2")
# what was sent, configured prefixes, whether it has the prefix, what is left
PREFIXES = {
    "none configured": ("ping", (), True, "ping"),
    "none configured, spaces stay": (" ping", (), True, " ping"),
    "none configured, mention goes": ([ME, " ping"], (), True, "ping"),
    "there": ("/ping", ("/",), True, "ping"),
    "there, and space": ("/ ping", ("/",), True, "ping"),
    "missing": ("ping", ("/",), False, "ping"),
    "the longest of several": ("!!ping", ("!", "!!"), True, "ping"),
    "mention": ([ME, " ping"], ("/",), True, "ping"),
    "mention and prefix": ([ME, " /ping"], ("/",), True, "ping"),
    "mention alone": ([ME], ("/",), True, []),
    "mention and space": ([ME, " "], ("/",), True, []),
    "mention of another": ([OTHER, "ping"], ("/",), False, [OTHER, "ping"]),
    "mention elsewhere stays": (["ping ", ME], ("/",), True, ["ping ", ME]),
    "after a quote": ([Reply(id="9"), "/ping"], ("/",), True, [Reply(id="9"), "ping"]),
    "mention after a quote": ([Reply(id="9"), ME, "ping"], ("/",), True, [Reply(id="9"), "ping"]),
    "before a segment": (["/", Image(file="f")], ("/",), True, [Image(file="f")]),
    "the prefix alone": ("/", ("/",), True, []),
    "empty message": ([], ("/",), False, []),
}


@pytest.mark.parametrize(("sent", "prefixes", "has", "left"), PREFIXES.values(), ids=PREFIXES)
def test_the_prefix_is_a_mention_at_the_head_or_a_configured_text(sent, prefixes, has, left):
    original = MessageChain(sent)
    text = MessageText(original, prefixes=prefixes, self_id="1")
    assert (text.prefix, text.message_chain) == (has, MessageChain(left))
    assert original == MessageChain(sent)


COMMANDS = {
    "words": ("a b  c ", ["a", "b", "c"]),
    "nothing": ("  ", []),
    "a tab is no space": ("a\tb", ["a\tb"]),
    "a line break stays with the last word": ("echo a b\nc d\ne", ["echo", "a", "b\nc d\ne"]),
    "a line break at the end goes": ("get a\r\n", ["get", "a"]),
    "a text that begins with a line break": ("\na b", ["a b"]),
    "text segments side by side are one text": ([Text(text="a"), Text(text="b c")], ["ab", "c"]),
    "segments are words": (["a", Image(file="f"), "b c", ME], ["a", Image(file="f"), "b", "c", ME]),
}


@pytest.mark.parametrize(("sent", "words"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_is_split_on_spaces(sent, words):
    assert MessageText(MessageChain(sent), prefixes=(), self_id="1").command == words


def test_a_long_message_is_split_too():
    assert len(MessageText(MessageChain("ab " * 50_000), prefixes=(), self_id="1").command) == 50_000


def test_a_command_of_one_text_segment_is_of_str():
    assert MessageText(MessageChain(Text(text="a")), prefixes=(), self_id="1").command == ["a"]
