"""SimpleStore while the code of its module is replaced: nothing is lost, and objects are of the classes that are there.

Modules are replaced here as a reload does it, step by step.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from types import ModuleType
from unittest.mock import Mock

import pytest

from core.context import Module, entered
from core.migration.start import expand
from models.exc import StoreNotLoaded, UsageError
from services.data_store import Parting, SimpleStore, changes, entries, flush_stores, load_stores, look, parting
from services.data_store.door import doors, settled
from services.data_store.stores import _open
from tests.store_bot import bot, fetch

CLASS = """
class Thing:
    def __init__(self, *parts):
        self.parts = list(parts)
"""
STORE = "\nfrom services.data_store import SimpleStore\nstore = SimpleStore()\n"


class Shop:
    """A module whose store is made in its `database.py`, which stays, or in the code that is replaced."""

    def __init__(self, *, kept=False):
        self.record = Module("shop")
        if kept:
            with self.record.keeping(kept=True):
                self.run("database", STORE)
        self._source = CLASS if kept else CLASS + STORE
        self.code = self.run("", self._source)

    def run(self, part, source):
        name = "modules.shop" + (part and f".{part}")
        code = sys.modules[name] = ModuleType(name)
        with entered(self.record):
            exec(source, vars(code))
        return code

    @property
    def store(self):
        return self.record.store

    def begin(self, *, looked=False):
        """Take the code back, and run it anew: it is there, but not loaded yet."""
        old = Parting(["shop"])
        old.part(looked=looked)
        taken, before = self.record.take_back(), self.code
        self.code = self.run("", self._source)
        return old, taken, before

    async def reload(self, *, looked=False):
        _, taken, _ = self.begin(looked=looked)
        assert (await expand([self.record])).failures == {}
        assert await load_stores([self.record]) == {}
        taken.end()

    async def fail(self, *, when):
        """Reload, but put the old code back when the new is imported, or its store is loaded."""
        old, taken, before = self.begin()
        if when == "its store was loaded":
            assert await load_stores([self.record]) == {}
            self.store["by new code"] = self.code.Thing("new")
        Parting(["shop"]).part()
        self.record.take_back().end()
        self.code = sys.modules["modules.shop"] = before
        taken.put_back()
        old.undo()
        assert await load_stores([self.record]) == {}


@pytest.fixture(params=[False, True], ids=["in the code", "in database.py"])
def kept(request):
    return request.param


@pytest.fixture(autouse=True)
def forgotten():
    yield
    for name in [name for name in sys.modules if name.startswith("modules.shop")]:
        del sys.modules[name]


@pytest.fixture
def unlooked(monkeypatch):
    """Nobody looks in the background at what was changed in place."""
    monkeypatch.setattr(changes, "tick", lambda _: None)


async def test_what_was_set_and_changed_in_place_is_there_and_objects_are_of_the_new_class(sqlite_url, tmp_path, kept):
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["list"] = held = [1]
        shop.store["thing"] = thing = shop.code.Thing(1)
        shop.store["things"] = [thing]
        await flush_stores()
        thing.parts.append(2)
        held.append(2)
        await shop.reload()
        assert shop.store["list"] is held
        assert type(shop.store["thing"]) is shop.code.Thing is not type(thing)
        assert type(shop.store["things"][0]) is shop.code.Thing
        assert shop.store["thing"].parts == shop.store["things"][0].parts == [1, 2]
        held.append(3)
        shop.store["thing"].parts.append(3)
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        assert shop.store["list"] == shop.store["thing"].parts == [1, 2, 3]


@pytest.mark.parametrize("when", ["it was imported", "its store was loaded"])
async def test_when_the_new_code_fails_the_old_store_goes_on(sqlite_url, tmp_path, kept, when):
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        store, old = shop.store, shop.code.Thing
        store["thing"] = thing = old(1)
        store["list"] = held = []
        thing.parts.append(2)
        await shop.fail(when=when)
        assert shop.store is store
        assert shop.store["list"] is held
        assert type(store["thing"]) is shop.code.Thing is old
        assert store["thing"].parts == [1, 2]
        if when == "its store was loaded":
            assert type(store["by new code"]) is old
        store["after"] = old(3)
        held.append(1)
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        assert (shop.store["list"], shop.store["after"].parts) == ([1], [3])


async def test_what_new_code_read_as_it_failed_is_of_the_old_class_again(sqlite_url, tmp_path):
    shop = Shop(kept=True)
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["thing"] = shop.code.Thing(1)
        shop._source += "from modules.shop.database import store\nassert type(store['thing']) is Thing\n"
        await shop.fail(when="it was imported")
        assert type(shop.store["thing"]) is shop.code.Thing


@pytest.mark.parametrize("when", ["it was imported", "its store was loaded"])
async def test_when_the_new_code_fails_what_old_code_holds_is_the_stores_as_before(sqlite_url, tmp_path, kept, when):
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["thing"] = thing = shop.code.Thing(1)
        shop.store["in a list"] = things = [shop.code.Thing(1)]
        await shop.fail(when=when)
        assert (shop.store["thing"], shop.store["in a list"]) == (thing, things)
        thing.parts.append(2)
        things[0].parts.append(2)
        del thing, things
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        assert shop.store["thing"].parts == shop.store["in a list"][0].parts == [1, 2]


async def test_what_new_code_that_failed_has_set_is_what_the_store_has(sqlite_url, tmp_path):
    shop = Shop(kept=True)
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["thing"] = held = shop.code.Thing("old")
        shop._source += "from modules.shop.database import store\nstore['thing'] = Thing('new')\n"
        await shop.fail(when="it was imported")
        held.parts.append("older")
        assert shop.store["thing"].parts == ["new"]


async def test_what_new_code_that_failed_has_set_is_there_though_the_store_was_read_again(sqlite_url, tmp_path, kept):
    """It has no class for what is stored, so what it can have of the store is read anew."""
    shop = Shop(kept=kept)
    source = shop._source
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["thing"] = held = shop.code.Thing("old")
        shop._source = source.replace("Thing", "Other")
        old, taken, before = shop.begin()
        assert await load_stores([shop.record]) == {}
        shop.store["thing"] = "new"
        Parting(["shop"]).part()
        shop.record.take_back().end()
        shop.code = sys.modules["modules.shop"] = before
        taken.put_back()
        old.undo()
        assert await load_stores([shop.record]) == {}
        assert shop.store["thing"] == "new"
        held.parts.append("older")
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        assert shop.store["thing"] == "new"


async def test_a_change_that_could_not_be_saved_is_not_lost_to_the_old_code(sqlite_url, tmp_path, kept):
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["thing"] = held = shop.code.Thing(1)
        held.parts.append(lambda: None)
        await shop.fail(when="it was imported")
        held.parts[-1] = 2
        changes.tick([shop.store._door.entries])
        assert shop.store["thing"] is held
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        assert shop.store["thing"].parts == [1, 2]


async def test_the_old_store_is_shut_and_one_that_stays_is_not(sqlite_url, tmp_path, kept):
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        store = shop.store
        await shop.reload()
        if kept:
            assert shop.store is store
            with entered(shop.record), pytest.raises(UsageError):
                SimpleStore()
        else:
            with pytest.raises(StoreNotLoaded):
                store["k"] = 1
        shop.store["k"] = 1


async def test_an_object_of_an_old_class_that_is_still_held_disturbs_nobody(sqlite_url, tmp_path, kept, caplog):
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["thing"] = held = shop.code.Thing(1)
        shop.store["list"] = other = []
        await shop.reload()
        assert shop.store["thing"].parts == [1]
        held.parts.append(2)
        other.append(1)
        changes.tick([shop.store._door.entries])
        await flush_stores()
        assert shop.store["thing"].parts == [1]
    assert not caplog.messages


async def test_an_object_of_the_class_that_was_just_put_into_a_plain_value(sqlite_url, tmp_path, kept, unlooked):
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["list"], shop.store["dict"] = [], {}
        await flush_stores()
        shop.store["list"].append(shop.code.Thing(1))
        shop.store["dict"]["thing"] = shop.code.Thing(2)
        await shop.reload()
        assert type(shop.store["list"][0]) is type(shop.store["dict"]["thing"]) is shop.code.Thing
        shop.store["list"].append(shop.code.Thing(3))
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        assert [thing.parts for thing in shop.store["list"]] == [[1], [3]]
        assert shop.store["dict"]["thing"].parts == [2]


async def test_what_another_modules_store_has_of_the_class_is_of_the_new_one_too(sqlite_url, tmp_path, kept):
    shop, other = Shop(kept=kept), Module("other")
    with entered(other):
        store = SimpleStore()
    async with bot(sqlite_url, tmp_path, shop.record, other):
        store["thing"] = thing = shop.code.Thing(1)
        store["list"] = held = []
        thing.parts.append(2)
        await shop.reload()
        assert type(store["thing"]) is shop.code.Thing is not type(thing)
        assert store["thing"].parts == [1, 2]
        assert store["list"] is held


async def test_objects_of_classes_that_stay_are_the_ones_of_the_store_as_before(sqlite_url, tmp_path, kept):
    shop, near = Shop(kept=kept), ModuleType("modules.shop2")
    sys.modules["modules.shop2"] = near
    exec(CLASS, vars(near))
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["thing"] = held = near.Thing()
        await shop.reload()
        assert shop.store["thing"] is held


class Counted:
    """A value that takes note of how often it is pickled."""

    times = 0

    def __reduce__(self):
        Counted.times += 1
        return (Counted, ())


async def test_the_values_of_a_large_store_are_looked_at_in_turns_with_others(
    sqlite_url, tmp_path, monkeypatch, unlooked
):
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update({str(n): Counted() for n in range(1_000)})
        monkeypatch.setattr(changes, "_SLICE", 0)
        monkeypatch.setattr(parting, "AT_ONCE", 0)
        assert sum(1 for _ in store._door.entries.lent.suspects()) == 1_000
        Counted.times = 0
        looking, turns = asyncio.create_task(look()), 0
        while not looking.done():
            await asyncio.sleep(0)
            turns += 1
        assert (Counted.times, turns >= 1_000) == (1_000, True)
        Parting(["shop"]).part(looked=True)
        assert Counted.times <= 1_001


async def test_what_nobody_has_had_since_it_was_looked_at_is_let_go_without_another_look(
    sqlite_url, tmp_path, kept, monkeypatch, unlooked
):
    times = Mock(side_effect=entries.pickled)
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store.update({str(n): shop.code.Thing(n) for n in range(100)})
        held, shop.store["4"].parts[0] = shop.store["3"], -4
        await look()
        held.parts.append(3)
        shop.store["5"].parts.append(5)
        monkeypatch.setattr(entries, "pickled", times)
        monkeypatch.setattr(parting, "AT_ONCE", 0)
        await shop.reload(looked=True)
        assert times.call_count < 10
        assert [shop.store[str(n)].parts for n in (3, 4, 5, 6)] == [[3, 3], [-4], [5, 5], [6]]
        assert type(shop.store["7"]) is shop.code.Thing


async def test_what_was_changed_since_it_was_looked_at_is_found(sqlite_url, tmp_path, kept, monkeypatch, unlooked):
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store["list"] = held = []
        await look()
        monkeypatch.setattr(parting, "AT_ONCE", 0)
        held.append(shop.code.Thing(1))
        await shop.reload(looked=True)
        assert type(shop.store["list"][0]) is shop.code.Thing


async def test_many_reloads_leave_nothing_behind(sqlite_url, tmp_path, kept):
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        counts, gone = set(), []
        for number in range(20):
            shop.store["thing"] = shop.code.Thing(number)
            gone += [weakref.ref(shop.code.Thing), weakref.ref(shop.code)]
            await shop.reload()
            counts.add((len(doors), len(settled), len(_open.background.stores), len(shop.record._entries)))
        gc.collect()
        assert len(counts) == 1
        assert [reference for reference in gone if reference() is not None] == []
        assert shop.store["thing"].parts == [19]


async def test_what_new_code_has_no_class_for_is_told_and_kept_until_it_has(sqlite_url, tmp_path, kept, caplog):
    shop = Shop(kept=kept)
    source = shop._source
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store.update(thing=shop.code.Thing(1), list=[1], other=[shop.code.Thing(2)], last=None)
        held = shop.store["list"]
        shop._source = source.replace("Thing", "Other")
        await shop.reload()
        (told,) = [message for message in caplog.messages if "not readable" in message]
        assert "2 keys ('thing', 'other')" in told
        assert list(shop.store) == ["list", "last"]
        assert shop.store["list"] is held
        shop.store["thing"] = 0
        await flush_stores()
        assert await fetch("SELECT key FROM aha_store_quarantine") == ["thing"]
        held.append(2)
        shop._source = source
        await shop.reload()
        assert list(shop.store) == ["list", "other", "last", "thing"]
        assert shop.store["list"] is held
        assert shop.store["other"][0].parts == [2]
    shop = Shop(kept=kept)
    async with bot(sqlite_url, tmp_path, shop.record):
        assert (shop.store["list"], shop.store["thing"]) == ([1, 2], 0)


async def test_what_code_that_failed_had_no_class_for_is_there_again(sqlite_url, tmp_path, kept):
    shop = Shop(kept=kept)
    source = shop._source
    async with bot(sqlite_url, tmp_path, shop.record):
        shop.store.update(thing=shop.code.Thing(1), last=2)
        shop._source = source.replace("Thing", "Other")
        old, taken, before = shop.begin()
        assert await load_stores([shop.record]) == {}
        assert list(shop.store) == ["last"]
        Parting(["shop"]).part()
        shop.record.take_back().end()
        shop.code = sys.modules["modules.shop"] = before
        taken.put_back()
        old.undo()
        assert await load_stores([shop.record]) == {}
        assert list(shop.store) == ["thing", "last"]
        assert shop.store["thing"].parts == [1]
