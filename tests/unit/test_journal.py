"""The journal: what is appended is found again, in which files it is, and which of them may go."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from models.exc import JournalFull, StoreError
from services.data_store.journal import Journal, read_journal

SMALL = 1 << 14


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(f"os.{name}", lambda fd: None)


@pytest.fixture
def opened(tmp_path):
    """Opens the journal of this test, again and again; those that are open at the end are closed."""
    journals = []

    def open_(folder=tmp_path / "store", **options):
        journals.append(Journal.open(folder, **{"database": "here", "segment_bytes": SMALL} | options))
        return journals[-1]

    yield open_
    for journal in journals:
        journal.close()


def put(journal, number, *changes):
    with journal.lock:
        return [journal.append(number, key.encode(), value) for key, value in changes]


def found(journal, name):
    return [(record.key.decode(), record.value) for record in journal.found.records(name)]


def fill(journal, number, segments, *, first=0):
    """Append until so many more segments are there, and return the changes."""
    before = len(files(journal))
    changes = []
    while len(files(journal)) < before + segments:
        changes.append((f"key {first + len(changes)}", bytes(1000)))
        put(journal, number, changes[-1])
    return changes


def syncing():
    return [thread for thread in threading.enumerate() if thread.name == "sync the journal"]


def files(journal):
    return sorted(path.name for path in journal.folder.glob("*.journal"))


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


def test_only_segments_with_records_after_a_number_are_read_for_them(opened, monkeypatch):
    journal = opened()
    changes = fill(journal, journal.register("notes"), 2)
    journal.close()
    found = read_journal(journal.folder)
    numbers = [record.seq for record in found.records("notes")]
    read = []
    content = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or content(path))
    assert [record.key.decode() for record in found.records("notes", after=numbers[-3])] == [
        key for key, _ in changes[-2:]
    ]
    assert list(found.records("notes", after=numbers[-1])) == []
    assert len(read) < len(files(journal))


def test_each_segment_can_be_read_without_those_before(opened, tmp_path):
    journal = opened()
    number = journal.register("notes")
    fill(journal, number, 3)
    journal.close()
    first, *_ = sorted((tmp_path / "store").glob("*.journal"))
    everything = list(read_journal(tmp_path / "store").records("notes"))
    in_first = [record for record in everything if record.key in first.read_bytes()]
    first.unlink()
    assert list(read_journal(tmp_path / "store").records("notes")) == everything[len(in_first) :]


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


def test_a_record_larger_than_a_segment_has_one_of_its_own(opened):
    journal = opened()
    number = journal.register("notes")
    changes = [("small", b"1"), ("large", bytes(range(256)) * 1000), ("small", b"2")]
    put(journal, number, *changes)
    journal.close()
    assert found(opened(), "notes") == changes


def test_a_large_record_does_not_wait_for_the_segment_that_is_ready(opened):
    journal = opened()
    number = journal.register("notes")
    changes = fill(journal, number, 1)  # a second segment is ready now
    changes.append(("large", bytes(5 * SMALL)))
    put(journal, number, changes[-1])
    changes += fill(journal, number, 1, first=1000)
    journal.close()
    again = opened()
    assert found(again, "notes") == changes
    assert again.found.damaged == []


def test_folded_segments_go_and_nothing_else(opened):
    journal = opened()
    notes, games = journal.register("notes"), journal.register("games")
    changes = fill(journal, notes, 2)
    put(journal, games, ("score", b"1"))
    changes += fill(journal, notes, 2, first=1000)
    middle = journal.seq
    later = fill(journal, notes, 2, first=2000)
    journal.close()

    journal = opened()
    kept = len(files(journal))
    journal.trim({"notes": middle, "games": 0})
    assert kept > len(files(journal)) > 3
    assert found(journal, "games") == [("score", b"1")]
    left = found(journal, "notes")
    assert left[-len(later) :] == later
    assert left[0] != changes[0]
    journal.trim({"notes": journal.seq, "games": journal.seq})
    assert len(files(journal)) == 1


def test_the_segment_in_use_stays_although_all_of_it_is_folded(opened):
    journal = opened()
    number = journal.register("notes")
    put(journal, number, ("a", b"1"))
    journal.trim({"notes": journal.seq})
    put(journal, number, ("a", b"2"))
    journal.close()
    assert found(opened(), "notes") == [("a", b"1"), ("a", b"2")]


def test_a_store_that_trim_does_not_speak_of_is_not_folded(opened):
    journal = opened()
    put(journal, journal.register("notes"), ("a", b"1"))
    journal.close()
    journal = opened()
    journal.trim({})
    journal.close()
    assert found(opened(), "notes") == [("a", b"1")]


def test_a_folded_journal_that_is_closed_takes_no_room(opened, tmp_path):
    journal = opened()
    number = journal.register("notes")
    fill(journal, number, 2)
    journal.trim({"notes": journal.seq})
    last = journal.seq
    journal.close()
    assert sum(path.stat().st_size for path in (tmp_path / "store").iterdir()) <= 4096
    again = opened()
    assert again.id == journal.id
    assert again.seq > last


def test_opening_and_closing_leaves_no_files_behind(opened):
    for _ in range(5):
        journal = opened()
        journal.register("notes")
        journal.close()
    assert len(files(journal)) == 1


def test_folds_and_database_are_remembered(opened):
    journal = opened(database="one")
    journal.note_folds(7)
    put(journal, journal.register("notes"), ("a", b"1"))
    found = opened(database="two").found
    assert (found.database, found.folds, found.journal_id) == ("one", 7, journal.id)
    journal.close()
    again = opened(database="two")
    assert (again.found.database, again.found.folds) == ("one", 7)


def test_set_aside_begins_anew_and_keeps_everything(opened):
    journal = opened(database="one")
    number = journal.register("notes")
    changes = fill(journal, number, 2)
    last = journal.seq
    journal.close()

    journal = opened(database="two")
    old, journal_id = journal.found, journal.id
    place = journal.set_aside("the database is another one")
    assert "because the database is another one" in (place / "README.txt").read_text(encoding="utf-8")
    assert [(r.key.decode(), r.value) for r in read_journal(place).records("notes")] == changes
    assert read_journal(place).journal_id == old.journal_id == journal_id != journal.id
    assert found(journal, "notes") == []
    assert journal.register("notes") == number
    assert put(journal, number, ("new", b"1"))[0] > last
    journal.close()
    again = opened()
    assert again.found.database == "two"
    assert found(again, "notes") == [("new", b"1")]


def test_a_journal_set_aside_can_be_put_back(opened, tmp_path):
    journal = opened()
    put(journal, journal.register("notes"), ("a", b"1"))
    place = journal.set_aside("of a test")
    journal.close()
    for path in (tmp_path / "store").glob("*.journal"):
        assert not (place / path.name).exists()
        path.unlink()
    for path in place.glob("*.journal"):
        path.rename(tmp_path / "store" / path.name)
    assert found(opened(), "notes") == [("a", b"1")]


def test_segments_of_another_journal_are_moved_out_of_the_way(opened, tmp_path, caplog):
    other = opened(tmp_path / "other")
    put(other, other.register("theirs"), ("a", b"1"))
    other.close()
    journal = opened()
    fill(journal, journal.register("notes"), 4)
    journal.close()
    for path in (tmp_path / "other").glob("*.journal"):
        path.rename(tmp_path / "store" / f"0{path.name}")  # the same number as one of ours
    changes = found(opened(), "notes")
    assert changes
    assert "see" in caplog.text
    (place,) = (tmp_path / "store" / "aside").iterdir()
    assert [record.key for record in read_journal(place).records("theirs")] == [b"a"]
    assert read_journal(tmp_path / "store").strangers == []


@pytest.mark.parametrize("size", [4 << 20, 3 << 20], ids=["larger than all of it", "larger than it takes at once"])
def test_what_a_journal_can_never_take_is_refused_with_the_remedy(opened, size):
    journal = opened(max_bytes=4 << 20, segment_bytes=1 << 20)
    number = journal.register("notes")
    said = rf"a change of {size >> 20} MB is too large .* at most 3 MB at once \(aha\.store\.journal_mb is 4\)"
    with pytest.raises(JournalFull, match=said):
        put(journal, number, ("large", bytes(size)))
    put(journal, number, ("large", bytes(2 << 20)))


@pytest.mark.parametrize("early", [False, True], ids=["", "and is tried before"])
def test_what_takes_most_of_the_journal_can_be_set_again_and_again_when_it_is_folded(opened, early):
    journal = opened(max_bytes=4 << 20, segment_bytes=1 << 20)
    number = journal.register("notes")
    for n in range(4):
        put(journal, number, ("large", bytes([n]) * (5 << 19)))
        if early:
            with pytest.raises(JournalFull, match="wait for the database"):
                put(journal, number, ("large", bytes(5 << 19)))
            put(journal, number, ("small", b"1"))
        journal.trim({"notes": journal.seq})
    put(journal, number, ("large", b"1"))
    journal.close()
    assert found(opened(), "notes")[-1] == ("large", b"1")


def test_a_full_journal_says_so_changes_nothing_and_goes_on_when_trimmed(opened):
    journal = opened(max_bytes=1 << 18, segment_bytes=1 << 16)
    number = journal.register("notes")
    changes = []
    with pytest.raises(JournalFull, match="wait for the database"):
        for n in range(1000):
            put(journal, number, (f"key {n}", bytes(1000)))
            changes.append((f"key {n}", bytes(1000)))
    assert sum(path.stat().st_size for path in journal.folder.iterdir()) <= 1 << 18
    last = journal.seq
    with pytest.raises(JournalFull):
        put(journal, number, ("too much", bytes(1 << 18)))
    assert journal.seq == last
    assert [(r.key.decode(), r.value) for r in read_journal(journal.folder).records("notes")] == changes
    journal.trim({"notes": last})
    put(journal, number, ("again", b"1"))
    journal.close()
    assert found(opened(), "notes")[-1] == ("again", b"1")


def test_a_journal_beyond_its_limit_is_read_but_takes_no_more_until_it_is_trimmed(opened):
    journal = opened()
    number = journal.register("notes")
    changes = fill(journal, number, 6)
    journal.close()
    journal = opened(max_bytes=1 << 16)
    assert "full" in journal.broken
    assert found(journal, "notes") == changes
    with pytest.raises(JournalFull):
        put(journal, number, ("a", b"1"))
    journal.trim({"notes": journal.found.seq})
    put(journal, number, ("a", b"1"))
    assert journal.broken is None


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


def test_files_are_for_the_owner_alone(opened):
    journal = opened()
    fill(journal, journal.register("notes"), 1)
    journal.close()
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in journal.folder.iterdir()} == {0o600}


def test_a_closed_journal_takes_nothing_and_may_be_closed_again(opened):
    journal = opened()
    number = journal.register("notes")
    put(journal, number, ("a", b"1"))
    journal.close()
    journal.close()
    with pytest.raises(StoreError, match="closed"):
        put(journal, number, ("b", b"2"))
    assert not syncing()


def test_opening_starts_no_thread(opened):
    opened()
    assert not syncing()


def test_other_files_in_the_folder_are_left_alone(opened, tmp_path):
    (tmp_path / "store" / "dir.journal").mkdir(parents=True)
    for name in ("notes.txt", "copy of 1.journal", ".journal"):
        (tmp_path / "store" / name).write_text("?")
    journal = opened()
    put(journal, journal.register("notes"), ("a", b"1"))
    journal.close()
    assert found(opened(), "notes") == [("a", b"1")]
    assert (tmp_path / "store" / "notes.txt").read_text() == "?"


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


def test_it_says_in_time_that_it_fills_up_and_when_the_database_has_taken_enough(opened):
    journal = opened(max_bytes=16 * SMALL)
    number = journal.register("a")
    assert not journal.is_filling
    fill(journal, number, 5)
    assert journal.is_filling
    journal.trim({"a": journal.seq})
    assert not journal.is_filling
