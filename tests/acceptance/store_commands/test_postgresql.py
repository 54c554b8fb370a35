"""`aha store` with a database on a server."""

from __future__ import annotations

from tests.acceptance.store_commands.notes import KEYS, MODULE, VALUES, by_key


def test_everything_works_on_postgresql(write, run, store, folder, postgres_url, monkeypatch):
    write({"notes.py": MODULE})
    text = "".join(f"put {key} {value}\n" for key, value in VALUES.items())
    assert run("run", "--db", postgres_url, text=text).code == 0
    monkeypatch.setenv("AHA_DATABASE", postgres_url)
    assert list(by_key(store("show", "notes", "--json"))) == KEYS
    assert store("set", "notes", "new", "1").out == "stored new = 1 (int)\n"
    assert store("export", "notes", "x.json").code == 0
    assert store("delete", "notes", "mark").code == 0
    assert store("import", "notes", "x.json").out == "1 new, 0 replaced, 0 deleted, 6 as they were\n"
    (folder / "data" / "store.key").unlink()
    assert store("trust", "notes", "--yes").out.endswith("signed 2 keys\n")
    assert store("quarantine").err == "everything can be read\n"
    assert store("list", "--json").json[0]["keys"] == 7
