"""`aha db history`, `owners`, `unused` and `kept`: what was done, whose it is and what is left."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timedelta

from aha.commands.db.texts import CHINESE, ENGLISH


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
