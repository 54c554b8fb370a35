"""`aha store trust`, and the key that signs values: it is in backups, and has to come along with a copy."""

from __future__ import annotations

import re

from tests.acceptance.store_commands.notes import EVIL, KEYS, by_key


def test_trust_shows_what_is_named_and_signs_only_when_told(filled, store, folder, forge, rows):
    (folder / "data" / "store.key").unlink()
    forge("evil", EVIL)
    asked = store("trust", "notes")
    assert asked.code == 2
    assert re.search(r"^posix\.system +1 +'evil'$", asked.out, re.M)
    assert re.search(r"^modules\.notes\.Mark +1 +'mark'$", asked.out, re.M)
    assert "no terminal" in asked.err
    assert store("delete", "notes", "evil").code == 0
    signed = store("trust", "notes", "--yes", "--json").json
    assert signed == {"signed": {"day": ["datetime.date"], "mark": ["modules.notes.Mark"]}, "not_signed": []}
    again = store("trust", "notes")
    assert (again.code, again.err) == (0, "all of it is plain data, or signed here\n")
    assert not (folder / "hacked").exists()
    assert list(by_key(store("show", "notes", "--json"))) == KEYS


def test_what_nobody_can_know_is_not_signed(filled, store, forge, rows):
    forge("odd", b"cposix\nsystem\n.")
    ended = store("trust", "notes", "--yes")
    assert (ended.code, ended.err) == (1, "not signed, as nobody can say what is in them: 'odd'\n")
    assert rows("SELECT mac FROM aha_store__notes WHERE key = 'odd'") == [(None,)]


def test_the_key_is_in_backups_and_comes_back(filled, aha, store, folder):
    key = folder / "data" / "store.key"
    was = key.read_bytes()
    file = aha("db", "backup").out.strip()
    key.unlink()
    restored = aha("db", "restore", file, "--overwrite")
    assert "data/store.key was put back too\n" in restored.err
    assert key.read_bytes() == was
    assert key.stat().st_mode & 0o777 == 0o600
    assert store("trust", "notes").err == "all of it is plain data, or signed here\n"


def test_another_key_that_is_there_is_kept_and_named(filled, aha, folder):
    key = folder / "data" / "store.key"
    was = key.read_bytes()
    file = aha("db", "backup").out.strip()
    key.write_bytes(b"n" * 32)
    restored = aha("db", "restore", file, "--overwrite")
    assert key.read_bytes() == was
    assert (folder / "data" / "store.key.replaced").read_bytes() == b"n" * 32
    assert restored.err.endswith(
        "another data/store.key was there, now data/store.key.replaced: if this folder stays with another database, "
        "put it back\n"
    )
    saved = re.search(r"what was there before is in (\S+)", restored.err)[1]
    again = aha("db", "restore", saved, "--overwrite", "--json").json
    assert again["replaced"] == {"data/store.key": "data/store.key.replaced2"}
    assert key.read_bytes() == b"n" * 32


def test_a_copy_says_that_the_key_has_to_come_along(filled, aha, postgres_url):
    copied = aha("db", "copy", "sqlite:///data/aha.db", postgres_url)
    assert copied.code == 0
    assert copied.err == (
        "if the bot moves to another folder, take data/store.key along: without it, some values cannot be read\n"
    )


def test_a_copy_says_what_stands_in_the_journal_only(killed, aha, postgres_url):
    copied = aha("db", "copy", "sqlite:///data/aha.db", postgres_url)
    assert re.match(
        r"not copied, as they stand in the journal of SimpleStores only: notes: \d; start the bot with the old "
        r"database once, stop it, and copy again\n", copied.err,
    )  # fmt: skip
