"""SimpleStore in a real database: what was set is there after a restart, whatever happens in between."""

from __future__ import annotations

import asyncio
import copy
import datetime
import decimal
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.context import Module, entered
from core.database import close_database, db_sessionmaker, metadata, open_database
from core.migration.start import expand
from models.exc import DatabaseError, StoreNotLoaded, StoreValueError
from services.data_store import SimpleStore, close_stores, flush_stores, load_stores, writer
from utils.sqlalchemy import upsert


def declared(name: str) -> Module:
    """Load a module that makes a store and does nothing else."""
    module = Module(name)
    with entered(module):
        SimpleStore()
    return module


@asynccontextmanager
async def bot(url: str, *names: str):
    """Run a bot with modules of these names; yields their stores."""
    modules = [declared(name) for name in names]
    await open_database(url)
    try:
        assert (await expand(modules)).failures == {}
        assert await load_stores(modules) == {}
        yield [module.store for module in modules]
    finally:
        await close_stores(patience=1)
        await close_database()
        for module in modules:
            module.drop()


async def execute(statement: str) -> None:
    async with db_sessionmaker() as session:
        await session.execute(text(statement))
        await session.commit()


async def keys_on_disk(name: str = "a") -> list[str]:
    async with db_sessionmaker() as session:
        return list(await session.scalars(text(f"SELECT key FROM aha_store__{name} ORDER BY updated_at")))


async def test_everything_is_there_again(database_url):
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
    async with bot(database_url, "a", "b") as [store, other]:
        store.update(values)
        other["text"] = "mine"
    async with bot(database_url, "a", "b") as [store, other]:
        assert list(store.items()) == list(values.items())
        assert dict(other) == {"text": "mine"}


async def test_deletes_and_changes_in_place_last(database_url):
    async with bot(database_url, "a") as [store]:
        store.update(list=[1], gone=1, replaced=1)
        await flush_stores()
        held = store["list"]
        del store["gone"]
        store["replaced"] = 2
        await flush_stores()
        held.append(2)
    async with bot(database_url, "a") as [store]:
        assert dict(store) == {"list": [1, 2], "replaced": 2}
        store.clear()
    async with bot(database_url, "a") as [store]:
        assert dict(store) == {}


async def test_entries_come_back_in_the_order_of_writing(database_url):
    names = [str(n) for n in range(2_500)]
    async with bot(database_url, "a") as [store]:
        store.update(dict.fromkeys(names))
        await flush_stores()
        store["7"] = 1
    async with bot(database_url, "a") as [store]:
        names.remove("7")
        assert list(store) == [*names, "7"]


async def test_it_is_written_in_the_background(database_url, monkeypatch):
    monkeypatch.setattr(writer, "INTERVAL", 0.01)
    async with bot(database_url, "a") as [store], asyncio.timeout(10):
        store["k"] = 1
        while await keys_on_disk() != ["k"]:
            pass
        del store["k"]
        while await keys_on_disk():
            pass


@pytest.mark.parametrize("unload", [True, False], ids=["unloaded with changes", "flushed before"])
async def test_a_module_that_is_loaded_again_finds_what_it_set(database_url, unload):
    module, stays = declared("a"), declared("b")
    await open_database(database_url)
    await expand([module, stays])
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
    assert dict(again.store) == {"k": [1]}
    with pytest.raises(StoreNotLoaded):
        before["k"] = 3
    await close_stores()
    await close_database()
    again.drop()
    stays.drop()


async def test_a_row_that_cannot_be_read_is_reported_and_kept_and_the_rest_loads(database_url, caplog):
    async with bot(database_url, "a") as [store]:
        store["good"] = 1
        await flush_stores()
        async with db_sessionmaker() as session:
            now = datetime.datetime.now(datetime.UTC)
            await session.execute(upsert(metadata.tables["aha_store__a"], key="bad", value=b"?", updated_at=now))
            await session.commit()
    async with bot(database_url, "a") as [store]:
        assert "module a: the value of key 'bad' cannot be read" in caplog.text
        assert dict(store) == {"good": 1}
        with pytest.raises(StoreValueError, match=r"'bad' .* could not be read"):
            store["bad"] = 2
        store.clear()
        await flush_stores()
        assert await keys_on_disk() == ["bad"]
        del store["bad"]
        store["bad"] = 3
    async with bot(database_url, "a") as [store]:
        assert dict(store) == {"bad": 3}


