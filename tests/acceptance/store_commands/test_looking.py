"""`aha store list`, `show` and `get`: what they tell, and that they change nothing and run nothing."""

from __future__ import annotations

import pickle
import re
import signal
from hashlib import sha256

import pytest

from tests.acceptance.store_commands.notes import EVIL, KEYS, NO_FOLDING, by_key


def everything_in(folder):
    """All files of the data folder with their digests and times, without those by which SQLite shares a database."""
    files = sorted(path for path in (folder / "data").rglob("*") if path.is_file() and "aha.db-" not in path.name)
    return {path: (sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


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
    assert [line.split()[0] for line in shown.out.splitlines()] == ["key", *KEYS]
    assert re.search(r'^list    \[1, \{"a": null\}\]  +list  +\d{4}-', shown.out, re.M)
    found = by_key(store("show", "notes", "--json"))
    assert [found[key].get("value") for key in KEYS] == ["hi", 5, [1, {"a": None}], None, None, None]
    assert [found[key].get("repr") for key in KEYS[3:]] == ["(1, 2)", "datetime.date(2026, 2, 3)", "Mark('x')"]
    assert [found[key]["type"] for key in KEYS[3:]] == ["tuple", "datetime.date", "modules.notes.Mark"]


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
    rows(NO_FOLDING)
    rows("CREATE TRIGGER halt BEFORE UPDATE ON aha_store__notes BEGIN SELECT RAISE(ABORT, 'not now'); END")
    for line in ("put new 7", "put number 6", "put gone 1", "drop gone"):
        process.say(line)
    process.wait_for("(done\n){4}", stream="out")
    for _ in range(2):
        assert [store("get", "notes", key).out for key in ("new", "number", "text")] == ["7\n", "6\n", "hi\n"]
        assert list(by_key(store("show", "notes", "--json"))) == [*KEYS, "new"]
        [one] = store("list", "--json").json
        assert one["keys"] == 7
        assert one["waiting"] >= 2
        process.end(signal.SIGKILL)
    before = everything_in(folder)
    assert store("show", "notes", "--json").json[-1]["at"] is None
    assert everything_in(folder) == before
