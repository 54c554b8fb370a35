"""`aha db`, and what a start says of a migration: real processes in real folders, from the owner's side."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from aha.commands.db.texts import CHINESE, ENGLISH

MODULE = """
from sqlalchemy import Column, Integer, Table, Text{imports}
from core.database import metadata
from core.dispatcher import on_start

print("imported")
Table("note", metadata, Column("id", Integer, primary_key=True), {columns})

@on_start
def begin():
    print("on_start ran")
"""


@pytest.fixture
def db(aha):
    """Runs `aha db`."""
    return lambda *arguments: aha("db", *arguments)


@pytest.fixture
def release(write):
    """Writes a release of module notes: what its table note has besides the key."""

    def write_release(columns, imports=""):
        write({"notes.py": MODULE.format(columns=columns, imports=imports and f", {imports}")})

    return write_release


@pytest.fixture
def rows(folder):
    """Runs SQL on the bot's file and returns its rows."""

    def run_sql(sql):
        with closing(sqlite3.connect(folder / "data" / "aha.db", isolation_level=None)) as connection:
            return connection.execute(sql).fetchall()

    return run_sql


@pytest.fixture
def old(release, db, rows):
    """A database of the first release with two rows."""
    release("Column('text', Text), Column('nick', Text)")
    assert db("migrate").code == 0
    rows("INSERT INTO note__notes VALUES (1, 'x', 'a'), (2, '2', 'b')")


@pytest.fixture
def new(old, release):
    """The second release: a number that was a text, a column less, and one that needs a value."""
    release("Column('text', Integer), Column('size', Integer, nullable=False)")


def digest(folder):
    file = folder / "data" / "aha.db"
    return sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns


def lines(text):
    """What was said, without the time in front."""
    return [line[9:].partition(" ")[2].strip() for line in text.splitlines()]


# --- looking ---


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


# --- migrating ---


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


# --- an on_start that fails when it has done half ---


@pytest.fixture
def half(old, write, run):
    """A release whose on_start has put its rows right, and then failed."""
    code = MODULE.format(columns="Column('size', Integer, nullable=False)", imports="")
    failing = code.replace("def begin", "async def begin").replace('print("on_start ran")', HALF)
    write({"notes.py": failing})
    return run("run")


HALF = """
    from sqlalchemy import text
    from core.database import db_sessionmaker
    async with db_sessionmaker() as session:
        await session.execute(text("UPDATE note__notes SET size = 1"))
        await session.commit()
    raise ValueError("and then?")
"""


def test_what_waits_for_an_on_start_that_failed_is_said_to_wait_for_that(half, db, run):
    unfinished = "not finished until a start whose on_start succeeds: notes"
    assert unfinished in lines(half.err)
    again = run("run").err
    assert unfinished in lines(again)
    assert "rows to be put right" not in again
    waits = "note__notes.size: postponed, tried again at every start: NOT NULL: the on_start of module notes has to"
    for command in ("plan", "check", "migrate"):
        said = db(command)
        assert said.code == 0
        assert waits in said.out
        assert unfinished in said.out
        assert "expand" not in said.out
    assert json.loads(db("check", "--json").out)["unfinished"] == ["notes"]


def test_what_an_on_start_that_failed_may_need_is_not_pruned(half, db, rows, release, run):
    assert db("unused").err == "not finished until a start whose on_start succeeds: notes\n"
    pruned = db("prune", "note__notes.nick", "--yes")
    assert pruned.code == 1
    assert "note__notes.nick may be needed yet: module notes has an on_start that has not succeeded" in pruned.err
    assert rows("SELECT nick FROM note__notes") == [("a",), ("b",)]
    release("Column('size', Integer, nullable=False)")
    assert "note__notes.size: NOT NULL" in lines(run("run").err)
    assert db("unused").err == ""
    assert db("prune", "note__notes.nick", "--yes").code == 0


# --- what a start says ---


def test_duplicates_that_a_default_brings_are_told_with_their_keys(old, write, run):
    columns = "Column('n', Integer, default=lambda: 7, nullable=False, unique=True)"
    write({"notes.py": MODULE.format(columns=columns, imports="")})
    said = "\n".join(lines(run("run").err))
    assert "added: UNIQUE (n): whether rows have the same value is known once they are filled" in said
    assert "added: UNIQUE (n): 2 rows have a value that another has too (keys 1, 2)" in said
    assert "no rows" not in said


