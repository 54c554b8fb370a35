"""Backups of an SQLite file: made while a bot writes, put back whole or not at all, and nothing is ever lost by it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from core.backup import BackupError, backup, backups, restore
from core.backup import room as room_module
from core.backup import sqlite as sqlite_module
from core.database import close_database, db_engine, open_database


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "backups"


@pytest.fixture
def path(sqlite_url):
    """A database with three rows, as a bot leaves it that was killed: the last one is in the log only."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE note__demo (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO note__demo (text) VALUES (?)", [("a",), ("b",), ("c",)])
        connection.commit()
    return path


def texts(path):
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM note__demo ORDER BY id")]


def change(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


async def test_a_backup_restores_to_the_same_rows(path, sqlite_url, folder, tmp_path):
    made = await backup(sqlite_url, folder, keep=5)
    restored = await restore(made, f"sqlite:///{tmp_path}/new/aha.db")
    assert texts(tmp_path / "new/aha.db") == ["a", "b", "c"]
    assert restored.tables == {"note__demo": 3}
    assert restored.saved is None


async def test_a_backup_says_what_it_is(path, sqlite_url, folder):
    made = await backup(sqlite_url, folder, keep=5)
    (found,) = backups(folder)
    assert (found.path, found.dialect, found.size) == (made, "sqlite", made.stat().st_size)
    assert found.manifest.tables == {"note__demo": 3}
    assert found.manifest.at == found.at.isoformat(timespec="seconds")
    assert set(found.manifest.sums) == {"aha.db"}


async def test_what_only_the_log_has_is_in_the_backup(path, sqlite_url, folder, tmp_path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO note__demo (text) VALUES ('in the log')")
        connection.commit()
        made = await backup(sqlite_url, folder, keep=5)
    await restore(made, f"sqlite:///{tmp_path}/new.db")
    assert texts(tmp_path / "new.db") == ["a", "b", "c", "in the log"]


async def test_files_that_belong_to_it_come_back_beside_it_for_the_owner_only(path, sqlite_url, folder, tmp_path):
    key = tmp_path / "store.key"
    key.write_bytes(b"secret")
    made = await backup(sqlite_url, folder, keep=5, also=[key, tmp_path / "none"])
    restored = await restore(made, f"sqlite:///{tmp_path}/new/aha.db")
    assert restored.files == (tmp_path / "new/store.key",)
    assert restored.files[0].read_bytes() == b"secret"
    assert restored.files[0].stat().st_mode & 0o777 == 0o600


async def test_another_file_of_that_name_moves_aside(path, sqlite_url, folder, tmp_path):
    key = tmp_path / "store.key"
    key.write_bytes(b"old")
    made = await backup(sqlite_url, folder, keep=5, also=[key])
    key.write_bytes(b"new")
    await restore(made, sqlite_url, overwrite=True)
    assert key.read_bytes() == b"old"
    assert (tmp_path / "store.key.replaced").read_bytes() == b"new"


async def test_a_backup_is_of_one_moment_while_others_write(path, sqlite_url, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_module, "_PAGES", 1)
    change(path, "CREATE TABLE two AS SELECT * FROM note__demo", f"INSERT INTO two SELECT 9, hex(zeroblob({2**18}))")
    stop, written = threading.Event(), []

    def write():
        with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
            while not stop.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO note__demo (text) VALUES ('x')")
                connection.execute("INSERT INTO two (text) VALUES ('x')")
                connection.execute("COMMIT")
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = await backup(sqlite_url, folder, keep=5)
    finally:
        stop.set()
        writer.join()
    await restore(made, f"sqlite:///{tmp_path}/new.db")
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        one, two = (
            connection.execute(f"SELECT count(*) FROM {t} WHERE text = 'x'").fetchone()[0]
            for t in ("note__demo", "two")
        )
    assert one == two
    assert written


async def test_a_bot_may_be_running(path, sqlite_url, folder):
    await open_database(sqlite_url)
    async with db_engine.begin() as connection:
        await connection.execute(text("INSERT INTO note__demo (text) VALUES ('not committed')"))
        made = await backup(sqlite_url, folder, keep=5)
    await close_database()
    assert backups(folder)[0].path == made
    assert backups(folder)[0].manifest.tables == {"note__demo": 3}


async def test_only_the_newest_stay(path, sqlite_url, folder):
    made = [await backup(sqlite_url, folder, keep=2) for _ in range(4)]
    assert [found.path for found in backups(folder)] == made[:1:-1]


# --- onto what is there ---


async def test_a_database_with_tables_is_not_overwritten_unasked(path, sqlite_url, folder):
    made = await backup(sqlite_url, folder, keep=5)
    change(path, "DELETE FROM note__demo")
    with pytest.raises(BackupError, match="may be overwritten"):
        await restore(made, sqlite_url)
    assert texts(path) == []


async def test_what_is_overwritten_is_saved_first(path, sqlite_url, folder, tmp_path):
    made = await backup(sqlite_url, folder, keep=5)
    change(path, "UPDATE note__demo SET text = 'later'")
    restored = await restore(made, sqlite_url, overwrite=True)
    assert texts(path) == ["a", "b", "c"]
    await restore(restored.saved, f"sqlite:///{tmp_path}/saved.db")
    assert texts(tmp_path / "saved.db") == ["later"] * 3


@pytest.mark.parametrize("idle", [True, False], ids=["idle", "busy"])
async def test_a_database_that_a_bot_has_open_is_not_touched(path, sqlite_url, folder, idle, monkeypatch):
    monkeypatch.setattr(sqlite_module, "_PATIENCE", 0.1)
    made = await backup(sqlite_url, folder, keep=5)
    change(path, "UPDATE note__demo SET text = 'later'")
    await open_database(sqlite_url)
    async with db_engine.connect() as connection:
        await connection.execute(text("SELECT 1" if idle else "UPDATE note__demo SET text = 'busy'"))
        if idle:
            await connection.rollback()
        with pytest.raises(BackupError, match="stop the bot"):
            await restore(made, sqlite_url, overwrite=True)
    await close_database()
    assert texts(path) == ["later"] * 3
    assert [found.path for found in backups(folder)] == [made]


async def test_a_restore_that_is_broken_off_leaves_the_old_rows(path, sqlite_url, folder, monkeypatch):
    made = await backup(sqlite_url, folder, keep=5)
    change(path, "UPDATE note__demo SET text = 'later'")
    monkeypatch.setattr(sqlite_module, "_PAGES", 1)

    def overwrite(source, opened, target, check):
        def fail(*_):
            raise OSError("the power goes")

        source.backup(opened, pages=1, progress=fail)

    monkeypatch.setattr(sqlite_module, "_overwrite", overwrite)
    with pytest.raises(BackupError, match="it is as it was"):
        await restore(made, sqlite_url, overwrite=True)
    assert texts(path) == ["later"] * 3


async def test_a_damaged_database_moves_aside(path, sqlite_url, folder, tmp_path):
    made = await backup(sqlite_url, folder, keep=5)
    path.write_bytes(b"no database" * 1000)
    restored = await restore(made, sqlite_url, overwrite=True)
    assert texts(path) == ["a", "b", "c"]
    assert restored.saved.read_bytes().startswith(b"no database")


# --- what is refused ---


async def test_a_damaged_backup_is_not_restored(path, sqlite_url, folder, tmp_path):
    made = await backup(sqlite_url, folder, keep=5)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(tmp_path / "bad.zip", "w") as new:
        new.writestr("manifest.json", old.read("manifest.json"))
        new.writestr("aha.db", old.read("aha.db").replace(b"note__demo", b"nota__demo"))
    with pytest.raises(BackupError, match="damaged"):
        await restore(tmp_path / "bad.zip", f"sqlite:///{tmp_path}/new.db")
    assert not (tmp_path / "new.db").exists()


async def test_a_backup_of_a_newer_release_is_not_guessed_at(path, sqlite_url, folder, tmp_path):
    made = await backup(sqlite_url, folder, keep=5)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(tmp_path / "new.zip", "w") as new:
        new.writestr("manifest.json", json.dumps({**json.loads(old.read("manifest.json")), "format": 99}))
    with pytest.raises(BackupError, match="newer release of Aha"):
        await restore(tmp_path / "new.zip", f"sqlite:///{tmp_path}/new.db")


NO_BACKUPS = {"nothing": None, "another file": b"hello"}


@pytest.mark.parametrize("content", NO_BACKUPS.values(), ids=NO_BACKUPS)
async def test_what_is_no_backup_is_named(sqlite_url, tmp_path, content):
    if content is not None:
        (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(BackupError, match="x.zip"):
        await restore(tmp_path / "x.zip", sqlite_url)


async def test_a_damaged_database_is_no_backup(path, sqlite_url, folder):
    content = bytearray(path.read_bytes())
    content[4096:5000] = b"\xff" * 904
    path.write_bytes(content)
    with pytest.raises(BackupError, match="damaged|malformed"):
        await backup(sqlite_url, folder, keep=5)
    assert list(folder.iterdir()) == []


async def test_without_room_nothing_is_begun(path, sqlite_url, folder, monkeypatch):
    monkeypatch.setattr(room_module, "free_bytes", lambda _: 2**20)
    with pytest.raises(BackupError, match="1 MB are free: make room"):
        await backup(sqlite_url, folder, keep=5)
    assert list(folder.iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_named(path, sqlite_url, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BackupError, match="file/backups"):
        await backup(sqlite_url, tmp_path / "file" / "backups", keep=5)


async def test_a_failed_backup_costs_no_old_one(path, sqlite_url, folder):
    made = await backup(sqlite_url, folder, keep=1)
    path.unlink()
    with pytest.raises(BackupError, match="there is no database"):
        await backup(sqlite_url, folder, keep=1)
    assert [found.path for found in backups(folder)] == [made]


async def test_a_backup_that_is_cancelled_leaves_nothing(path, sqlite_url, folder, monkeypatch):
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    checked = sqlite_module.verified

    def slow(*args):
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        return checked(*args)

    monkeypatch.setattr(sqlite_module, "verified", slow)
    working = asyncio.create_task(backup(sqlite_url, folder, keep=5))
    await begun.wait()
    working.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert list(folder.iterdir()) == []


MEMORY = ["sqlite://", "sqlite:///:memory:"]


@pytest.mark.parametrize("url", MEMORY)
async def test_a_database_in_memory_has_no_backup(url, folder):
    with pytest.raises(BackupError, match="in memory"):
        await backup(url, folder, keep=5)


async def test_a_backup_of_the_other_kind_is_refused(path, sqlite_url, folder):
    made = await backup(sqlite_url, folder, keep=5)
    with pytest.raises(BackupError, match="aha db copy"):
        await restore(made, "postgresql://nobody@127.0.0.1:1/none")


async def test_a_log_without_its_database_is_not_taken_for_that_of_the_restored_one(path, sqlite_url, folder):
    made = await backup(sqlite_url, folder, keep=5)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE note__demo SET text = 'later'")
        connection.commit()
        log = path.with_name(path.name + "-wal").read_bytes()
    path.unlink()
    path.with_name(path.name + "-wal").write_bytes(log)
    await restore(made, sqlite_url)
    assert texts(path) == ["a", "b", "c"]


async def test_a_backup_is_for_its_owner_only(path, sqlite_url, folder):
    made = await backup(sqlite_url, folder, keep=5)
    assert made.stat().st_mode & 0o777 == 0o600


KILLED = """
import asyncio, os, sys
from pathlib import Path
from core.backup import restore, sqlite
sqlite._PAGES = 1
seen = []
def check(*_):
    seen.append(1)
    if len(seen) > 20:
        os._exit(9)
put = sqlite.put_in_place
sqlite.put_in_place = lambda copy, target, check: put(copy, target, check=globals()["check"])
asyncio.run(restore(Path(sys.argv[1]), sys.argv[2], overwrite=True))
"""


async def test_a_restore_that_is_killed_leaves_the_old_rows(path, sqlite_url, folder):
    change(path, "CREATE TABLE large AS SELECT hex(zeroblob(200000)) AS text")
    made = await backup(sqlite_url, folder, keep=5)
    change(path, "UPDATE note__demo SET text = 'later'", "UPDATE large SET text = lower(text) || 'x'")
    ended = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", KILLED, made, sqlite_url])
    assert ended.returncode == 9
    assert texts(path) == ["later"] * 3
    await restore(made, sqlite_url, overwrite=True)
    assert texts(path) == ["a", "b", "c"]


WRITING = """
import asyncio, sys
from pathlib import Path
from core.backup import backup, sqlite

def take_copy(path, copy, *, check):
    copy.write_bytes(b"half of it")
    print("writing", flush=True)
    sys.stdin.read()
    return {}

sqlite.take_copy = take_copy
asyncio.run(backup(sys.argv[1], Path(sys.argv[2]), keep=5))
"""


@pytest.fixture
def writing(sqlite_url, folder):
    """A process that is in the middle of writing a backup."""
    command = [sys.executable, "-c", WRITING, sqlite_url, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"writing\n"
        yield process
        process.kill()


async def test_the_next_backup_removes_what_a_killed_one_left_and_nothing_else(path, sqlite_url, folder, writing):
    parts = {file.name for file in folder.iterdir()}
    assert len(parts) == 2  # the archive and the copy for it
    (folder / ".aha-notes.part").touch()
    await backup(sqlite_url, folder, keep=5)
    assert {file.name for file in folder.iterdir()} > parts  # it is still being written
    writing.kill()
    writing.wait()
    await backup(sqlite_url, folder, keep=5)
    assert sorted(file.name for file in folder.iterdir() if file.name.startswith(".")) == [".aha-notes.part"]
    assert len(backups(folder)) == 2
