"""`aha store set` and `delete`: what they take, and what of the store stays as it was."""

from __future__ import annotations

import json
import signal

import pytest

from tests.acceptance.store_commands.notes import EVIL, KEYS, NO_FOLDING, by_key


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
    assert list(by_key(store("show", "notes", "--json"))) == [*KEYS[:-1], "new"]


def test_the_bot_finds_what_was_set_and_nothing_else_changed(filled, store, talk, run):
    store("set", "notes", "number", "[6]")
    store("delete", "notes", "text")
    talk("put seen list(store.items())")
    seen = store("get", "notes", "seen").out
    assert seen.startswith("[('number', [6]), ('list', [1, {'a': None}]), ('tuple', (1, 2)), ('day', ")
    assert "Mark('x')" in seen


def test_what_waits_in_the_journal_comes_first(filled, start, store, rows, folder):
    process = start("run").ready()
    rows(NO_FOLDING)
    process.say("put waits 1", "put gone 2")
    process.wait_for("(done\n){2}", stream="out")
    process.end(signal.SIGKILL)
    refused = store("set", "notes", "new", "3")
    assert refused.code == 1
    assert "not now" in refused.err
    rows("DROP TRIGGER stop")
    assert store("set", "notes", "new", "3").err == ""
    assert [one["key"] for one in store("show", "notes", "--json").json] == [*KEYS, "waits", "gone", "new"]
    assert store("list", "--json").json[0]["waiting"] == 0


def test_values_of_classes_that_wait_in_the_journal_are_in_nobodys_way(filled, start, store, rows):
    process = start("run").ready()
    rows(NO_FOLDING)
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