def test_a_start_says_what_it_did_to_whose_rows_and_how_to_go_back(new, run):
    said = lines(run("run").err)
    assert said[0].startswith("the database was brought up to date in ")
    assert said[0].endswith(": notes")
    assert said[1].startswith("note__notes.nick: no longer declared: it stays, unused, with 2 rows")
    assert any(line.startswith("as it was before: data/backups/aha-") for line in said)


@pytest.mark.parametrize("command", [("run",), ("db", "migrate")], ids=["run", "migrate"])
def test_the_command_that_goes_back_is_for_the_database_that_was_changed(release, run, folder, command):
    """Pasted as it stands, it must not put another bot's rows in place of those in the usual database."""
    home = ["--db", "sqlite:///the other.db", "--config", "other.yml"]
    (folder / "other.yml").write_text("log:\n  level: info\n")
    other = folder / "the other.db"

    def texts():
        with closing(sqlite3.connect(other)) as connection:
            return connection.execute("SELECT text FROM note__notes").fetchall()

    release("Column('text', Text)")
    assert run("db", "migrate", *home).code == 0
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute("INSERT INTO note__notes VALUES (1, 'x')")
    release("Column('text', Integer)")
    changed = run(*command, *home)
    pasted = re.search(r"aha (db restore .* --overwrite)", changed.out + changed.err)[1]
    assert texts() == [(None,)]
    assert run(*shlex.split(pasted)).code == 0
    assert texts() == [("x",)]
    assert not (folder / "data" / "aha.db").exists()


def test_a_start_that_changes_nothing_is_silent_but_for_what_waits(new, run):
    run("run")
    waiting = "still waiting for rows to be put right: notes; what waits for what: aha db check"
    assert lines(run("run").err)[0] == waiting
    assert lines(run("run", AHA_LANG="zh").err)[0] == "仍在等待数据修正：notes；详情请运行 aha db check"


def test_a_start_in_chinese(new, run):
    said = lines(run("run", "--no-db-backup", AHA_LANG="zh").err)
    assert said[0].startswith("数据库已更新（")
    assert "note__notes.text: TEXT -> INTEGER：已转换 1 行；1 个值无法转换（主键 1）" in "\n".join(said)
    assert said[-3].startswith("已就绪：1 个模块；console；sqlite data/aha.db；")
    assert said[-2:] == ["正在停止", "已停止"]


def test_what_is_off_and_what_is_wrong_is_said_in_chinese(release, write, run, db, monkeypatch):
    release("Column('text', Text)")
    write({"broken.py": "def f(:", "notes.py": "1 / 0", "for.py": ""})
    said = lines(run("run", AHA_LANG="zh").err)
    assert "模块 broken 已停用，导入失败：modules/broken.py, line 1: invalid syntax: def f(:；请修正后重新启动" in said
    assert "模块 notes 已停用，导入失败：ZeroDivisionError: division by zero" in said
    assert "模块 for 已停用：modules/for.py：for 是 Python 的关键字；请改名，例如 for_" in said
    assert said[-3].startswith("已就绪：0 个模块，另有 3 个停用（for, broken, notes）；")
    monkeypatch.setenv("AHA_LANG", "zh")
    assert db("restore", "nothing.zip").err == "aha: 没有备份 nothing.zip：用 aha db backup 做一份\n"
    assert db("prune").err == "aha: 请写明要删除什么：aha db prune 名称...；可删除的内容见 aha db unused\n"
    assert db("plan", "--modules", "x").err.startswith("aha: ")
    assert "里没有目录 x：请进入机器人的目录" in db("plan", "--modules", "x").err


# --- what was, whose it is, what is left ---


def test_history_owners_unused_and_kept_tell_what_became_of_everything(new, db):
    db("migrate")
    [entry] = json.loads(db("history", "--last", "1", "--json").out)
    assert set(entry) == {"id", "at", "release", "modules", "phase", "steps"}
    assert {step["step"] for step in entry["steps"]} == {"AddColumn", "ConvertColumn", "RetireColumn"}
    [table] = [table for table in json.loads(db("owners", "--json").out) if table["module"]]
    assert table == {"table": "note__notes", "module": "notes", "used": True, "rows": 2, "state": "on"}
    [column] = json.loads(db("unused", "--json").out)
    assert (column["name"], column["rows"]) == ("note__notes.nick", 2)
    [kept] = json.loads(db("kept", "--module", "notes", "--json").out)
    assert (kept["name"], kept["key"], kept["value"]) == ("note__notes.text", {"id": 1}, "x")


