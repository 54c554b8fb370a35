"""SimpleStore behaves like a dict and says what it cannot do. No database."""

from __future__ import annotations

import enum
import pickle
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from core.context import Module, entered
from core.database import metadata
from models.exc import StoreKeyError, StoreNotLoaded, StoreValueError, UsageError
from services.data_store import SimpleStore
from services.data_store.door import doors
from services.data_store.parting import settle
from tests.store_parts import fresh


@pytest.fixture
def module():
    module = Module("notes")
    yield module
    module.drop()


@pytest.fixture
def waiting(module) -> SimpleStore:
    with entered(module):
        return SimpleStore()


@pytest.fixture
def entries(module, waiting):
    entries = fresh()
    doors[module].open(entries)
    return entries


@pytest.fixture
def store(waiting, entries) -> SimpleStore:
    return waiting


class Colour(enum.StrEnum):
    RED = "red"


# --- where and when a store is made ---------------------------------------------------------------------------------


def test_a_store_has_a_table_of_its_module(module, waiting):
    table = module.tables["aha_store"]
    assert table.name == "aha_store__notes"
    assert [column.name for column in table.columns][:3] == ["key", "value", "updated_at"]
    assert module.store is waiting
    assert waiting.table is table
    assert "FROM aha_store__notes" in str(select(waiting.table))


def test_outside_a_module_there_is_no_store():
    with pytest.raises(UsageError, match="belongs to a module"):
        SimpleStore()


def test_a_store_may_name_the_type_of_its_values(module):
    with entered(module):
        assert isinstance(SimpleStore[int](), SimpleStore)


def test_a_second_store_in_a_module_is_refused(module, waiting):
    with entered(module), pytest.raises(UsageError, match="module notes made a second SimpleStore"):
        SimpleStore()


def test_a_loaded_module_makes_no_store(module):
    settle(module)
    with entered(module), pytest.raises(UsageError, match="module notes made its SimpleStore too late"):
        SimpleStore()


def test_an_unloaded_module_leaves_nothing_behind(module, store):
    settle(module)
    module.drop()
    assert module not in doors
    assert module.store is None
    assert "aha_store__notes" not in metadata.tables
    with pytest.raises(StoreNotLoaded, match="notes is closed"):
        store["a"] = 1
    with entered(module), pytest.raises(UsageError, match="notes was unloaded"):
        SimpleStore()
    again = Module("notes")
    with entered(again):
        SimpleStore()
    again.drop()


# --- before it is loaded --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "touch",
    [
        pytest.param(lambda s: s["a"], id="getitem"),
        pytest.param(lambda s: s.__setitem__("a", 1), id="setitem"),
        pytest.param(lambda s: s.__delitem__("a"), id="delitem"),
        pytest.param(len, id="len"),
        pytest.param(list, id="iter"),
        pytest.param(lambda s: "a" in s, id="contains"),
        pytest.param(lambda s: s.get("a"), id="get"),
        pytest.param(lambda s: list(s.keys()), id="keys"),
        pytest.param(lambda s: list(s.values()), id="values"),
        pytest.param(lambda s: list(s.items()), id="items"),
        pytest.param(lambda s: s.pop("a", None), id="pop"),
        pytest.param(lambda s: s.popitem(), id="popitem"),
        pytest.param(lambda s: s.clear(), id="clear"),
        pytest.param(lambda s: s.update(a=1), id="update"),
        pytest.param(lambda s: s.setdefault("a", 1), id="setdefault"),
        pytest.param(lambda s: s.changing("a").__enter__(), id="changing"),
        pytest.param(lambda s: s.sync().send(None), id="sync"),
    ],
)
def test_touched_too_early_it_names_on_start(waiting, touch):
    with pytest.raises(StoreNotLoaded, match=r"module notes .*@on_start"):
        touch(waiting)


def test_the_repr_of_a_store_that_is_not_loaded_says_so(waiting):
    assert repr(waiting) == "SimpleStore(<not loaded>)"


# --- keys and values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "what"),
    [
        pytest.param(1, "are str, not int", id="int"),
        pytest.param(b"a", "are str, not bytes", id="bytes"),
        pytest.param(None, "are str, not NoneType", id="None"),
        pytest.param(["a"], "are str, not list", id="unhashable"),
        pytest.param("a\0", "NUL", id="NUL"),
        pytest.param("\udc00", "surrogate", id="lone surrogate"),
        pytest.param("é" * 1001, "2000 UTF-8 bytes", id="too long"),
    ],
)
def test_a_key_that_no_database_keeps_is_refused_at_once(store, key, what):
    with pytest.raises(StoreKeyError, match=what):
        store[key] = 1
    assert len(store) == 0
    with pytest.raises(StoreKeyError, match=what):
        _ = key in store


@pytest.mark.parametrize("key", ["", "é" * 1000, "🎉", "a b\n", Colour.RED], ids=ascii)
def test_any_other_str_is_a_key(store, key):
    store[key] = 1
    assert list(store) == [key]
    assert type(next(iter(store))) is str


