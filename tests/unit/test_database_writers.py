"""The queue of writers lets one in at a time, in order, whatever happens to those who wait."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.database.writers import WriteQueue
from models.exc import DatabaseBusy


async def test_a_newcomer_does_not_slip_in_while_the_lock_passes_on():
    queue = WriteQueue()
    await queue.enter("first")
    waiting = asyncio.create_task(queue.enter("second"))
    await asyncio.sleep(0)
    queue.leave("first")
    newcomer = asyncio.create_task(queue.enter("third"))
    await waiting
    await asyncio.sleep(0)
    assert queue.held_by("second")
    assert not newcomer.done()
    queue.leave("second")
    await newcomer
    queue.leave("third")


async def test_leaving_without_having_entered_changes_nothing():
    queue = WriteQueue()
    queue.leave("nobody")
    await queue.enter("first")
    queue.leave("nobody")
    assert queue.held_by("first")
    queue.leave("first")


@pytest.fixture
async def clock(monkeypatch):
    """`clock(seconds)` lets so much time pass in the event loop, whatever the machine is busy with."""
    loop, now = asyncio.get_running_loop(), [0]
    monkeypatch.setattr(loop, "time", lambda: now[0])

    async def let_pass(seconds):
        for _ in range(seconds):
            for _ in range(3):  # whoever asks, a timer that is up, whoever is told
                await asyncio.sleep(0)
            now[0] += 1
        for _ in range(3):
            await asyncio.sleep(0)

    return let_pass


async def test_everyone_who_waits_too_long_is_told_also_those_who_come_later(clock):
    queue = WriteQueue(patience=60)
    await queue.enter("first")
    for _ in range(2):
        late = asyncio.create_task(queue.enter("late"))
        await clock(59)
        assert not late.done()
        await clock(1)
        with pytest.raises(DatabaseBusy, match=r"has kept the database locked for 60 s"):
            late.result()
    queue.leave("first")
    await queue.enter("next")
    queue.leave("next")


async def test_nobody_is_told_anything_while_somebody_needs_the_time_that_he_takes(clock):
    queue = WriteQueue(patience=60)
    await queue.enter("first")
    with queue.unhurried():
        waiting = asyncio.create_task(queue.enter("second"))
        await clock(150)
        assert not waiting.done()
        queue.leave("first")
        await waiting
    late = asyncio.create_task(queue.enter("third"))
    await clock(60)
    with pytest.raises(DatabaseBusy):
        late.result()
    queue.leave("second")


async def test_nobody_is_blamed_for_the_time_that_others_wrote(clock):
    queue = WriteQueue(patience=60)
    await queue.enter("first")
    waiting = [asyncio.create_task(queue.enter(name)) for name in ("second", "third")]
    for name, task in zip(("first", "second"), waiting, strict=True):
        await clock(50)
        queue.leave(name)
        await task
    assert queue.held_by("third")
    late = asyncio.create_task(queue.enter("late"))
    await clock(50)
    assert not late.done()
    await clock(10)
    with pytest.raises(DatabaseBusy):
        late.result()
    queue.leave("third")


# Each writer: how many turns of the loop it waits before it asks, how many it keeps the lock, and whether (and when)
# it is cancelled.
WRITERS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 3), st.one_of(st.none(), st.integers(0, 12))), max_size=12
)


@given(WRITERS)
def test_never_two_at_once_and_nobody_is_forgotten(writers):
    inside: list[int] = []

    async def write(queue, index, wait, keep):
        for _ in range(wait):
            await asyncio.sleep(0)
        await queue.enter(index)
        try:
            assert not inside
            assert queue.held_by(index)
            inside.append(index)
            for _ in range(keep):
                await asyncio.sleep(0)
            inside.remove(index)
        finally:
            with suppress(ValueError):
                inside.remove(index)
            queue.leave(index)

    async def cancel(task, when):
        for _ in range(when):
            await asyncio.sleep(0)
        task.cancel()

    async def main():
        queue = WriteQueue()
        tasks = [asyncio.create_task(write(queue, index, w[0], w[1])) for index, w in enumerate(writers)]
        cancels = [asyncio.create_task(cancel(tasks[i], w[2])) for i, w in enumerate(writers) if w[2] is not None]
        results = await asyncio.wait_for(asyncio.gather(*tasks, *cancels, return_exceptions=True), 10)
        assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
        await asyncio.wait_for(queue.enter("last"), 1)
        queue.leave("last")

    asyncio.run(main())
