"""From an event to the callbacks that it is for, and what these see of it."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import time

import pytest

from core.config import cfg
from core.context import Module, current_event, current_module, entered
from core.database import close_database, open_database
from core.dispatcher import (
    dispatcher,
    on_external,
    on_message,
    on_meta,
    on_notice,
    on_request,
    process_external,
    process_message,
)
from core.expr import PM, Pcommand, Pisprivate, Plimit, Pmsg, Puid, Puser, fetch
from core.expr.facts import limits
from core.identity import user2aha_id
from core.migration.start import expand
from models.api import External, Message, MetaEvent, Notice, Request
from models.core import User
from models.exc import EventNotBound, UsageError
from models.msg import At, Image, MessageChain, Text


@pytest.fixture(autouse=True)
def module():
    cfg.load(values={}, environ={})
    module = Module("demo")
    with entered(module):
        yield module
    module.drop()
    cfg.reset()
    limits.__init__()


@pytest.fixture
def calls():
    return []


def message(said="ping", **fields):
    return Message(**{"message": said, "user_id": "5", "platform": "QQ", **fields})


async def say(said="ping", **fields):
    await dispatcher.feed(message(said, **fields))


# --- which callbacks ------------------------------------------------------------------------------------------------


async def test_every_callback_whose_condition_holds_is_called_in_the_order_of_registration(calls):
    for name, condition in {"a": "ping", "b": "pong", "c": ["ping"], "d": Pmsg.prefixof("p"), "e": None}.items():

        async def callback(name=name):
            calls.append(name)

        on_message(condition, callback=callback)
    await say("ping")
    assert calls == ["a", "c", "d", "e"]


async def test_nothing_happens_for_an_event_that_no_callback_is_for():
    assert dispatcher.feed(message()).done()


EVENTS = {
    "notice": (on_notice("notify", "poke"), Notice(event_type="notify", sub_type="poke"), Notice(event_type="notify")),
    "request": (on_request("friend"), Request(event_type="friend"), Request(event_type="group")),
    "meta": (on_meta("heartbeat"), MetaEvent(event_type="heartbeat"), MetaEvent(event_type="lifecycle")),
    "external": (on_external("a"), External(key="a"), External(key="b")),
    "message": (on_message("a"), Message(message="a"), Notice(event_type="a")),
}


@pytest.mark.parametrize(("decorator", "meant", "other"), EVENTS.values(), ids=EVENTS)
async def test_callbacks_are_called_for_their_kind_of_event(calls, decorator, meant, other):
    @decorator
    async def callback(event):
        calls.append(event)

    await dispatcher.feed(meant)
    await dispatcher.feed(other)
    assert calls == [meant]


@pytest.mark.parametrize(
    "condition", [Pmsg.search("x")[0] == "x", Pmsg.applyto(lambda _: sys.exit())], ids=["error", "exit"]
)
async def test_a_condition_that_raises_counts_as_false_and_is_logged_in_debug(calls, caplog, condition):
    caplog.set_level(logging.DEBUG)

    async def callback():
        calls.append(1)

    on_message(condition, callback=callback)
    on_message(Pmsg == "ping", callback=callback)
    await say()
    assert calls == [1]
    assert "the condition of" in caplog.text


async def test_functions_in_conditions_run_as_code_of_the_module(calls, module):
    async def callback():
        pass

    def note(value):
        calls.append(current_module.get())
        return value

    on_message(Pmsg.applyto(note) == "ping", pre_hook=note, callback=callback)
    with entered(None):
        await say()
        assert current_module.get() is None
    assert calls == [module, module]


async def test_debug_logs_what_a_condition_found(caplog):
    caplog.set_level(logging.INFO)

    async def callback():
        pass

    on_message(Pcommand == ["set", str], debug=True, callback=callback)
    await say("set a\nb")
    await say("pong")
    lines = [record.getMessage() for record in caplog.records]
    assert "is True for 'set a\\nb'" in lines[0]
    assert "args=['a\\nb']" in lines[0]
    assert "is False for 'pong'" in lines[1]


# --- what a callback sees -------------------------------------------------------------------------------------------


async def test_arguments_come_by_name(calls):
    @on_message(["set", Text, int], Pmsg.search("e(.)"))
    async def callback(event: Message, match_: re.Match, args, localizer):
        calls.append((event.message_str, match_[1], args, localizer("key")))

    await say("set a 5")
    assert calls == [("set a 5", "t", ["a", 5], "key")]


async def test_arguments_that_no_condition_found_are_empty(calls):
    @on_message()
    async def callback(match_, args):
        calls.append((match_, args))

    await say()
    assert calls == [(None, [])]


async def test_each_callback_changes_a_copy_of_its_own(calls):
    @on_message(Pcommand.prefixof(["a"]))
    @on_message(Pcommand.prefixof(["a"]))
    async def callback(event, args):
        calls.append((event.message_str, list(args)))
        event.message.clear()
        args.clear()

    original = message(["a ", Image(file="f")])
    await dispatcher.feed(original)
    assert calls == [("a [Aha:image,file=f]", [Image(file="f")])] * 2
    assert original == message(["a ", Image(file="f")])


async def test_a_callback_runs_as_code_of_its_module_and_for_its_event(calls, module):
    @on_message()
    async def callback(event):
        await asyncio.sleep(0)
        calls.append((current_module.get(), current_event.get() is event))

    with entered(None):
        await say()
    assert calls == [(module, True)]
    assert current_event.get() is None


async def test_the_pre_hook_maps_the_chain_for_conditions_and_callback(calls):
    @on_message(pre_hook=lambda chain: chain.filter(Image))
    async def callback(event: Message[Image]):
        calls.append(event.message)

    @on_message("see")
    async def other(event):
        calls.append(event.message_str)

    await say(["see", Image(file="f")])
    await say("see")
    assert calls == [MessageChain([Image(file="f")]), "see"]


async def test_the_pre_hook_maps_once_for_all_callbacks_that_share_it(calls):
    def hook(chain):
        calls.append(str(chain))
        return chain

    async def callback():
        pass

    on_message("a", pre_hook=hook, callback=callback)
    on_message("b", pre_hook=hook, callback=callback)
    await say()
    assert calls == ["ping"]


async def test_the_message_of_the_event_keeps_its_prefix(calls):
    cfg.set("aha.global_msg_prefix", "/")

    @on_message("ping", PM.prefix)
    async def callback(event):
        calls.append(event.message_str)

    await say("/ping")
    await say("ping")
    assert calls == ["/ping"]


async def test_a_mention_of_the_bot_stands_for_the_prefix(calls):
    cfg.set("aha.global_msg_prefix", "/")

    @on_message("ping", PM.prefix)
    async def callback(event):
        calls.append(event.message)

    await say([At(user_id="1"), " ping"], self_id="1")
    assert calls == [MessageChain([At(user_id="1"), " ping"])]


# --- one-shots ------------------------------------------------------------------------------------------------------


async def test_a_one_shot_is_called_once_even_for_two_events_at_the_same_time(calls, module):
    async def callback():
        await asyncio.sleep(0)
        calls.append(1)

    on_message("ping", exp=60, callback=callback)
    await asyncio.gather(dispatcher.feed(message()), dispatcher.feed(message()))
    assert calls == [1]
    assert module.callbacks == []


async def test_a_one_shot_that_waits_for_an_aha_id_is_called_once(calls, monkeypatch):
    async def user2aha_id(*_):
        await asyncio.sleep(0)
        return 1

    async def callback():
        calls.append(1)

    monkeypatch.setattr(fetch, "user2aha_id", user2aha_id)
    on_message(Puid == 1, exp=60, callback=callback)
    await asyncio.gather(dispatcher.feed(message()), dispatcher.feed(message()))
    assert calls == [1]


@pytest.mark.parametrize("exp", [-1, 0, 1e9, time.time() - 1], ids=["negative", "zero", "long ago", "just now"])
async def test_a_one_shot_that_has_expired_is_not_called_and_leaves_nothing(calls, module, exp):
    async def callback():
        calls.append(1)

    on_message("ping", exp=exp, callback=callback)
    on_message("ping", exp=time.time() + 60, callback=callback)
    await say("something else")
    assert [each.expires > time.time() for each in module.callbacks] == [True]
    await say()
    assert calls == [1]


async def test_a_one_shot_registered_by_a_callback_is_of_its_module_and_waits_for_the_next_event(calls, module):
    async def second():
        calls.append("second")

    @on_message("ping")
    async def first(event):
        on_message("ping", Puser == event.user, exp=60, callback=second)
        calls.append("first")

    with entered(None):
        await say()
        assert [each.module for each in module.callbacks] == [module, module]
        await say(user_id="6")
        await say()
    assert sorted(calls) == ["first", "first", "first", "second"]


# --- errors and tasks -----------------------------------------------------------------------------------------------


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


# --- default conditions ---------------------------------------------------------------------------------------------

DENIED = {"default_user_list": ["QQ:5"]}
ALLOWED = {"default_user_list": ["QQ:6"], "default_user_list_mode": "whitelist"}
GROUP_DENIED = {"default_group_list": ["QQ:7"]}
GROUP_ALLOWED = {"default_group_list": ["QQ:8"], "default_group_list_mode": "whitelist"}
# what is configured, where it is said, whether user 5 is answered
DEFAULTS = {
    "nothing configured": ({}, None, True),
    "user denied": (DENIED, None, False),
    "user not allowed": (ALLOWED, None, False),
    "another user denied": ({"default_user_list": ["QQ:6"]}, None, True),
    "user allowed": ({**ALLOWED, "default_user_list": ["QQ:5"]}, None, True),
    "user on another platform denied": ({"default_user_list": ["WX:5"]}, None, True),
    "user denied by Aha ID": ({"default_user_list": [50]}, None, False),
    "user allowed by Aha ID": ({**ALLOWED, "default_user_list": [50]}, None, True),
    "group denied": (GROUP_DENIED, "7", False),
    "group not allowed": (GROUP_ALLOWED, "7", False),
    "group denied by Aha ID": ({"default_group_list": [70]}, "7", False),
    "groups do not matter in private": (GROUP_ALLOWED, None, True),
    "private not allowed": ({"private": False}, None, False),
    "private not allowed, in a group": ({"private": False}, "7", True),
}


@pytest.fixture
def aha_ids(monkeypatch):
    async def aha_id(platform, id_):
        return int(id_) * 10

    monkeypatch.setattr(fetch, "user2aha_id", aha_id)
    monkeypatch.setattr(fetch, "group2aha_id", aha_id)


@pytest.mark.parametrize(("aha", "group", "answered"), DEFAULTS.values(), ids=DEFAULTS)
async def test_the_owner_says_who_is_answered(calls, aha_ids, aha, group, answered):
    cfg.load(values={"aha": aha}, environ={})

    @on_message("ping")
    async def callback():
        calls.append(1)

    await say(group_id=group)
    assert calls == [1] * answered


@pytest.mark.parametrize(
    ("aha", "mention"),
    [
        (DENIED, Puser != None),  # noqa: E711
        (ALLOWED, Puid == 50),
        ({"private": False}, Pisprivate),
        ({"limit": 1}, Plimit.in_([True, False])),
    ],
    ids=["user", "uid", "isprivate", "limit"],
)
async def test_a_callback_that_mentions_the_field_decides_for_itself(calls, aha_ids, aha, mention):
    cfg.load(values={"aha": aha}, environ={})

    @on_message("ping", mention)
    async def callback():
        calls.append(1)

    await say()
    await say()
    assert calls == [1, 1]


async def test_a_module_may_have_lists_of_its_own(calls, module):
    cfg.load(values={"modules": {"demo": {"user_list": ["QQ:5"]}}}, environ={})

    async def callback():
        calls.append(current_module.get().name)

    on_message("ping", callback=callback)
    other = Module("other")
    with entered(other):
        on_message("ping", callback=callback)
    await say()
    other.drop()
    assert calls == ["other"]


async def test_what_the_owner_changes_counts_at_once(calls):
    @on_message("ping")
    async def callback():
        calls.append(1)

    await say()
    cfg.set("aha.default_user_list", ["QQ:5"])
    await say()
    assert calls == [1]


async def test_a_user_is_answered_so_often(calls):
    cfg.load(values={"aha": {"limit": {"messages": 2, "seconds": 60.0}}}, environ={})

    @on_message("ping")
    @on_message("ping")
    async def callback(event):
        calls.append(event.user_id)

    for user in "55566":
        await say(user_id=user)
        await say("not for a callback", user_id=user)
    assert calls == ["5"] * 4 + ["6"] * 4


async def test_an_aha_id_that_cannot_be_had_denies(calls, monkeypatch, caplog):
    async def fails(*_):
        raise OSError

    monkeypatch.setattr(fetch, "user2aha_id", fails)
    cfg.load(values={"aha": {"default_user_list": [1]}}, environ={})

    @on_message("ping")
    async def guarded():
        calls.append("guarded")

    @on_message("ping", Puser != None)  # noqa: E711
    async def free():
        calls.append("free")

    await say()
    assert calls == ["free"]


async def test_no_default_conditions_for_meta_events(calls):
    cfg.load(values={"aha": {"private": False, **ALLOWED}}, environ={})

    @on_meta()
    async def callback():
        calls.append(1)

    await dispatcher.feed(MetaEvent())
    assert calls == [1]


async def test_lists_count_for_notices_and_requests_and_private_does_not(calls):
    cfg.load(values={"aha": {"private": False, **DENIED}}, environ={})

    @on_notice()
    @on_request()
    async def callback(event):
        calls.append(event.user_id)

    for kind in (Notice, Request):
        await dispatcher.feed(kind(platform="QQ", user_id="5"))
        await dispatcher.feed(kind(platform="QQ", user_id="6"))
    assert calls == ["6", "6"]


async def test_a_condition_on_the_aha_id_asks_the_database(calls, sqlite_url):
    await open_database(sqlite_url)
    await expand([])

    @on_message(Puid == await user2aha_id("QQ", "5"))
    async def callback(event):
        calls.append(event.user_id)

    await say(user_id="5")
    await say(user_id="6")
    await close_database()
    assert calls == ["5"]


# --- events that do not come from an adapter ------------------------------------------------------------------------


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
