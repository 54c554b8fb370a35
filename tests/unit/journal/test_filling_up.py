"""A journal takes so much and no more, says so, and goes on when there is room."""

from __future__ import annotations

import pytest

from models.exc import JournalFull
from services.data_store.journal import read_journal
from tests.unit.journal.records import SMALL, fill, found, put


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


def test_it_says_in_time_that_it_fills_up_and_when_the_database_has_taken_enough(opened):
    journal = opened(max_bytes=16 * SMALL)
    number = journal.register("a")
    assert not journal.is_filling
    fill(journal, number, 5)
    assert journal.is_filling
    journal.trim({"a": journal.seq})
    assert not journal.is_filling
