"""What a test does in a forked child, and what a child must leave as it is."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORKS = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked on Windows"),
    # What Python says of every fork in a process with threads, from 3.12 on.
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]
"""Marks of all tests that fork."""


def forked(work: Callable[[], object]) -> str:
    """What `work` returns in a child, as text; or what it raises there."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)  # whoever waits for a lock there waits for ever
        try:
            answer = str(work())
        except BaseException as error:  # noqa: BLE001 - the child must not go on with the tests
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        answer = answers.read().decode()
    os.waitpid(child, 0)
    return answer


def contents(folder: Path) -> dict[str, bytes]:
    """The segments of the journal in `folder`, by name."""
    return {path.name: path.read_bytes() for path in folder.glob("*.journal")}
