"""What stands under a key and cannot be read is not lost when code sets or deletes the key: it goes into quarantine."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import select

from core.database import db_engine
from core.migration.start import expand
from models.exc import JournalFull, ValueDamaged
from services.data_store import background, flush_stores, load_stores
from services.data_store.quarantine import quarantine
from tests.pickled_values import loaded
from tests.store_bot import bot, crash, declared

THING = """
class Thing:
    taken = True
    def __init__(self, n): self.n = n
    def __setstate__(self, state):
        if not Thing.taken: raise ValueError("an old one")
        self.__dict__.update(state)
"""
TOLD = "module a: what stood under key 'thing' could not be read, and is in quarantine now (aha store quarantine)"


@contextmanager
def gone(code):
    """The class is not there."""
    del sys.modules["modules.shop"]
    yield
    sys.modules["modules.shop"] = code


@contextmanager
def refusing(code):
    """The class does not take what was stored."""
    code.Thing.taken = False
    yield
    code.Thing.taken = True


def tried(store) -> None:
    with suppress(KeyError, ValueDamaged):
        store["thing"]


def cleared(store) -> None:
    store.clear()
    with suppress(KeyError):  # what is not in the store is not cleared either
        del store["thing"]


CHANGES = {
    "set": lambda store: store.update(thing=2),
    "deleted": lambda store: store.__delitem__("thing"),
    "cleared": cleared,
    "deleted, set": lambda store: store.__delitem__("thing") or store.update(thing=2),
    "set, deleted": lambda store: store.update(thing=2) or store.__delitem__("thing"),
}


async def kept() -> list[tuple[str, str, bytes]]:
    """What is in quarantine: module, key and value."""
    columns = quarantine.columns
    async with db_engine.connect() as connection:
        rows = await connection.execute(select(columns.module, columns.key, columns.value))
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("crashed", [False, True], ids=["folded", "crashed"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("unreadable", [gone, refusing])
async def test_what_cannot_be_read_is_kept_when_its_key_is_changed(
    database_url, tmp_path, caplog, unreadable, change, crashed
):
    with loaded("shop", THING) as code:
        async with bot(database_url, tmp_path, "a") as [store]:
            store.update(other=1, thing=code.Thing(7))
            data = store._door.entries.data["thing"]
        with unreadable(code):
            async with bot(database_url, tmp_path, "a") as [store]:
                tried(store)
                change(store)
                expected = dict(store)
                if crashed:
                    await crash()
            for _ in range(2):
                async with bot(database_url, tmp_path, "a") as [store]:
                    await flush_stores()
                    assert await kept() == [("a", "thing", data)]
                    assert dict(store) == expected
    assert [TOLD in message for message in caplog.messages if "could not be read" in message] == [True]


async def test_what_stood_in_the_journal_only_is_kept_as_well(database_url, tmp_path):
    with loaded("shop", THING) as code:
        async with bot(database_url, tmp_path, "a") as [store]:
            for n in range(2):
                code.Thing.taken = True
                store["thing"] = code.Thing(n)
                store._door.entries.part("thing")  # as when its module is reloaded
                with refusing(code):
                    tried(store)
                    store["thing"] = 2
            await crash()
        async with bot(database_url, tmp_path, "a") as [store]:
            await flush_stores()
            assert len(await kept()) == 2
            assert dict(store) == {"thing": 2}


async def test_what_cannot_be_read_either_replaces_no_row_that_could_not_be_read(database_url, tmp_path):
    with loaded("shop", THING) as code, loaded("other", THING) as other:
        async with bot(database_url, tmp_path, "a") as [store]:
            store["thing"] = code.Thing(7)
            data = store._door.entries.data["thing"]
        with gone(code):
            async with bot(database_url, tmp_path, "a") as [store]:
                store["thing"] = other.Thing(8)
                await crash()
            del sys.modules["modules.other"]
            for _ in range(2):
                async with bot(database_url, tmp_path, "a") as [store]:
                    assert await kept() == [("a", "thing", data)]
                    await crash()
            sys.modules["modules.other"] = other
            async with bot(database_url, tmp_path, "a") as [store]:
                assert store["thing"].n == 8


async def test_what_can_be_read_again_is_replaced_like_all_else(sqlite_url, tmp_path):
    with loaded("shop", THING) as code:
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            store["thing"] = code.Thing(7)
        with refusing(code):
            async with bot(sqlite_url, tmp_path, "a") as [store]:
                tried(store)
                code.Thing.taken = True
                assert store["thing"].n == 7
                store["thing"] = 2
                await flush_stores()
                assert await kept() == []


async def test_what_the_journal_has_no_room_for_changes_nothing(sqlite_url, tmp_path, monkeypatch):
    def full(*_):
        raise JournalFull("no room")

    with loaded("shop", THING) as code:
        async with bot(sqlite_url, tmp_path, "a") as [store]:
            store["thing"] = code.Thing(7)
        with refusing(code):
            async with bot(sqlite_url, tmp_path, "a") as [store]:
                tried(store)
                with monkeypatch.context() as patch:
                    patch.setattr(store._door.entries, "_append", full)
                    for change in (CHANGES["set"], CHANGES["deleted"]):
                        with pytest.raises(JournalFull):
                            change(store)
                    with pytest.raises(ValueDamaged):
                        store["thing"]
                store["thing"] = 2
                await flush_stores()
                assert len(await kept()) == 1


async def test_what_has_no_table_yet_goes_along_when_the_module_is_renamed(database_url, tmp_path, monkeypatch):
    async def fail(*_, **__):
        raise ConnectionError("the database is gone")

    with loaded("shop", THING) as code:
        async with bot(database_url, tmp_path, "old") as [store]:
            store["thing"] = code.Thing(7)
        with refusing(code):
            async with bot(database_url, tmp_path, module := declared("old")) as [store]:
                tried(store)
                with monkeypatch.context() as patch:
                    patch.setattr(background, "fold", fail)
                    store["thing"] = 2
                    module.drop()
                    new = declared("new", "old")
                    assert (await expand([new])).failures == {}
                    assert await load_stores([new]) == {}
                await flush_stores()
                assert [(owner, key) for owner, key, _ in await kept()] == [("new", "thing")]
                assert dict(new.store) == {"thing": 2}
                new.drop()
