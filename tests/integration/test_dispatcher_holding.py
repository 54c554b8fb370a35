"""Events that wait while the code of modules is changed: none is lost, none is answered twice, nobody else notices."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import cfg
from core.context import Module, current_event, entered
from core.dispatcher import (
    dispatcher,
    holding,
    on_cleanup,
    on_external,
    on_message,
    on_meta,
    on_notice,
    on_request,
    on_start,
    process_external,
)
from core.dispatcher.calls import current_call
from core.expr import Puid, fetch
from core.expr.facts import limits
from models.api import External, Message, MetaEvent, Notice, Request
from models.exc import UsageError


class Held(list):
    """Two modules that take down what they hear; `demo` is the one that is held."""

    def __init__(self):
        super().__init__()
        self.demo, self.other = Module("demo"), Module("other")

    def heard_by(self, module):
        return [what for name, what in self if name == module.name]


@pytest.fixture(autouse=True)
def clean():
    cfg.load(values={}, environ={})
    yield
    dispatcher._holds.clear()
    cfg.reset()
    limits.__init__()


@pytest.fixture
def log():
    log = Held()
    yield log
    log.demo.drop()
    log.other.drop()


def listens(log, module, *conditions, on=on_message, **how):
    """Register a callback of `module` that takes the event down."""

    async def callback(event):
        log.append((module.name, said(event)))

    with entered(module):
        on(*conditions, callback=callback, **how)


def said(event):
    return event.message_str if isinstance(event, Message) else event.key


def message(text="ping", **fields):
    return Message(**{"message": text, "user_id": "5", "platform": "QQ", **fields})


def published(key):
    return External(key=key)


def forget_callbacks(module):
    for registration in list(module.callbacks):
        dispatcher.registry.remove(registration)


# --- what waits -----------------------------------------------------------------------------------------------------


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


async def test_a_module_is_held_once_at_a_time(log):
    hold = dispatcher.hold([log.demo])
    with pytest.raises(UsageError, match="module demo is held already"):
        dispatcher.hold([log.demo, log.other])
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


# --- Aha IDs, which are waited for ----------------------------------------------------------------------------------


@pytest.fixture
def looked_up(monkeypatch):
    """Set it to let Aha IDs be known."""
    known = asyncio.Event()

    async def user2aha_id(platform, user):
        await known.wait()
        return int(user)

    monkeypatch.setattr(fetch, "user2aha_id", user2aha_id)
    return known


async def test_an_event_that_waited_has_its_aha_ids_looked_up(log, looked_up):
    looked_up.set()
    listens(log, log.demo, Puid == 5)
    hold = dispatcher.hold([log.demo])
    futures = [dispatcher.feed(message("a")), dispatcher.feed(message("b", user_id="6"))]
    hold.release()
    await asyncio.gather(*futures)
    assert log == [("demo", "a")]


async def test_what_was_being_looked_up_goes_to_the_callbacks_there_were_then(log, looked_up):
    listens(log, log.demo, Puid == 5)
    future = dispatcher.feed(message("before"))
    hold = dispatcher.hold([log.demo])
    draining = asyncio.create_task(hold.drain(5))
    await asyncio.sleep(0)
    looked_up.set()
    await draining
    assert log == [("demo", "before")]
    assert future.done()
    hold.release()


async def test_what_is_looked_up_for_others_too_is_not_cancelled(log, looked_up):
    listens(log, log.demo, Puid == 5)
    listens(log, log.other, Puid == 5)
    future = dispatcher.feed(message())
    hold = dispatcher.hold([log.demo])
    await hold.drain(0)
    forget_callbacks(log.demo)
    looked_up.set()
    hold.release()
    await future
    assert log == [("other", "ping")]


# --- drain ----------------------------------------------------------------------------------------------------------


async def test_drain_waits_for_the_callbacks_of_these_modules_only(log):
    go_on, never = asyncio.Event(), asyncio.Event()
    waits(log, log.demo, go_on)
    waits(log, log.other, never)
    dispatcher.feed(message())
    await asyncio.sleep(0)
    hold = dispatcher.hold([log.demo])
    draining = asyncio.create_task(hold.drain(60))
    await asyncio.sleep(0)
    assert not draining.done()
    go_on.set()
    await draining
    assert log == [("demo", "ended")]
    hold.release()
    never.set()
    await dispatcher.drain(5)
    assert log == [("demo", "ended"), ("other", "ended")]


async def test_drain_cancels_after_its_time_and_waits_for_the_clean_up(log, caplog):
    waits(log, log.demo, asyncio.Event())
    future = dispatcher.feed(message())
    await asyncio.sleep(0)
    hold = dispatcher.hold([log.demo])
    await hold.drain(0.01)
    assert log == [("demo", "cancelled"), ("demo", "cleaned up")]
    assert future.done()
    assert "callbacks of demo that still ran after 0.01 s were cancelled: 1" in caplog.text
    hold.release()


async def test_a_callback_that_clings_to_life_is_named_and_left_behind(log, caplog, monkeypatch):
    monkeypatch.setattr("core.dispatcher.tasks.GRACE", 0.01)
    released = asyncio.Event()

    async def clings():
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                log.append("cancelled")

    with entered(log.demo):
        on_message(callback=clings)
    future = dispatcher.feed(message())
    await asyncio.sleep(0)
    hold = dispatcher.hold([log.demo])
    await hold.drain(0)
    assert log == ["cancelled"]
    assert "left behind" in caplog.text
    hold.release()
    released.set()
    await future


def waits(log, module, event):
    """Register a callback of `module` that waits for `event` and takes down how it ends."""

    async def callback():
        try:
            await event.wait()
        except asyncio.CancelledError:
            log.append((module.name, "cancelled"))
            await asyncio.sleep(0)
            log.append((module.name, "cleaned up"))
            raise
        log.append((module.name, "ended"))

    with entered(module):
        on_message(callback=callback)


# --- nobody waits for himself ---------------------------------------------------------------------------------------


@pytest.fixture
def asks(log):
    """Make a callback of `demo` for messages that goes on when it is told and then publishes "question" by `way`."""
    go_on = asyncio.Event()

    def make(way):
        async def callback():
            await go_on.wait()
            await way()
            log.append(("demo", "asked"))

        with entered(log.demo):
            on_message("ask", callback=callback)
        return go_on

    return make


async def directly():
    await process_external(published("question"))


async def in_a_task():
    async with asyncio.TaskGroup() as group:
        group.create_task(directly())


async def through_another():
    await process_external(published("pass on"))


@pytest.mark.parametrize("way", [directly, in_a_task, through_another])
async def test_what_a_running_callback_publishes_goes_straight_to_its_module(log, asks, way):
    go_on = asks(way)
    listens(log, log.demo, "question", on=on_external)
    with entered(log.other):
        on_external("pass on", directly)
    dispatcher.feed(message("ask"))
    await asyncio.sleep(0)
    hold = dispatcher.hold([log.demo])
    go_on.set()
    await hold.drain(60)
    assert log == [("demo", "question"), ("demo", "asked")]
    hold.release()
    await dispatcher.drain(5)
    assert len(log) == 2


async def test_what_comes_from_elsewhere_waits_also_while_a_callback_runs(log, asks):
    go_on = asks(directly)
    listens(log, log.demo, "question", on=on_external)
    dispatcher.feed(message("ask"))
    await asyncio.sleep(0)
    hold = dispatcher.hold([log.demo])
    dispatcher.feed(published("question"))
    await asyncio.sleep(0)
    assert log == []
    go_on.set()
    await hold.drain(60)
    assert log == [("demo", "question"), ("demo", "asked")]
    hold.release()
    await dispatcher.drain(5)
    assert log[2:] == [("demo", "question")]


async def test_what_a_task_publishes_that_a_callback_left_behind_waits(log, asks):
    tasks, later = [], asyncio.Event()

    async def tick():
        await later.wait()
        await directly()

    async def leave_behind():
        tasks.append(asyncio.create_task(tick()))

    asks(leave_behind).set()
    listens(log, log.demo, "question", on=on_external)
    await dispatcher.feed(message("ask"))
    hold = dispatcher.hold([log.demo])
    later.set()
    await asyncio.sleep(0)
    await hold.drain(60)
    assert log == [("demo", "asked")]
    hold.release()
    await tasks[0]
    assert log == [("demo", "asked"), ("demo", "question")]


@pytest.mark.parametrize(
    ("occasion", "run"),
    [(on_start, dispatcher.run_start), (on_cleanup, dispatcher.run_cleanup)],
    ids=["on_start", "on_cleanup"],
)
async def test_what_a_module_publishes_when_it_starts_or_ends_goes_straight_to_it(log, occasion, run):
    listens(log, log.demo, "question", on=on_external)
    with entered(log.demo):
        occasion(in_a_task)
    hold = dispatcher.hold([log.demo])
    await asyncio.wait_for(run(log.demo), 5)
    assert log == [("demo", "question")]
    hold.release()


async def test_events_that_lead_to_each_other_are_not_remembered(log):
    """Else a module that publishes to itself for ever would fill the memory."""

    async def publishes_again():
        log.append(depth())
        if len(log) < 20:
            process_external(published("again"))

    with entered(log.demo):
        on_external("again", publishes_again)
    dispatcher.feed(published("again"))
    await dispatcher.drain(5)
    assert len(log) == 20
    assert max(log) <= 2
    await dispatcher.run_start(log.demo)
    assert depth() == 0


def depth():
    call, found = current_call.get(), 0
    while call is not None:
        call, found = call.cause, found + 1
    return found


async def test_what_waited_is_delivered_as_from_its_publisher(log):
    causes = []

    async def answers():
        causes.append(current_event.get())

    async def asks_and_waits():
        await directly()
        log.append("ended")

    with entered(log.demo):
        on_external("question", answers)
    with entered(log.other):
        on_message(callback=asks_and_waits)
    hold = dispatcher.hold([log.demo])
    future = dispatcher.feed(message())
    await asyncio.sleep(0)
    assert log == []
    hold.release()
    await future
    assert log == ["ended"]
    assert [event.key for event in causes] == ["question"]


async def test_a_module_that_waits_for_a_held_one_can_be_held_as_well(log):
    """The callback of demo that is called at release asks back the one that has waited for it."""
    with entered(log.demo):
        on_external("question", through_another)
    with entered(log.other):
        on_message(callback=directly)
    listens(log, log.other, "pass on", on=on_external)
    first = dispatcher.hold([log.demo])
    future = dispatcher.feed(message())
    await asyncio.sleep(0)
    second = dispatcher.hold([log.other])
    first.release()
    await second.drain(60)
    assert future.done()
    assert log == [("other", "pass on")]
    second.release()


# --- any order of all this ------------------------------------------------------------------------------------------

NAMES = "abc"
STEPS = st.one_of(
    st.just(("feed", None)),
    st.tuples(st.just("hold"), st.sets(st.sampled_from(NAMES), min_size=1)),
    st.tuples(st.just("release"), st.integers(0, 2)),
    st.tuples(st.just("pass time"), st.integers(1, 3)),
    st.tuples(st.just("drain"), st.integers(0, 2)),
    st.tuples(st.just("replace"), st.sampled_from(NAMES)),
)


@given(steps=st.lists(STEPS, max_size=30), lasts=st.integers(0, 3))
def test_every_module_gets_every_event_once_and_in_order(steps, lasts):
    asyncio.run(_any_order(steps, lasts))


async def _any_order(steps, lasts):
    world = _World(lasts)
    try:
        for step, what in steps:
            await getattr(world, f"do_{step.replace(' ', '_')}")(what)
        for hold in world.holds:
            hold.release()
        await asyncio.wait_for(asyncio.gather(*world.futures), 5)
    finally:
        for module in world.modules.values():
            module.drop()
    numbers = [str(number) for number in range(len(world.futures))]
    assert world.heard == dict.fromkeys(NAMES, numbers)
    assert all(not module.tasks for module in world.modules.values())


class _World:
    """Three modules of which some are held; what each step does."""

    def __init__(self, lasts):
        self.modules = {name: Module(name) for name in NAMES}
        self.heard = {name: [] for name in NAMES}
        self.lasts = lasts
        self.holds, self.futures = [], []
        for name in NAMES:
            self.register(name)

    def register(self, name):
        async def callback(event):
            self.heard[name].append(event.message_str)
            for _ in range(self.lasts):
                await asyncio.sleep(0)

        with entered(self.modules[name]):
            on_message(callback=callback)

    async def do_feed(self, _):
        self.futures.append(dispatcher.feed(message(str(len(self.futures)))))

    async def do_hold(self, names):
        if held := names - {module.name for hold in self.holds for module in hold.modules}:
            self.holds.append(dispatcher.hold([self.modules[name] for name in held]))

    async def do_release(self, number):
        if number < len(self.holds):
            self.holds.pop(number).release()

    async def do_pass_time(self, times):
        for _ in range(times):
            await asyncio.sleep(0)

    async def do_drain(self, number):
        if number < len(self.holds):
            await self.holds[number].drain(5)

    async def do_replace(self, name):
        """New code, as at a reload: nothing is replaced unless it is held and drained."""
        hold = next((hold for hold in self.holds if self.modules[name] in hold.modules), None)
        if hold is not None:
            await hold.drain(5)
            forget_callbacks(self.modules[name])
            self.register(name)