def test_a_value_that_cannot_be_pickled_is_refused_at_once_and_changes_nothing(store, entries):
    store["a"] = 1
    entries.take()
    with pytest.raises(StoreValueError, match="key 'a', a function, cannot be pickled"):
        store["a"] = lambda: None
    assert dict(store) == {"a": 1}
    assert entries.dirty == 0


def test_a_value_that_no_database_keeps_is_refused_at_once(store, monkeypatch):
    monkeypatch.setattr("services.data_store.pickles.values.MAX_VALUE_BYTES", 1000)
    with pytest.raises(StoreValueError, match=r"key 'a', a bytes, takes 1,0\d\d bytes, more than 1,000"):
        store["a"] = bytes(1000)


def test_a_store_is_no_dict_and_gives_back_the_very_object(store):
    value = [1]
    store["a"] = value
    assert store["a"] is value
    assert not isinstance(store, dict)


def test_popitem_of_an_empty_store_is_a_key_error(store):
    with pytest.raises(KeyError, match="empty"):
        store.popitem()


def test_the_repr_shows_the_entries(store):
    store.update({"a": [1], "b": "x"})
    assert repr(store) == "SimpleStore({'a': [1], 'b': 'x'})"


# --- changes in place -----------------------------------------------------------------------------------------------


def in_the_journal(entries, key: str = "list"):
    """What a restart after a kill would find."""
    return pickle.loads([value for _, name, value in entries.journal.records if name == key.encode()][-1])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: s["list"].append(1), id="getitem"),
        pytest.param(lambda s: s.get("list").append(1), id="get"),
        pytest.param(lambda s: s.setdefault("list", None).append(1), id="setdefault"),
        pytest.param(lambda s: [value.append(1) for value in s.values()], id="values"),
        pytest.param(lambda s: [value.append(1) for _, value in s.items()], id="items"),
    ],
)
def test_whatever_hands_out_a_value_its_change_is_noticed(store, entries, change):
    store["list"] = []
    for _ in range(2):
        entries.notice(entries.lent.suspects())
    change(store)
    entries.notice(entries.lent.suspects())
    assert in_the_journal(entries) == [1]


def test_a_value_that_was_being_changed_is_saved_at_the_end_of_the_body(store, entries):
    store["list"] = []
    with store.changing("list") as value:
        value.append(1)
        assert in_the_journal(entries) == []
    assert in_the_journal(entries) == [1]


def test_it_is_saved_also_if_the_body_raises_as_the_change_is_there(store, entries):
    store["list"] = []
    with pytest.raises(ZeroDivisionError), store.changing("list") as value:
        value.append(1)
        value.append(1 // 0)
    assert in_the_journal(entries) == store["list"] == [1]


def test_what_was_deleted_or_replaced_in_the_body_is_not_brought_back(store, entries):
    store["list"], store["gone"] = [], []
    with store.changing("list") as value, store.changing("gone"):
        del store["gone"]
        store["list"] = [2]
        value.append(1)
    assert dict(store) == {"list": [2]}
    assert in_the_journal(entries) == [2]


def test_what_cannot_be_pickled_at_the_end_of_the_body_is_refused_there(store, entries):
    store["list"] = []
    with pytest.raises(StoreValueError, match="key 'list', a list"), store.changing("list") as value:
        value.append(lambda: None)
    assert in_the_journal(entries) == []


def popped(store):
    try:
        return store.popitem()[1]
    except KeyError as error:
        assert "is empty" in str(error)  # noqa: PT017 - any other key was somebody else's
        return None


@pytest.mark.parametrize(
    ("take", "given"),
    [
        pytest.param(lambda store, key: store.pop(key, None), 1, id="pop"),
        pytest.param(lambda store, key: popped(store), 1, id="popitem"),
        pytest.param(lambda store, key: store.setdefault(f"new {key}", []), 4, id="setdefault"),
    ],
)
def test_what_takes_two_steps_is_one_for_other_threads(store, take, given):
    keys = [str(n) for n in range(300)]
    store.update((key, [key]) for key in keys)
    ready = threading.Barrier(4)

    def work(_: int) -> list[object]:
        ready.wait()
        return [found for key in keys if (found := take(store, key)) is not None]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = [value for values in threads.map(work, range(4)) for value in values]
    finally:
        sys.setswitchinterval(interval)
    counts = Counter(map(id, found))
    assert len(counts) == len(keys)
    assert set(counts.values()) == {given}


async def test_sync_brings_all_that_was_set_and_changed_to_the_disk(store, entries):
    store["list"] = held = []
    await store.sync()
    part = [held]
    del held
    part[0].append(1)
    await store.sync()
    assert in_the_journal(entries) == [1]
    assert entries.journal.synced == entries.journal.seq == 2


def test_what_changed_in_place_is_saved_when_its_module_is_unloaded(module, store, entries):
    settle(module)
    store["list"] = value = []
    entries.notice(entries.lent.suspects())
    value.append(1)
    module.drop()
    assert in_the_journal(entries) == [1]
