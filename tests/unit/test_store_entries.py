"""What a store holds: every change is in the journal first, and what the table lacks is known. No database, no file."""

from __future__ import annotations

import pickle
import sys
import threading
from decimal import Decimal
from fractions import Fraction
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.exc import JournalFull, StoreFullError, StoreValueError
from services.data_store.journal import Journal
from services.data_store.journal.records import pack_rest
from services.data_store.pickles import pickled, plain
from services.data_store.rows import unsealed
from tests.store_parts import Notebook, fresh, written


def unpickled_changes(batch) -> dict:
    return {key: data and pickle.loads(data) for key, data in batch.changes.items()}


def test_a_change_is_in_the_journal_when_it_is_in_memory():
    entries = fresh()
    entries.put("a", 1)
    entries.remove("a")
    assert entries.journal.records == [(1, b"a", pickled("a", 1)), (1, b"a", None)]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(lambda entries: entries.put("a", 2), JournalFull, id="the journal is full"),
        pytest.param(lambda entries: entries.remove("a"), JournalFull, id="the journal is full, to delete"),
        pytest.param(lambda entries: entries.put("a", lambda: 0), StoreValueError, id="it cannot be pickled"),
        pytest.param(lambda entries: entries.put("b", "x" * 1_000_000), StoreFullError, id="there is no room"),
        pytest.param(lambda entries: entries.remove("b"), KeyError, id="there is no such key"),
    ],
)
def test_what_is_refused_has_changed_nothing(change, error):
    entries = fresh(max_mb=1)
    entries.put("a", value := [1])
    written({}, entries.take())
    entries.journal.full = error is JournalFull
    with pytest.raises(error):
        change(entries)
    entries.journal.full = False
    assert entries.read("a") is value
    assert dict(entries.data) == {"a": pickled("a", [1])}
    assert entries.dirty == 0
    assert entries.journal.seq == 1


def test_only_what_may_act_when_it_is_read_is_signed_in_the_journal():
    entries = fresh(mac=lambda key, data: None if plain(data) else b"signature of 16b")
    for value in ["\u0413", [1, {"a": "\u0413"}], Fraction(1, 3)]:
        entries.put("a", value)
    found = [unsealed(record) for _, _, record in entries.journal.records]
    assert [mac for _, mac in found] == [None, None, b"signature of 16b"]
    assert [pickle.loads(data) for data, _ in found] == ["\u0413", [1, {"a": "\u0413"}], Fraction(1, 3)]
    assert entries.data["a"] == pickled("a", Fraction(1, 3))


# --- values are decoded when they are read -------------------------------------------------------------------------


def test_a_value_is_made_when_it_is_first_read_and_once():
    entries = fresh({"a": pickled("a", [1]), "b": b"not a pickle"})
    assert entries.read("a") == [1]
    assert entries.read("a") is entries.read("a")
    assert entries.lent.hot.keys() == {"a"}


def test_a_key_that_another_thread_deletes_while_it_is_decoded_is_not_there(monkeypatch):
    entries = fresh({"a": pickled("a", [1])})

    def decoded(data, **_):
        entries.remove("a")
        return pickle.loads(data)

    monkeypatch.setattr("services.data_store.entries.unpickled", decoded)
    with pytest.raises(KeyError):
        entries.read("a")
    assert entries.lent.hot == entries.lent.objects == {}


def test_a_key_that_another_thread_sets_while_it_is_decoded_has_the_new_value(monkeypatch):
    entries = fresh({"a": pickled("a", [1])})

    def decoded(data, **_):
        entries.put("a", new)
        return pickle.loads(data)

    new = [2]
    monkeypatch.setattr("services.data_store.entries.unpickled", decoded)
    assert entries.read("a") is new


def test_two_threads_that_read_a_key_at_once_have_the_same_object(monkeypatch):
    entries = fresh({"a": pickled("a", [1])})
    others = []

    def decoded(data, **_):
        if not others:
            others.append(None)
            others.append(entries.read("a"))
        return pickle.loads(data)

    monkeypatch.setattr("services.data_store.entries.unpickled", decoded)
    assert entries.read("a") is others[1]


