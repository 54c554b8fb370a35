"""A value that is changed in place is saved, whoever holds it and however odd it is. No database, no clock."""

from __future__ import annotations

import asyncio
import pickle
import threading

import pytest

from services.data_store.pickles import pickled
from tests.store_parts import fresh, stored, tick


class Point:
    """A value with parts, as a module would define it."""

    def __init__(self) -> None:
        self.parts = {"x": [0]}


class Odd:
    """A value that does not want to be compared."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("never compare me")

    __hash__ = None


@pytest.fixture
def entries():
    """The entries of a store that was just loaded: nothing has been read."""
    return fresh({"k": pickled("k", {"list": [], "set": {1}}), "n": pickled("n", 1)})


def test_a_value_changed_after_it_was_read_is_saved(entries):
    entries.read("k")["list"].append(1)
    tick(entries)
    assert stored(entries) == {"list": [1], "set": {1}}
    assert entries.dirty == entries.journal.seq == 1


def test_reading_alone_saves_nothing(entries):
    entries.read("k")
    entries.read("n")
    tick(entries)
    assert entries.dirty == entries.journal.seq == 0


def test_a_value_changed_after_it_was_set_is_saved():
    entries = fresh()
    entries.put("k", value := [])
    value.append(1)
    tick(entries)
    assert stored(entries) == [1]


def test_a_value_that_someone_holds_stays_suspect(entries):
    held = entries.read("k")
    for n in range(3):
        tick(entries)
        held["list"].append(n)
    tick(entries)
    assert stored(entries)["list"] == [0, 1, 2]


def test_a_value_that_nobody_holds_is_no_suspect_any_more_until_it_is_read_again(entries):
    entries.read("k")
    tick(entries)
    assert list(entries.lent.suspects()) == []
    assert "k" not in entries.lent.hot
    entries.read("k")["list"].append(1)
    tick(entries)
    assert stored(entries)["list"] == [1]


def test_a_value_is_suspect_once_however_often_it_is_set_and_deleted():
    entries = fresh()
    value = []
    for _ in range(3):
        entries.put("k", value)
        entries.put("k", value)
        entries.remove("k")
    entries.put("k", value)
    for _ in range(2):
        assert [key for key, _ in entries.lent.suspects()] == ["k"]


def test_what_was_lent_last_is_looked_at_first():
    entries = fresh()
    for key in "abc":
        entries.put(key, [])
    assert [key for key, _ in entries.lent.suspects()] == ["c", "b", "a"]


def test_a_nested_object_that_someone_holds_is_found_by_the_audit(entries):
    nested = entries.read("k")["list"]
    tick(entries)
    nested.append(1)
    tick(entries)
    assert stored(entries)["list"] == []
    entries.notice(entries.lent.audit())
    assert stored(entries)["list"] == [1]


def test_one_object_under_two_keys_is_saved_under_both():
    entries = fresh()
    shared = []
    entries.put("a", shared)
    entries.put("b", shared)
    del shared
    tick(entries)
    entries.read("a").append(1)
    tick(entries)
    assert stored(entries, "a") == stored(entries, "b") == [1]


async def test_a_value_changed_in_another_task_is_saved(entries):
    held, go = entries.read("k"), asyncio.Event()

    async def change(value) -> None:
        await go.wait()
        value["list"].append(1)

    task = asyncio.create_task(change(held))
    del held
    await asyncio.sleep(0)
    tick(entries)
    go.set()
    await task
    tick(entries)
    assert stored(entries)["list"] == [1]


def test_a_value_changed_in_another_thread_is_saved(entries):
    go = threading.Event()

    def change(value) -> None:
        go.wait()
        value["list"].append(1)

    thread = threading.Thread(target=change, args=(entries.read("k"),))
    thread.start()
    tick(entries)
    go.set()
    thread.join()
    tick(entries)
    assert stored(entries)["list"] == [1]


def test_threads_that_change_what_they_read_lose_nothing(entries):
    def work() -> None:
        for n in range(500):
            entries.read("k")["list"].append(n)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        tick(entries)
    tick(entries)
    assert stored(entries)["list"] == entries.read("k")["list"]
    assert len(stored(entries)["list"]) == 1_500


@pytest.mark.parametrize(
    "change", [lambda p: p.parts["x"].append(1), lambda p: setattr(p, "y", 1)], ids=["part", "new"]
)
def test_a_changed_object_of_a_class_is_saved(change):
    entries = fresh()
    entries.put("k", Point())
    tick(entries)
    change(entries.read("k"))
    tick(entries)
    assert vars(stored(entries)) == vars(entries.read("k")) != vars(Point())


def test_what_another_thread_sets_while_a_value_is_looked_at_is_newer(entries, monkeypatch):
    def pickled_slowly(key, value):
        monkeypatch.undo()
        data = pickled(key, value)
        value["list"].append(2)
        entries.put("k", value)
        return data

    entries.read("k")["list"].append(1)
    monkeypatch.setattr("services.data_store.entries.pickled", pickled_slowly)
    tick(entries)
    assert [pickle.loads(data)["list"] for _, _, data in entries.journal.records] == [[1, 2]]


def test_what_is_changed_in_a_body_is_saved_at_its_end_although_it_is_being_looked_at(entries, monkeypatch):
    def pickled_slowly(key, value):
        monkeypatch.undo()
        data = pickled(key, value)
        entries.notice(entries.lent.all())
        value["list"].append(2)
        return data

    value = entries.read("k")
    value["list"].append(1)
    monkeypatch.setattr("services.data_store.entries.pickled", pickled_slowly)
    entries.compare("k", value)
    assert stored(entries)["list"] == [1, 2]


def test_values_are_never_compared_with_each_other():
    entries = fresh()
    entries.put("k", Odd(1))
    entries.put("k", Odd(2))
    entries.read("k").number = 3
    tick(entries)
    assert stored(entries).number == 3


def test_a_value_that_is_not_equal_to_itself_is_saved_once():
    entries = fresh()
    entries.put("k", [float("nan")])
    entries.read("k")
    tick(entries)
    assert entries.journal.seq == 1


@pytest.mark.parametrize(("old", "new"), [(1, True), (0.0, -0.0), ([1], [1]), ("a", "a"), ([], 1), (1, [])], ids=repr)
def test_assigning_is_always_saved(old, new):
    entries = fresh()
    entries.put("k", old)
    entries.put("k", new)
    assert entries.journal.records[-1] == (1, b"k", pickled("k", new))
    tick(entries)
    assert pickled("k", entries.read("k")) == pickled("k", new)
    assert entries.journal.seq == 2


def test_a_changed_object_assigned_back_is_saved():
    entries = fresh()
    entries.put("k", value := [])
    tick(entries)
    value.append(1)
    entries.put("k", value)
    assert stored(entries) == [1]


def test_an_object_that_was_replaced_or_deleted_is_of_no_interest():
    entries = fresh()
    entries.put("a", old := [])
    entries.put("a", [2])
    entries.put("b", gone := [])
    entries.remove("b")
    old.append(1)
    gone.append(1)
    tick(entries)
    entries.notice(entries.lent.audit())
    assert stored(entries, "a") == [2]
    assert list(entries.data) == ["a"]


@pytest.mark.parametrize("value", [1, "a", None, b"b", 1.5, True], ids=repr)
def test_what_cannot_be_changed_is_never_looked_at(value):
    entries = fresh()
    entries.put("k", value)
    assert entries.read("k") == value
    assert list(entries.lent.suspects()) == list(entries.lent.audit()) == []
    assert entries.lent.hot == {"k": value}


@pytest.mark.parametrize("before", [None, "b", []], ids=repr)
def test_what_is_set_over_something_that_was_read_is_read_next(before):
    entries = fresh()
    entries.put("k", before)
    entries.read("k")
    entries.put("k", "a")
    assert entries.lent.hot.get("k", entries.read("k")) == entries.read("k") == "a"
    assert entries.lent.objects == {}


def test_what_became_unpicklable_is_reported_once_and_keeps_what_was_stored(caplog):
    entries = fresh()
    entries.put("k", value := [])
    value.append(lambda: None)
    tick(entries)
    tick(entries)
    assert len(caplog.messages) == 1
    assert "module notes: a change under key 'k' is not saved: the value for key 'k', a list" in caplog.text
    assert stored(entries) == []
    value[:] = [1]
    tick(entries)
    assert stored(entries) == [1]


def test_what_the_journal_does_not_take_is_saved_later(entries, caplog):
    entries.journal.full = True
    entries.read("k")["list"].append(1)
    tick(entries)
    assert "key 'k' is not saved: no room" in caplog.text
    entries.journal.full = False
    entries.notice(entries.lent.audit())
    assert stored(entries)["list"] == [1]
