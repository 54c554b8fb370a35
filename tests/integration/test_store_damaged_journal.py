"""Damage to the journal of the stores: it costs one key, and is told once."""

from __future__ import annotations

from random import Random

from services.data_store import flush_stores
from tests.store_bot import bot, crash, fetch
from tests.store_damage import MODEL, flipped


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
