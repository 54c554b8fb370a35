"""Folding the journal into tables: keys in their order, each once, as much as is to be done."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.database import db_engine
from models.exc import DatabaseError
from services.data_store import background, flush_stores, folding, writing
from tests.store_bot import bot, fetch, on_disk


async def test_a_key_that_is_deleted_and_set_again_goes_to_the_end(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(a=1, b=2, c=3)
        await flush_stores()
        del store["a"]
        store["b"] = 20
        store["a"] = 10
        await flush_stores()
        assert await on_disk() == ["b", "c", "a"]
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store.items()) == [("b", 20), ("c", 3), ("a", 10)]


async def test_keys_stand_in_their_order_after_a_large_fold_failed_halfway(database_url, tmp_path, monkeypatch):
    async def fail(*_):
        raise OSError("the server is gone")

    monkeypatch.setattr(folding, "_ROWS", 4)
    async with bot(database_url, tmp_path, "a") as [store]:
        with monkeypatch.context() as patch:
            patch.setattr(folding, "write_progress", fail)
            store.update({f"k{n}": n for n in range(10)})
            with pytest.raises(DatabaseError):
                await flush_stores()
        for n in range(3):
            del store[f"k{n}"]
        store["last"] = 1
        await flush_stores()
        assert await on_disk() == list(store)


async def test_each_row_counts_its_versions(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        for value in range(3):
            store["k"] = value
            await flush_stores()
        assert await fetch("SELECT version FROM aha_store__a") == [3]


async def test_many_rows_take_several_statements(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_ROWS", {"sqlite": 7, "postgresql": 7})
    monkeypatch.setattr(writing, "_BYTES", 1000)
    model = {str(n): b"x" * (n % 11) ** 3 for n in range(100)}
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(model)
        await flush_stores()
        assert await on_disk() == list(model)
        store.clear()
        await flush_stores()
        assert await on_disk() == []
        store.update(model)
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store.items()) == list(model.items())


async def test_a_store_that_never_rests_is_folded(database_url, tmp_path, monkeypatch):
    upsert = folding.upsert_rows

    async def while_it_is_set_again(*args, **options):
        store["k"] += 1
        await upsert(*args, **options)

    monkeypatch.setattr(folding, "upsert_rows", while_it_is_set_again)
    async with bot(database_url, tmp_path, "a") as [store]:
        store["k"] = 0
        await flush_stores()
        assert store["k"] == 1
        monkeypatch.undo()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": 1}


async def test_much_is_folded_at_once(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "MUCH", 10)
    monkeypatch.setattr(background, "INTERVAL", 1_000.0)
    async with bot(sqlite_url, tmp_path, "a") as [store], asyncio.timeout(10):
        store.update(dict.fromkeys("0123456789"))
        while len(await on_disk()) < 10:
            pass


async def test_the_journal_is_trimmed(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        for value in range(40):
            store["k"] = bytes([value]) * 1_000_000
        await flush_stores()
        store["k"] = 0
        await flush_stores()
        assert len(list((tmp_path / "store").glob("*.journal"))) <= 2


async def test_a_fold_lasts_whatever_is_configured(database_url, tmp_path):
    on_sqlite = database_url.startswith("sqlite")
    ask, weak, strong = (
        ("PRAGMA synchronous", 1, 2) if on_sqlite else ("SHOW synchronous_commit", "off", "on")
    )  # fmt: skip
    async with bot(database_url, tmp_path, "a"):
        async with db_engine.connect() as connection:
            await connection.exec_driver_sql(
                "PRAGMA synchronous = NORMAL" if on_sqlite else "SET synchronous_commit = off"
            )
            await connection.commit()
        assert await asked_in_a_fold_and_after(ask) == [strong, weak]


async def test_a_fold_takes_more_memory_and_gives_it_back(tmp_path):
    async with bot(f"sqlite:///{tmp_path}/test.db", tmp_path, "a"):
        async with db_engine.connect() as connection:
            before = (await connection.exec_driver_sql("PRAGMA cache_size")).scalar()
        within, after = await asked_in_a_fold_and_after("PRAGMA cache_size")
    assert within == -32_000
    assert after == before != within


async def asked_in_a_fold_and_after(setting: str) -> list:
    async with writing.lasting() as connection:
        within = (await connection.exec_driver_sql(setting)).scalar()
    async with db_engine.connect() as connection:  # the same one: the pool hands out what came back last
        return [within, (await connection.exec_driver_sql(setting)).scalar()]


async def test_whether_a_commit_counted_is_found_out(database_url, tmp_path, monkeypatch):
    """The connection is lost after the commit and before anyone hears of it: done again, `c` would stand before `b`."""
    lasting = writing.lasting

    @asynccontextmanager
    async def lost():
        async with lasting() as connection:
            yield connection
        raise ConnectionError("the answer was lost")

    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(a=1, b=2)
        await flush_stores()
        monkeypatch.setattr(folding, "lasting", lost)
        del store["a"]
        store["a"] = 3
        store["c"] = 4
        with pytest.raises(DatabaseError):
            await flush_stores()
        monkeypatch.undo()
        store["d"] = 5
        await flush_stores()
        assert await on_disk() == list(store) == ["b", "a", "c", "d"]
        assert await fetch("SELECT version FROM aha_store__a") == [1, 1, 1, 1]


_OTHER = """
import asyncio, sys
from pathlib import Path
from services.data_store import flush_stores
from tests.store_bot import bot

async def main():
    async with bot(sys.argv[1], Path(sys.argv[2]), "a") as [store]:
        for n in range(30):
            store[f"other {n}"] = n
            await flush_stores()

asyncio.run(main())
"""


async def test_processes_with_folders_of_their_own_share_a_postgresql(postgres_url, tmp_path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    async with bot(postgres_url, mine, "a") as [store]:
        program = [sys.executable, "-c", _OTHER, postgres_url, str(theirs)]
        other = await asyncio.create_subprocess_exec(*program, cwd=Path(__file__).parents[2])
        for n in range(30):
            store[f"mine {n}"] = n
            await flush_stores()
            await asyncio.sleep(0.02)
        assert await other.wait() == 0
    both = {f"{who} {n}": n for who in ("mine", "other") for n in range(30)}
    for folder in (mine, theirs):
        async with bot(postgres_url, folder, "a") as [store]:
            assert dict(store) == both
