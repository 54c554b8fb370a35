"""The files of the journal: what is in which, which of them may go, and whose they are."""

from __future__ import annotations

import stat
from pathlib import Path

from services.data_store.journal import read_journal
from tests.unit.journal.records import SMALL, files, fill, found, put


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


def test_files_are_for_the_owner_alone(opened):
    journal = opened()
    fill(journal, journal.register("notes"), 1)
    journal.close()
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in journal.folder.iterdir()} == {0o600}


def test_other_files_in_the_folder_are_left_alone(opened, tmp_path):
    (tmp_path / "store" / "dir.journal").mkdir(parents=True)
    for name in ("notes.txt", "copy of 1.journal", ".journal"):
        (tmp_path / "store" / name).write_text("?")
    journal = opened()
    put(journal, journal.register("notes"), ("a", b"1"))
    journal.close()
    assert found(opened(), "notes") == [("a", b"1")]
    assert (tmp_path / "store" / "notes.txt").read_text() == "?"
