"""Damage to the pages of a database file: it costs the keys that are in them, and what can be read is made anew."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.backup.sqlite import verified
from core.database import close_database, db_engine, open_database
from models.exc import DatabaseError
from services.data_store import close_stores, flush_stores, load_stores, open_stores, reading
from tests.store_bot import bot, crash, declared, execute, fetch, on_disk
from tests.store_damage import flipped

if TYPE_CHECKING:
    from pathlib import Path


def page_of(path: Path, part: str) -> tuple[slice, bytes]:
    """Where all of the small table of module a is in the database file, or its index; and that file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE tbl_name = 'aha_store__a' AND type = ?"
        [(page,)] = connection.execute(query, (part,)).fetchall()
        [(size,)] = connection.execute("PRAGMA page_size").fetchall()
    return slice((page - 1) * size, page * size), path.read_bytes()


def change_file(path: Path, part: str, old: bytes, new: bytes) -> None:
    """Change bytes of a table or an index past all that SQLite does."""
    here, data = page_of(path, part)
    assert data[here].count(old) == 1
    path.write_bytes(data[: here.start] + data[here].replace(old, new) + data[here.stop :])


SMALL = {"k10": 10, "k20": 20, "k30": 30}


@pytest.mark.parametrize("became", [b"k2p", b"k30"], ids=["another", "one that is there"])
async def test_what_is_set_where_a_key_was_damaged_in_the_file_is_there_for_good(sqlite_url, tmp_path, became):
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(SMALL)
    change_file(tmp_path / "test.db", "table", b"k20", became)
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k10": 10, "k30": 30}
        assert await fetch("SELECT key FROM aha_store_quarantine") == [became.decode()]
        store["k20"] = 21
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        assert dict(store) == {"k10": 10, "k30": 30, "k20": 21}
        assert await fetch("PRAGMA integrity_check") == ["ok"]


async def test_a_key_that_is_there_twice_is_what_was_set_last(sqlite_url, tmp_path):
    """SQLite lets it be there twice if its index is damaged."""
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(SMALL)
    change_file(tmp_path / "test.db", "index", b"k20", b"k2p")
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store["k20"] = 21
    for _ in range(2):
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            assert list(store.items()) == [("k10", 10), ("k30", 30), ("k20", 21)]
            assert await fetch("PRAGMA integrity_check") == ["ok"]
            assert await fetch("SELECT reason FROM aha_store_quarantine") == [
                "its key is there a second time, and was written there later"
            ]


async def test_a_damaged_row_that_cannot_be_taken_out_costs_no_other(sqlite_url, tmp_path):
    """Its rowid is not the one by which it stands where it is."""
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(SMALL)
        await flush_stores()
        await execute("UPDATE aha_store__a SET value = CAST(x'ff41ff41' AS TEXT) WHERE key = 'k20'")
    here, data = page_of(path := tmp_path / "test.db", "table")
    row = data.rindex(b"k20", here.start, here.stop) - 9  # its rowid, and which types its seven columns have
    assert data[row : row + 2] == b"\x02\x08"
    path.write_bytes(data[:row] + b"\x09" + data[row + 1 :])
    for n in range(2):
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            assert dict(store) == {"k10": 10 + n, "k30": 30}
            assert await fetch("SELECT key FROM aha_store_quarantine") == ["k20"]
            store["k10"] += 1


async def test_a_file_that_cannot_be_read_any_more_is_said_with_what_helps(sqlite_url, tmp_path):
    async with bot(sqlite_url, tmp_path, "a", "b") as [store, other]:
        store.update(SMALL)
        other["k"] = 1
    here, data = page_of(path := tmp_path / "test.db", "table")
    path.write_bytes(data[: here.start] + b"\xff" * (here.stop - here.start) + data[here.stop :])
    modules = [declared("a"), declared("b")]
    await open_database(sqlite_url)
    try:
        open_stores(tmp_path)
        failures = await load_stores(modules)
        assert list(failures) == modules[:1]
        assert "table aha_store__a cannot be read: database disk image is malformed" in str(failures[modules[0]])
        assert "restore a backup (aha db restore FILE)" in str(failures[modules[0]])
        assert dict(modules[1].store) == {"k": 1}
    finally:
        await close_stores()
        await close_database()
        for module in modules:
            module.drop()


LARGE = {f"k{n:04}": f"{n} " * 50 for n in range(400)}


