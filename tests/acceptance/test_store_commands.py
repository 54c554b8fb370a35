"""`aha store`, and one data folder for one process: from the owner's side, on real files."""

from __future__ import annotations

import base64
import json
import os
import pickle
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from aha.commands.store import texts
from services.data_store.rows import checksum

AHA = Path(sys.executable).with_name("aha")
MODULE = """
from datetime import date
from decimal import Decimal
from pathlib import Path
from core.dispatcher import on_message
from services.data_store import SimpleStore

Path("imported").touch()
store = SimpleStore()


class Mark:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"Mark({self.text!r})"


@on_message(["put", str, str])
async def put(event, args):
    store[args[0]] = eval(args[1])
    await event.reply("done")


@on_message(["drop", str])
async def drop(event, args):
    del store[args[0]]
    await event.reply("done")
"""
VALUES = {
    "text": "'hi'",
    "number": "5",
    "list": "[1,{'a':None}]",
    "tuple": "(1,2)",
    "day": "date(2026,2,3)",
    "mark": "Mark('x')",
}


@pytest.fixture
def store(aha):
    """Runs `aha store`."""
    return lambda *arguments: aha("store", *arguments)


@pytest.fixture
def talk(run, folder):
    """Says something to the bot, once, and stops it."""

    def say(*lines):
        process = run("run", text="".join(f"{line}\n" for line in lines))
        assert process.out.count("done") == len(lines), process.err
        (folder / "imported").unlink()

    return say


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The folder of a bot whose store has a value of each kind, and which was stopped."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "modules").mkdir()
    (folder / "modules" / "notes.py").write_text(MODULE)
    text = "".join(f"put {key} {value}\n" for key, value in VALUES.items())
    ended = subprocess.run([AHA, "run"], cwd=folder, input=text, capture_output=True, text=True, check=True)
    assert ended.stdout.count("done") == len(VALUES), ended.stderr
    (folder / "imported").unlink()
    return folder


@pytest.fixture
def filled(template, folder):
    """A bot whose store has a value of each kind."""
    shutil.copytree(template, folder, dirs_exist_ok=True)


@pytest.fixture
def rows(folder):
    """Runs SQL on the bot's file and returns its rows."""

    def run_sql(sql, parameters=()):
        with closing(sqlite3.connect(folder / "data" / "aha.db", isolation_level=None)) as connection:
            return connection.execute(sql, parameters).fetchall()

    return run_sql


@pytest.fixture
def forge(rows):
    """Writes a row past the bot: as it is, with a checksum that is right."""

    def write_row(key, data, mac=None):
        rows("DELETE FROM aha_store__notes WHERE key = ?", (key,))
        rows(
            "INSERT INTO aha_store__notes (key, value, updated_at, position, checksum, mac) "
            "VALUES (?, ?, '2026-02-03 09:12:00.000000', 99, ?, ?)",
            (key, data, checksum(key, data), mac),
        )

    return write_row


class Evil:
    """Pickled, it is a call of os.system."""

    def __reduce__(self):
        return os.system, ("touch hacked",)


EVIL = pickle.dumps(Evil(), 5)
NO_KEY = "aha: the SimpleStore of module notes has no key 'no'; aha store show notes lists them\n"
NO_ROW = "aha: {} is not in quarantine: aha store quarantine lists what is\n"
NO_FILE = "aha: {} cannot be read ({}): name a file that aha store export wrote; nothing was changed\n"
NO_PLACE = "aha: {} cannot be written ({}): name a file in a folder that is there and yours to write in\n"
THERE = ["text", "number", "list", "tuple", "day", "mark"]


