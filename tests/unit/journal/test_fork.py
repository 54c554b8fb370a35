"""A forked child has a copy of the journal, files included, and can do nothing to what its parent has there."""

from __future__ import annotations

import asyncio
import threading

import pytest

from services.data_store.journal import Journal, read_journal
from tests.forks import FORKS, contents, forked

pytestmark = FORKS


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "store", database="here", segment_bytes=1 << 16)
    number = journal.register("notes")
    with journal.lock:
        journal.append(number, b"a", b"1")
    yield journal
    journal.close()


def appended(journal) -> int:
    with journal.lock:
        return journal.append(1, b"b", b"2")


DEEDS = {
    "start the thread": lambda journal: journal.start(),
    "append": appended,
    "name a store": lambda journal: journal.register("others"),
    "sync": lambda journal: asyncio.run(journal.sync()),
    "set aside": lambda journal: journal.set_aside("of a test"),
    "count a fold": lambda journal: journal.note_folds(7),
    "trim": lambda journal: journal.trim({"notes": 1 << 60}),
    "close": lambda journal: journal.close(),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
@pytest.mark.parametrize("held", [False, True], ids=["", "locks were held"])
def test_a_child_does_nothing_to_the_files_and_waits_for_no_lock(journal, deed, held):
    locks = [journal.lock, journal._syncing._lock, journal._syncing._busy, journal._room._reserving]
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks if held else []:
            lock.acquire()
        taken.set()
        done.wait()
        for lock in locks if held else []:
            lock.release()

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    before = contents(journal.folder)
    answer = forked(lambda: deed(journal))
    after = contents(journal.folder)
    done.set()
    holder.join()
    assert answer == "None" or answer.startswith("StoreError: this is a forked child process")
    assert after == before
    assert [path.name for path in journal.folder.iterdir() if path.is_dir()] == []


def test_a_child_may_have_a_journal_of_its_own(journal, tmp_path):
    def work() -> None:
        own = Journal.open(tmp_path / "own", database="here", segment_bytes=1 << 16)
        own.register("notes")
        appended(own)
        own.close()

    assert forked(work) == "None"
    assert [record.key for record in read_journal(tmp_path / "own").records("notes")] == [b"b"]
