"""The disk is full, may not be written, or refuses: what is set fails with a word, no signal; nothing set is lost."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import subprocess
from contextlib import contextmanager

import pytest

from models.exc import JournalFull, StoreError
from services.data_store import background, flush_stores, opening, stores
from services.data_store.journal import Journal, read_journal, syncing
from tests.store_bot import bot, crash, on_disk

ROOT = os.geteuid() == 0


def append(journal, number, key, value=b""):
    with journal.lock:
        journal.append(number, key.encode(), value)


def append_until_full(journal, number):
    """Append until no more can be; return the error and the keys."""
    keys = []
    while True:
        try:
            append(journal, number, str(len(keys)), bytes(1000))
        except JournalFull as error:
            return error, keys
        keys.append(str(len(keys)))


def keys(folder, name="notes"):
    return [record.key.decode() for record in read_journal(folder).records(name)]


def test_a_full_disk_is_an_error_and_with_room_it_goes_on(mount):
    folder = mount(1 << 20) / "store"
    other = folder.parent / "other"
    other.write_bytes(bytes(1 << 19))
    journal = Journal.open(folder, database="here", segment_bytes=1 << 16)
    number = journal.register("notes")
    error, appended = append_until_full(journal, number)
    assert "No space left" in str(error)
    assert appended
    with pytest.raises(JournalFull):
        append(journal, number, "too much", bytes(1 << 18))
    assert keys(folder) == appended
    asyncio.run(journal.sync())
    other.unlink()
    append(journal, number, "again", bytes(1 << 18))
    journal.close()
    assert keys(folder) == [*appended, "again"]
    assert read_journal(folder).damaged == []


def test_a_disk_that_is_full_at_the_opening_keeps_what_is_there_readable(mount):
    folder = mount(1 << 19) / "store"
    journal = Journal.open(folder, database="here", segment_bytes=1 << 16)
    _, appended = append_until_full(journal, journal.register("notes"))
    journal.close()
    rest = folder.parent / "rest"
    with pytest.raises(OSError, match="No space"):
        rest.write_bytes(bytes(1 << 20))
    journal = Journal.open(folder, database="here", segment_bytes=1 << 16)
    assert "No space left" in journal.broken
    assert [record.key.decode() for record in journal.found.records("notes")] == appended
    with pytest.raises(JournalFull):
        append(journal, journal.register("notes"), "again")
    journal.trim({"notes": journal.found.seq})  # the database has it all
    append(journal, journal.register("notes"), "again")
    assert journal.broken is None
    journal.close()
    assert keys(folder) == ["again"]


def test_room_that_comes_back_is_found_without_an_append(mount, monkeypatch):
    monkeypatch.setattr(syncing, "PAUSE", 0.01)
    folder = mount(1 << 18) / "store"
    rest = folder.parent / "rest"
    rest.write_bytes(bytes((1 << 18) - (1 << 15)))
    journal = Journal.open(folder, database="here", segment_bytes=1 << 16)
    assert journal.broken
    journal.start()
    rest.unlink()
    while journal.broken:
        pass
    append(journal, journal.register("notes"), "a")
    journal.close()
    assert keys(folder) == ["a"]


@pytest.fixture
def small_files():
    """Lets no file grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    @contextmanager
    def limited(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


def test_a_limit_on_the_size_of_files_is_an_error_and_no_signal(tmp_path, small_files):
    journal = Journal.open(tmp_path / "store", database="here", segment_bytes=1 << 16)
    number = journal.register("notes")
    with small_files(1 << 15):
        error, appended = append_until_full(journal, number)
    assert "File too large" in str(error)
    append(journal, number, "again")
    journal.close()
    assert keys(tmp_path / "store") == [*appended, "again"]


def test_a_folder_that_may_not_be_written_is_read_and_said(mount):
    folder = mount(1 << 20) / "store"
    journal = Journal.open(folder, database="here", segment_bytes=1 << 16)
    number = journal.register("notes")
    append(journal, number, "a")
    journal.close()
    subprocess.run(["mount", "-o", "remount,ro", folder.parent], check=True)
    journal = Journal.open(folder, database="here", segment_bytes=1 << 16)
    assert "Read-only" in journal.broken
    assert [record.key for record in journal.found.records("notes")] == [b"a"]
    with pytest.raises(JournalFull, match="Read-only"):
        append(journal, journal.register("notes"), "b")
    with pytest.raises(StoreError, match="set aside"):
        journal.set_aside("of a test")
    journal.note_folds(1)
    subprocess.run(["mount", "-o", "remount,rw", folder.parent], check=True)
    append(journal, number, "c")
    journal.close()
    assert keys(folder) == ["a", "c"]
    assert read_journal(folder).folds == 1


def test_a_segment_that_may_not_be_removed_is_removed_later(mount):
    folder = mount(1 << 20) / "store"
    for key in ("a", "b"):
        journal = Journal.open(folder, database="here", segment_bytes=1 << 16)
        append(journal, journal.register("notes"), key)
        journal.close()
    subprocess.run(["mount", "-o", "remount,ro", folder.parent], check=True)
    journal = Journal.open(folder, database="here", segment_bytes=1 << 16)
    journal.trim({"notes": journal.found.seq})
    assert keys(folder) == ["a", "b"]
    subprocess.run(["mount", "-o", "remount,rw", folder.parent], check=True)
    journal.trim({"notes": journal.found.seq})
    assert keys(folder) == []
    journal.close()


@pytest.mark.skipif(ROOT, reason="root may write everywhere")
def test_a_folder_of_someone_else_is_said(tmp_path):
    tmp_path.chmod(0o500)
    try:
        journal = Journal.open(tmp_path / "store", database="here")
        assert "Permission denied" in journal.broken
        journal.close()
    finally:
        tmp_path.chmod(0o700)


@pytest.fixture
def refusing(monkeypatch):
    """Lets the disk refuse from now on, until the event that it returns is cleared."""
    monkeypatch.setattr(syncing, "PAUSE", 0.01)
    real = os.fdatasync
    refuses = asyncio.Event()

    def fdatasync(fd):
        if refuses.is_set():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(fd)

    monkeypatch.setattr("os.fdatasync", fdatasync)
    return refuses


async def test_sync_says_that_the_disk_refuses_and_works_again_when_it_takes_all(tmp_path, refusing, caplog):
    journal = Journal.open(tmp_path, database="here")
    number = journal.register("notes")
    append(journal, number, "a")
    await journal.sync()
    refusing.set()
    append(journal, number, "b")
    results = await asyncio.gather(*(journal.sync() for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == 5 * [StoreError]
    assert "Input/output error" in str(results[0])
    assert journal.synced < journal.seq
    append(journal, number, "c")
    refusing.clear()
    while journal.synced < journal.seq:
        await asyncio.sleep(0)
    await journal.sync()
    journal.close()
    assert keys(tmp_path) == ["a", "b", "c"]
    assert caplog.text.count("does not take the journal") == 1


async def test_what_was_refused_is_written_anew(tmp_path, refusing, monkeypatch):
    """After a failed sync the kernel takes its pages for written; only what is written again goes to the disk."""
    journal = Journal.open(tmp_path, database="here")
    append(journal, journal.register("notes"), "a")
    await journal.sync()
    segment = journal._room.current
    written = segment.synced
    refusing.set()
    append(journal, journal.register("notes"), "b")
    with pytest.raises(StoreError):
        await journal.sync()
    touched = []

    class Map:
        def __getitem__(self, part):
            return (part.start, part.stop)

        def __setitem__(self, part, data):
            touched.append(data)

        def close(self):
            real.close()

    with journal.lock:
        real, segment.map = segment.map, Map()
    refusing.clear()
    await journal.sync()
    assert (written, journal._end) in touched
    journal.close()


async def test_close_says_that_the_disk_refuses_and_keeps_what_was_set(tmp_path, refusing):
    journal = Journal.open(tmp_path, database="here")
    append(journal, journal.register("notes"), "a")
    refusing.set()
    with pytest.raises(StoreError, match="does not take"):
        journal.close()
    journal.close()
    with pytest.raises(StoreError, match="closed"):
        await journal.sync()
    assert keys(tmp_path) == ["a"]


# --- the store of a module -----------------------------------------------------------------------------------------


@pytest.fixture
def small_segments(monkeypatch):
    """Stores whose journal has small segments and is not folded until someone says so."""
    monkeypatch.setattr(background, "INTERVAL", 1_000.0)
    monkeypatch.setattr(
        opening, "_open", lambda folder, database, _: Journal.open(folder, database=database, segment_bytes=1 << 16)
    )


async def kill():
    """End the stores as kill -9 does, files included."""
    room = stores._open.background.ledger.journal._room
    await crash()
    for segment in filter(None, [*room._full, room.current, room._spare]):
        segment.close()


def remount(folder, how):
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def set_until_full(store):
    """Set until there is no more room; return the error and what was set."""
    model = {}
    while True:
        try:
            store[str(len(model))] = bytes(1000)
        except JournalFull as error:
            return error, model
        model[str(len(model))] = bytes(1000)


async def test_a_store_on_a_full_disk_says_so_and_goes_on_when_its_changes_are_folded(
    mount, database_url, small_segments, caplog
):
    folder = mount(1 << 20)
    async with bot(database_url, folder, "a") as [store]:
        store["list"] = [1]
        error, model = set_until_full(store)
        assert "No space left" in str(error)
        assert "nothing that was set before is lost" in str(error)
        with pytest.raises(JournalFull):
            store["0"] = bytes(1001)
        assert dict(store) == {"list": [1], **model}
        await store.sync()
        await kill()
    async with bot(database_url, folder, "a") as [store]:
        assert dict(store) == {"list": [1], **model}
        with pytest.raises(JournalFull, match="No space left"):
            store["more"] = 1
        await flush_stores()
        assert await on_disk() == list(store)
        store["more"] = 1
        store["list"].append(2)
    async with bot(database_url, folder, "a") as [store]:
        assert dict(store) == {"list": [1, 2], **model, "more": 1}
    assert [message for message in caplog.messages if "No space left" not in message] == []


async def test_stores_start_and_are_read_where_their_folder_may_not_be_written(
    mount, database_url, small_segments, caplog
):
    folder = mount(1 << 20)
    async with bot(database_url, folder, "a") as [store]:
        store.update(a=1, b=[2])
        await kill()
    remount(folder, "ro")
    for _ in range(2):
        caplog.clear()
        async with bot(database_url, folder, "a") as [store]:
            assert dict(store) == {"a": 1, "b": [2]}
            assert "Read-only file system" in caplog.text
            with pytest.raises(JournalFull, match="Read-only file system"):
                store["a"] = 2
            await flush_stores()
            assert await on_disk() == ["a", "b"]
            await store.sync()
    remount(folder, "rw")
    async with bot(database_url, folder, "a") as [store]:
        assert dict(store) == {"a": 1, "b": [2]}
        store["a"] = 2
    async with bot(database_url, folder, "a") as [store]:
        assert dict(store) == {"a": 2, "b": [2]}