def everything_in(folder):
    """All files of the data folder with their digests and times, without those by which SQLite shares a database."""
    files = sorted(path for path in (folder / "data").rglob("*") if path.is_file() and "aha.db-" not in path.name)
    return {path: (sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


def by_key(shown):
    return {one["key"]: one for one in shown.json}


# --- looking ---


def test_the_stores_are_listed_without_running_a_module(filled, store, folder):
    listed = store("list", "--json")
    [one] = listed.json
    assert (one["module"], one["state"], one["table"], one["keys"], one["waiting"]) == (
        *("notes", "on", "aha_store__notes"), 6, 0,
    )  # fmt: skip
    assert store("list").out.splitlines()[0].split() == ["module", "is", "keys", "bytes", "in", "the", "journal"]
    assert not (folder / "imported").exists()


def test_a_store_is_shown_with_values_types_and_moments(filled, store):
    shown = store("show", "notes")
    assert [line.split()[0] for line in shown.out.splitlines()] == ["key", *THERE]
    assert re.search(r'^list    \[1, \{"a": null\}\]  +list  +\d{4}-', shown.out, re.M)
    found = by_key(store("show", "notes", "--json"))
    assert [found[key].get("value") for key in THERE] == ["hi", 5, [1, {"a": None}], None, None, None]
    assert [found[key].get("repr") for key in THERE[3:]] == ["(1, 2)", "datetime.date(2026, 2, 3)", "Mark('x')"]
    assert [found[key]["type"] for key in THERE[3:]] == ["tuple", "datetime.date", "modules.notes.Mark"]


@pytest.mark.parametrize(
    ("key", "text"),
    [("text", "hi"), ("number", "5"), ("list", '[1, {"a": null}]'), ("day", "datetime.date(2026, 2, 3)")],
)
def test_a_value_is_printed_as_set_takes_it_and_runs_no_module(filled, store, folder, key, text):
    got = store("get", "notes", key)
    assert (got.code, got.out, got.err) == (0, f"{text}\n", "")
    assert not (folder / "imported").exists()


def test_a_value_of_a_modules_class_is_shown_as_the_class_shows_it(filled, store):
    assert store("get", "notes", "mark").out == "Mark('x')\n"


def test_what_steers_a_terminal_is_shown_as_text(filled, store, forge, folder):
    forge("\x1b[2Jkey", pickle.dumps("\x1b]0;evil\x07", 5))
    with (folder / "modules" / "notes.py").open("a") as code:
        code.write("Mark.__repr__ = lambda mark: '\\x1b[31m\\ud800'")
    assert store("get", "notes", "\x1b[2Jkey").out == '"\\u001b]0;evil\\u0007"\n'
    assert store("get", "notes", "mark").out == "\\x1b[31m\\ud800\n"
    assert store("get", "notes", "mark", "--json").json["repr"] == "\x1b[31m\ud800"
    shown = store("show", "notes")
    assert (shown.code, "\x1b" in shown.out) == (0, False)
    assert r"\x1b[2Jkey" in shown.out
    assert "\x1b" not in store("show", "notes", "--json").out
    deleted = store("delete", "notes", "\x1b[2Jkey")
    assert deleted.out.startswith(r"deleted \x1b[2Jkey: it was")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (None, "modules.notes.Mark, which no loaded module has"),
        ("1 / 0", "modules.notes.Mark, which no loaded module has"),
        ("", "modules.notes.Mark, which no loaded module has"),
        ("Mark = 1", "class argument must be a type, not int"),
    ],
    ids=["module gone", "module broken", "class gone", "no class"],
)
def test_a_value_whose_class_is_not_there_is_shown_by_its_name(filled, store, folder, code, said):
    file = folder / "modules" / "notes.py"
    file.unlink() if code is None else file.write_text(code)
    shown = store("show", "notes")
    assert shown.code == 0
    assert re.search(r"^mark +\(cannot be read\) +modules\.notes\.Mark ", shown.out, re.M)
    assert shown.err.endswith("what cannot be read, why, and what can be done: aha store quarantine\n")
    got = store("get", "notes", "mark")
    assert (got.code, got.out) == (1, "")
    assert said in got.err.splitlines()[-1]


@pytest.mark.parametrize(
    "command",
    [("list",), ("show", "notes"), ("get", "notes", "text"), ("export", "notes", "../x.json"), ("quarantine",)],
    ids=" ".join,
)
def test_looking_changes_not_a_byte(filled, store, folder, command, forge):
    forge("evil", EVIL)
    before = everything_in(folder)
    assert store(*command).code == 0
    assert everything_in(folder) == before
    assert not (folder / "hacked").exists()


