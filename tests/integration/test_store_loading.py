"""Loading stores: from tables and journals of all ages."""

from __future__ import annotations

import pickle

from core.database import close_database, db_engine, open_database
from services.data_store import flush_stores
from tests.store_bot import bot, crash, declared, execute, on_disk


async def test_what_was_set_before_a_kill_is_there(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a", "b") as [store, other]:
        store.update(a=1, b=2, c=3)
        await flush_stores()
        del store["a"]
        store["b"] = 20
        store["a"] = 10
        other["x"] = [1]
        await crash()
    for _ in range(2):
        async with bot(database_url, tmp_path, "a", "b") as [store, other]:
            assert list(store.items()) == [("b", 20), ("c", 3), ("a", 10)]
            assert dict(other) == {"x": [1]}


async def test_a_kill_before_the_first_fold_after_a_kill_costs_nothing(database_url, tmp_path):
    for n in range(3):
        async with bot(database_url, tmp_path, "a") as [store]:
            assert list(store) == [str(m) for m in range(n)]
            store[str(n)] = n
            await crash()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"0": 0, "1": 1, "2": 2}


async def test_what_a_module_that_is_off_had_set_waits_for_it(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a", "b") as [store, other]:
        store["k"] = other["k"] = 1
        await crash()
    for _ in range(2):
        async with bot(database_url, tmp_path, "b") as [other]:
            other["n"] = 2
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": 1}


_OLD = "CREATE TABLE aha_store__a (key TEXT NOT NULL PRIMARY KEY, value {blob} NOT NULL, updated_at {moment} NOT NULL)"


async def write_old(key: str, value, moment: str) -> None:
    """Write a row as version 0.1 does."""
    data = pickle.dumps(value, 5).hex()
    sqlite = db_engine.dialect.name == "sqlite"
    row = f"x'{data}', '{moment}.000000'" if sqlite else f"decode('{data}', 'hex'), '{moment}+00'"
    await execute(
        f"INSERT INTO aha_store__a (key, value, updated_at) VALUES ('{key}', {row}) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"
    )


async def test_a_table_of_version_0_1_loads(database_url, tmp_path):
    blob, moment = ("BLOB", "DATETIME") if database_url.startswith("sqlite") else ("BYTEA", "TIMESTAMP WITH TIME ZONE")
    await open_database(database_url)
    await execute(_OLD.format(blob=blob, moment=moment))
    await write_old("second", {"a": 1}, "2025-01-02 00:00:00")
    await write_old("third", 3, "2025-01-03 00:00:00")
    await write_old("first", "1", "2025-01-01 00:00:00")
    await close_database()
    for _ in range(2):
        async with bot(database_url, tmp_path, "a") as [store]:
            assert list(store.items())[:3] == [("first", "1"), ("second", {"a": 1}), ("third", 3)]
            store["first"] = "1"
            store["fourth"] = 4
            await flush_stores()
            assert await on_disk() == ["first", "second", "third", "fourth"]


async def test_version_0_1_may_write_to_the_table_again(database_url, tmp_path, caplog):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(changed=1, kept=2)
    await open_database(database_url)
    await write_old("changed", 10, "2025-01-02 00:00:00")
    await write_old("new", 3, "2025-01-01 00:00:00")
    await close_database()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store.items()) == [("changed", 10), ("kept", 2), ("new", 3)]
        store["changed"] = 11
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store.items()) == [("changed", 11), ("kept", 2), ("new", 3)]
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


async def test_a_store_follows_its_module_to_a_new_name(database_url, tmp_path, theirs):
    made = theirs("some_package_or_other")
    async with bot(database_url, tmp_path, "old") as [store]:
        store.update(a=1, b=2, signed=made(1))
        await flush_stores()
        store["c"] = 3
        store["late"] = made(2)
        del store["a"]
        await crash()
    for _ in range(2):
        async with bot(database_url, tmp_path, declared("new", "old")) as [store]:
            assert list(store.items()) == [("b", 2), ("signed", made(1)), ("c", 3), ("late", made(2))]
            await flush_stores()
