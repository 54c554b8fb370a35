"""Values that cannot be read are kept, and read when what they need is there again."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from core.database import close_database, open_database
from core.migration.start import expand
from models.exc import ClassUntrusted, ValueDamaged
from services.data_store import close_stores, flush_stores, load_stores, open_stores, stores
from tests.pickled_values import loaded
from tests.store_bot import bot, crash, declared, fetch, on_disk


@pytest.mark.parametrize("folded", [True, False], ids=["in the table", "in the journal"])
async def test_a_value_whose_class_is_gone_is_kept_and_readable_when_it_is_back(
    database_url, tmp_path, theirs, caplog, folded
):
    thing = theirs("modules.shop")
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(before=1, thing=0, after=2)
        await flush_stores()
        store["thing"] = thing(7)
        if not folded:
            await crash()
    del sys.modules["modules.shop"]
    for _ in range(2):
        caplog.clear()
        async with bot(database_url, tmp_path, "a") as [store]:
            assert dict(store) == {"before": 1, "after": 2}
            (told,) = [message for message in caplog.messages if "not readable" in message]
            assert "module a: key 'thing' is not readable and stays in table" in told
            assert "modules.shop.Thing" in told
    thing = theirs("modules.shop")
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store) == ["before", "thing", "after"]
        assert store["thing"] == thing(7)


async def test_a_value_that_cannot_be_read_leaves_the_journal_and_is_written_once(database_url, tmp_path, theirs):
    thing = theirs("modules.shop")
    async with bot(database_url, tmp_path, "a") as [store]:
        store["thing"] = thing(7)
        await crash()
    del sys.modules["modules.shop"]
    for _ in range(2):
        async with bot(database_url, tmp_path, "a") as [store]:
            await flush_stores()
            [folded] = await fetch("SELECT folded FROM aha_store_journal WHERE module = 'a'")
            assert list(stores._open.background.ledger.journal.found.records("a", after=folded)) == []
            assert await fetch("SELECT version FROM aha_store__a") == [1]


async def test_a_value_whose_class_is_back_when_its_module_is_loaded_again_is_readable(database_url, tmp_path, theirs):
    thing = theirs("modules.shop")
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(before=[1], thing=thing(7), after=2)
    del sys.modules["modules.shop"]
    async with bot(database_url, tmp_path, first := declared("a")) as [store]:
        held = store["before"]
        store["last"] = 3
        first.drop()
        thing = theirs("modules.shop")
        again = declared("a")
        assert await load_stores([again]) == {}
        assert list(again.store) == ["before", "thing", "after", "last"]
        assert again.store["thing"] == thing(7)
        assert again.store["before"] is held
        held.append(2)
        again.store["thing"] = 0
        again.drop()
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store.items()) == [("before", [1, 2]), ("thing", 0), ("after", 2), ("last", 3)]


CHOOSY = """
import asyncio
client = None

class Game:
    def __init__(self, n): self.n = n
    def __getstate__(self): return {"n": self.n}
    def __setstate__(self, state): self.n, self.client = state["n"], client["connection"]

class Round(Game):
    def __setstate__(self, state): self.n, self.ended = state["n"], asyncio.get_running_loop().create_future()
"""


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "not signed"])
@pytest.mark.parametrize("folded", [True, False], ids=["in the table", "in the journal"])
async def test_a_value_is_made_when_it_is_read_so_its_class_may_need_a_bot_that_runs(
    database_url, tmp_path, caplog, folded, signed
):
    with loaded("shop", CHOOSY) as code:
        async with bot(database_url, tmp_path, "a") as [store]:
            store.update(game=code.Game(1), round=code.Round(2))
            if not folded:
                await crash()
        if not signed:
            (tmp_path / "store.key").unlink()
        for _ in range(2):
            async with bot(database_url, tmp_path, "a") as [store]:
                assert store.setdefault("round", None).n == 2
                for ask in (store.__getitem__, store.get, store.pop, lambda key: store.setdefault(key, 0)):
                    with pytest.raises(ValueDamaged, match="key 'game' cannot be read .*NoneType"):
                        ask("game")
                assert "game" in store
                code.client = {"connection": 1}
                assert store["game"].n == 1
                code.client = None
                await flush_stores()
    assert caplog.messages == []


async def test_what_nobody_has_signed_is_not_trusted_when_it_is_read_nor_signed_by_itself(sqlite_url, tmp_path):
    with loaded("shop", CHOOSY) as code:
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            data = pickle.dumps([code.Game(1), Path.home], 5)  # its class hides what follows until it works
            journal = stores._open.background.ledger.journal
            with journal.lock:
                journal.append(journal.register("a"), b"game", data)
            await crash()
        for _ in range(2):
            async with bot(sqlite_url, tmp_path, "a") as [store]:
                await flush_stores()
                assert await fetch("SELECT mac FROM aha_store__a") == [None]
                assert await fetch("SELECT value FROM aha_store__a") == [data]
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            code.client = {"connection": 1}
            with pytest.raises(ClassUntrusted):
                store["game"]
            assert "game" in store


async def test_what_stood_where_nothing_could_be_read_is_kept_when_the_key_is_set(database_url, tmp_path, theirs):
    thing = theirs("modules.shop")
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(thing=thing(7), other=1)
    del sys.modules["modules.shop"]
    async with bot(database_url, tmp_path, "a") as [store]:
        store["thing"] = 2
        await flush_stores()
        assert await fetch("SELECT module || ' ' || key FROM aha_store_quarantine") == ["a thing"]
        (reason,) = await fetch("SELECT reason FROM aha_store_quarantine")
        assert "modules.shop.Thing" in reason
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store.items()) == [("other", 1), ("thing", 2)]


@pytest.mark.parametrize("folded", [True, False], ids=["in the table", "in the journal"])
async def test_a_class_of_another_package_is_read_where_it_was_written(database_url, tmp_path, theirs, caplog, folded):
    thing = theirs("some_package_or_other")
    (tmp_path / "here").mkdir()
    async with bot(database_url, tmp_path / "here", "a") as [store]:
        store["thing"] = thing(7)
        if not folded:
            await crash()
    async with bot(database_url, tmp_path / "here", "a") as [store]:
        assert store["thing"] == thing(7)
    async with bot(database_url, tmp_path / "elsewhere", "a") as [store]:
        assert "thing" not in store
        assert "was not signed here" in caplog.text


async def test_a_module_whose_table_cannot_be_read_costs_no_other_its_data(database_url, tmp_path):
    broken, fine = declared("a"), declared("b")
    await open_database(database_url)
    await expand([fine])
    open_stores(tmp_path)
    failed = await load_stores([broken, fine])
    assert list(failed) == [broken]
    assert "aha_store__a" in str(failed[broken])
    fine.store["k"] = 1
    await flush_stores()
    assert await on_disk("b") == ["k"]
    await close_stores()
    await close_database()
    broken.drop()
    fine.drop()
