"""The journal: what is appended is found again, under its store; what an open one does, and a closed one no more."""

from __future__ import annotations

import threading

import pytest

from models.exc import JournalFull, StoreError
from services.data_store.journal import read_journal
from tests.unit.journal.records import found, put


def test_what_was_appended_is_found(opened):
    journal = opened()
    number = journal.register("notes")
    seqs = put(journal, number, ("a", b"1"), ("b", b""), ("a", None), ("", b"2"), ("键", b"\0" * 300))
    assert seqs == sorted(seqs)
    assert journal.seq == seqs[-1]
    journal.close()
    journal = opened()
    assert [record.seq for record in journal.found.records("notes")] == seqs
    assert found(journal, "notes") == [("a", b"1"), ("b", b""), ("a", None), ("", b"2"), ("键", b"\0" * 300)]
    assert journal.found.count("notes") == 5
    assert (journal.found.damaged, journal.found.torn) == ([], None)
    assert journal.found.seq == seqs[-1] < journal.seq


def test_a_journal_that_was_never_closed_is_read_by_the_next(opened, tmp_path):
    journal = opened()
    put(journal, journal.register("notes"), ("a", b"1"))
    assert [record.value for record in read_journal(tmp_path / "store").records("notes")] == [b"1"]
    assert found(opened(), "notes") == [("a", b"1")]


def test_what_there_is_no_memory_for_leaves_no_trace(opened, monkeypatch):
    def fail(*_):
        monkeypatch.undo()
        raise MemoryError

    journal = opened()
    number = journal.register("notes")
    (before,) = put(journal, number, ("a", b"1"))
    monkeypatch.setattr("services.data_store.journal.journal.pack_rest", fail)
    with pytest.raises(MemoryError):
        put(journal, number, ("b", bytes(500)))
    assert put(journal, number, ("c", b"3")) == [before + 1]
    again = opened()
    assert found(again, "notes") == [("a", b"1"), ("c", b"3")]
    assert (again.found.damaged, again.found.torn) == ([], None)


def test_stores_are_kept_apart_and_keep_their_numbers(opened):
    journal = opened()
    numbers = {name: journal.register(name) for name in ("notes", "笔记", "games")}
    assert len(set(numbers.values())) == 3
    for name, number in numbers.items():
        put(journal, number, ("name", name.encode()))
    journal.close()
    again = opened()
    assert {name: again.register(name) for name in reversed(numbers)} == numbers
    assert {name: found(again, name) for name in numbers} == {name: [("name", name.encode())] for name in numbers}
    assert found(again, "nobody") == []


def test_numbers_never_come_again_even_if_the_last_ones_were_lost_with_the_power(opened, tmp_path):
    journal = opened()
    folded = put(journal, journal.register("notes"), ("a", b"1"))[0]
    (path,) = (tmp_path / "store").glob("*.journal")
    journal.close()
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)
    again = opened()
    assert put(again, again.register("notes"), ("a", b"2"))[0] > folded


def test_folds_and_database_are_remembered(opened):
    journal = opened(database="one")
    journal.note_folds(7)
    put(journal, journal.register("notes"), ("a", b"1"))
    found = opened(database="two").found
    assert (found.database, found.folds, found.journal_id) == ("one", 7, journal.id)
    journal.close()
    again = opened(database="two")
    assert (again.found.database, again.found.folds) == ("one", 7)


def test_a_store_whose_name_found_no_room_is_named_before_its_first_record(opened):
    journal = opened(max_bytes=1 << 16, segment_bytes=1 << 16)
    notes = journal.register("notes")
    with pytest.raises(JournalFull):
        for n in range(1000):
            put(journal, notes, (f"key {n}", bytes(1000)))
    games = journal.register("a store with a name " + 50 * "that is long ")
    with pytest.raises(JournalFull):
        put(journal, games, ("a", b""))
    journal.trim({"notes": journal.seq})
    put(journal, games, ("a", b"1"))
    assert journal.register("games") == games + 1
    journal.close()
    assert found(opened(), "a store with a name " + 50 * "that is long ") == [("a", b"1")]


def syncing():
    return [thread for thread in threading.enumerate() if thread.name == "sync the journal"]


def test_opening_starts_no_thread(opened):
    opened()
    assert not syncing()


def test_a_closed_journal_takes_nothing_and_may_be_closed_again(opened):
    journal = opened()
    number = journal.register("notes")
    put(journal, number, ("a", b"1"))
    journal.close()
    journal.close()
    with pytest.raises(StoreError, match="closed"):
        put(journal, number, ("b", b"2"))
    assert not syncing()


def test_two_threads_append_without_losing_a_record(opened):
    journal = opened()
    numbers = [journal.register("one"), journal.register("two")]

    def append(number):
        for n in range(3000):
            put(journal, number, (str(n), bytes(20)))

    threads = [threading.Thread(target=append, args=[number]) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    again = opened()
    for name in ("one", "two"):
        assert found(again, name) == [(str(n), bytes(20)) for n in range(3000)]
