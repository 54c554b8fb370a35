"""A table or a server that goes away: changes stay in the journal and are written when it is there again."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager

import asyncpg
import psutil
import pytest

from core.database import close_database
from models.exc import DatabaseError
from services.data_store import background, close_stores, flush_stores, stores
from tests.store_bot import bot, execute, on_disk


@asynccontextmanager
async def failing_table(name: str = "a"):
    """Let every statement for the store of a module fail."""
    await execute(f"ALTER TABLE aha_store__{name} RENAME TO away")
    yield
    await execute(f"ALTER TABLE away RENAME TO aha_store__{name}")


async def test_a_table_that_is_gone_costs_nothing_and_no_other_store_waits_for_it(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a", "b") as [store, other]:
        async with failing_table():
            store["k"] = other["k"] = 1
            with pytest.raises(DatabaseError, match="1 of module a; they are kept"):
                await flush_stores()
            assert await on_disk("b") == ["k"]
        await flush_stores()
        assert await on_disk("a") == ["k"]


async def test_what_fails_is_tried_again_and_reported_once(database_url, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(background, "INTERVAL", 0.001)
    attempts = asyncio.Semaphore(0)
    fold = background.fold

    async def counted(*args, **options):
        try:
            return await fold(*args, **options)
        except Exception:
            attempts.release()
            raise

    monkeypatch.setattr(background, "fold", counted)
    async with bot(database_url, tmp_path, "a") as [store], asyncio.timeout(30):
        async with failing_table():
            store["k"] = 1
            for _ in range(4):
                await attempts.acquire()
        while "SimpleStores are written again" not in caplog.messages:
            assert await on_disk() in ([], ["k"])
    (told,) = [message for message in caplog.messages if "cannot be written" in message]
    assert "\n" not in told
    assert "aha_store__a (" not in told  # what the database said, not the statement


async def test_what_cannot_be_written_at_the_end_is_written_at_the_next_start(database_url, tmp_path, caplog):
    async with bot(database_url, tmp_path, "a") as [store], failing_table():
        store["k"] = 1
        await close_stores(patience=0.1)
        assert "could not be written within 0.1 s: 1 of module a stay in the journal" in caplog.text
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k": 1}
        await flush_stores()
        assert await on_disk() == ["k"]


async def test_connections_that_are_cut_during_folds_cost_nothing(postgres_url, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "INTERVAL", 0.0)
    monkeypatch.setattr(background, "LONGEST_PAUSE", 0.01)
    model = {}
    killer = await asyncpg.connect(postgres_url)
    async with bot(postgres_url, tmp_path, "a", patience=20) as [store]:
        for n in range(300):
            if n % 3 == 0 and model:
                key = next(iter(model))
                del store[key], model[key]
                if n % 2:
                    store[key] = model[key] = n
            store[str(n % 40)] = model[str(n % 40)] = n
            if n % 20 == 0:
                await killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            await asyncio.sleep(0.002)
        assert list(store.items()) == list(model.items())
    await killer.close()
    async with bot(postgres_url, tmp_path, "a") as [store]:
        assert list(store.items()) == list(model.items())
        assert await on_disk() == list(model)


async def test_a_server_that_is_stopped_is_waited_for(own_postgres, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(background, "INTERVAL", 0.05)
    monkeypatch.setattr(background, "LONGEST_PAUSE", 0.1)
    info = own_postgres.get_postmaster_info()
    url = f"postgresql://postgres@/postgres?host={info.socket_dir}"
    async with bot(url, tmp_path, "a", patience=20) as [store], asyncio.timeout(60):
        store["before"] = 1
        await flush_stores()
        os.kill(info.pid, signal.SIGINT)
        while info.is_running():
            await asyncio.sleep(0.01)
        store["meanwhile"] = 2
        with pytest.raises(DatabaseError, match="1 of module a; they are kept in the journal"):
            await flush_stores()
        store["meanwhile"] = 3
        await store.sync()
        await asyncio.to_thread(own_postgres.ensure_postgres_running)
        while stores._open.background.unwritten():
            await asyncio.sleep(0.01)
        assert await on_disk() == ["before", "meanwhile"]
    async with bot(url, tmp_path, "a") as [store]:
        assert dict(store) == {"before": 1, "meanwhile": 3}
    assert len([message for message in caplog.messages if "cannot be written" in message]) == 1


async def test_a_server_that_does_not_answer_is_not_waited_for_at_the_end(own_postgres, tmp_path, caplog):
    info = own_postgres.get_postmaster_info()
    url = f"postgresql://postgres@/postgres?host={info.socket_dir}"
    postmaster = psutil.Process(info.pid)
    async with bot(url, tmp_path, "a") as [store], asyncio.timeout(60):
        store["before"] = 1
        await flush_stores()
        frozen = [postmaster, *postmaster.children()]
        try:
            for process in frozen:
                process.suspend()
            store["last"] = 2
            await close_stores(patience=0.1)
            async with asyncio.timeout(30):
                await close_database()
        finally:
            for process in frozen:
                process.resume()
    assert "1 of module a stay in the journal" in caplog.text
    async with bot(url, tmp_path, "a") as [store]:
        assert dict(store) == {"before": 1, "last": 2}