def pages_of(path: Path, part: str) -> list[slice]:
    """Where pages full of keys of the large store of module a are in the file: of its table, or of its index."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [(size,)] = connection.execute("PRAGMA page_size").fetchall()
    data, leaf = path.read_bytes(), {"table": 0x0D, "index": 0x0A}[part]
    pages = [slice(start, start + size) for start in range(size, len(data), size)]
    return [page for page in pages if data[page.start] == leaf and data[page].count(b"k0") > 5]


def spoil(path: Path, *pages: slice) -> None:
    data = bytearray(path.read_bytes())
    for page in pages:
        data[page] = b"\xff" * (page.stop - page.start)
    path.write_bytes(data)


async def test_damaged_pages_of_a_table_cost_the_keys_in_them(sqlite_url, tmp_path, caplog):
    async with bot(sqlite_url, tmp_path, "a", "b") as [store, other]:
        store.update(LARGE)
        other["k"] = 1
    pages = pages_of(path := tmp_path / "test.db", "table")
    spoil(path, pages[1], pages[4], pages[-1])
    data = path.read_bytes()
    path.write_bytes(flipped(data, 8 * (data.rindex(b"\x80\x05", pages[2].start, pages[2].stop) + 20)))
    async with bot(sqlite_url, tmp_path, "a", "b") as [store, other]:
        lost = [key for key in LARGE if key not in store]
        assert 3 <= len(lost) <= 3 * 8 * 4
        assert list(store.items()) == [(key, value) for key, value in LARGE.items() if key not in lost]
        [damaged] = await fetch("SELECT key FROM aha_store_quarantine")
        assert damaged in lost
        assert f"module a: {len(lost) - 1} keys ('" in caplog.text
        assert "restore a backup (aha db restore FILE)" in caplog.text
        for key in (lost[0], "k0000", "new"):
            store[key] = other[key] = 1
        await flush_stores()
        assert len(await on_disk()) == len(LARGE) - len(lost) + 2
    caplog.clear()
    async with bot(sqlite_url, tmp_path, "a", "b") as [store, other]:
        assert (store[lost[0]], store["k0000"], store["new"]) == (1, 1, 1)
        assert len(store) == len(LARGE) - len(lost) + 2
        [name] = await fetch("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'aha_store__a'")
        assert await fetch(f"SELECT count(key) FROM aha_store__a INDEXED BY {name}") == [len(store)]
    assert caplog.messages == []
    with closing(sqlite3.connect(shutil.copy(path, tmp_path / "copy.db"), isolation_level=None)) as copy:
        assert verified(copy, path)["aha_store__a"] == len(LARGE) - len(lost) + 2


@pytest.mark.parametrize("part", ["index", "table"])
async def test_pages_that_are_damaged_while_the_bot_runs_cost_nothing(sqlite_url, tmp_path, caplog, part):
    async with bot(sqlite_url, tmp_path, "a", "b") as [store, other]:
        store.update(LARGE)
    changes = dict.fromkeys(list(LARGE)[::3], 1)
    async with bot(sqlite_url, tmp_path, "a", "b") as [store, other]:
        spoil(path := tmp_path / "test.db", *pages_of(path, part)[1:4])
        await db_engine.dispose()  # what is in the memory of a connection is not damaged
        store.update(changes)
        other["k"] = 1
        await flush_stores()
        assert await on_disk("b") == ["k"]
        assert sorted(await on_disk()) == sorted(LARGE)
        assert "table aha_store__a was damaged in the database file and is made anew, with all keys" in caplog.text
    caplog.clear()
    async with bot(sqlite_url, tmp_path, "a", "b") as [store, other]:
        assert dict(store) == LARGE | changes
    assert caplog.messages == []


async def test_a_damaged_table_that_could_not_be_made_anew_is_so_the_next_time(sqlite_url, tmp_path, monkeypatch):
    async def fail(*_):
        raise ConnectionError("not now")

    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(LARGE)
    changes = dict.fromkeys(list(LARGE)[::3], 1)
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        spoil(path := tmp_path / "test.db", *pages_of(path, "table")[1:4])
        await db_engine.dispose()
        store.update(changes)
        monkeypatch.setattr(reading, "make_anew", fail)
        with pytest.raises(DatabaseError, match="not now"):
            await flush_stores()
        monkeypatch.undo()
        await flush_stores()
        assert sorted(await on_disk()) == sorted(store)
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        assert dict(store) == LARGE | changes


async def test_what_only_a_bot_had_that_was_killed_while_it_made_a_table_anew_is_there(
    sqlite_url, tmp_path, monkeypatch
):
    async def killed(*args):
        await make_anew(*args)
        raise ConnectionError("killed")

    make_anew = reading.make_anew
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(LARGE)
    changes = dict.fromkeys(list(LARGE)[::3], 1)
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        spoil(path := tmp_path / "test.db", *pages_of(path, "table")[1:4])
        await db_engine.dispose()
        store.update(changes)
        monkeypatch.setattr(reading, "make_anew", killed)
        with pytest.raises(DatabaseError):
            await flush_stores()
        monkeypatch.undo()
        await crash()
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        assert dict(store) == LARGE | changes