def test_what_stands_in_the_journal_only_is_there_and_stays_there(filled, start, store, folder, rows):
    process = start("run").ready()
    rows("CREATE TRIGGER stop BEFORE INSERT ON aha_store__notes BEGIN SELECT RAISE(ABORT, 'not now'); END")
    rows("CREATE TRIGGER halt BEFORE UPDATE ON aha_store__notes BEGIN SELECT RAISE(ABORT, 'not now'); END")
    for line in ("put new 7", "put number 6", "put gone 1", "drop gone"):
        process.say(line)
    process.wait_for("(done\n){4}", stream="out")
    for _ in range(2):
        assert [store("get", "notes", key).out for key in ("new", "number", "text")] == ["7\n", "6\n", "hi\n"]
        assert list(by_key(store("show", "notes", "--json"))) == [*THERE, "new"]
        [one] = store("list", "--json").json
        assert one["keys"] == 7
        assert one["waiting"] >= 2
        process.end(signal.SIGKILL)
    before = everything_in(folder)
    assert store("show", "notes", "--json").json[-1]["at"] is None
    assert everything_in(folder) == before


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


# --- changing ---


@pytest.mark.parametrize(
    ("given", "value", "kind"),
    [
        ("5", 5, "int"),
        ("5.5", 5.5, "float"),
        ("true", True, "bool"),
        ("null", None, "NoneType"),
        ('[1, "a"]', [1, "a"], "list"),
        ('{"a": [1]}', {"a": [1]}, "dict"),
        ("hello", "hello", "str"),
        ("a b", "a b", "str"),
        ('"5"', "5", "str"),
        ("", "", "str"),
        ("NaN", "NaN", "str"),
        ("[" * 5000, "[" * 5000, "str"),
        ("[1", "[1", "str"),
        ("你好", "你好", "str"),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_what_is_set_is_json_or_text_and_what_get_prints_sets_it_again(filled, store, given, value, kind):
    assert store("set", "notes", "new", given).out.endswith(f" ({kind})\n")
    printed = store("get", "notes", "new").out[:-1]
    assert store("set", "notes", "new", printed).code == 0
    assert store("get", "notes", "new", "--json").json == {"key": "new", "type": kind, "value": value}


def test_the_answer_says_what_was_stored_and_what_was_there(filled, store):
    assert store("set", "notes", "new", "[1]").out == "stored new = [1] (list)\n"
    assert store("set", "notes", "new", "x").out == "stored new = x (str); it was [1]\n"
    assert store("set", "notes", "new", "y", "--json").json == {
        "key": "new", "type": "str", "value": "y", "before": {"type": "str", "value": "x", "text": "x"},
    }  # fmt: skip
    assert store("delete", "notes", "mark").out == "deleted mark: it was Mark('x') (modules.notes.Mark)\n"
    assert list(by_key(store("show", "notes", "--json"))) == [*THERE[:-1], "new"]


def test_the_bot_finds_what_was_set_and_nothing_else_changed(filled, store, talk, run):
    store("set", "notes", "number", "[6]")
    store("delete", "notes", "text")
    talk("put seen list(store.items())")
    seen = store("get", "notes", "seen").out
    assert seen.startswith("[('number', [6]), ('list', [1, {'a': None}]), ('tuple', (1, 2)), ('day', ")
    assert "Mark('x')" in seen


def test_what_waits_in_the_journal_comes_first(filled, start, store, rows, folder):
    process = start("run").ready()
    rows("CREATE TRIGGER stop BEFORE INSERT ON aha_store__notes BEGIN SELECT RAISE(ABORT, 'not now'); END")
    process.say("put waits 1", "put gone 2")
    process.wait_for("(done\n){2}", stream="out")
    process.end(signal.SIGKILL)
    refused = store("set", "notes", "new", "3")
    assert refused.code == 1
    assert "not now" in refused.err
    rows("DROP TRIGGER stop")
    assert store("set", "notes", "new", "3").err == ""
    assert [one["key"] for one in store("show", "notes", "--json").json] == [*THERE, "waits", "gone", "new"]
    assert store("list", "--json").json[0]["waiting"] == 0


def test_values_of_classes_that_wait_in_the_journal_are_in_nobodys_way(filled, start, store, rows):
    process = start("run").ready()
    rows("CREATE TRIGGER stop BEFORE INSERT ON aha_store__notes BEGIN SELECT RAISE(ABORT, 'not now'); END")
    process.say("put waits Mark('y')")
    process.wait_for("done\n", stream="out")
    process.end(signal.SIGKILL)
    rows("DROP TRIGGER stop")
    changed = store("set", "notes", "new", "3")
    assert (changed.code, changed.err) == (0, "")
    assert store("list", "--json").json[0]["waiting"] == 0
    assert store("get", "notes", "waits").out == "Mark('y')\n"


def test_what_nobody_can_read_stays_as_it_is_and_can_be_deleted(filled, store, forge, rows, folder):
    forge("evil", EVIL)
    (folder / "modules" / "notes.py").unlink()
    changed = store("set", "notes", "new", "1")
    assert (changed.code, changed.err) == (0, "")
    assert rows("SELECT value FROM aha_store__notes WHERE key = 'evil'") == [(EVIL,)]
    assert store("delete", "notes", "evil").out == "deleted evil, which could not be read\n"
    assert rows("SELECT count(*) FROM aha_store_quarantine") == [(0,)]


@pytest.mark.parametrize("command", ["set", "import"])
def test_what_nobody_can_read_is_kept_when_a_command_replaces_it(filled, store, forge, rows, folder, command):
    forge("evil", EVIL)
    if command == "set":
        changed = store("set", "notes", "evil", "1")
    else:
        (folder / "file").write_text(json.dumps({"format": "aha store 1", "module": "notes", "entries": [
            {"key": "evil", "value": 1}, {"key": "mark", "value": 2}]}))  # fmt: skip
        changed = store("import", "notes", "file", "--overwrite")
    assert changed.code == 0, changed.err
    assert changed.out.splitlines()[-1] == "what could not be read is kept: 'evil'; see: aha store quarantine"
    assert rows("SELECT key, value FROM aha_store_quarantine") == [("evil", EVIL)]
    assert store("get", "notes", "evil").out == "1\n"


def test_a_store_that_is_full_takes_no_more(filled, store, monkeypatch):
    monkeypatch.setenv("AHA_STORE__MAX_MB", "1")
    refused = store("set", "notes", "new", "x" * 1_000_000)
    assert (refused.code, refused.out) == (1, "")
    assert "would hold 1.0 of 1 MB (aha.store.max_mb)" in refused.err
    assert store("get", "notes", "new").code == 1


# --- one process ---


def test_a_second_bot_and_commands_that_write_are_refused_while_one_runs(filled, start, run, store, folder):
    process = start("run").ready()
    (folder / "x.json").write_text('{"format": "aha store 1", "entries": []}')
    line = re.compile(
        rf"aha: the data folder data is in use by process {process.popen.pid} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d: "
        r"stop it first, or give this one a folder of its own \(aha\.data_dir\)\n"
    )
    second = run("run")
    assert (second.code, second.out) == (1, "")
    assert line.fullmatch(second.err)
    for command in (["set", "notes", "a", "1"], ["delete", "notes", "text"], ["import", "notes", "x.json"]):
        ended = store(*command)
        assert (ended.code, ended.out) == (1, "")
        assert line.fullmatch(ended.err)
    assert store("get", "notes", "text").out == "hi\n"
    process.end(signal.SIGKILL)
    assert run("run").code == 0


def test_commands_of_the_database_and_a_bot_with_its_own_folder_run_beside(filled, start, aha, run):
    start("run").ready()
    assert aha("db", "backup").code == 0
    assert aha("db", "owners").code == 0
    assert run("run", AHA_DATA_DIR="other").code == 0


def test_the_refusal_is_chinese_where_the_bot_is(filled, start, store, monkeypatch):
    process = start("run").ready()
    monkeypatch.setenv("AHA_LANG", "zh")
    assert re.fullmatch(
        rf"aha: 数据目录 data 正被进程 {process.popen.pid} 使用（自 .* 起）："
        r"请先停止它，或用 aha\.data_dir 另设一个数据目录\n",
        store("set", "notes", "a", "1").err,
    )


# --- files ---


def test_what_is_exported_is_imported_as_it_was(filled, store, rows, folder):
    before = rows("SELECT key, value, mac FROM aha_store__notes ORDER BY position")
    assert store("export", "notes", "x.json").out == "wrote 6 keys to x.json\n"
    assert not (folder / "imported").exists()
    assert (folder / "x.json").stat().st_mode & 0o777 == 0o600
    exported = json.loads((folder / "x.json").read_text())
    assert [one.get("value") for one in exported["entries"]] == ["hi", 5, [1, {"a": None}], None, None, None]
    assert exported["entries"][-1]["names"] == ["modules.notes.Mark"]
    for key in VALUES:
        store("delete", "notes", key)
    assert store("import", "notes", "x.json").out == "6 new, 0 replaced, 0 deleted, 0 as they were\n"
    assert rows("SELECT key, value, mac FROM aha_store__notes ORDER BY position") == before


def test_an_import_says_what_it_would_overwrite_and_is_all_or_nothing(filled, store, folder):
    store("export", "notes", "x.json")
    store("set", "notes", "number", "6")
    store("delete", "notes", "text")
    refused = store("import", "notes", "x.json")
    assert (refused.code, refused.out) == (1, "")
    assert "has other values under 1 keys ('number'): nothing was changed; --overwrite replaces them" in refused.err
    assert store("get", "notes", "text").code == 1
    done = store("import", "notes", "x.json", "--overwrite", "--json").json
    assert done == {"new": 1, "replaced": 1, "deleted": 0, "same": 4}
    assert store("get", "notes", "number").out == "5\n"


def test_a_file_is_never_overwritten(filled, store, folder):
    (folder / "x.json").write_text("mine")
    assert store("export", "notes", "x.json").code == 1
    assert (folder / "x.json").read_text() == "mine"


def test_a_file_that_an_editor_on_windows_has_saved_is_read(filled, store, folder):
    store("export", "notes", "x.json")
    text = (folder / "x.json").read_text(encoding="utf-8").replace('"hi"', '"嗨"')
    (folder / "x.json").write_text(text, encoding="utf-8-sig", newline="\r\n")
    assert store("import", "notes", "x.json", "--overwrite").out == "0 new, 1 replaced, 0 deleted, 5 as they were\n"
    assert store("get", "notes", "text").out == "嗨\n"


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"format": "other", "entries": []}', '{"format": "aha store 1", "entries": [1]}',
     '{"format": "aha store 1", "entries": [{"key": "ok", "value": 1}, {"key": "a", "pickle": "?"}]}',
     '{"format": "aha store 1", "entries": [{"key": "ok", "value": 1}, {"key": "a", "pickle": "AAAA"}]}',
     '{"format": "aha store 1", "entries": [{"key": "ok", "value": 1}, {"key": "a"}]}'],
    ids=["empty", "list", "other format", "no key", "no base64", "no pickle", "no value"],
)  # fmt: skip
def test_a_file_that_is_not_ours_or_damaged_changes_nothing(filled, store, folder, content):
    (folder / "x.json").write_text(content)
    ended = store("import", "notes", "x.json")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith("nothing was changed\n")
    assert store("get", "notes", "ok").code == 1


