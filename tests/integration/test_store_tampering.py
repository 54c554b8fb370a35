"""Who writes into tables or the journal of stores past the bot makes it run nothing."""

from __future__ import annotations

import os
import pickle
import re
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from core.database import db_engine
from models.exc import ValueDamaged
from services.data_store import flush_stores, stores
from tests.malicious_rows import VICTIM, answering, changing, touching
from tests.pickled_values import loaded
from tests.store_bot import bot, crash, fetch, on_disk
from tests.store_damage import change_row


class Act:
    """When it is read, a file appears."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("checksum", ["right", "none"])
async def test_a_tampered_row_runs_no_code_and_is_kept(database_url, tmp_path, caplog, checksum):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(good=1, bad=2)
    data = pickle.dumps(Act(str(tmp_path / "ran")), 5)
    sums = {"checksum": lambda _: None}
    if checksum == "right":
        from services.data_store.rows import checksum as sum_of

        sums = {"checksum": lambda old: (old & ~(2**32 - 1)) | sum_of("bad", data)}
    await change_row(database_url, "bad", value=lambda _: data, **sums)
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"good": 1}
        assert "was not signed here" in caplog.text
        assert await on_disk() == ["good", "bad"]
        store["bad"] = 3
        await flush_stores()
        assert await fetch("SELECT key FROM aha_store_quarantine") == ["bad"]
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def malicious(tmp_path):
    """Rows that would make a file, or change what others use, by the names of their ways; and that file."""
    with loaded("victim", VICTIM) as victim:
        victim.Settings.trap = mark = tmp_path / "mark"
        yield touching(mark) | answering() | changing(), mark
        assert victim.Settings.admins == ("owner",)


def told_of(message):
    """Of how many keys it speaks."""
    several = re.search(r"a: (\d+) keys", message)
    return int(several[1]) if several else 1


async def check_that_nothing_acts(url, folder, rows, mark, caplog):
    """Start twice: nothing of `rows` is run, each is kept and told or refused, and what is set replaces them."""
    for _ in range(2):
        caplog.clear()
        async with bot(url, folder, "a") as [store]:
            assert store["good"] == 1
            await flush_stores()
            assert rows.keys() <= set(await on_disk())
            odd = store.keys() - {"good"}  # of a module's class, which does not take what it gets
            for key in odd:
                with pytest.raises(ValueDamaged):
                    store[key]
            told = [message for message in caplog.messages if "not readable" in message]
            assert sum(told_of(message) for message in told) == len(rows) - len(odd)
    async with bot(url, folder, "a") as [store]:
        store.update(dict.fromkeys(rows, 0))
        await flush_stores()
        assert set(await fetch("SELECT key FROM aha_store_quarantine")) == rows.keys() - odd
    async with bot(url, folder, "a") as [store]:
        assert dict(store) == {"good": 1} | dict.fromkeys(rows, 0)
    assert not mark.exists()


async def test_no_row_of_others_acts(database_url, tmp_path, malicious, caplog):
    rows, mark = malicious
    async with bot(database_url, tmp_path, "a") as [store]:
        store["good"] = 1
        await flush_stores()
        async with db_engine.begin() as connection:
            row = {"updated_at": datetime.now(UTC), "position": 9}
            await connection.execute(
                insert(store.table), [{"key": key, "value": value, **row} for key, value in rows.items()]
            )
    await check_that_nothing_acts(database_url, tmp_path, rows, mark, caplog)


async def test_no_record_of_others_acts(database_url, tmp_path, malicious, caplog):
    rows, mark = malicious
    async with bot(database_url, tmp_path, "a") as [store]:
        store["good"] = 1
        journal = stores._open.background.ledger.journal
        with journal.lock:
            for key, value in rows.items():
                journal.append(journal.register("a"), key.encode(), value)
        await crash()
    await check_that_nothing_acts(database_url, tmp_path, rows, mark, caplog)


async def test_a_signed_row_under_another_key_is_not_trusted(database_url, tmp_path, monkeypatch):
    python = type(sys)("some_package_or_other")
    python.Thing = type("Thing", (), {"__module__": python.__name__})
    monkeypatch.setitem(sys.modules, python.__name__, python)
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(one=python.Thing(), two=python.Thing())
    await change_row(database_url, "one", key=lambda _: "three", checksum=lambda _: None)
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store) == ["two"]


async def test_a_tampered_record_runs_no_code_and_is_kept(database_url, tmp_path, monkeypatch, caplog):
    """Whoever can write the journal but not read the key."""
    monkeypatch.setattr("services.data_store.signing.Signer.mac", lambda *_: None)
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(good=1, bad=Act(str(tmp_path / "ran")))
        await crash()
    monkeypatch.undo()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"good": 1}
        assert "was not signed here" in caplog.text
        await flush_stores()
        assert sorted(await on_disk()) == ["bad", "good"]
        assert await fetch("SELECT mac FROM aha_store__a") == [None, None]
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {"good": 1}
    assert not (tmp_path / "ran").exists()
