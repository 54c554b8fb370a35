"""`aha store quarantine` lists what cannot be read, in the table and in the journal, and why; the rest is read."""

from __future__ import annotations

import pickle
import re
from datetime import date

import pytest

from tests.acceptance.store_commands.notes import EVIL, KEYS, MODULE, by_key


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
    assert store("list", "--json").json[0]["keys"] == len(KEYS)
    found = store("show", "notes", "--json").json
    assert [one["key"] for one in found if "unreadable" not in one] == [key for key in KEYS if key != "number"]
    assert store("get", "notes", "mark").out == "Mark('x')\n"
    assert store("export", "notes", "x.json").out == f"wrote {len(KEYS) - 1} keys to x.json\n"
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