def test_a_pickle_in_a_file_runs_no_code_unless_it_is_trusted(filled, store, folder):
    packed = base64.b64encode(EVIL).decode()
    (folder / "x.json").write_text(
        json.dumps({"format": "aha store 1", "entries": [{"key": "evil", "pickle": packed, "names": [], "mac": "00"}]})
    )
    refused = store("import", "notes", "x.json")
    assert refused.code == 1
    assert "key 'evil' has posix.system, and was not signed here: nothing was changed" in refused.err
    assert store("import", "notes", "x.json", "--trust").out.startswith("1 new")
    assert not (folder / "hacked").exists()


def test_an_export_of_another_installation_is_taken_as_far_as_it_is_of_modules_classes(filled, store, folder, rows):
    store("export", "notes", "x.json")
    store("delete", "notes", "mark")
    (folder / "data" / "store.key").unlink()
    assert store("import", "notes", "x.json").code == 0
    assert store("get", "notes", "mark").out == "Mark('x')\n"
    (folder / "modules" / "notes.py").unlink()
    store("delete", "notes", "mark")
    refused = store("import", "notes", "x.json")
    assert "key 'mark' has modules.notes.Mark, and was not signed here" in refused.err


# --- quarantine and trust ---


def test_all_that_cannot_be_read_is_listed_with_what_helps(filled, store, forge, rows, folder):
    forge("evil", EVIL)
    forge("gone", pickle.dumps(date(2026, 2, 3), 5).replace(b"\x04date", b"\x04dato"))
    rows("UPDATE aha_store__notes SET value = x'8005' WHERE key = 'text'")
    rows("UPDATE aha_store__notes SET checksum = checksum + 1 WHERE key = 'number'")
    found = {one["key"]: one for one in store("quarantine", "--json").json}
    assert {key: one["kind"] for key, one in found.items()} == dict.fromkeys(["evil", "gone", "text", "number"], "row")
    assert (found["evil"]["why"], found["evil"]["helps"]) == (
        "of posix.system, and not signed here",
        "aha store trust notes",
    )
    assert found["text"]["why"] == "damaged: its bytes are not those that were written"
    assert store("quarantine").out.splitlines()[0].split() == ["id", "when", "module", "key", "why", "what", "helps"]
    assert not (folder / "hacked").exists()


