"""A bot whose stores are written without pause is killed at random moments: every set that returned is there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from services.data_store import background
from tests.store_bot import bot
from tests.store_writers import END, KEYS, STORES


class Writers:
    """Bots that write, one after the other."""

    def __init__(self, process):
        self._process = process

    def killed(self, url, folder, seconds):
        """Kill one so many seconds after its first set; return the last number that each writer told of."""
        self._process.stdin.write(f"{url} {folder}\n".encode())
        self._process.stdin.flush()
        process = self._word()
        killer = threading.Timer(seconds, os.kill, args=(process, signal.SIGKILL))
        last = {}
        while (word := self._word()) != END:
            if not last:
                killer.start()
            last[word >> 32] = word & 0xFFFFFFFF
        killer.join()
        return last

    def _word(self):
        return int.from_bytes(self._process.stdout.read(8), "little")


@pytest.fixture
def writers():
    command = [sys.executable, "-m", "tests.store_writers"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as process:
        yield Writers(process)
        process.stdin.close()


@pytest.mark.parametrize("rounds", [5, pytest.param(100, marks=[pytest.mark.faults, pytest.mark.timeout(1800)])])
async def test_every_set_that_returned_survives_kill_9(writers, database_url, tmp_path, rounds, monkeypatch):
    monkeypatch.setattr(background, "INTERVAL", 60)  # what the killed one left is looked at before it is folded
    dice = random.Random(rounds)
    last = dict.fromkeys(STORES, -1)
    for _ in range(rounds):
        # Up to some seconds, as folds happen about every second.
        last |= writers.killed(database_url, tmp_path, dice.choice([0.02, 0.1, 0.5, 1.2]) * dice.random())
        async with bot(database_url, tmp_path, "a", "b") as stores:
            there = dict(zip("ab", stores, strict=True))
            for writer, name in STORES.items():
                found = {key: n for key, n in there[name].items() if key.startswith(f"{writer}:")}
                newest = max(found.values(), default=-1)
                # Of the last set nobody may have been told; and one key may be gone, that was about to be set again.
                assert newest in (last[writer], last[writer] + 1, last[writer] + 2)
                expected = {f"{writer}:{n % KEYS}": n for n in range(max(0, newest - KEYS + 1), newest + 1)}
                missing = expected.items() - found.items()
                assert len(missing) <= 1
                assert all((newest + 1) % KEYS == n % KEYS for _, n in missing)
                last[writer] = newest
