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


async def test_everyone_who_waits_too_long_is_told_also_those_who_come_later():
    queue = WriteQueue(patience=0.02)
    await queue.enter("first")
    for _ in range(2):
        with pytest.raises(DatabaseBusy, match=r"has kept the database locked for 0\.02 s"):
            await asyncio.create_task(queue.enter("late"))
    queue.leave("first")
    await queue.enter("next")
    queue.leave("next")


async def test_nobody_is_told_anything_while_somebody_needs_the_time_that_he_takes():
    queue = WriteQueue(patience=0.02)
    await queue.enter("first")
    with queue.unhurried():
        waiting = asyncio.create_task(queue.enter("second"))
        looked = asyncio.get_running_loop().time() + 0.05
        while asyncio.get_running_loop().time() < looked:
            await asyncio.sleep(0)
        assert not waiting.done()
        queue.leave("first")
        await waiting
    with pytest.raises(DatabaseBusy):
        await asyncio.create_task(queue.enter("third"))
    queue.leave("second")


async def test_nobody_is_blamed_for_the_time_that_others_wrote():
    queue = WriteQueue(patience=0.05)
    loop = asyncio.get_running_loop()
    await queue.enter("first")
    waiting = [asyncio.create_task(queue.enter(name)) for name in ("second", "third")]
    begun = loop.time()
    for name, task in zip(("first", "second"), waiting, strict=True):
        while loop.time() < begun + 0.04:
            await asyncio.sleep(0)
        queue.leave(name)
        await task
        begun = loop.time()
    assert queue.held_by("third")
    with pytest.raises(DatabaseBusy):
        await asyncio.create_task(queue.enter("late"))
    assert loop.time() - begun >= 0.05
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
