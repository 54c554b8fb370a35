"""SimpleStore in a real database: what was set is there after a restart, whatever happens in between."""

from __future__ import annotations

import asyncio
import copy
import datetime
import decimal
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.database import close_database, open_database
from core.migration.start import expand
from models.exc import StoreNotLoaded, UsageError
from services.data_store import background, close_stores, flush_stores, load_stores, open_stores
from services.data_store.journal import segments
from tests.store_bot import bot, crash, declared, on_disk


async def test_everything_is_there_again(database_url, tmp_path):
    values = {
        "text": "你好\0🎉",
        "nothing": None,
        "number": 2**70,
        "bytes": bytes(range(256)),
        "when": datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
        "money": decimal.Decimal("0.10"),
        "nested": {"a": [1, (2, {3})]},
        "": "empty key",
        "é🎉" * 300: "long key",
        "large": "x" * 5_000_000,
    }
    async with bot(database_url, tmp_path, "a", "b") as [store, other]:
        store.update(values)
        other["text"] = "mine"
    async with bot(database_url, tmp_path, "a", "b") as [store, other]:
        assert list(store.items()) == list(values.items())
        assert dict(other) == {"text": "mine"}


async def test_deletes_and_changes_in_place_last(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(list=[1], gone=1, replaced=1)
        await flush_stores()
        held = store["list"]
        del store["gone"]
        store["replaced"] = 2
        await flush_stores()
        held.append(2)
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"list": [1, 2], "replaced": 2}
        store.clear()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {}


async def test_it_is_written_in_the_background(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "INTERVAL", 0.01)
    async with bot(database_url, tmp_path, "a") as [store], asyncio.timeout(10):
        store["k"] = 1
        while await on_disk() != ["k"]:
            pass
        del store["k"]
        while await on_disk():
            pass


async def test_threads_use_a_store_as_they_would_a_dict(database_url, tmp_path):
    def work(thread: int) -> None:
        for n in range(200):
            key = f"{thread} {n}"
            store[key] = [n]
            store[key].append(thread)
            with store.changing(key) as value:
                value.append("changed")
            if n % 3 == 0:
                del store[key]
        asyncio.run(store.sync())

    async with bot(database_url, tmp_path, "a") as [store]:
        await asyncio.gather(*(asyncio.to_thread(work, thread) for thread in range(4)))
        model = {f"{thread} {n}": [n, thread, "changed"] for thread in range(4) for n in range(200) if n % 3}
        assert dict(store) == model
        await crash()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == model


async def test_threads_that_modules_keep_busy_hold_up_no_store(database_url, tmp_path):
    over = threading.Event()
    busy = [asyncio.ensure_future(asyncio.to_thread(over.wait)) for _ in range(40)]
    try:
        async with asyncio.timeout(20), bot(database_url, tmp_path, "a") as [store]:
            store["k"] = 1
            await flush_stores()
            assert await on_disk() == ["k"]
    finally:
        over.set()
        await asyncio.gather(*busy)


async def test_a_sync_that_is_cancelled_at_the_end_leaves_everything_saved(sqlite_url, tmp_path, monkeypatch):
    allowed = threading.Event()
    sync_file = segments.sync_file
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        await store.sync()
        monkeypatch.setattr(segments, "sync_file", lambda *file: allowed.wait() and sync_file(*file))
        store["k"] = 1
        waiting = asyncio.create_task(store.sync())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        allowed.set()
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": 1}


@pytest.mark.parametrize("unload", [True, False], ids=["unloaded with changes", "flushed before"])
async def test_a_module_that_is_loaded_again_finds_what_it_set(database_url, tmp_path, unload):
    module, stays = declared("a"), declared("b")
    await open_database(database_url)
    await expand([module, stays])
    open_stores(tmp_path)
    await load_stores([module, stays])
    module.store["k"] = old = []
    if not unload:
        await flush_stores()
    old.append(1)
    before = module.store
    module.drop()
    again = declared("a")
    await load_stores([again, stays])
    stays.store["k"] = 2
    assert again.store["k"] is old
    with pytest.raises(StoreNotLoaded):
        before["k"] = 3
    old.append(2)
    await flush_stores()
    await close_stores()
    await close_database()
    again.drop()
    stays.drop()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": [1, 2]}


async def test_without_a_folder_no_store_opens(database_url):
    module = declared("a")
    await open_database(database_url)
    await expand([module])
    failed = await load_stores([module])
    assert isinstance(failed[module], UsageError)
    await close_database()
    module.drop()


async def test_a_bot_without_stores_makes_no_journal(database_url, tmp_path):
    await open_database(database_url)
    open_stores(tmp_path)
    assert await load_stores([]) == {}
    await close_stores()
    await close_database()
    assert not (tmp_path / "store").exists()


values = st.recursive(st.none() | st.integers() | st.text(), lambda v: st.lists(v, max_size=3), max_leaves=5)
steps = st.lists(
    st.tuples(st.sampled_from(["set", "set", "del", "append", "flush", "restart"]), st.sampled_from("abc"), values),
    max_size=20,
)


def apply(target, step: str, key: str, value) -> None:
    """Do to a store or a dict what `step` says."""
    if step == "set":
        target[key] = copy.deepcopy(value)
    elif step == "del":
        target.pop(key, None)
    elif step == "append" and isinstance(target.get(key), list):
        target[key].append(value)


async def check(url: str, folder, steps: list[tuple]) -> None:
    model = {}
    runs = [[]]
    for step in steps:
        runs.append([]) if step[0] == "restart" else runs[-1].append(step)
    for run in runs:
        async with bot(url, folder, "a") as [store]:
            assert list(store.items()) == list(model.items())
            for step in run:
                if step[0] == "flush":
                    await flush_stores()
                apply(store, *step)
                apply(model, *step)
    async with bot(url, folder, "a") as [store]:
        assert list(store.items()) == list(model.items())
        store.clear()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_it_is_a_dict_that_survives_restarts(database_url, tmp_path, steps):
    asyncio.run(check(database_url, tmp_path, steps))