async def test_a_module_whose_table_cannot_be_read_costs_no_other_its_data(database_url):
    broken, fine = declared("a"), declared("b")
    await open_database(database_url)
    await expand([fine])
    failed = await load_stores([broken, fine])
    assert list(failed) == [broken]
    assert "aha_store__a" in str(failed[broken])
    with pytest.raises(StoreNotLoaded):
        broken.store["k"] = 1
    fine.store["k"] = 1
    await flush_stores()
    assert await keys_on_disk("b") == ["k"]
    await close_stores()
    await close_database()
    broken.drop()
    fine.drop()


async def test_a_store_that_never_rests_does_not_hold_up_a_flush(database_url, monkeypatch):
    write = writer._write

    async def written_while_it_is_set_again(contents, changes):
        store["k"] += 1
        await write(contents, changes)

    monkeypatch.setattr(writer, "_write", written_while_it_is_set_again)
    async with bot(database_url, "a") as [store]:
        store["k"] = 0
        await flush_stores()
        assert store["k"] == 1
        monkeypatch.undo()
    async with bot(database_url, "a") as [store]:
        assert dict(store) == {"k": 1}


@asynccontextmanager
async def failing_table(name: str = "a"):
    """Let every statement for the store of a module fail."""
    await execute(f"ALTER TABLE aha_store__{name} RENAME TO away")
    yield
    await execute(f"ALTER TABLE away RENAME TO aha_store__{name}")


async def test_a_database_that_fails_costs_nothing_and_no_other_store_waits_for_it(database_url):
    async with bot(database_url, "a", "b") as [store, other]:
        async with failing_table():
            store["k"] = other["k"] = 1
            with pytest.raises(DatabaseError, match="1 of module a; they are kept"):
                await flush_stores()
            assert await keys_on_disk("b") == ["k"]
        await flush_stores()
        assert await keys_on_disk("a") == ["k"]


async def test_a_failing_database_is_tried_again_and_reported_once(database_url, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(writer, "INTERVAL", 0.001)
    attempts = asyncio.Semaphore(0)
    write = writer._write

    async def counted(*args):
        attempts.release()
        await write(*args)

    monkeypatch.setattr(writer, "_write", counted)
    async with bot(database_url, "a") as [store], asyncio.timeout(30):
        async with failing_table():
            store["k"] = 1
            for _ in range(4):
                await attempts.acquire()
        while "SimpleStores are written again" not in caplog.messages:
            assert await keys_on_disk() in ([], ["k"])
    (told,) = [message for message in caplog.messages if "cannot be written" in message]
    assert "\n" not in told
    assert "aha_store__a (" not in told  # what the database said, not the statement


async def test_what_cannot_be_written_at_the_end_is_named(database_url, monkeypatch, caplog):
    monkeypatch.setattr(writer, "INTERVAL", 0.01)
    async with bot(database_url, "a") as [store], failing_table():
        store["k"] = 1
        await close_stores(patience=0.1)
        assert "could not be written within 0.1 s; lost: 1 of module a" in caplog.text
        with pytest.raises(StoreNotLoaded, match="closed"):
            store["k"] = 1


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


async def check(url: str, steps: list[tuple]) -> None:
    model = {}
    runs = [[]]
    for step in steps:
        runs.append([]) if step[0] == "restart" else runs[-1].append(step)
    for run in runs:
        async with bot(url, "a") as [store]:
            assert dict(store) == model
            for step in run:
                if step[0] == "flush":
                    await flush_stores()
                apply(store, *step)
                apply(model, *step)
    async with bot(url, "a") as [store]:
        assert dict(store) == model
        store.clear()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_it_is_a_dict_that_survives_restarts(database_url, steps):
    asyncio.run(check(database_url, steps))