def test_a_module_that_ends_leaves_no_objects_of_its_classes_behind(monkeypatch):
    def loaded() -> None:
        module = ModuleType("modules.notes")
        exec("class Note: pass", vars(module))
        monkeypatch.setitem(sys.modules, "modules.notes", module)

    loaded()
    entries = fresh()
    entries.put("plain", plain_one := [])
    entries.put("note", old := sys.modules["modules.notes"].Note())
    entries.part("note")
    loaded()
    assert entries.read("plain") is plain_one
    assert type(entries.read("note")) is sys.modules["modules.notes"].Note is not type(old)


def test_it_is_known_which_objects_have_classes():
    entries = fresh({"read": pickled("read", {"when": Decimal(1)}), "plain": pickled("plain", []), "unread": b""})
    classed = entries.lent.classed
    entries.put("number", Decimal(1))  # nobody can change it, and its class stays
    entries.put("text", "\N{LEFT DOUBLE QUOTATION MARK}")
    entries.put("set", [Decimal(1)])
    entries.put("changed", [])
    entries.read("plain")
    entries.read("read")
    assert classed == {"read", "set"}
    entries.read("changed").append(Decimal(1))
    entries.notice(entries.lent.suspects())
    assert classed == {"read", "set", "changed"}
    entries.remove("set")
    entries.part("changed")
    assert classed == {"read"}


# --- room --------------------------------------------------------------------------------------------------------


def test_a_store_that_gets_large_is_warned_of_once_and_then_refuses_to_grow(caplog):
    entries = fresh(max_mb=1)
    entries.put("a", bytes(790_000))
    assert not caplog.messages
    entries.put("b", bytes(20_000))
    entries.put("c", bytes(20_000))
    assert len(caplog.messages) == 1
    assert "module notes: 0.8 of 1 MB (aha.store.max_mb) are in use" in caplog.messages[0]
    with pytest.raises(
        StoreFullError, match=r"key 'd' .* module notes, which holds 0\.8 of 1 MB \(aha\.store\.max_mb\)"
    ):
        entries.put("d", bytes(300_000))
    entries.put("a", bytes(500_000))
    entries.put("d", bytes(300_000))
    entries.remove("a")
    entries.put("e", bytes(600_000))


def test_a_large_value_that_is_set_anew_is_no_reason_to_warn(caplog):
    entries = fresh(max_mb=1)
    for _ in range(2):
        entries.put("a", bytes(500_000))
    assert not caplog.messages
    entries.put("b", bytes(310_000))
    assert len(caplog.messages) == 1


def test_a_store_beyond_its_limit_is_loaded_and_may_shrink():
    entries = fresh({"a": pickled("a", bytes(2_000_000)), "b": pickled("b", 1)}, max_mb=1)
    with pytest.raises(StoreFullError):
        entries.put("b", "longer")
    entries.put("a", bytes(1_500_000))
    assert len(entries.read("a")) == 1_500_000


def test_what_grows_in_place_beyond_the_limit_is_saved_all_the_same_and_warned_of(caplog):
    entries = fresh(max_mb=1)
    entries.put("a", value := [])
    value.append(bytes(2_000_000))
    entries.notice(entries.lent.suspects())
    assert pickle.loads(entries.data["a"]) == [bytes(2_000_000)]
    value.append(1)
    entries.notice(entries.lent.all())
    (told,) = caplog.messages
    assert "module notes: 2.0 of 1 MB (aha.store.max_mb) are in use" in told


# --- batches -------------------------------------------------------------------------------------------------------


def test_a_batch_is_all_that_the_table_does_not_have():
    entries = fresh({"a": pickled("a", 1), "b": pickled("b", 1)})
    entries.put("c", 3)
    entries.remove("a")
    entries.put("c", 4)
    batch = entries.take()
    assert unpickled_changes(batch) == {"c": 4, "a": None}
    assert batch.seq == 3
    assert entries.dirty == 0
    assert not entries.take().changes


def test_what_the_table_refused_is_in_the_journal_once_more():
    entries = fresh()
    entries.put("a", 1)
    entries.put("b", 1)
    entries.remove("b")
    with entries.journal.lock:
        assert [entries.append_again("a"), entries.append_again("b")] == [4, 5]
    assert entries.journal.records[3:] == [(1, b"a", pickled("a", 1)), (1, b"b", None)]


def test_a_key_that_is_deleted_and_set_again_is_born_again():
    entries = fresh({"a": pickled("a", 1), "b": pickled("b", 1)})
    entries.remove("a")
    entries.put("c", 1)
    entries.put("a", 2)
    batch = entries.take()
    assert list(batch.changes) == ["c", "a"] == list(entries.data)[1:]
    assert batch.reborn == {"a"}


