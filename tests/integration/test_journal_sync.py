"""Waiting for the disk: who waits is answered after it and not before, in groups, from any loop, cancelled or not."""

from __future__ import annotations

import asyncio
import errno
import os
import threading

import pytest

from models.exc import StoreError
from services.data_store.journal import Journal, read_journal, syncing


@pytest.fixture
def syncs(monkeypatch):
    """Counts the syncs of the journal, which wait for `gate` and seem to take so many seconds."""

    class Syncs:
        def __init__(self):
            self.count = 0
            self.threads = []
            self.takes = 1.0
            self.now = 0.0
            self.refused = False
            self.begun = threading.Event()
            self.gate = threading.Event()
            self.gate.set()

    counted = Syncs()
    real = os.fdatasync

    def fdatasync(fd):
        counted.begun.set()
        counted.gate.wait()
        counted.threads.append(threading.current_thread())
        counted.now += counted.takes
        if counted.refused:
            raise OSError(errno.EIO, "Input/output error")
        real(fd)
        counted.count += 1

    monkeypatch.setattr("os.fdatasync", fdatasync)
    monkeypatch.setattr(syncing, "perf_counter", lambda: counted.now)
    return counted


@pytest.fixture
def journal(tmp_path, syncs):
    journal = Journal.open(tmp_path, database="here", segment_bytes=1 << 16)
    yield journal
    syncs.gate.set()
    journal.close()


def append(journal, key="key", size=10):
    with journal.lock:
        return journal.append(journal_number(journal), key.encode(), bytes(size))


def journal_number(journal):
    return journal._numbers["notes"]


async def test_sync_returns_when_all_that_was_appended_is_on_the_disk(journal, syncs):
    journal.register("notes")
    seq = append(journal)
    await journal.sync()
    assert journal.synced >= seq
    assert syncs.count >= 1


async def test_sync_does_not_return_before_the_disk_has_it(journal, syncs):
    journal.register("notes")
    await journal.sync()
    syncs.gate.clear()
    append(journal)
    waiting = asyncio.ensure_future(journal.sync())
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    assert not done
    syncs.gate.set()
    await waiting


async def test_what_is_appended_while_the_disk_is_busy_waits_for_the_next_time(journal, syncs):
    journal.register("notes")
    await journal.sync()
    syncs.gate.clear()
    syncs.begun.clear()
    append(journal)
    first = asyncio.ensure_future(journal.sync())
    await asyncio.to_thread(syncs.begun.wait)
    append(journal)
    second = asyncio.ensure_future(journal.sync())
    await asyncio.sleep(0)
    before = syncs.count
    syncs.gate.set()
    await second
    assert first.done()
    assert syncs.count == before + 2


async def test_those_who_wait_together_wait_for_one_sync(journal, syncs):
    journal.register("notes")
    await journal.sync()
    before = syncs.count

    async def writer(name):
        for n in range(20):
            append(journal, f"{name} {n}")
            await journal.sync()

    await asyncio.gather(*(writer(name) for name in range(10)))
    assert syncs.count - before < 60  # 200 were asked for; 20 groups if nothing comes between


# --- on a quick disk -----------------------------------------------------------------------------------------------


async def write(journal, times):
    for _ in range(times):
        append(journal)
        await journal.sync()


@pytest.fixture
async def quick(journal, syncs):
    """The journal on a disk that has turned out to be quick."""
    syncs.takes = 0.0
    journal.register("notes")
    syncs.threads.clear()
    await write(journal, 6)
    assert threading.current_thread() not in syncs.threads
    syncs.threads.clear()
    return journal


async def test_a_quick_disk_is_asked_by_whoever_waits(quick, syncs):
    seq = append(quick)
    await quick.sync()
    assert quick.synced >= seq
    assert syncs.threads == [threading.current_thread()]


async def test_those_who_wait_in_one_turn_share_one_trip_to_a_quick_disk(quick, syncs):
    async def writer(name):
        for n in range(20):
            seq = append(quick, f"{name} {n}")
            await quick.sync()
            assert quick.synced >= seq

    await asyncio.gather(*(writer(name) for name in range(10)))
    assert len(syncs.threads) == 20


async def test_a_disk_that_is_slow_now_and_then_is_quick_all_the_same(quick, syncs):
    for _ in range(20):
        await write(quick, 7)
        syncs.takes = 0.004
        await write(quick, 1)
        syncs.takes = 0.0
    assert set(syncs.threads) == {threading.current_thread()}


@pytest.mark.parametrize(("seconds", "times"), [(0.1, 20), (1.0, 37)])
async def test_a_disk_that_took_long_is_left_to_the_thread_for_a_while(quick, syncs, seconds, times):
    syncs.takes = seconds
    await write(quick, 1)
    syncs.takes = 0.0
    await write(quick, times + 1)
    here = threading.current_thread()
    assert [thread is here for thread in syncs.threads] == [True, *[False] * times, True]


async def test_having_nothing_to_sync_does_not_make_a_disk_quick(journal, syncs):
    syncs.takes = 0.0
    journal.register("notes")
    await journal.sync()
    for _ in range(20):
        assert not journal._sync()
        journal._syncing._attempt()
    syncs.threads.clear()
    await write(journal, 1)
    assert threading.current_thread() not in syncs.threads


async def test_a_disk_that_refuses_whoever_asks_is_asked_again_by_the_thread(quick, syncs):
    seq = append(quick)
    syncs.refused = True
    results = await asyncio.gather(quick.sync(), quick.sync(), return_exceptions=True)
    assert [type(result) for result in results] == [StoreError, StoreError]
    assert "does not take the journal" in str(results[0])
    assert quick.synced < seq
    syncs.refused = False
    await quick.sync()
    assert quick.synced >= seq


