"""The callbacks of held modules are waited for, for a time, and those of no other."""

from __future__ import annotations

import asyncio

from core.context import entered
from core.dispatcher import dispatcher, on_message
from tests.integration.dispatcher.messages import message


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