def test_a_batch_that_is_given_back_is_older_than_what_came_after():
    entries = fresh()
    entries.put("a", 1)
    entries.put("b", 1)
    batch = entries.take()
    entries.put("c", 1)
    entries.put("a", 2)
    entries.give_back(batch)
    assert unpickled_changes(entries.take()) == {"a": 2, "b": 1, "c": 1}


@pytest.mark.parametrize("change", ["put", "remove"])
def test_a_key_that_could_not_be_read_may_be_set_or_deleted_and_its_row_is_kept_elsewhere(change):
    entries = fresh({"good": pickled("good", 1)}, unreadable=["bad", "worse"])
    assert list(entries.data) == ["good"]
    entries.put("bad", 1) if change == "put" else entries.remove("bad")
    batch = entries.take()
    assert batch.displaced == {"bad"}
    assert batch.reborn == ({"bad"} if change == "put" else set())
    assert entries.unreadable == {"worse"}
    entries.give_back(batch)
    assert entries.take().displaced == {"bad"}


# --- the journal is done again ----------------------------------------------------------------------------------------


def test_what_is_replayed_is_there_and_the_table_is_to_have_it():
    entries = fresh({"a": pickled("a", 1), "b": pickled("b", 1)}, unreadable=["bad"])
    for key, value in [("c", 3), ("a", None), ("never", None), ("a", 4), ("bad", 5)]:
        entries.replay(key, None if value is None else pickled(key, value))
    assert [(key, entries.read(key)) for key in entries.data] == [("b", 1), ("c", 3), ("a", 4), ("bad", 5)]
    batch = entries.take()
    assert unpickled_changes(batch) == {"c": 3, "a": 4, "bad": 5}
    assert (batch.reborn, batch.displaced) == ({"a", "bad"}, {"bad"})
    assert entries.journal.seq == 0


def test_a_value_that_sets_another_as_it_goes_may_do_so():
    class Parting:
        def __reduce__(self):
            return (int, ())

        def __del__(self):
            entries.put("last words", "bye")

    entries = fresh()
    for change in [lambda: entries.put("a", 1), lambda: entries.remove("a"), lambda: entries.part("a")]:
        entries.put("a", Parting())
        change()
        assert entries.read("last words") == "bye"
        entries.remove("last words")


def test_what_is_set_while_another_record_is_being_made_is_in_the_journal_too(tmp_path, monkeypatch):
    def packed(*head):
        monkeypatch.undo()
        entries.put("nested", 2)  # as garbage may, whenever it is collected
        return pack_rest(*head)

    journal = Journal.open(tmp_path, database="one")
    entries = fresh(journal=journal)
    entries.put("before", 0)
    monkeypatch.setattr("services.data_store.journal.journal.pack_rest", packed)
    entries.put("outer", 1)
    journal.close()
    found = Journal.open(tmp_path, database="one").found
    assert not found.damaged
    assert {record.key: pickle.loads(record.value) for record in found.records("notes")} == {
        b"before": 0, b"outer": 1, b"nested": 2
    }  # fmt: skip


steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "remove", "take", "done", "fail"]), st.sampled_from("abcd"), st.integers(0, 3)
    ),
    max_size=40,
)


@given(steps)
def test_table_and_memory_are_the_same_dict_whatever_batches_fail(steps):
    table, batch, entries = {}, None, fresh()
    for step, key, value in [*steps, ("fail", "", 0), ("take", "", 0), ("done", "", 0)]:
        if step == "put":
            entries.put(key, value)
        elif step == "remove" and key in entries.data:
            entries.remove(key)
        elif step == "take" and batch is None:
            batch = entries.take()
        elif batch is not None and step == "done":
            written(table, batch)
            batch = None
        elif batch is not None and step == "fail":
            entries.give_back(batch)
            batch = None
    assert list(table.items()) == list(entries.data.items())


def test_threads_that_set_lose_nothing():
    journal, table = Notebook(), {}
    entries = fresh(journal=journal)

    def work(number: int) -> None:
        for n in range(300):
            entries.put(f"{number}-{n}", n)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or entries.dirty:
        written(table, entries.take())
    assert list(table.items()) == list(entries.data.items())
    assert len(table) == 1_200 == journal.seq
