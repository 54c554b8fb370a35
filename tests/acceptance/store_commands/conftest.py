"""A stopped bot whose store has a value of each kind, one that was killed, and ways to their rows past the bot."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.data_store.rows import checksum
from tests.acceptance.store_commands.notes import MODULE, NO_FOLDING, VALUES

AHA = Path(sys.executable).with_name("aha")


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


@pytest.fixture(scope="session")
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


@pytest.fixture
def killed(filled, start, rows):
    """A bot that was killed, with changes of `late` and `later` in its journal only."""
    process = start("run").ready()
    rows(NO_FOLDING)
    process.say("put late 1", "put later (2,)")
    process.wait_for("(done\n){2}", stream="out")
    process.end(signal.SIGKILL)
    rows("DROP TRIGGER stop")
