"""What `aha store` says of what cannot be done, and in which language."""

from __future__ import annotations

import re

import pytest

from aha.commands.store import texts

NO_KEY = "aha: the SimpleStore of module notes has no key 'no'; aha store show notes lists them\n"


NO_ROW = "aha: {} is not in quarantine: aha store quarantine lists what is\n"


NO_FILE = "aha: {} cannot be read ({}): name a file that aha store export wrote; nothing was changed\n"


NO_PLACE = "aha: {} cannot be written ({}): name a file in a folder that is there and yours to write in\n"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("show", "nothing"), 2, "aha: module nothing has no SimpleStore here; there are: notes\n"),
        (("get", "notes", "no"), 1, NO_KEY),
        (("set", "nothing", "a", "1"), 2, "aha: module nothing has no SimpleStore here; there are: notes\n"),
        (("delete", "notes", "no"), 1, NO_KEY),
        (("set", "notes", "x" * 2001, "1"), 2, None),
        (("import", "notes", "none.json"), 1, NO_FILE.format("none.json", "No such file or directory")),
        (("import", "notes", "modules"), 1, NO_FILE.format("modules", "Is a directory")),
        (("export", "notes", "none/x.json"), 1, NO_PLACE.format("none/x.json", "No such file or directory")),
        (("export", "notes", "data/aha.db/x"), 1, NO_PLACE.format("data/aha.db/x", "Not a directory")),
        (("quarantine", "put-back", "9" * 20), 2, NO_ROW.format("9" * 20)),
        (("quarantine", "export", "9" * 5000, "x.json"), 2, NO_ROW.format("9" * 5000)),
        (("quarantine", "drop", "7"), 2, NO_ROW.format("7")),
        (("quarantine", "drop", "9" * 19), 2, NO_ROW.format("9" * 19)),
        (("get", "notes"), 2, None),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else None,
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(filled, store, command, code, said):
    ended = store(*command)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith("aha: ")
    assert ended.err.count("\n") == 1
    assert said in (None, ended.err)


def test_where_there_is_no_database_none_is_made(store, folder):
    for command in (("list",), ("set", "notes", "a", "1")):
        ended = store(*command)
        assert ended.code == 1
        assert "there is no database data/aha.db" in ended.err
    assert sorted(path.name for path in folder.iterdir()) == ["modules"]


def test_the_commands_answer_in_chinese(filled, store, monkeypatch):
    monkeypatch.setenv("AHA_LANG", "zh")
    assert store("list").out.splitlines()[0].split() == ["模块", "状态", "键数", "字节", "日志中"]
    assert store("set", "notes", "number", "6").out == "已存入 number = 6（int）；原为 5\n"
    assert store("quarantine").err == "全部可以读取\n"
    assert store("get", "notes", "no").err == (
        "aha: 模块 notes 的 SimpleStore 没有键 'no'；aha store show notes 可列出所有键\n"
    )


def test_both_languages_have_the_same_answers():
    assert texts.ENGLISH.keys() == texts.CHINESE.keys()
    for key, text in texts.ENGLISH.items():
        assert sorted(re.findall(r"{.*?}", text)) == sorted(re.findall(r"{.*?}", texts.CHINESE[key])), key
        assert re.search(r"[\u4e00-\u9fff]", texts.CHINESE[key]), key
