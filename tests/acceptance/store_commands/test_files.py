"""`aha store export` and `import`: values go to a file and come back, and no file does harm."""

from __future__ import annotations

import base64
import json

import pytest

from tests.acceptance.store_commands.notes import EVIL, VALUES


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
