"""`aha db plan` and `check`: what a start would do, of which nothing is done."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.db_commands.notes import digest


def test_a_plan_for_a_database_that_is_not_there_makes_none(release, folder, db):
    release("Column('text', Text)")
    looked = db("plan")
    assert looked.code == 0
    assert looked.out.startswith("before the modules start (expand):\n")
    assert "  note__notes: created\n" in looked.out
    assert "there is no database data/aha.db yet" in looked.err
    assert sorted(path.name for path in folder.iterdir()) == ["modules"]


def test_a_plan_says_what_is_done_before_on_start_and_what_waits_until_after_it(new, db):
    looked = db("plan")
    before, _, after = looked.out.partition("after on_start, as soon as the rows allow it (settle):\n")
    assert "note__notes.nick: no longer declared: it stays, unused, with 2 rows" in before
    assert "note__notes.text: TEXT -> INTEGER: 1 row converted; 1 value cannot follow (key 1) and is kept" in before
    assert "note__notes.size: postponed, tried again at every start: NOT NULL" in after
    assert looked.code == 0
    assert "on_start ran" not in looked.out + looked.err


@pytest.mark.parametrize(
    "command", ["plan", "plan --sql", "check", "history", "owners", "unused", "kept", "prune note__notes"]
)
def test_looking_changes_not_a_byte(new, folder, db, command):
    before = digest(folder)
    db(*command.split())
    assert digest(folder) == before


def test_looking_at_postgresql_makes_no_table(release, db, postgres_url):
    release("Column('text', Text)")
    assert "note__notes: created" in db("plan", "--db", postgres_url).out
    assert json.loads(db("owners", "--json", "--db", postgres_url).out) == []


def test_a_plan_as_sql_is_what_the_database_would_get(new, db):
    statements = db("plan", "--sql").out
    assert "-- notes: before the modules start (expand)\n" in statements
    assert 'ALTER TABLE "aha_new_note__notes" RENAME TO "note__notes";' in statements
    assert "-- note__notes.size: postponed" in statements
    pragmas = [line for line in statements.splitlines() if line.startswith("PRAGMA")]
    assert len(set(pragmas)) == len(pragmas)


def test_programs_get_the_plan_by_keys(new, db):
    plan = json.loads(db("plan", "--json").out)
    assert set(plan) == {"done", "expand", "settle", "refused", "off", "unfinished"}
    assert (plan["done"], plan["refused"], plan["off"], plan["unfinished"]) == (False, [], {}, [])
    [waits] = plan["settle"]
    assert set(waits) == {
        *("module", "table", "column", "step", "phase", "verdict", "rows", "kept", "keys", "remedy", "text")
    }
    assert (waits["module"], waits["column"], waits["step"]) == ("notes", "size", "SetNullable")


def test_a_module_that_fails_to_import_is_reported_and_the_others_are_planned(release, write, db):
    release("Column('text', Text)")
    write({"broken.py": "1 / 0"})
    looked = db("plan")
    assert looked.code == 1
    assert "module broken is off, it failed to import: ZeroDivisionError" in looked.err
    assert "note__notes: created" in looked.out
    assert list(json.loads(db("check", "--json").out)["off"]) == ["broken"]


def test_check_fails_until_nothing_is_to_be_done_and_lists_what_waits_without_failing(new, db):
    assert db("check").code == 1
    assert db("migrate").code == 0
    checked = db("check")
    assert checked.code == 0
    assert "note__notes.size: postponed" in checked.out
    assert checked.out.endswith("nothing else is to be done\n")


def test_what_is_refused_is_said_as_such(release, db, rows):
    release("Column('part', Integer, primary_key=True)")
    db("migrate")
    rows("INSERT INTO note__notes VALUES (1, 1), (1, 2)")
    release("Column('part', Integer)")
    said = "note__notes: refused: added: PRIMARY KEY (id): 2 rows would have a key that another has too"
    checked = db("check")
    assert checked.code == 1
    assert f"not at all, until this is put right:\n  {said}" in checked.out
    migrated = db("migrate")
    assert migrated.code == 1
    assert f"module notes is off, it failed to have its tables: {said}" in migrated.err
    assert "Traceback" not in migrated.err
    assert rows("SELECT count(*) FROM note__notes") == [(2,)]
