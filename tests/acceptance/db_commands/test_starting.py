"""What a start says of a migration, and what it leaves to do when an on_start fails."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
from contextlib import closing

import pytest

from tests.acceptance.db_commands.notes import MODULE, lines


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
