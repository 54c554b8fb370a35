"""Loading stores: from tables and journals of all ages, and never from a journal that belongs to another state."""

from __future__ import annotations

import pickle
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from core.backup import backup, restore
from core.database import close_database, db_engine, open_database
from core.migration.start import expand
from models.exc import ClassUntrusted, ValueDamaged
from services.data_store import close_stores, flush_stores, load_stores, open_stores, stores
from services.data_store.journal import Found
from services.data_store.opening import objection
from services.data_store.progress import Progress
from tests.pickled_values import loaded
from tests.store_bot import bot, crash, declared, execute, fetch, on_disk


@pytest.fixture
def theirs():
    """Makes the Python module of a module of the bot, or of a package, with a class `Thing` in it."""
    made = []

    def make(name: str) -> type:
        python = ModuleType(name)
        exec(
            "class Thing:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): return self.n == o.n",
            vars(python),
        )
        python.Thing.__module__ = name
        sys.modules[name] = python
        made.append(name)
        return python.Thing

    yield make
    for name in made:
        sys.modules.pop(name, None)


@pytest.fixture
def another(request, database_url, tmp_path):
    """Copies the database as it is, closed: returns the URL of the copy."""

    def copy() -> str:
        if database_url.startswith("sqlite"):
            target = tmp_path / f"copy{len(list(tmp_path.glob('copy*')))}.db"
            shutil.copy(tmp_path / "test.db", target)
            return f"sqlite:///{target}"
        url = request.getfixturevalue("postgres").create(template=database_url)
        request.addfinalizer(lambda: request.getfixturevalue("postgres").drop(url))
        return url

    return copy


def aside(folder) -> list:
    return list((folder / "store" / "aside").glob("*"))


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


# --- other ages ----------------------------------------------------------------------------------------------------

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


# --- journals and databases that do not go together ----------------------------------------------------------------


async def test_a_journal_beside_an_older_state_of_its_database_is_set_aside(database_url, tmp_path, another, caplog):
    async with bot(database_url, tmp_path, "a") as [store]:
        store["k"] = 1
    older = another()
    async with bot(database_url, tmp_path, "a") as [store]:
        store["k"] = 2
        await flush_stores()
        store["k"] = 3
        store["n"] = 4
        await crash()
    async with bot(older, tmp_path, "a") as [store]:
        assert dict(store) == {"k": 1}
        store["k"] = 5
        await crash()
    (told,) = [message for message in caplog.messages if "put aside" in message]
    assert "3 of module a" in told
    assert "older state of the database" in told
    [folder] = aside(tmp_path)
    assert str(folder) in told
    assert "older state of the database" in (folder / "README.txt").read_text()
    async with bot(older, tmp_path, "a") as [store]:
        assert dict(store) == {"k": 5}


async def test_a_journal_beside_another_database_is_set_aside(database_url, tmp_path, sqlite_url, caplog):
    async with bot(database_url, tmp_path, "a") as [store]:
        store["k"] = 1
        await crash()
    other = f"sqlite:///{tmp_path}/other.db"
    async with bot(other, tmp_path, "a") as [store]:
        assert dict(store) == {}
    (told,) = [message for message in caplog.messages if "put aside" in message]
    assert "1 of module a" in told
    assert "another database" in told


async def test_nothing_is_said_when_a_bot_that_was_stopped_gets_another_database(database_url, tmp_path, caplog):
    other = f"sqlite:///{tmp_path}/other.db"
    async with bot(database_url, tmp_path, "a") as [store]:
        store["k"] = 1
    async with bot(other, tmp_path, "a") as [store]:
        assert dict(store) == {}
        store["k"] = 2
        await crash()
    assert caplog.messages == []
    assert aside(tmp_path) == []
    async with bot(other, tmp_path, "a") as [store]:
        assert dict(store) == {"k": 2}


async def test_a_restored_database_does_not_get_what_came_after_it(database_url, tmp_path, caplog):
    folder = tmp_path / "data"
    async with bot(database_url, folder, "a") as [store]:
        store["k"] = 1
    saved = await backup(database_url, tmp_path / "backups", keep=0, pg_dump="none")
    async with bot(database_url, folder, "a") as [store]:
        store["k"] = 2
        await crash()
    await restore(saved, database_url, overwrite=True, pg_dump="none")
    async with bot(database_url, folder, "a") as [store]:
        assert dict(store) == {"k": 1}
    assert "1 of module a" in caplog.text


async def test_an_older_data_folder_does_no_harm(database_url, tmp_path):
    folder = tmp_path / "data"
    async with bot(database_url, folder, "a") as [store]:
        store["k"] = 1
    shutil.copytree(folder, tmp_path / "older")
    for n in range(2, 5):
        async with bot(database_url, folder, "a") as [store]:
            store["k"] = n
    async with bot(database_url, tmp_path / "older", "a") as [store]:
        assert dict(store) == {"k": 4}
        store["k"] = 5
        await crash()
    async with bot(database_url, tmp_path / "older", "a") as [store]:
        assert dict(store) == {"k": 5}


@pytest.mark.parametrize(
    ("found", "progress", "says"),
    [
        (Found(None), Progress(), None),
        (Found(None, b"j", "this", folds=3, seq=9), Progress(3, {"a": 9}), None),
        (Found(None, b"j", "this", folds=3, seq=9), Progress(4, {"a": 9}), None),
        (Found(None, b"j", "this", folds=3, seq=9), Progress(4, {"a": 99}), None),
        (Found(None, b"j", "this", folds=3, seq=9), Progress(2, {"a": 9}), "older state of the database"),
        (Found(None, b"j", "other", folds=3, seq=9), Progress(3, {"a": 9}), "another database"),
        (Found(None, b"j", "this", folds=3, seq=9), Progress(9, {"a": 2**33}), "older state of the data folder"),
    ],
    ids=["none", "fits", "killed after the commit", "power cut", "older database", "other database", "older folder"],
)
def test_which_journal_goes_with_a_database(found, progress, says):
    said = objection(found, "this", progress)
    assert said is None if says is None else says in said


# --- what cannot be read now ---------------------------------------------------------------------------------------


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
