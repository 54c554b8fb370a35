"""A journal that does not go with the database is moved out of the way, whole."""

from __future__ import annotations

from services.data_store.journal import read_journal
from tests.unit.journal.records import fill, found, put


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
