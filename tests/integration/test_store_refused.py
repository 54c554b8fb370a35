"""Keys that the database does not take stay in the journal, or go to quarantine, and hold up no other."""

from __future__ import annotations

import asyncio

import pytest

from core.database import db_engine
from models.exc import DatabaseError
from services.data_store import background, flush_stores, stores
from tests.store_bot import bot, crash, execute, fetch, on_disk


async def refuse(pattern: str) -> None:
    """Let the database refuse the keys of the store of module `a` that are like this."""
    if db_engine.dialect.name == "sqlite":
        await execute(
            f"CREATE TRIGGER picky BEFORE INSERT ON aha_store__a WHEN new.key LIKE '{pattern}' "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    else:
        await execute(f"ALTER TABLE aha_store__a ADD CONSTRAINT picky CHECK (key NOT LIKE '{pattern}')")


async def take_again() -> None:
    drop = (
        "DROP TRIGGER picky" if db_engine.dialect.name == "sqlite" else "ALTER TABLE aha_store__a DROP CONSTRAINT picky"
    )
    await execute(drop)


async def test_a_row_that_is_refused_holds_up_no_other(database_url, tmp_path, caplog):
    model = {str(n): n for n in range(100)}
    async with bot(database_url, tmp_path, "a") as [store]:
        await refuse("7")
        store.update(model)
        await flush_stores()
        assert await on_disk() == [key for key in model if key != "7"]
        assert await fetch("SELECT key FROM aha_store_quarantine WHERE module = 'a'") == ["7"]
        store["8"] = 80
        await flush_stores()
        (told,) = [message for message in caplog.messages if "refuses" in message]
        assert "module a: the database refuses key '7' in table aha_store__a" in told
        await crash()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {**model, "8": 80}
        await take_again()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {**model, "8": 80}
        assert sorted(await on_disk()) == sorted(model)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(lambda n: "bad" if n % 4 else "good", id="mixed"),
        pytest.param(lambda n: "bad" if n < 300 else "good", id="first", marks=pytest.mark.faults),
        pytest.param(lambda n: "bad" if n >= 100 else "good", id="last", marks=pytest.mark.faults),
        pytest.param(lambda n: "good" if n == 399 else "bad", id="all but one", marks=pytest.mark.faults),
    ],
)
async def test_however_many_rows_are_refused_they_hold_up_no_other(database_url, tmp_path, caplog, kind):
    model = {f"{kind(n)} {n}": n for n in range(400)}
    good = [key for key in model if key.startswith("good")]
    async with bot(database_url, tmp_path, "a") as [store]:
        await refuse("bad%")
        store.update(model)
        for _ in range(5):
            await flush_stores()
        assert sorted(await on_disk()) == sorted(good)
        store["good last"] = model["good last"] = 1
        await flush_stores()
        assert "good last" in await on_disk()
        await crash()
    assert "refuses 100 keys ('bad" in caplog.text
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == model
        await take_again()
        await flush_stores()
        assert sorted(await on_disk()) == sorted(model)


async def test_what_was_put_off_is_written_without_being_asked(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "INTERVAL", 0.01)
    monkeypatch.setattr(background, "rest_after", lambda _: 0.0)
    async with bot(sqlite_url, tmp_path, "a") as [store], asyncio.timeout(30):
        await refuse("bad%")
        store.update({f"{'bad' if n % 4 else 'good'} {n}": n for n in range(400)})
        while len(await on_disk()) < 100:
            await asyncio.sleep(0.01)


async def test_a_table_that_takes_nothing_costs_the_quarantine_nothing(database_url, tmp_path, caplog):
    async with bot(database_url, tmp_path, "a", "b") as [store, other]:
        await refuse("%")
        store.update({str(n): n for n in range(2_000)})
        other["k"] = 1
        with pytest.raises(DatabaseError, match="2000 of module a; they are kept"):
            await flush_stores()
        assert await on_disk("b") == ["k"]
        assert await fetch("SELECT count(*) FROM aha_store_quarantine") == [0]
        await take_again()
        await flush_stores()
        assert len(await on_disk()) == 2_000


async def test_what_is_refused_does_not_hold_the_journal(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        await refuse("bad")
        store["bad"] = 1
        for value in range(40):
            store["k"] = bytes([value]) * 1_000_000
        await flush_stores()
        store["k"] = 0
        await flush_stores()
        assert len(list((tmp_path / "store").glob("*.journal"))) <= 2
        await crash()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"bad": 1, "k": 0}
        await take_again()


async def test_a_refused_key_that_is_set_anew_is_written(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        await refuse("bad")
        store["bad"] = 1
        await flush_stores()
        await take_again()
        store["bad"] = 2
        await flush_stores()
        assert await on_disk() == ["bad"]
        assert stores._open.background.unwritten() == ""
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"bad": 2}
