"""Damage to a row of a store: it is found, it costs the one key that it hit, and what is left of it is kept."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

from core.database import db_engine
from services.data_store import flush_stores
from services.data_store.quarantine import quarantine
from tests.store_bot import bot, execute, fetch, on_disk
from tests.store_damage import MODEL, change_row, flipped


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


async def test_quarantine_keeps_the_row_as_it_was(database_url, tmp_path):
    async with bot(database_url, tmp_path, "a") as [store]:
        store.update(MODEL)
    await change_row(database_url, "key 7", value=lambda _: b"?\x00?")
    async with bot(database_url, tmp_path, "a"), db_engine.connect() as connection:
        row = (await connection.execute(select(quarantine))).mappings().one()
    assert (row["module"], row["key"], row["value"], row["mac"]) == ("a", "key 7", b"?\x00?", None)
    assert row["reason"] == "its bytes are not those that were written"
    assert row["checksum"] is not None
