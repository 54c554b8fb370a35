"""From an event to the callbacks that it is for, and what these see of it."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import TYPE_CHECKING

import pytest

from core.config import cfg
from core.context import current_event, current_module, entered
from core.dispatcher import dispatcher, on_external, on_message, on_meta, on_notice, on_request
from core.expr import PM, Pcommand, Pmsg, Puid, Puser, fetch
from models.api import External, Message, MetaEvent, Notice, Request
from models.msg import At, Image, MessageChain, Text
from tests.integration.dispatcher.messages import message, say

if TYPE_CHECKING:
    import re

pytestmark = pytest.mark.usefixtures("module")

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
