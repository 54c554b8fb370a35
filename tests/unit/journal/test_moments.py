"""The process may end at any moment between two calls to the system: the next one finds all that was set."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from services.data_store.journal import Journal, read_journal

CALLS = [
    *((Path, name) for name in ("unlink", "rename", "mkdir", "write_text")),
    *((os, name) for name in ("open", "posix_fallocate", "fsync", "fdatasync", "close")),
]


class Moments:
    """What the journal's folder looked like before each call to the system, and what had to be in it then."""

    def __init__(self, folder, place):
        self.folder = folder
        self.place = place
        self.due = {}
        self.taken = []

    def take(self):
        if self.folder.exists():
            copy = self.place / str(len(self.taken))
            shutil.copytree(self.folder, copy)
            self.taken.append((copy, dict(self.due)))


@pytest.fixture
def moments(tmp_path, monkeypatch):
    moments = Moments(tmp_path / "store", tmp_path / "moments")

    def watched(call):
        def watch(*args, **kwargs):
            with monkeypatch.context() as unwatched:
                for (owner, name), real in originals.items():
                    unwatched.setattr(owner, name, real)
                moments.take()
                # Here nobody cuts the power, so nobody has to wait for the disk.
                return None if call in syncs else call(*args, **kwargs)

        return watch

    syncs = {os.fsync, os.fdatasync}
    originals = {(owner, name): getattr(owner, name) for owner, name in CALLS}
    with monkeypatch.context() as patch:
        for (owner, name), call in originals.items():
            patch.setattr(owner, name, watched(call))
        # The thread would do the same at other moments.
        patch.setattr("services.data_store.journal.syncing.Syncing.start", lambda self: None)
        yield moments


def append(journal, moments, count):
    number = journal.register("notes")
    for n in range(count):
        with journal.lock:
            seq = journal.append(number, b"key", b"%d" % n * 300)
        moments.due[seq] = b"%d" % n * 300


def trim(journal, moments, part):
    folded = sorted(moments.due)[int(len(moments.due) * part) - 1]
    moments.due = {seq: value for seq, value in moments.due.items() if seq > folded}
    journal.trim({"notes": folded})


def test_at_each_moment_all_that_was_set_and_not_folded_is_there(moments):
    for _ in range(3):
        journal = Journal.open(moments.folder, database="here", segment_bytes=1 << 14)
        append(journal, moments, 30)
        journal._sync()
        journal._tend()
        trim(journal, moments, 0.7)
        append(journal, moments, 30)
        journal.close()
    assert len(moments.taken) > 50
    for folder, due in moments.taken:
        found = read_journal(folder)
        assert due.items() <= {record.seq: record.value for record in found.records("notes")}.items()
        assert (found.damaged, found.torn, found.strangers) == ([], None, [])


def test_at_each_moment_of_setting_aside_the_rest_says_whose_it_is(moments):
    journal = Journal.open(moments.folder, database="old", segment_bytes=1 << 14)
    append(journal, moments, 100)
    journal.note_folds(5)
    journal._sync()
    begun = len(moments.taken)
    journal.set_aside("of a test")
    journal.close()
    assert len(moments.taken) > begun + 10
    for folder, due in moments.taken[begun:]:
        found = read_journal(folder)
        aside = [read_journal(place) for place in folder.glob("aside/*")]
        seqs = {record.seq for one in [found, *aside] for record in one.records("notes")}
        assert due.keys() <= seqs
        # As long as there is anything to replay, it says of which state of which database it is.
        assert (found.database, found.folds) == ("old", 5) or found.count("notes") == 0
