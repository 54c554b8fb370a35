"""A process that appends from several threads is killed at random moments: every append that returned is there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading

import pytest

from services.data_store.journal import read_journal

STORES = ["one", "two", "three"]
# For each line with a folder, a process that appends to its journal without pause, rotating and trimming, until it is
# killed. Words of 8 bytes come back: its number; after each append which store's and the how manieth; at last END.
END = (1 << 64) - 1
WRITERS = f"""
import os, sys, threading
from pathlib import Path
from services.data_store.journal import Journal

def say(word):
    os.write(1, word.to_bytes(8, "little"))

def append(journal, store, number):
    for n in range(1 << 30):
        with journal.lock:
            journal.append(number, b"%d" % n, b"%d " % n * (n % 100))
        say(store << 32 | n)

def write(folder, trim):
    journal = Journal.open(folder, database="here", segment_bytes=1 << 15, max_bytes=1 << 26)
    numbers = [journal.register(name) for name in {STORES}]
    if trim:
        journal.trim(dict.fromkeys({STORES}, journal.found.seq))
    for store, number in enumerate(numbers, start=1):
        threading.Thread(target=append, args=(journal, store, number)).start()

for line in sys.stdin:
    process = os.fork()
    if not process:
        say(os.getpid())
        write(Path(line[1:-1]), line[0] == "-")
        break
    os.waitpid(process, 0)
    say({END})
"""


class Writers:
    """Processes that write journals, one after the other."""

    def __init__(self, process):
        self._process = process

    def killed(self, folder, seconds, *, trim):
        """Let one write to `folder` for some seconds, and return the last word of each of its threads."""
        self._process.stdin.write(f"{'-' if trim else '+'}{folder}\n".encode())
        self._process.stdin.flush()
        writer = self._word()
        killer = threading.Timer(seconds, os.kill, args=(writer, signal.SIGKILL))
        killer.start()
        last = dict.fromkeys(range(1, len(STORES) + 1), -1)
        while (word := self._word()) != END:
            last[word >> 32] = word & 0xFFFFFFFF
        killer.join()
        return last

    def _word(self):
        return int.from_bytes(self._process.stdout.read(8), "little")


@pytest.fixture
def writers():
    with subprocess.Popen([sys.executable, "-c", WRITERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Writers(process)


@pytest.mark.parametrize("rounds", [20, pytest.param(400, marks=[pytest.mark.faults, pytest.mark.timeout(1800)])])
def test_every_append_that_returned_survives_kill_9(writers, tmp_path, rounds):
    dice = random.Random(rounds)
    appended = 0
    for n in range(rounds):
        folder = tmp_path / str(n % 4)  # most find what a killed one left there
        trim = n % 8 >= 4
        before = {name: list(read_journal(folder).records(name)) for name in STORES}
        last = writers.killed(folder, dice.uniform(0, 0.06), trim=trim)
        found = read_journal(folder)
        assert found.damaged == []
        for store, name in enumerate(STORES, start=1):
            records = list(found.records(name))
            seq = max((record.seq for record in before[name]), default=0)
            old = [record for record in records if record.seq <= seq]
            assert old == before[name] or (trim and old == before[name][len(before[name]) - len(old) :])
            new = [(record.key, record.value) for record in records[len(old) :]]
            assert new == [(b"%d" % i, b"%d " % i * (i % 100)) for i in range(len(new))]
            assert last[store] < len(new)
            appended += len(new)
    assert appended > rounds
