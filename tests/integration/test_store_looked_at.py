"""What commands find in a store: all that was set before, whatever is folded meanwhile, and what a start would find."""

from __future__ import annotations

import pytest

from aha import stores as looking
from core.database import close_database, db_engine, open_database
from services.data_store import flush_stores, stores
from services.data_store.journal.segments import segment_paths
from tests.store_bot import bot, crash


@pytest.fixture
def look(tmp_path):
    """Finds the keys of the store of a module, as a command does."""

    async def keys_of(module: str) -> list[str]:
        async with db_engine.connect() as connection:
            return await connection.run_sync(
                lambda found: list(looking.stores_on(found, tmp_path / "data").contents(found, module).entries)
            )

    return keys_of


async def test_a_fold_while_a_command_looks_hides_nothing(database_url, tmp_path, look, monkeypatch, caplog):
    async with bot(database_url, tmp_path / "data", "a", "b") as [store, other]:
        store["first"] = other["first"] = 1
        await flush_stores()
        background = stores._open.background
        store["second"] = other["second"] = 2
        async with db_engine.connect() as connection:
            before = await connection.run_sync(looking.known_progress)
        await background._fold(["a"], now=True)
        store["third"] = 3
        await store.sync()
        real, given = looking.known_progress, [before]
        monkeypatch.setattr(looking, "known_progress", lambda found: given.pop() if given else real(found))
        assert await look("a") == ["first", "second", "third"]
        assert await look("b") == ["first", "second"]
    assert caplog.messages == []


async def test_a_command_finds_after_a_power_cut_what_a_start_finds(sqlite_url, tmp_path, look, caplog):
    """The database has a record that did not reach the disk, of one store; and of another the journal has more."""
    folder = tmp_path / "data"
    async with bot(sqlite_url, folder, "a", "b") as [store, other]:
        store["first"] = other["first"] = 1
        await flush_stores()
        other["second"] = 2
        store["second"] = "from a"
        await stores._open.background._fold(["a"], now=True)
        await crash()
    path = segment_paths(folder / "store")[-1]
    data = path.read_bytes()
    start = data.rindex(b"second", 0, data.rindex(b"from a")) - 20
    path.write_bytes(data[:start].ljust(len(data), b"\0"))
    await open_database(sqlite_url)
    assert [await look("a"), await look("b")] == [["first", "second"]] * 2
    await close_database()
    async with bot(sqlite_url, folder, "a", "b") as [store, other]:
        assert [list(store), list(other)] == [["first", "second"]] * 2
    assert caplog.messages == []
