"""Damage to stores: it is found, it costs the key that it hit and no other, and what is left of it is kept."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, select

from core.backup.sqlite import verified
from core.database import close_database, db_engine, metadata, open_database
from models.exc import DatabaseError, ValueDamaged
from services.data_store import close_stores, flush_stores, load_stores, open_stores, reading, stores
from services.data_store.quarantine import quarantine
from tests.malicious_rows import VICTIM, answering, changing, touching
from tests.pickled_values import loaded
from tests.store_bot import bot, crash, declared, execute, fetch, on_disk

if TYPE_CHECKING:
    from pathlib import Path

MODEL = {f"key {n}": f"value {n}" for n in range(20)}


async def change_row(url: str, key: str, /, **columns) -> None:
    """Change columns of a row in the table, each by a function of what it says."""
    module = declared("a")
    table = metadata.tables["aha_store__a"]
    await open_database(url)
    async with db_engine.begin() as connection:
        row = dict((await connection.execute(select(table).where(table.c.key == key))).mappings().one())
        await connection.execute(delete(table).where(table.c.key == key))
        await connection.execute(
            insert(table).values({**row, **{name: how(row[name]) for name, how in columns.items()}})
        )
    await close_database()
    module.drop()


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("bit", [0, 50, 100, -1])
async def test_a_flipped_bit_in_a_value_is_found_and_costs_no_other(database_url, tmp_path, caplog, bit):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(MODEL)
    await change_row(database_url, "key 7", value=lambda value: flipped(value, bit % (8 * len(value))))
    rest = {key: value for key, value in MODEL.items() if key != "key 7"}
    for _ in range(2):
        async with bot(database_url, tmp_path, "a") as [store]:
            assert list(store.items()) == list(rest.items())
            assert await fetch("SELECT key FROM aha_store_quarantine") == ["key 7"]
    (told,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert "module a: key 'key 7' was damaged in table aha_store__a, and in quarantine now" in told


@pytest.mark.parametrize(
    ("column", "how"),
    [
        ("key", lambda key: key[:-1] + "x"),
        ("checksum", lambda checksum: checksum ^ 1),
        ("value", lambda value: b""),
    ],
    ids=["key", "checksum", "nothing left"],
)
async def test_other_damage_to_a_row_is_found(database_url, tmp_path, column, how):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(MODEL)
    await change_row(database_url, "key 7", **{column: how})
    async with bot(database_url, tmp_path, "a") as [store]:
        assert dict(store) == {key: value for key, value in MODEL.items() if key != "key 7"}
        store["key 7"] = "new"
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store)[-1] == "key 7"
        assert await on_disk() == list(store)
        (count,) = await fetch("SELECT count(*) FROM aha_store_quarantine WHERE module = 'a'")
        assert count == 1


@pytest.mark.parametrize("checksum", ["checksum", "NULL"])
@pytest.mark.parametrize(
    ("key", "shown"),
    [
        pytest.param("CAST(x'6b65f92037' AS TEXT)", "ke\ufffd 7", id="no UTF-8"),
        pytest.param("x'6b65792037'", "key 7", id="no text"),
    ],
)
async def test_a_key_that_is_no_text_any_more_costs_no_other(sqlite_url, tmp_path, caplog, key, shown, checksum):
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(MODEL)
        await flush_stores()
        await execute(f"UPDATE aha_store__a SET key = {key}, checksum = {checksum} WHERE key = 'key 7'")
    for _ in range(2):
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            assert dict(store) == {key: value for key, value in MODEL.items() if key != "key 7"}
            assert await fetch("SELECT key FROM aha_store_quarantine") == [shown]
            assert await fetch("SELECT count(*) FROM aha_store__a") == [len(MODEL) - 1]
    (told,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert f"module a: key {shown!r} was damaged" in told


HALF = "its bytes are not those that were written"
COLUMNS = {
    "position: text": ("position = 'abc'", "its place in the order is damaged"),
    "position: real": ("position = 1.5", "its place in the order is damaged"),
    "position: bytes": ("position = x'00ff'", "its place in the order is damaged"),
    "position: text that is none": ("position = CAST(x'ff41' AS TEXT)", "its place in the order is damaged"),
    "position: none could follow": ("position = 9223372036854775807", "its place in the order is damaged"),
    "position: below all": ("position = -9223372036854775808", "its place in the order is damaged"),
    "checksum: text": ("checksum = 'abc'", "its checksum is damaged"),
    "checksum: real": ("checksum = 1.5", "its checksum is damaged"),
    "checksum: bytes": ("checksum = x'00'", "its checksum is damaged"),
    "mac: text": ("mac = 'abc'", "its signature is damaged"),
    "mac: text that is none": ("mac = CAST(x'ff41' AS TEXT)", "its signature is damaged"),
    "mac: a number": ("mac = 5", "its signature is damaged"),
    "value: text": ("value = 'abc'", HALF),
    "value: text that is none": ("value = CAST(x'ff41' AS TEXT)", HALF),
    "value and moment": ("value = x'00', updated_at = '2026-99-99 garbage'", HALF),
    "value, moment a number": ("value = x'00', updated_at = 5", HALF),
    "value, moment bytes": ("value = x'00', updated_at = x'00ff'", HALF),
    "value, moment no text": ("value = x'00', updated_at = CAST(x'ff41' AS TEXT)", HALF),
    "key: a number": ("key = 77", HALF),
    "key: a real": ("key = 7.5", HALF),
}


@pytest.mark.parametrize("key", ["key 7", "object"])
@pytest.mark.parametrize(("change", "reason"), COLUMNS.values(), ids=COLUMNS.keys())
async def test_damage_to_any_column_costs_one_key(sqlite_url, tmp_path, key, change, reason):
    model = MODEL | {"object": Counter("abc")}
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(model)
        await flush_stores()
        await execute(f"UPDATE aha_store__a SET {change} WHERE key = '{key}'")
    for _ in range(2):
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            assert list(store.items()) == [(name, value) for name, value in model.items() if name != key]
            assert await fetch("SELECT reason FROM aha_store_quarantine") == [reason]
            store["last"] = 1
            await flush_stores()
            del store["last"]
            await flush_stores()


@pytest.mark.parametrize("position", [2**63 - 1, 2**62, 0, -(2**63)])
async def test_a_place_that_no_row_can_have_costs_one_key(database_url, tmp_path, caplog, position):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(MODEL)
    await change_row(database_url, "key 7", position=lambda _: position)
    async with bot(database_url, tmp_path, "a") as [store]:
        assert list(store) == [key for key in MODEL if key != "key 7"]
        store["last"] = 1
        await flush_stores()
        assert (await on_disk())[-1] == "last"
    assert "module a: key 'key 7' was damaged in table aha_store__a" in caplog.text


@pytest.mark.parametrize("column", ["updated_at", "version"])
async def test_what_is_not_needed_to_read_a_row_may_be_anything(sqlite_url, tmp_path, column, caplog):
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(MODEL)
        await flush_stores()
        await execute(f"UPDATE aha_store__a SET {column} = CAST(x'ff41' AS TEXT) WHERE key = 'key 7'")
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        assert dict(store) == MODEL
        store["key 7"] = "new"
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        assert list(store.items()) == list((MODEL | {"key 7": "new"}).items())
    assert caplog.messages == []


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


async def test_quarantine_keeps_the_row_as_it_was(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(MODEL)
    await change_row(database_url, "key 7", value=lambda _: b"?\x00?")
    async with bot(database_url, tmp_path, "a"), db_engine.connect() as connection:
        row = (await connection.execute(select(quarantine))).mappings().one()
    assert (row["module"], row["key"], row["value"], row["mac"]) == ("a", "key 7", b"?\x00?", None)
    assert row["reason"] == "its bytes are not those that were written"
    assert row["checksum"] is not None


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


# --- the journal ---------------------------------------------------------------------------------------------------


async def test_a_flipped_bit_in_the_journal_costs_one_key(sqlite_url, tmp_path, caplog):
    random = Random(4)
    for n in range(12):
        caplog.clear()
        url, folder = f"sqlite:///{tmp_path}/{n}.db", tmp_path / str(n)
        async with bot(url, folder, "a") as [store]:
            store.update(MODEL)
            await crash()
        [path] = (folder / "store").glob("*.journal")
        data = path.read_bytes()
        start, end = data.index(b"key 0\x80"), data.rindex(b"value 18") + 8
        path.write_bytes(flipped(data, random.randrange(8 * start, 8 * end)))
        async with bot(url, folder, "a") as [store]:
            missing = MODEL.keys() - dict(store).keys()
            assert len(missing) == 1
            assert dict(store) == {key: value for key, value in MODEL.items() if key not in missing}
            assert "journal of the SimpleStores is damaged" in caplog.text
            (count,) = await fetch("SELECT count(*) FROM aha_store_quarantine")
            assert count == 1
        caplog.clear()
        async with bot(url, folder, "a") as [store]:
            assert len(store) == len(MODEL) - 1
        assert caplog.messages == []


async def test_a_flipped_bit_in_the_last_record_is_told_once(sqlite_url, tmp_path, caplog):
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        store.update(MODEL)
        await crash()
    [path] = (tmp_path / "store").glob("*.journal")
    data = path.read_bytes()
    path.write_bytes(flipped(data, 8 * data.rindex(b"value 19")))
    for n in range(3):
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            assert dict(store) == {key: value for key, value in MODEL.items() if key != "key 19"}
            assert await fetch("SELECT key FROM aha_store_quarantine") == ["key 19"]
            if n == 1:
                await crash()
    (told,) = caplog.messages
    assert "breaks off in" in told
    assert "probably of key 'key 19' of module a" in told


async def test_damage_is_told_once_although_its_segment_has_to_stay(sqlite_url, tmp_path, caplog):
    async with bot(sqlite_url, tmp_path, "a", "b") as [store, other]:
        store.update(MODEL)
        other["k"] = 1
        await crash()
    [path] = (tmp_path / "store").glob("*.journal")
    data = path.read_bytes()
    path.write_bytes(flipped(data, 8 * data.rindex(b"value 7")))
    for _ in range(3):
        async with bot(sqlite_url, tmp_path, "b") as [other]:
            assert await fetch("SELECT key FROM aha_store_quarantine") == ["key 7"]
    assert [message for message in caplog.messages if "damaged" in message] == caplog.messages[:1]
    assert len(caplog.messages) == 1
    async with bot(sqlite_url, tmp_path, "a") as [store]:
        assert dict(store) == {key: value for key, value in MODEL.items() if key != "key 7"}


async def test_a_folded_segment_that_a_killed_process_left_goes_at_the_next_start(sqlite_url, tmp_path):
    for _ in range(3):
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            store["k"] = 1
            await flush_stores()
            await crash()
    async with bot(sqlite_url, tmp_path, "a"):
        assert len(list((tmp_path / "store").glob("*.journal"))) == 1


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
