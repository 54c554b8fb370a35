"""A module gets another name while the bot runs: all that its store has goes along, also what no table has yet."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from copy import deepcopy

import pytest

from core.migration.start import expand
from services.data_store import background, flush_stores, load_stores, stores, write_stores
from tests.store_bot import bot, crash, declared, execute, fetch

FOLDED = {"a": 1, "b": [2], "c": 3}
CHANGED = {"a": 1, "b": [2, 2], "d": 4, "c": 5}
_fold = background.fold


async def written(name):
    """The keys in the table of a module's store, in their order, whether or not it is on."""
    return await fetch(f"SELECT key FROM aha_store__{name} ORDER BY position")


async def fail(*_, **__):
    raise ConnectionError("the database is gone")


@asynccontextmanager
async def changed(url, folder, monkeypatch):
    """A store of module `old` that has become `CHANGED`, while its table has `FOLDED`."""
    async with bot(url, folder, "old") as [store]:
        store.update(deepcopy(FOLDED))
        await flush_stores()
        monkeypatch.setattr(background, "fold", fail)
        store["b"].append(2)
        store["d"] = 4
        del store["c"]
        store["c"] = 5
        yield next(module for module in stores.doors if module.store is store)


@asynccontextmanager
async def renamed(module, *, name="new"):
    """The module goes, and comes again under another name."""
    module.drop()
    module = declared(name, module.name)
    try:
        assert (await expand([module])).failures == {}
        yield module
    finally:
        module.drop()


async def test_what_its_table_has_in_time(database_url, tmp_path, monkeypatch):
    async with changed(database_url, tmp_path, monkeypatch) as module:
        monkeypatch.setattr(background, "fold", _fold)
        module.drop()
        await write_stores(["old"], patience=10)
        assert await written("old") == list(CHANGED)
        async with renamed(module) as new:
            assert await load_stores([new]) == {}
            assert list(new.store.items()) == list(CHANGED.items())


@pytest.mark.parametrize("takes", [True, False], ids=["takes it then", "does not take it"])
async def test_what_its_table_does_not_have_when_it_gets_its_new_name(database_url, tmp_path, monkeypatch, takes):
    async with changed(database_url, tmp_path, monkeypatch) as module, renamed(module) as new:
        if takes:
            monkeypatch.setattr(background, "fold", _fold)
        assert await load_stores([new]) == {}
        assert list(new.store.items()) == list(CHANGED.items())
        assert stores._open.background.stores.keys() == {"new"}
        if takes:
            assert await written("new") == list(CHANGED)
        new.store["more"] = 6
        monkeypatch.setattr(background, "fold", _fold)
        await flush_stores()
        assert await written("new") == [*CHANGED, "more"]
    async with bot(database_url, tmp_path, declared("new", "old")) as [store]:
        assert list(store.items()) == [*CHANGED.items(), ("more", 6)]


async def test_a_row_that_the_database_refuses(sqlite_url, tmp_path, monkeypatch):
    async with changed(sqlite_url, tmp_path, monkeypatch) as module:
        await execute(
            "CREATE TRIGGER picky BEFORE INSERT ON aha_store__old WHEN new.key = 'd' "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
        async with renamed(module) as new:
            monkeypatch.setattr(background, "fold", _fold)
            assert await load_stores([new]) == {}
            assert dict(new.store) == CHANGED
            await flush_stores()
            assert sorted(await written("new")) == ["a", "b", "c"]
            await execute("DROP TRIGGER picky")
            await flush_stores()
            assert sorted(await written("new")) == sorted(CHANGED)


async def test_a_process_that_is_killed_before_the_new_table_has_it(database_url, tmp_path, monkeypatch):
    async with changed(database_url, tmp_path, monkeypatch) as module, renamed(module) as new:
        assert await load_stores([new]) == {}
        await crash()
    async with bot(database_url, tmp_path, declared("new", "old")) as [store]:
        assert list(store.items()) == list(CHANGED.items())


async def test_a_store_that_cannot_be_read_now_is_read_the_next_time(database_url, tmp_path, monkeypatch):
    async with changed(database_url, tmp_path, monkeypatch) as module, renamed(module) as new:
        with monkeypatch.context() as broken:
            broken.setattr(stores, "load_store", fail)
            assert list(await load_stores([new])) == [new]
        assert await load_stores([new]) == {}
        assert list(new.store.items()) == list(CHANGED.items())


async def test_back_to_the_name_before(database_url, tmp_path, monkeypatch):
    async with changed(database_url, tmp_path, monkeypatch) as module, renamed(module) as new:
        assert await load_stores([new]) == {}
        new.store["more"] = 6
        async with renamed(new, name="old") as old:
            assert await load_stores([old]) == {}
            assert list(old.store.items()) == [*CHANGED.items(), ("more", 6)]


async def test_a_database_that_does_not_answer_is_not_waited_for(sqlite_url, tmp_path, monkeypatch):
    answers = asyncio.Event()

    async def wait(*given, **how):
        await answers.wait()
        return await _fold(*given, **how)

    async with changed(sqlite_url, tmp_path, monkeypatch) as module:
        monkeypatch.setattr(background, "fold", wait)
        module.drop()
        await write_stores(["old", "another"], patience=0.01)
        answers.set()
        await flush_stores()
        assert await written("old") == list(CHANGED)
