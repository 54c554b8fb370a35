"""SimpleStore behaves like a dict and says what it cannot do. No database."""

from __future__ import annotations

import enum
import threading
from typing import TYPE_CHECKING

import pytest

from core.context import Module, entered
from core.database import metadata
from models.exc import StoreKeyError, StoreNotLoaded, StoreValueError, UsageError
from services.data_store import SimpleStore
from services.data_store.rows import pickled
from services.data_store.store import settle, stores

if TYPE_CHECKING:
    from services.data_store.contents import Contents


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
def contents(module, waiting) -> Contents:
    stores[module].fill([])
    return stores[module]


@pytest.fixture
def store(waiting, contents) -> SimpleStore:
    return waiting


class Colour(enum.StrEnum):
    RED = "red"


# --- where and when a store is made ---------------------------------------------------------------------------------


def test_a_store_has_a_table_of_its_module(module, waiting):
    table = module.tables["aha_store"]
    assert table.name == "aha_store__notes"
    assert [(column.name, column.primary_key, column.nullable) for column in table.columns] == [
        ("key", True, False),
        ("value", False, False),
        ("updated_at", False, False),
    ]
    assert module.store is waiting


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


def test_an_unloaded_module_leaves_nothing_behind(module, store, contents):
    settle(module)
    module.drop()
    assert module not in stores
    assert "aha_store__notes" not in metadata.tables
    with pytest.raises(StoreNotLoaded, match="notes is closed"):
        store["a"] = 1
    with entered(module):
        SimpleStore()


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


def test_a_value_that_cannot_be_pickled_is_refused_at_once_and_changes_nothing(store, contents):
    store["a"] = 1
    contents.written(contents.batch())
    with pytest.raises(StoreValueError, match="key 'a', a function, cannot be pickled"):
        store["a"] = lambda: None
    assert dict(store) == {"a": 1}
    assert contents.dirty == 0


def test_a_value_that_no_database_keeps_is_refused_at_once(store, monkeypatch):
    monkeypatch.setattr("services.data_store.rows.MAX_VALUE_BYTES", 1000)
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


# --- what is written ------------------------------------------------------------------------------------------------


def changed(contents: Contents, **kw: bool) -> dict[str, bytes | None]:
    """Let `contents` be written and return what was."""
    contents.compare(**kw)
    batch = contents.batch()
    contents.written(batch)
    return dict(batch)


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
def test_a_change_in_place_is_written(store, contents, change):
    store["list"] = []
    changed(contents)
    change(store)
    assert changed(contents) == {"list": pickled("list", [1])}


def test_an_object_changed_after_it_was_set_is_written(store, contents):
    store["list"] = value = []
    value.append(1)
    assert changed(contents) == {"list": pickled("list", [1])}


def test_an_object_held_for_long_is_compared_at_the_end(store, contents):
    store["list"] = value = []
    changed(contents)
    value.append(1)
    assert changed(contents) == {}
    assert changed(contents, all_held=True) == {"list": pickled("list", [1])}


def test_reading_alone_writes_nothing(store, contents):
    store["list"] = [1, {"a": "b"}]
    changed(contents)
    assert store["list"] == [1, {"a": "b"}]
    assert changed(contents) == {}


@pytest.mark.parametrize(("old", "new"), [(1, True), (0.0, -0.0), ([1], [1]), ("a", "a"), ([], 1), (1, [])], ids=repr)
def test_assigning_is_always_written(store, contents, old, new):
    store["a"] = old
    changed(contents)
    store["a"] = new
    assert changed(contents) == {"a": pickled("a", new)}


def test_what_became_unpicklable_in_place_is_reported_once_and_keeps_its_last_good_value(store, contents, caplog):
    store["list"] = []
    changed(contents)
    store["list"].append(lambda: None)
    assert changed(contents) == {}
    assert changed(contents) == {}
    assert len(caplog.messages) == 1
    assert "module notes: the value for key 'list', a list, cannot be pickled" in caplog.messages[0]
    store["list"].pop()
    store["list"].append(1)
    assert changed(contents) == {"list": pickled("list", [1])}


def test_a_key_set_again_while_it_is_written_is_written_again(store, contents):
    store["a"] = 1
    batch = contents.batch()
    store["a"] = 2
    contents.written(batch)
    assert dict(contents.batch()) == {"a": pickled("a", 2)}


def test_deleting_is_written(store, contents):
    store.update(a=1, b=2, c=[3])
    changed(contents)
    del store["a"]
    store.clear()
    assert changed(contents) == {"a": None, "b": None, "c": None}


def test_a_batch_is_bounded_in_rows_and_bytes(store, contents, monkeypatch):
    monkeypatch.setattr("services.data_store.contents._BATCH_ROWS", 3)
    monkeypatch.setattr("services.data_store.contents._BATCH_BYTES", 1000)
    for key in "abcd":
        store[key] = 1
    store["e"] = bytes(2000)
    sizes = []
    while batch := contents.batch():
        sizes.append(len(batch))
        contents.written(batch)
    assert sizes == [3, 1, 1]


def test_later_stamps_are_later_even_if_the_clock_goes_back(contents):
    first = contents.stamps(3)
    second = contents.stamps(3)
    assert sorted({*first, *second}) == [*first, *second]


def test_threads_that_set_lose_nothing(store, contents):
    def work(number: int) -> None:
        for n in range(300):
            store[f"{number}-{n}"] = n

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    written = {}
    while any(thread.is_alive() for thread in threads) or contents.dirty:
        written |= changed(contents)
    assert written.keys() == {f"{number}-{n}" for number in range(4) for n in range(300)} == set(store)