DAMAGE = {
    "position": "position = 'abc'",
    "checksum": "checksum = 'abc'",
    "mac": "mac = CAST(x'ff41' AS TEXT)",
    "value": "value = CAST(x'ff41' AS TEXT)",
    "moment": "value = x'00', updated_at = '2026-99-99'",
    "moment no text": "value = x'00', updated_at = CAST(x'ff41' AS TEXT)",
    "key": "key = CAST(x'ff41' AS TEXT)",
    "key no text": "key = 77",
}


@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_row_that_is_damaged_anywhere_hides_no_other(filled, store, rows, folder, change):
    rows(f"UPDATE aha_store__notes SET {change} WHERE key = 'number'")
    assert store("list", "--json").json[0]["keys"] == len(THERE)
    found = store("show", "notes", "--json").json
    assert [one["key"] for one in found if "unreadable" not in one] == [key for key in THERE if key != "number"]
    assert store("get", "notes", "mark").out == "Mark('x')\n"
    assert store("export", "notes", "x.json").out == f"wrote {len(THERE) - 1} keys to x.json\n"
    [one] = store("quarantine", "--json").json
    assert (one["kind"], one["module"]) == ("row", "notes")
    assert store("set", "notes", "new", "1").code == 0
    [one] = store("quarantine", "--json").json
    assert one["kind"] == "kept"
    assert "damaged" in one["why"] or "not those that were written" in one["why"]