async def test_who_finds_the_thread_at_the_disk_waits_for_it_and_blocks_nobody(quick, syncs):
    seq = append(quick)
    syncs.gate.clear()
    syncs.begun.clear()
    quick._syncing.wake()
    await asyncio.to_thread(syncs.begun.wait)
    waiting = asyncio.ensure_future(quick.sync())
    done, _ = await asyncio.wait([waiting], timeout=0.01)
    assert not done
    syncs.gate.set()
    await waiting
    assert quick.synced >= seq


async def test_a_cancelled_sync_leaves_the_others_of_its_turn_alone(quick):
    seq = append(quick)
    waiting = [asyncio.ensure_future(quick.sync()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert [type(result) for result in await asyncio.gather(*waiting, return_exceptions=True)] == [
        asyncio.CancelledError, type(None), type(None),
    ]  # fmt: skip
    assert quick.synced >= seq


@pytest.mark.parametrize("threads", [1, 3])
async def test_several_loops_may_ask_a_quick_disk(quick, threads):
    async def write(name):
        for n in range(50):
            seq = append(quick, f"{name} {n}")
            await quick.sync()
            assert quick.synced >= seq

    await asyncio.gather(*(asyncio.to_thread(asyncio.run, write(name)) for name in range(threads)), write("here"))


# --- in any case ---------------------------------------------------------------------------------------------------


async def test_nothing_to_sync_asks_the_disk_nothing(journal, syncs):
    journal.register("notes")
    append(journal)
    await journal.sync()
    before = syncs.count
    for _ in range(5):
        await journal.sync()
    assert syncs.count == before


async def test_what_nobody_waits_for_is_brought_to_the_disk_too(journal, monkeypatch):
    monkeypatch.setattr(syncing, "PAUSE", 0.01)
    journal.register("notes")
    seq = append(journal)
    while journal.synced < seq:
        await asyncio.sleep(0)


async def test_all_segments_since_the_last_sync_are_brought_to_the_disk(journal):
    journal.register("notes")
    for n in range(300):
        append(journal, str(n), 1000)
    await journal.sync()
    assert journal.synced == journal.seq
    assert journal._room.unsynced(journal._end) == []


async def test_a_segment_that_is_filled_while_the_disk_is_busy_is_synced_again(journal, syncs, monkeypatch):
    journal.register("notes")
    await journal.sync()
    first = journal._room.current
    syncs.gate.clear()
    syncs.begun.clear()
    append(journal)
    waiting = asyncio.ensure_future(journal.sync())
    await asyncio.to_thread(syncs.begun.wait)
    while journal._room.current is first:
        append(journal, size=1000)
    synced = []
    monkeypatch.setattr("services.data_store.journal.segments.sync_file", lambda fd, mapped: synced.append(fd))
    fd = first.fd
    syncs.gate.set()
    await waiting
    await journal.sync()
    assert fd in synced
    assert journal.synced == journal.seq


async def test_a_cancelled_sync_is_cancelled_and_leaves_the_others_alone(journal, syncs):
    journal.register("notes")
    syncs.gate.clear()
    append(journal)
    waiting = [asyncio.ensure_future(journal.sync()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[1]
    syncs.gate.set()
    await asyncio.gather(waiting[0], waiting[2])


async def test_a_loop_that_was_closed_meanwhile_hurts_nobody(journal, syncs):
    journal.register("notes")
    await journal.sync()
    syncs.gate.clear()
    append(journal)

    async def give_up():
        waiting = asyncio.ensure_future(journal.sync())
        await asyncio.sleep(0)
        assert not waiting.done()

    await asyncio.to_thread(asyncio.run, give_up())
    waiting = asyncio.ensure_future(journal.sync())
    await asyncio.sleep(0)
    syncs.gate.set()
    await waiting


async def test_several_loops_wait_each_for_its_own(journal):
    journal.register("notes")

    async def write(name):
        for n in range(20):
            append(journal, f"{name} {n}")
            await journal.sync()

    await asyncio.gather(*(asyncio.to_thread(asyncio.run, write(name)) for name in range(3)), write("here"))
    assert journal.synced == journal.seq


async def test_close_answers_who_waits_and_leaves_nothing_unsynced(journal, syncs, tmp_path):
    journal.register("notes")
    append(journal)
    waiting = asyncio.ensure_future(journal.sync())
    await asyncio.sleep(0)
    journal.close()
    await waiting
    assert journal.synced == journal.seq
    assert not [thread for thread in threading.enumerate() if thread.name == "sync the journal"]
    assert [record.key for record in read_journal(tmp_path).records("notes")] == [b"key"]


async def test_after_the_end_nothing_is_confirmed_that_the_disk_refused(journal, syncs):
    journal.register("notes")
    append(journal)
    syncs.refused = True
    with pytest.raises(StoreError, match="does not take the journal"):
        journal.close()
    syncs.refused = False
    with pytest.raises(StoreError, match="is closed"):
        await journal.sync()


async def test_set_aside_leaves_a_journal_that_syncs(journal, tmp_path):
    journal.register("notes")
    append(journal)
    await journal.sync()
    journal.set_aside("of a test")
    seq = append(journal, "new")
    await journal.sync()
    assert journal.synced >= seq


async def test_the_next_segment_is_ready_before_it_is_needed(journal):
    journal.register("notes")
    first = journal._room.current
    while journal._limit < first.size:
        append(journal)
    while journal._room._spare is None:
        await asyncio.sleep(0)
    ready = journal._room._spare
    while journal._room.current is first:
        append(journal)
    assert journal._room.current is ready
