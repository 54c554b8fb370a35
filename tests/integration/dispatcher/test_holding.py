"""Events that wait while the code of modules is changed: none is lost, none is answered twice, nobody else notices."""

from __future__ import annotations

import asyncio

import pytest

from core.config import cfg
from core.context import entered
from core.dispatcher import dispatcher, holding, on_external, on_message, on_meta, on_notice, on_request
from models.api import External, Message, MetaEvent, Notice, Request
from models.exc import UsageError
from tests.integration.dispatcher.held import forget_callbacks, listens
from tests.integration.dispatcher.messages import message


async def test_held_modules_get_their_events_in_order_at_release(log):
    listens(log, log.demo)
    hold = dispatcher.hold([log.demo])
    futures = [dispatcher.feed(message(text)) for text in "abc"]
    await asyncio.sleep(0)
    assert log == []
    hold.release()
    futures.append(dispatcher.feed(message("d")))
    await asyncio.gather(*futures)
    assert log.heard_by(log.demo) == ["a", "b", "c", "d"]


async def test_other_modules_get_theirs_at_once(log):
    listens(log, log.demo)
    listens(log, log.other)
    hold = dispatcher.hold([log.demo])
    dispatcher.feed(message())
    await asyncio.sleep(0)
    assert log == [("other", "ping")]
    hold.release()
    await dispatcher.drain(5)
    assert log == [("other", "ping"), ("demo", "ping")]


async def test_callbacks_of_no_module_are_never_held(log):
    async def callback():
        log.append("framework")

    on_message(exp=60, callback=callback)
    hold = dispatcher.hold([log.demo])
    dispatcher.feed(message())
    await asyncio.sleep(0)
    assert log == ["framework"]
    hold.release()


async def test_the_future_ends_when_what_waited_has_ended_too(log):
    listens(log, log.demo)
    listens(log, log.other)
    hold = dispatcher.hold([log.demo])
    future = dispatcher.feed(message())
    await dispatcher.drain(5)
    assert log == [("other", "ping")]
    assert not future.done()
    hold.release()
    await future
    assert log.heard_by(log.demo) == ["ping"]


EVENTS = {
    "message": (on_message(), Message()),
    "notice": (on_notice(), Notice()),
    "request": (on_request(), Request()),
    "meta": (on_meta(), MetaEvent()),
    "external": (on_external("key"), External(key="key")),
}


@pytest.mark.parametrize(("decorator", "event"), EVENTS.values(), ids=EVENTS)
async def test_events_of_every_kind_wait(log, decorator, event):
    async def callback():
        log.append(1)

    with entered(log.demo):
        decorator(callback)
    hold = dispatcher.hold([log.demo])
    dispatcher.feed(event)
    await asyncio.sleep(0)
    assert log == []
    hold.release()
    await dispatcher.drain(5)
    assert log == [1]


async def test_what_waited_meets_the_callbacks_that_are_there_at_release(log):
    listens(log, log.demo, "old")
    hold = dispatcher.hold([log.demo])
    futures = [dispatcher.feed(message("old")), dispatcher.feed(message("new"))]
    forget_callbacks(log.demo)
    listens(log, log.demo, "new")
    hold.release()
    await asyncio.gather(*futures)
    assert log == [("demo", "new")]


async def test_a_module_without_callbacks_may_be_held_and_get_some(log):
    hold = dispatcher.hold([log.demo])
    future = dispatcher.feed(message())
    listens(log, log.demo)
    hold.release()
    await future
    assert log == [("demo", "ping")]


async def test_what_waited_for_a_module_that_is_gone_ends(log):
    listens(log, log.demo)
    hold = dispatcher.hold([log.demo])
    future = dispatcher.feed(message())
    log.demo.drop()
    hold.release()
    await future
    assert log == []


async def test_what_waited_is_seen_as_it_is_configured_at_release(log):
    listens(log, log.demo, "ping", exp=60)
    hold = dispatcher.hold([log.demo])
    futures = [dispatcher.feed(message("ping", user_id="6")), dispatcher.feed(message("ping"))]
    cfg.set("aha.default_user_list", ["QQ:6"])
    hold.release()
    await asyncio.gather(*futures)
    assert log == [("demo", "ping")]


