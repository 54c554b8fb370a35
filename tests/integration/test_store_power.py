"""The power is cut: of the journal any beginning is there that holds all that was synced, and garbage after it."""

from __future__ import annotations

import random
import shutil

import pytest

from services.data_store import flush_stores, stores
from tests.store_bot import bot, crash
from tests.store_kills import change


def changes(numbers):
    """Sets and deletes of 30 keys, one for each record of the journal."""
    for n in numbers:
        yield f"{n % 30}", [n]
        if n % 7 == 0:
            yield f"{n % 30}", None


@pytest.fixture
def cut(tmp_path):
    """Returns a copy of the database and the data folder, with only so many bytes of the journal, and garbage."""

    def copy(name, size, garbage):
        folder = shutil.copytree(tmp_path / "data", tmp_path / name)
        shutil.copy(tmp_path / "test.db", folder / "test.db")
        [path] = (folder / "store").glob("*.journal")
        whole = path.read_bytes()
        path.write_bytes((whole[:size] + garbage).ljust(len(whole), b"\0"))
        return f"sqlite:///{folder}/test.db", folder

    (tmp_path / "data").mkdir()
    return copy


async def test_nothing_confirmed_is_lost_and_nothing_invented(sqlite_url, tmp_path, cut):
    """One store is folded after the last sync, so the database has more of it than the journal; the other is not."""
    model = {}
    async with bot(sqlite_url, tmp_path / "data", "a", "b") as [folded, waiting]:
        background = stores._open.background
        for target in (folded, waiting, model):
            change(target, changes(range(40)))
        await flush_stores()
        for target in (folded, waiting, model):
            change(target, changes(range(40, 80)))
        await folded.sync()
        begin, states = background.ledger.journal._end, [dict(model)]
        for one in changes(range(80, 120)):
            for target in (folded, waiting, model):
                change(target, [one])
            states.append(dict(model))
        await background.is_written("a")
        end = background.ledger.journal._end
        await crash()
    dice = random.Random(8)
    for n, size in enumerate([begin, end, *(dice.randint(begin, end) for _ in range(6))]):
        url, folder = cut(str(n), size, dice.randbytes(dice.choice([0, 20, 500])))
        async with bot(url, folder, "a", "b") as [folded, waiting]:
            assert dict(folded) == model
            left = dict(waiting)
            assert left in states
            folded["new"] = waiting["new"] = n
            await crash()
        async with bot(url, folder, "a", "b") as [folded, waiting]:
            assert dict(folded) == model | {"new": n}
            assert dict(waiting) == left | {"new": n}
