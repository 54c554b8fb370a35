"""Waiting for the disk: who waits is answered after it and not before, in groups, from any loop, cancelled or not."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from services.data_store.journal import Journal, read_journal, syncing


@pytest.fixture
def syncs(monkeypatch):
    """Counts the syncs of the journal's thread, which wait for `gate`."""

    class Syncs:
        def __init__(self):
            self.count = 0
            self.begun = threading.Event()
            self.gate = threading.Event()
            self.gate.set()

    counted = Syncs()
    real = os.fdatasync

    def fdatasync(fd):
        counted.begun.set()
        counted.gate.wait()
        real(fd)
        counted.count += 1

    monkeypatch.setattr("os.fdatasync", fdatasync)
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
