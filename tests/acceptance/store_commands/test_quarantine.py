"""What is in quarantine is exported, put back or dropped by `aha store quarantine`."""

from __future__ import annotations

import json
import re

import pytest


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


def test_the_reason_is_told_in_the_language_of_the_bot(kept, store, monkeypatch):
    assert store("quarantine", "--json").json[0]["why"] == "its bytes are not those that were written"
    monkeypatch.setenv("AHA_LANG", "zh")
    assert store("quarantine", "--json").json[0]["why"] == "字节与写入时不同"
    assert "字节与写入时不同" in store("quarantine").out


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
