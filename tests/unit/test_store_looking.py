"""When it is looked whether values have changed: as much as there is time for, and nothing is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from services.data_store import changes
from services.data_store.changes import keep_noticing, notice_all, notice_suspects
from services.data_store.pickles import pickled
from tests.store_parts import append_to_all, fresh, stored, tick


def test_a_look_may_be_cut_short_and_forgets_nothing():
    entries = fresh()
    for n in range(5):
        entries.put(str(n), [])
    append_to_all(entries)
    for _ in range(5):
        assert not entries.notice(entries.lent.suspects(), seconds=0)
    assert entries.notice(entries.lent.suspects(), seconds=0)
    assert all(stored(entries, key) == [1] for key in entries.data)


def test_an_audit_goes_on_where_it_was_cut_short():
    entries = fresh()
    for n in range(5):
        entries.put(str(n), [])
    tick(entries)
    append_to_all(entries)
    for _ in range(5):
        entries.notice(entries.lent.audit(), seconds=0)
    assert all(stored(entries, key) == [1] for key in entries.data)


async def test_all_is_looked_at_without_holding_up_the_loop(monkeypatch):
    monkeypatch.setattr(changes, "_SLICE", 0)
    entries = fresh()
    for n in range(5):
        entries.put(str(n), [])
    tick(entries)
    append_to_all(entries)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await notice_all(entries)
    task.cancel()
    assert turns >= 4
    assert all(stored(entries, key) == [1] for key in entries.data)


async def test_of_what_was_lent_only_suspects_are_looked_at_when_someone_waits_for_it(monkeypatch):
    entries = fresh()
    looked_at = []

    def watched(key, value):
        looked_at.append(key)
        return pickled(key, value)

    for n in range(5):
        entries.put(str(n), [])
    tick(entries)
    held = entries.read("3")
    entries.read("4").append(1)
    monkeypatch.setattr("services.data_store.entries.pickled", watched)
    await notice_suspects(entries)
    assert looked_at == ["4", "3"]
    assert stored(entries, "4") == [1]
    held.append(2)
    await notice_suspects(entries)
    assert looked_at == ["4", "3", "3"]
    assert stored(entries, "3") == [2]


async def test_two_who_look_at_once_find_everything_between_them(monkeypatch):
    monkeypatch.setattr(changes, "_SLICE", 0)
    entries = fresh()
    for n in range(9):
        entries.put(str(n), [])
    append_to_all(entries)
    await asyncio.gather(notice_suspects(entries), notice_suspects(entries))
    assert all(stored(entries, key) == [1] for key in entries.data)


async def test_looking_takes_a_twentieth_of_the_time_at_most(monkeypatch):
    entries = fresh()
    now, pauses = 0.0, []

    def clock() -> float:
        nonlocal now
        now += 0.5
        return now

    async def slept(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(changes, "perf_counter", clock)
    monkeypatch.setattr(changes.asyncio, "sleep", slept)
    with pytest.raises(asyncio.CancelledError):
        await keep_noticing(lambda: [entries])
    assert pauses == [0.1, 10.0, 10.0]
