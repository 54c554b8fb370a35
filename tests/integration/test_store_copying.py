"""Folding very many rows on PostgreSQL by COPY: the same rows as by statements, also where the server will not copy."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from services.data_store import copying, flush_stores, writing
from services.data_store.rows import Rows, checksum, stamp
from tests.store_bot import bot, execute, fetch, on_disk

MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)


@pytest.fixture(autouse=True)
def copied(monkeypatch):
    """Which rows were copied, and whether the server took them: pairs of a function's name and its answer."""
    answers = []

    def noting(name):
        copy = getattr(writing, name)

        async def noted(*args):
            answers.append((name, await copy(*args)))
            return answers[-1][1]

        monkeypatch.setattr(writing, name, noted)

    noting("insert_copied")
    noting("update_copied")
    monkeypatch.setattr(writing, "_COPIED", 1)
    return answers


async def test_what_is_copied_is_as_what_is_set(postgres_url, tmp_path, monkeypatch, copied):
    """Sets, deletes and sets again, of plain and of signed values, of many sizes, in folds of several parts."""
    monkeypatch.setattr(copying, "_ROWS", 7)
    monkeypatch.setattr(copying, "_BYTES", 1_000)
    dice = random.Random(4)
    model = {}
    async with bot(postgres_url, tmp_path, "a") as [store]:
        for _ in range(15):
            for _ in range(40):
                key = f"ключ {dice.randrange(60)}"
                if key in model and dice.random() < 0.3:
                    del store[key], model[key]
                else:
                    signed = MOMENT.replace(day=dice.randrange(1, 29))
                    store[key] = model[key] = dice.choice([None, b"x" * dice.randrange(500), signed])
            await flush_stores()
            assert await on_disk() == list(model)
        assert 0 < (await fetch("SELECT count(mac) FROM aha_store__a"))[0] < len(model)
    assert {("insert_copied", True), ("update_copied", True)} == set(copied)
    async with bot(postgres_url, tmp_path, "a") as [store]:
        assert list(store.items()) == list(model.items())


async def test_versions_count_on(postgres_url, tmp_path):
    async with bot(postgres_url, tmp_path, "a") as [store]:
        for value in range(3):
            store["k"] = value
            await flush_stores()
        assert await fetch("SELECT version FROM aha_store__a") == [3]
        assert await fetch("SELECT to_regclass('pg_temp.aha_store_given')") == [None]


async def test_a_row_that_somebody_has_put_there_is_written(postgres_url, tmp_path, copied):
    async with bot(postgres_url, tmp_path, "a") as [store]:
        await execute("INSERT INTO aha_store__a (key, value, updated_at, position) VALUES ('k', 'x', now(), 1)")
        store.update(j=1, k=2)
        await flush_stores()
        assert copied == [("insert_copied", False)]
        assert sorted(await on_disk()) == ["j", "k"]
    async with bot(postgres_url, tmp_path, "a") as [store]:
        assert dict(store) == {"j": 1, "k": 2}


async def test_a_row_that_somebody_has_taken_away_is_there_again(postgres_url, tmp_path, copied):
    async with bot(postgres_url, tmp_path, "a") as [store]:
        store.update(i=0, j=1, k=2)
        await flush_stores()
        await execute("DELETE FROM aha_store__a WHERE key <> 'k'")
        store.update(i=10, j=11, k=12)
        await flush_stores()
        assert copied[1:] == [("update_copied", True)]
        assert await on_disk() == ["k", "i", "j"]
        assert await fetch("SELECT version FROM aha_store__a ORDER BY position") == [2, 1, 1]


async def test_a_server_that_copies_nothing_gets_statements(postgres_url, tmp_path, monkeypatch, copied):
    monkeypatch.setattr(copying, "_CREATE", "SELECT 1 / 0")
    async with bot(postgres_url, tmp_path, "a") as [store]:
        for value in range(2):
            store.update(j=value, k=value)
            await flush_stores()
        assert copied == [("insert_copied", True), ("update_copied", False)]
        assert await fetch("SELECT version FROM aha_store__a") == [2, 2]


async def test_a_connection_that_is_cut_while_it_copies_costs_nothing(postgres_url, tmp_path, monkeypatch, copied):
    stream = copying._stream

    async def cut(rows):
        monkeypatch.undo()
        await execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async for part in stream(rows):
            yield part

    monkeypatch.setattr(copying, "_stream", cut)
    async with bot(postgres_url, tmp_path, "a", patience=20) as [store]:
        store.update({str(n): n for n in range(100)})
        with pytest.raises(Exception, match="100 of module a; they are kept in the journal"):
            await flush_stores()
        await flush_stores()
        assert await on_disk() == list(store)


async def test_a_row_that_cannot_be_copied_holds_up_no_other(postgres_url, tmp_path, copied):
    async with bot(postgres_url, tmp_path, "a") as [store]:
        await execute("ALTER TABLE aha_store__a ADD CONSTRAINT picky CHECK (key <> '7')")
        store.update({str(n): n for n in range(10)})
        await flush_stores()
        assert copied == [("insert_copied", False)]
        assert await on_disk() == [str(n) for n in range(10) if n != 7]
        await execute("ALTER TABLE aha_store__a DROP CONSTRAINT picky")
        await flush_stores()
        assert sorted(await on_disk()) == sorted(store)


async def test_many_new_rows_wait_for_no_statement_of_a_few_known_ones(postgres_url, tmp_path, monkeypatch, copied):
    monkeypatch.setattr(writing, "_COPIED", 10)
    async with bot(postgres_url, tmp_path, "a") as [store]:
        store.update(known=1)
        await flush_stores()
        store.update({"known": 2} | {str(n): n for n in range(20)})
        await flush_stores()
        assert copied == [("insert_copied", True)]
        assert await on_disk() == list(store)


def test_rows_are_packed_as_postgresql_says_in_the_order_of_their_keys():
    rows = Rows(MOMENT, 3, ["é", "b"], [b"1\x93", b""], lambda key, data: b"m" * 16)
    numbers = [(stamp(MOMENT) | checksum(key, data)).to_bytes(8, "big") for key, data in (("é", b"1\x93"), ("b", b""))]
    moment = ((MOMENT - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)).to_bytes(8, "big")
    end = b"\0\0\0\x08" + moment + b"\0\0\0\x08" + (1).to_bytes(8, "big")
    assert copying.packed(rows) == b"".join([
        b"\0\x07", b"\0\0\0\x01", b"b", b"\0\0\0\0", b"", b"\0\0\0\x08", numbers[1],
        b"\xff\xff\xff\xff", b"\0\0\0\x08", (4).to_bytes(8, "big"), end,
        b"\0\x07", b"\0\0\0\x02", "é".encode(), b"\0\0\0\x02", b"1\x93", b"\0\0\0\x08", numbers[0],
        b"\0\0\0\x10", b"m" * 16, b"\0\0\0\x08", (3).to_bytes(8, "big"), end,
    ])  # fmt: skip
