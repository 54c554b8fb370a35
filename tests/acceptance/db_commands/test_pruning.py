"""`aha db kept` puts values back and `prune` removes them: only what is named, and nothing that is still needed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest


def test_a_module_that_has_nothing_is_no_module_to_keep_values_of(new, db):
    looked = db("kept", "--module", "nothing")
    assert (looked.code, looked.err) == (
        2,
        "aha: --module nothing: no table belongs to it; values are kept of: none\n",
    )


def test_kept_values_are_put_back_by_command(new, db, rows):
    db("migrate")
    rows("UPDATE aha_kept SET value = '7'")
    assert json.loads(db("kept", "--restore", "--json").out) == [
        {"column": "note__notes.text", "restored": 1, "kept": 0}
    ]
    assert rows("SELECT text FROM note__notes ORDER BY id") == [(7,), (2,)]


def test_prune_removes_what_is_named_after_a_backup(new, db, run, rows):
    run("run")
    pruned = db("prune", "note__notes.nick", "kept:note__notes.text", "--yes")
    assert pruned.code == 0
    assert rows("SELECT name FROM pragma_table_info('note__notes') WHERE name = 'nick'") == []
    assert rows("SELECT count(*) FROM aha_kept") == [(0,)]
    backup = pruned.err.strip().rpartition(" ")[2]
    assert db("restore", backup, "--overwrite").code == 0
    assert rows("SELECT nick FROM note__notes") == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["note__notes.nick"], 2, "say --yes if all of that is to go"),
        (["note__notes", "--yes"], 2, "note__notes is nothing that is unused or kept; there is: note__notes.nick"),
        (['x"; DROP TABLE note__notes; --', "--yes"], 2, "is nothing that is unused or kept"),
        (["note__notes.nick", "--yes", "--exclude", "notes"], 2, "belongs to module notes, which may need it"),
        ([], 2, "say what is to go: aha db prune NAME...; aha db unused lists what there is"),
    ],
    ids=["nobody to ask", "used", "no name", "left out", "nothing"],
)
def test_prune_keeps_what_is_not_clearly_meant(new, db, run, rows, arguments, code, message):
    run("run")
    pruned = db("prune", *arguments)
    assert pruned.code == code
    assert message in pruned.err.splitlines()[-1]
    assert rows("SELECT nick FROM note__notes") == [("a",), ("b",)]


def test_nothing_is_pruned_while_a_bot_has_the_database_open(new, db, run, rows, folder, monkeypatch):
    run("run")
    monkeypatch.setattr("core.backup.sqlite._PATIENCE", 0.1)
    with closing(sqlite3.connect(folder / "data" / "aha.db")) as bot:
        bot.execute("SELECT * FROM note__notes").fetchall()
        pruned = db("prune", "note__notes.nick", "--yes")
    assert pruned.code == 1
    assert "is open in another process: stop the bot" in pruned.err
    assert rows("SELECT nick FROM note__notes") == [("a",), ("b",)]


def test_nothing_is_pruned_while_a_module_is_off_or_has_still_to_migrate(new, db, write):
    behind = db("prune", "note__notes.nick", "--yes")
    assert "first aha db migrate" in behind.err
    db("migrate")
    write({"broken.py": "1 / 0"})
    assert "module broken is off, and what it needs is not known" in db("prune", "note__notes.nick", "--yes").err
