"""The lock on the data folder: one process at a time, whatever becomes of the others."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
from datetime import datetime

import pytest

from aha import data_folder
from aha.data_folder import LOCK_FILE, held
from models.exc import FolderInUse

HOLD = """
import sys
from pathlib import Path
from aha.data_folder import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
# As what a module starts in the background: it knows nothing of the lock, and outlives the bot.
HOLD_AND_FORK = HOLD.replace(
    '    print("held"',
    """    import os, time
    if not (child := os.fork()):
        time.sleep(600)
    print(child, flush=True)
    print("held\"""",
)


@pytest.fixture
def holder(tmp_path):
    """Starts a process that holds the folder, and returns it when it does."""
    started = []

    def start(script=HOLD):
        process = subprocess.Popen(
            [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def waiting(process):
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_told_who_has_the_folder_since_when_and_what_to_do(tmp_path, holder):
    process = waiting(holder())
    with pytest.raises(FolderInUse) as refused, held(tmp_path):
        pass
    said = re.fullmatch(
        rf"the data folder {re.escape(str(tmp_path))} is in use by process {process.pid} since (.*): "
        r"stop it first, or give this one a folder of its own \(aha\.data_dir\)",
        str(refused.value),
    )
    assert abs(datetime.now() - datetime.fromisoformat(said[1])).total_seconds() < 120


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "kill"])
def test_a_process_that_is_killed_holds_nothing(tmp_path, holder, number):
    process = waiting(holder())
    process.send_signal(number)
    process.wait()
    with held(tmp_path):
        assert json.loads((tmp_path / LOCK_FILE).read_text())["pid"] == os.getpid()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no children that share files")
def test_a_child_that_outlives_the_holder_holds_nothing(tmp_path, holder):
    process = holder(HOLD_AND_FORK)
    child = int(process.stdout.readline())
    try:
        waiting(process).kill()
        process.wait()
        os.kill(child, 0)
        with held(tmp_path):
            pass
    finally:
        os.kill(child, signal.SIGKILL)


def test_when_the_body_has_ended_the_next_process_has_the_folder(tmp_path, holder):
    with held(tmp_path):
        process = holder()
        assert process.wait() == 1  # refused, with a traceback that nobody reads
    waiting(holder())


def test_processes_with_folders_of_their_own_run_side_by_side(tmp_path, holder):
    waiting(holder())
    (tmp_path / "other").mkdir()
    with held(tmp_path / "other"):
        pass


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff"], ids=repr)
def test_a_holder_that_does_not_say_who_it_is_is_a_holder(tmp_path, holder, content):
    waiting(holder())
    (tmp_path / LOCK_FILE).write_bytes(content)
    with pytest.raises(FolderInUse, match="in use by another process: stop it first"), held(tmp_path):
        pass


def test_a_holder_on_another_machine_is_named_with_it(tmp_path, holder):
    waiting(holder())
    said = {"pid": 1, "host": "attic", "since": "2026-02-03T09:12:00+00:00"}
    (tmp_path / LOCK_FILE).write_text(json.dumps(said))
    with pytest.raises(FolderInUse, match="by process 1 on attic since 2026-02-03 "), held(tmp_path):
        pass


def test_a_folder_that_may_only_be_read_is_warned_of_and_no_dead_bot(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise PermissionError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with held(tmp_path):
            ran = True
    assert ran
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        f"the data folder {tmp_path} cannot be locked (Read-only file system): "
        "see to it yourself that no second bot uses it"
    )


@pytest.mark.parametrize(
    "number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL], ids=errno.errorcode.get
)
def test_a_file_system_without_locks_is_warned_of_and_no_dead_bot(tmp_path, monkeypatch, caplog, number):
    def refuse(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(data_folder, "_lock", refuse)
    with held(tmp_path):
        ran = True
    assert ran
    assert "cannot be locked" in caplog.text
    assert (tmp_path / LOCK_FILE).read_bytes() == b""


def test_what_the_body_raises_comes_out_and_the_folder_is_free(tmp_path, holder):
    with pytest.raises(ZeroDivisionError), held(tmp_path):
        raise ZeroDivisionError
    waiting(holder())
