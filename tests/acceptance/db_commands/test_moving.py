"""`aha db backup`, `restore` and `copy`; and what any of the commands says of input that is wrong."""

from __future__ import annotations

import json

import pytest


def test_a_backup_is_listed_and_brings_everything_back(old, db, rows):
    file = db("backup").out.strip()
    [listed] = json.loads(db("backup", "--list", "--json").out)
    assert (listed["file"], listed["dialect"], listed["tables"]["note__notes"]) == (file, "sqlite", 2)
    rows("DELETE FROM note__notes")
    assert "has tables already" in db("restore", file).err
    restored = json.loads(db("restore", file, "--overwrite", "--json").out)
    assert restored["tables"]["note__notes"] == 2
    assert rows("SELECT text FROM note__notes") == [("x",), ("2",)]


def test_everything_moves_to_postgresql(old, db, postgres_url):
    copied = json.loads(db("copy", "sqlite:///data/aha.db", postgres_url, "--json").out)
    assert copied["tables"]["note__notes"] == 2
    assert db("check", "--db", postgres_url).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["plan", "--modules", "nowhere"], 1, "there is no folder nowhere"),
        (["plan", "--load-only", "nothing"], 2, "there is no such module"),
        (["history", "--db", "mysql://x/y"], 1, "'mysql', which is not supported"),
        (["owners", "--db", "sqlite:///modules/notes.py"], 1, "file is not a database"),
        (["owners", "--db", "postgresql://u:secret@127.0.0.1:1/x"], 1, "postgresql://u:***@127.0.0.1:1/x cannot be"),
        (["owners", "--db", "sqlite:///modules"], 1, "the database modules is a folder"),
        (["history"], 1, "there is no database data/aha.db: go to the folder of your bot"),
        (["history", "--last", "-3"], 2, "Must be >= 0"),
        (["backup"], 1, "there is no database data/aha.db"),
        (["restore", "modules"], 1, "modules cannot be read as a backup: Is a directory; take another backup"),
        (["restore", "modules/notes.py"], 1, "cannot be read as a backup"),
        (["restore", "nothing.zip"], 1, "there is no backup nothing.zip"),
        (["copy", "sqlite:///data/aha.db", "nonsense"], 1, "cannot be read"),
        (["check", "--config", "nothing.yml"], 1, "there is no such file"),
        (["nonsense"], 2, "See: aha db --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_one_line_with_what_to_do(release, db, folder, arguments, code, message):
    release("Column('text', Text)")
    failed = db(*arguments)
    assert (failed.code, failed.out) == (code, "")
    [line] = [line for line in failed.err.splitlines() if line != "imported"]
    assert line.startswith("aha: ")
    assert message in line
    assert [path.name for path in folder.iterdir()] == ["modules"]
    assert "Traceback" not in failed.err
