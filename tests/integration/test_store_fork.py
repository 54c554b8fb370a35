"""A forked child has a copy of the stores, files included: it is told so, and can do nothing to what its parent has."""

from __future__ import annotations

import asyncio
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

import pytest

from models.exc import StoreError
from services.data_store import close_stores, flush_stores, stores
from tests.forks import FORKS, contents, forked
from tests.store_bot import bot, crash, on_disk

pytestmark = FORKS


def change_in_place(store) -> None:
    with store.changing("list") as value:
        value.append(1)


TOUCHES = {
    "set": lambda store: store.update(k=2),
    "set the first time": lambda store: store.update(new=2),
    "delete": lambda store: store.pop("k"),
    "clear": lambda store: store.clear(),
    "change in place": change_in_place,
    "read": lambda store: store["list"],
    "read what was read before": lambda store: store["held"],
    "look": lambda store: "k" in store,
    "count": len,
    "sync": lambda store: asyncio.run(store.sync()),
}


@pytest.mark.parametrize("touch", TOUCHES.values(), ids=TOUCHES)
async def test_who_touches_a_store_in_a_child_is_told_what_to_do(sqlite_url, tmp_path, touch):
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(k=1, list=[], held=[])
        held = store["held"]
        answer = forked(lambda: touch(store))
        assert answer.startswith("StoreError: ")
        assert "forked child process" in answer
        assert "set it in the parent" in answer
        assert dict(store) == {"k": 1, "list": [], "held": held}


async def test_what_was_synced_is_there_whatever_a_child_does(database_url, tmp_path):
    def work() -> None:
        for n in range(9):
            with suppress(StoreError):
                store["k"] = n

    async with bot(database_url, tmp_path, "a") as [store]:
        store["k"] = "before"
        forked(work)
        store["k"] = "after"
        await store.sync()
        forked(work)
        await crash()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": "after"}


_store = None


def _set_in_child(value: int) -> int:
    _store["k"] = value
    return value


async def test_a_pool_of_processes_passes_on_what_its_child_was_told(sqlite_url, tmp_path):
    global _store
    async with bot(sqlite_url, tmp_path, "a") as [_store]:
        pool = ProcessPoolExecutor(1, mp_context=get_context("fork"))
        with pool, pytest.raises(StoreError, match="forked child process"):
            await asyncio.get_running_loop().run_in_executor(pool, _set_in_child, 7)
        _store["k"] = 8
        assert dict(_store) == {"k": 8}


async def test_a_store_that_no_child_has_spoiled_goes_on(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        store["k"] = []
        held = store["k"]
        forked(lambda: store["k"])
        held.append(1)
        await store.sync()
        await flush_stores()
        assert await on_disk() == ["k"]
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": [1]}


async def test_a_child_that_ends_as_a_bot_ends_flushes_and_removes_nothing(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        await store.sync()
        store["k"] = [1]
        store["k"].append(2)
        before = contents(tmp_path / "store")
        assert forked(lambda: asyncio.run(close_stores())) == "None"
        assert contents(tmp_path / "store") == before
        assert dict(store) == {"k": [1, 2]}
        await flush_stores()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": [1, 2]}


async def test_nothing_is_noticed_and_folded_by_a_child_that_goes_on(sqlite_url, tmp_path):
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store["k"] = []
        background = stores._open.background
        assert forked(lambda: background._entries()) == "[]"
        assert len(background._entries()) == 1