@pytest.mark.parametrize("moment", ["'2026-99-99'", "x'00ff'", "5", "CAST(x'ff41' AS TEXT)"])
def test_a_row_whose_moment_is_damaged_is_read(filled, store, rows, moment):
    rows(f"UPDATE aha_store__notes SET updated_at = {moment} WHERE key = 'number'")
    assert by_key(store("show", "notes", "--json"))["number"]["at"] is None
    assert "\nnumber  5 " in store("show", "notes").out
    assert store("quarantine").err == "everything can be read\n"


def test_a_value_that_its_class_takes_only_in_a_bot_that_runs_is_not_called_lost(filled, store, folder):
    needy = "class Mark:\n    def __setstate__(self, state):\n        raise RuntimeError('no client yet')\n"
    (folder / "modules" / "notes.py").write_text(MODULE.replace("class Mark:\n", needy))
    [found] = store("quarantine", "--json").json
    assert "no client yet" in found["why"]
    assert found["helps"] == (
        "all is well if its class needs what only a running bot has; else mend it, or: aha store delete notes mark"
    )
    assert "no client yet" in by_key(store("show", "notes", "--json"))["mark"]["unreadable"]


def test_nothing_in_quarantine_is_said(filled, store):
    looked = store("quarantine")
    assert (looked.code, looked.out, looked.err) == (0, "", "everything can be read\n")


