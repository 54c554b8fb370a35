"""What `await store.sync()` confirms: all that was set and changed in place, or it raises. No database, no disk."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from core.context import Module, entered
from models.exc import JournalFull, StoreValueError
from services.data_store import SimpleStore, changes
from services.data_store.changes import tick
from services.data_store.door import doors
from tests.store_parts import fresh


@pytest.fixture
def entries():
    return fresh()


@pytest.fixture
def store(entries):
    module = Module("notes")
    with entered(module):
        store = SimpleStore()
    doors[module].open(entries)
    yield store
    module.drop()


@pytest.fixture(params=[False, True], ids=["", "in many turns"])
def _turns(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(changes, "_SLICE", 0)


def spoil(value: list) -> None:
    value.append(lambda: None)


@pytest.mark.usefixtures("_turns")
async def test_a_change_in_place_that_cannot_be_saved_is_raised_when_all_others_are_on_the_disk(store, entries):
    store.update(a=[], b=[], c=[])
    held = [store[key] for key in "abc"]
    spoil(held[1])
    held[0].append(1)
    held[2].append(2)
    with pytest.raises(StoreValueError, match="key 'b', a list, cannot be pickled"):
        await store.sync()
    assert [pickle.loads(entries.data[key]) for key in "abc"] == [[1], [], [2]]
    assert entries.journal.synced == entries.journal.seq == 5


async def test_what_the_journal_does_not_take_is_raised_and_says_of_which_key(store, entries):
    store["k"] = []
    store["k"].append(1)
    entries.journal.full = True
    with pytest.raises(JournalFull) as raised:
        await store.sync()
    assert raised.value.__notes__ == ["a change under key 'k' of the SimpleStore of module notes is not saved"]
    entries.journal.full = False
    await store.sync()
    assert pickle.loads(entries.data["k"]) == [1]


@pytest.mark.parametrize("held", [True, False], ids=["held", "let go of"])
async def test_a_change_that_could_not_be_saved_in_the_background_is_raised_as_long_as_it_is_not(
    store, entries, caplog, held
):
    store["k"] = value = []
    spoil(value)
    if not held:
        del value
    for _ in range(3):
        tick([entries])
        with pytest.raises(StoreValueError):
            await store.sync()
    assert caplog.text.count("is not saved") == 1
    entries.lent.objects["k"].clear()
    await store.sync()
    await store.sync()


async def test_each_of_two_who_wait_at_once_is_told(store):
    store["k"] = []
    spoil(store["k"])
    results = await asyncio.gather(store.sync(), store.sync(), return_exceptions=True)
    assert [type(result) for result in results] == 2 * [StoreValueError]


async def test_what_others_read_meanwhile_hides_nothing_from_who_waits(store, entries, monkeypatch):
    store.update(a=[], b=[], c=[])
    tick([entries])
    monkeypatch.setattr(changes, "_SLICE", 0)
    store["a"].append(1)
    store["b"].append(2)
    waiting = asyncio.create_task(store.sync())
    await asyncio.sleep(0)
    store["c"].append(3)
    await waiting
    assert [pickle.loads(entries.data[key]) for key in "ab"] == [[1], [2]]


@pytest.mark.parametrize("mend", [lambda s: s.update(k=[1]), lambda s: s.update(k=1), lambda s: s.pop("k")])
async def test_what_was_replaced_or_deleted_is_of_no_interest(store, mend):
    store["k"] = []
    spoil(store["k"])
    with pytest.raises(StoreValueError):
        await store.sync()
    mend(store)
    await store.sync()
