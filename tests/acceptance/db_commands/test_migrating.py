"""`aha db migrate`: all that a start does before and after on_start, without on_start."""

from __future__ import annotations

import json
import re

from tests.acceptance.db_commands.notes import MODULE


def test_migrate_does_what_a_start_would_and_leaves_on_start_to_the_next_start(new, db, folder):
    migrated = db("migrate")
    assert migrated.out.startswith("the database was brought up to date in ")
    assert "note__notes.size: added" in migrated.out
    [backup] = (folder / "data" / "backups").iterdir()
    assert f"aha db restore data/backups/{backup.name} --overwrite" in migrated.out
    assert migrated.out.endswith("not finished until a start whose on_start succeeds: notes\n")
    assert "on_start ran" not in migrated.out + migrated.err
    again = db("migrate")
    assert again.out.startswith("waiting for rows to be put right: notes\n  note__notes.size: postponed")
    assert "nothing to be done" not in again.out


def test_what_waited_is_done_by_migrate_once_it_can_be(new, db, run, rows):
    run("run", text="")
    rows("UPDATE note__notes SET size = 0")
    assert "note__notes.size: NOT NULL" in db("migrate").out
    assert db("check").out == "nothing to be done: the database is as the modules declare it\n"


def test_no_backup_is_made_if_none_is_wanted(new, db, folder):
    assert json.loads(db("migrate", "--no-db-backup", "--json").out)["backup"] is None
    assert not (folder / "data" / "backups").exists()


def test_migrate_says_so_if_only_the_framework_had_something_to_do(folder, db):
    assert re.fullmatch(r"the database was brought up to date in .* s: the framework\n", db("migrate").out)
    assert db("migrate").out == "nothing to be done: the database is as the modules declare it\n"


def test_a_command_that_is_broken_off_says_so(release, db, monkeypatch):
    release("Column('text', Text)")

    def broken_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("aha.commands.db.look.write_table", broken_off)
    db("migrate")
    assert (db("owners").code, db("owners").err) == (130, "\naha: broken off\n")


def test_migrate_finishes_modules_that_have_no_on_start(old, write, db):
    code = MODULE.format(columns="Column('text', Text)", imports="")
    write({"notes.py": code.partition("@on_start")[0]})
    assert "not finished" not in db("migrate").out
    assert db("migrate").out == "nothing to be done: the database is as the modules declare it\n"
    assert db("prune", "note__notes.nick", "--yes").code == 0