async def test_a_message_that_waited_counts_once_for_the_rate_limit(log):
    cfg.load(values={"aha": {"limit": {"messages": 1, "seconds": 60.0}}}, environ={})
    listens(log, log.demo)
    listens(log, log.other)
    hold = dispatcher.hold([log.demo])
    future = dispatcher.feed(message())
    hold.release()
    await future
    assert sorted(log) == [("demo", "ping"), ("other", "ping")]


async def test_a_one_shot_is_called_for_the_first_event_that_waited(log):
    listens(log, log.demo, exp=60)
    hold = dispatcher.hold([log.demo])
    futures = [dispatcher.feed(message(text)) for text in "abc"]
    hold.release()
    await asyncio.gather(*futures)
    assert log == [("demo", "a")]


async def test_a_one_shot_that_has_expired_meanwhile_is_not_called(log, monkeypatch):
    listens(log, log.demo, exp=60)
    hold = dispatcher.hold([log.demo])
    future = dispatcher.feed(message())
    monkeypatch.setattr("core.dispatcher.registry.time", lambda: float("inf"))
    hold.release()
    await future
    assert log == []


async def test_release_once_more_is_harmless(log):
    listens(log, log.demo)
    hold = dispatcher.hold([log.demo])
    future = dispatcher.feed(message())
    hold.release()
    hold.release()
    await future
    assert log == [("demo", "ping")]


async def test_two_holds_know_nothing_of_each_other(log):
    listens(log, log.demo)
    listens(log, log.other)
    first, second = dispatcher.hold([log.demo]), dispatcher.hold([log.other])
    future = dispatcher.feed(message())
    second.release()
    await dispatcher.drain(5)
    assert log == [("other", "ping")]
    assert not future.done()
    first.release()
    await future
    assert log == [("other", "ping"), ("demo", "ping")]


async def test_a_module_that_is_added_gets_what_came_before_as_well(log):
    hold = dispatcher.hold([log.demo])
    dispatcher.feed(message("a"))
    listens(log, log.other)
    hold.add([log.demo, log.other])
    dispatcher.feed(message("b"))
    await asyncio.sleep(0)
    assert log == []
    hold.release()
    await dispatcher.drain(5)
    assert log.heard_by(log.other) == ["a", "b"]


async def test_a_module_is_held_once_at_a_time(log):
    hold = dispatcher.hold([log.demo])
    with pytest.raises(UsageError, match="module demo is held already"):
        dispatcher.hold([log.demo, log.other])
    other = dispatcher.hold([log.other])
    with pytest.raises(UsageError, match="module demo is held already"):
        other.add([log.demo])
    other.release()
    hold.release()
    dispatcher.hold([log.demo, log.other]).release()


async def test_only_so_many_wait_and_how_many_did_not_is_said_once(log, monkeypatch, caplog):
    monkeypatch.setattr(holding, "MOST_WAITING", 2)
    listens(log, log.demo)
    listens(log, log.other)
    hold = dispatcher.hold([log.demo])
    futures = [dispatcher.feed(message(text)) for text in "abcde"]
    hold.release()
    await asyncio.gather(*futures)
    assert log.heard_by(log.demo) == ["a", "b"]
    assert log.heard_by(log.other) == ["a", "b", "c", "d", "e"]
    (record,) = caplog.records
    said = "more than 2 events waited for module demo while its code was changed; not given to it: 3"
    assert record.getMessage() == said


async def test_what_cannot_be_dispatched_at_release_keeps_nothing_else_back(log, monkeypatch, caplog):
    listens(log, log.demo)
    hold = dispatcher.hold([log.demo])
    futures = [dispatcher.feed(message("broken")), dispatcher.feed(message("whole"))]
    candidates = dispatcher.registry.candidates

    def fails_once(sight):
        monkeypatch.setattr(dispatcher.registry, "candidates", candidates)
        raise ValueError

    monkeypatch.setattr(dispatcher.registry, "candidates", fails_once)
    hold.release()
    await asyncio.gather(*futures)
    assert log == [("demo", "whole")]
    assert "cannot dispatch" in caplog.text


async def test_after_stop_intake_nothing_waits_but_what_waits_is_delivered(log):
    listens(log, log.demo)
    hold = dispatcher.hold([log.demo])
    future = dispatcher.feed(message("in time"))
    dispatcher.stop_intake()
    try:
        assert dispatcher.feed(message("late")).done()
        hold.release()
        await future
    finally:
        dispatcher.open_intake()
    assert log == [("demo", "in time")]