def test_tables_are_plain_text_where_nobody_looks(new, db):
    db("migrate")
    assert db("unused").out == (
        "name              rows  module  is\n"
        "note__notes.nick  2     notes   on\n"
    )  # fmt: skip
    assert "\x1b" not in db("history").out


def test_moments_are_local_in_every_table_and_have_their_zone_for_programs(new, db, monkeypatch):
    monkeypatch.setenv("TZ", "Etc/GMT-5")
    time.tzset()
    try:
        db("migrate")
        for command in (["kept"], ["history", "--last", "1"], ["backup", "--list"]):
            moment = datetime.fromisoformat(json.loads(db(*command, "--json").out)[0]["at"])
            assert moment.tzinfo is not None
            assert moment.astimezone().utcoffset() == timedelta(hours=5)
            assert f"  {moment.astimezone():%Y-%m-%d %H:%M:%S}  " in db(*command).out
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_commands_answer_in_chinese(new, db, run, monkeypatch):
    run("run")
    monkeypatch.setenv("AHA_LANG", "zh")
    assert db("unused").out.splitlines()[0].split() == ["名称", "行数", "模块", "状态"]
    assert db("kept").out.splitlines()[0].split() == ["编号", "时间", "列", "行", "值", "类型"]
    assert db("history").out.splitlines()[0].split() == ["编号", "时间", "模块", "阶段", "内容"]
    assert "（框架）" in db("owners").out
    assert db("prune", "note__notes.nick", "kept:note__notes.text", "--yes").err.splitlines()[-1].startswith("已删除")
    assert (db("unused").err, db("kept").err) == ("没有不再使用的内容\n", "没有另行保留的值\n")


def test_both_languages_have_the_same_answers():
    assert ENGLISH.keys() == CHINESE.keys()
    for key, text in ENGLISH.items():
        assert re.findall(r"{.*?}", text) == re.findall(r"{.*?}", CHINESE[key]), key
        assert not re.search(r"[a-z]{4,}", re.sub(r"{.*?}", "", CHINESE[key])), key


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


# --- pruning ---


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


# --- saving, restoring, copying ---


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


# --- what is refused at a start ---


def test_a_table_that_the_server_does_not_take_is_one_line_with_what_to_do(write, run, postgres_url):
    write({"notes.py": MODULE.format(columns="schema='nowhere'", imports="")})
    said = lines(run("run", "--db", postgres_url).err)
    assert said[0] == (
        'module notes is off, it failed to have its tables: nowhere.note__notes: schema "nowhere" does not exist; '
        "have the schema made: CREATE SCHEMA nowhere; GRANT USAGE, CREATE ON SCHEMA nowhere TO postgres"
    )
    assert said[1].startswith("ready: 0 modules, 1 off (notes)")
    in_full = run("run", "--db", postgres_url, AHA_DEBUG="true").err
    assert "Traceback" in in_full


def test_a_table_that_is_declared_twice_is_said_with_its_line(write, run):
    code = MODULE.format(columns="Column('text', Text)", imports="")
    write({"notes.py": f"{code}\nTable('note', metadata, Column('id', Integer))\n"})
    first, *_, last = run("run").err.partition("ready: ")[0].splitlines()[:-1]
    assert "module notes is off, it failed to import: table 'note' of module notes is declared twice: give" in first
    assert last.startswith("models.exc.NameTaken: table 'note'")


@pytest.mark.parametrize("command", ["plan", "check", "history", "owners", "unused", "kept", "migrate"])
def test_a_role_without_rights_is_told_so_in_one_line(release, db, postgres, postgres_url, command):
    release("Column('text', Text)")
    assert db("migrate", "--db", postgres_url).code == 0
    role = f"nobody_{os.getpid()}"
    postgres.execute(f"CREATE ROLE {role} LOGIN")
    try:
        failed = db(command, "--db", postgres_url.replace("//postgres@", f"//{role}@"))
    finally:
        postgres.execute(f"DROP ROLE {role}")
    assert failed.code == 1
    [line] = [line for line in failed.err.splitlines() if line != "imported"]
    assert re.match("aha: the database (refused|cannot be compared).*: permission denied for table aha_", line)
    assert f"GRANT ... ON ... TO {role}" in line
