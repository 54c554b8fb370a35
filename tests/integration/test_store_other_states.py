"""Journals and databases that do not go together: no journal is read that belongs to another state."""

from __future__ import annotations

import shutil

import pytest

from core.backup import backup, restore
from services.data_store import flush_stores
from services.data_store.journal import Found
from services.data_store.opening import objection
from services.data_store.progress import Progress
from tests.store_bot import bot, crash


def aside(folder) -> list:
    return list((folder / "store" / "aside").glob("*"))


async def test_a_journal_beside_an_older_state_of_its_database_is_set_aside(
    database_url, tmp_path, copy_database, caplog
):
    async with bot(database_url, tmp_path, "a") as [store]:
        store["k"] = 1
    older = copy_database()
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