@pytest.fixture
def kept(filled, store, rows, run, folder):
    """A bot that has found a damaged row, which is in quarantine, and that says so."""
    [(data,)] = rows("SELECT value FROM aha_store__notes WHERE key = 'text'")
    rows("UPDATE aha_store__notes SET value = ? WHERE key = 'text'", (data.replace(b"hi", b"ho"),))
    assert "quarantine" in run("run").err
    [one] = store("quarantine", "--json").json
    assert (one["kind"], one["module"], one["key"]) == ("kept", "notes", "text")
    assert one["helps"] == f"aha store quarantine put-back {one['id']}"
    return one["id"]


def test_a_row_in_quarantine_is_exported_and_can_be_imported(kept, store, folder):
    assert store("quarantine", "export", kept, "x.json").out == "wrote 1 keys to x.json\n"
    [one] = json.loads((folder / "x.json").read_text())["entries"]
    assert (one["key"], one["value"]) == ("text", "ho")
    assert "not those that were written" in one["reason"]
    assert store("import", "notes", "x.json").out.startswith("1 new")
    assert store("get", "notes", "text").out == "ho\n"


def test_a_row_in_quarantine_is_put_back_but_over_nothing(kept, store):
    store("set", "notes", "text", "mine")
    refused = store("quarantine", "put-back", kept)
    assert refused.code == 1
    assert "has key 'text' again: nothing was changed; --overwrite replaces it" in refused.err
    store("delete", "notes", "text")
    assert store("quarantine", "put-back", kept).out == "put back text into the store of module notes\n"
    assert store("get", "notes", "text").out == "ho\n"
    assert store("quarantine", "--json").json == []


def test_what_a_row_from_quarantine_replaces_goes_there_itself(kept, store):
    store("set", "notes", "text", "mine")
    answer = store("quarantine", "put-back", kept, "--overwrite").out
    assert answer == (
        "put back text into the store of module notes\n"
        "what stood there is in quarantine now; see: aha store quarantine\n"
    )
    assert store("get", "notes", "text").out == "ho\n"
    [one] = store("quarantine", "--json").json
    assert (one["key"], one["why"]) == ("text", f"{kept} of the quarantine was put back in its place")
    store("quarantine", "put-back", one["id"], "--overwrite")
    assert store("get", "notes", "text").out == "mine\n"
    store("quarantine", "put-back", store("quarantine", "--json").json[0]["id"], "--overwrite")
    assert store("get", "notes", "text").out == "ho\n"


def test_a_row_in_quarantine_is_dropped_when_it_is_named_and_agreed(kept, store):
    asked = store("quarantine", "drop", kept)
    assert (asked.code, asked.err) == (2, "aha: there is no terminal to ask at: say --yes if that is what you want\n")
    assert store("quarantine", "drop", kept, "--yes").out == f"removed {kept}\n"
    assert store("quarantine", "--json").json == []


def test_what_is_done_in_quarantine_is_said_to_programs(kept, store, folder):
    assert store("quarantine", "export", kept, "x.json", "--json").json == {"file": "x.json", "keys": 1}
    assert store("quarantine", "put-back", kept, "--json").json == {"module": "notes", "key": "text"}
    forged = json.loads((folder / "x.json").read_text())
    assert forged["entries"][0]["key"] == "text"


def test_what_is_dropped_is_said_to_programs(kept, store):
    assert store("quarantine", "drop", kept, "--yes", "--json").json == {"dropped": kept}
    assert store("quarantine", "--json").json == []


def test_what_is_no_value_is_not_put_back(filled, store, rows, talk):
    talk("put other 1")
    rows(
        "INSERT INTO aha_store_quarantine (id, at, module, key, value, reason) "
        "VALUES (9, '2026-02-03 09:12:00', 'notes', 'k', x'00ff', 'damaged in the journal')"
    )
    assert store("quarantine", "--json").json[0]["helps"] == "aha store quarantine export 9 FILE"
    refused = store("quarantine", "put-back", "9")
    assert (refused.code, refused.err) == (
        1, "aha: nothing can be made of 9: look at it with: aha store quarantine export 9 FILE\n",
    )  # fmt: skip
    assert store("quarantine", "export", "9", "x.json").code == 0
    assert "nothing was changed" in store("import", "notes", "x.json").err


