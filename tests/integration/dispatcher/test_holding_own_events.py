"""What a held module publishes itself goes straight to it, so that it does not wait for itself; all else waits."""

from __future__ import annotations

import asyncio

import pytest

from core.context import current_event, entered
from core.dispatcher import dispatcher, on_cleanup, on_external, on_message, on_start, process_external
from core.dispatcher.calls import current_call
from tests.integration.dispatcher.held import listens, published
from tests.integration.dispatcher.messages import message


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