@pytest.fixture
def killed(filled, start, rows):
    """A bot that was killed, with changes of `late` and `later` in its journal only."""
    process = start("run").ready()
    rows("CREATE TRIGGER stop BEFORE INSERT ON aha_store__notes BEGIN SELECT RAISE(ABORT, 'not now'); END")
    process.say("put late 1", "put later (2,)")
    process.wait_for("(done\n){2}", stream="out")
    process.end(signal.SIGKILL)
    rows("DROP TRIGGER stop")


def test_what_is_damaged_in_the_journal_is_listed_before_a_start_and_after_it(killed, store, run, folder):
    segment = max((folder / "data" / "store").glob("*.journal"), key=lambda path: b"later" in path.read_bytes())
    data = bytearray(segment.read_bytes())
    for place in [found.end() for found in re.finditer(b"late(?!r)", data)]:
        data[place + 3] ^= 1
    segment.write_bytes(data)
    found = store("quarantine", "--json").json
    assert {(one["kind"], one["module"], one["key"]) for one in found} == {("journal", "notes", "late")}
    assert found[0]["why"].startswith(f"damaged in the journal ({segment.name}): ")
    assert [store("get", "notes", key).code for key in ("late", "later")] == [1, 0]
    assert "quarantine" in run("run").err
    kinds = {(one["kind"], one["module"], one["key"]) for one in store("quarantine", "--json").json}
    assert kinds == {("kept", "notes", "late")}
    assert store("get", "notes", "later").out == "(2,)\n"


@pytest.fixture
def aside(filled, aha, request, run, store):
    """A bot that was killed with changes in its journal, and then got an older backup back: they were put aside."""
    file = aha("db", "backup").out.strip()
    request.getfixturevalue("killed")
    assert aha("db", "restore", file, "--overwrite").code == 0
    left_out = store("list")
    assert "changes in the journal in data/store are left out: they belong to another database" in left_out.err
    assert "put aside" in run("run").err
    [one] = store("quarantine", "--json").json
    assert (one["kind"], one["module"]) == ("aside", "notes")
    return one


def test_a_journal_that_was_put_aside_is_listed_exported_and_dropped(aside, store, folder):
    assert re.fullmatch(
        r"\d changes of notes are not in this database: they were put aside, because they belong to another database "
        "than the one that is configured now", aside["why"],
    )  # fmt: skip
    assert (folder / aside["helps"]).is_file()
    assert store("quarantine", "export", aside["id"], "x.json", "--module", "nobody").code == 2
    assert store("quarantine", "export", aside["id"], "x.json").code == 0
    assert store("import", "notes", "x.json").out.startswith("2 new")
    assert [store("get", "notes", key).out for key in ("late", "later")] == ["1\n", "(2,)\n"]
    assert store("quarantine", "drop", aside["id"], "--yes").code == 0
    assert store("quarantine", "--json").json == []


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
    assert list(by_key(store("show", "notes", "--json"))) == THERE


def test_what_nobody_can_know_is_not_signed(filled, store, forge, rows):
    forge("odd", b"cposix\nsystem\n.")
    ended = store("trust", "notes", "--yes")
    assert (ended.code, ended.err) == (1, "not signed, as nobody can say what is in them: 'odd'\n")
    assert rows("SELECT mac FROM aha_store__notes WHERE key = 'odd'") == [(None,)]


# --- the key, backups, copies ---


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


# --- postgresql, languages ---


def test_everything_works_on_postgresql(write, run, store, folder, postgres_url, monkeypatch):
    write({"notes.py": MODULE})
    text = "".join(f"put {key} {value}\n" for key, value in VALUES.items())
    assert run("run", "--db", postgres_url, text=text).code == 0
    monkeypatch.setenv("AHA_DATABASE", postgres_url)
    assert list(by_key(store("show", "notes", "--json"))) == THERE
    assert store("set", "notes", "new", "1").out == "stored new = 1 (int)\n"
    assert store("export", "notes", "x.json").code == 0
    assert store("delete", "notes", "mark").code == 0
    assert store("import", "notes", "x.json").out == "1 new, 0 replaced, 0 deleted, 6 as they were\n"
    (folder / "data" / "store.key").unlink()
    assert store("trust", "notes", "--yes").out.endswith("signed 2 keys\n")
    assert store("quarantine").err == "everything can be read\n"
    assert store("list", "--json").json[0]["keys"] == 7


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
