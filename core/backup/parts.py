"""Backups that are being written, and what is left of those whose process was killed: `sweep`.

Who writes one holds a lock on it, which the system takes back however the process ends.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows refuses to remove a file that somebody has open
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)
_PART = re.compile(r"(?P<part>\.aha-[\dTZ-]+-(sqlite|postgresql)(_\d+)?\.zip\.part)(\.db(-journal|-wal|-shm)?)?")
# Where the file system knows no locks: nobody writes at one for so long.
_STALE = timedelta(days=1)


def create(part: Path) -> int:
    """Make the file, which must not exist, and hold it; returns its descriptor. It is for its owner only.

    A backup has all that was ever told the bot, and the keys to it.
    """
    while True:
        opened = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(opened, fcntl.LOCK_EX)
        if fcntl is None or os.fstat(opened).st_nlink:
            return opened
        os.close(opened)  # a sweep came between the two


def sweep(folder: Path) -> None:
    """Remove what is left in `folder` of backups that nobody writes any more; other files are none of ours."""
    parts: dict[str, list[Path]] = {}
    for path in folder.iterdir():
        if match := _PART.fullmatch(path.name):
            parts.setdefault(match["part"], []).append(path)
    for name, files in parts.items():
        with _taken(folder / name) as is_ours:
            for file in sorted(files, reverse=True) if is_ours else ():  # the part itself is the last
                with suppress(OSError):
                    file.unlink()


@contextmanager
def _taken(part: Path) -> Iterator[bool]:
    """Whether nobody writes the backup; during the body nobody begins to."""
    if fcntl is None or not part.exists():
        yield True
        return
    try:
        opened = os.open(part, os.O_RDWR | _BINARY)
    except OSError:
        yield False  # it has been finished, or is another user's
        return
    try:
        yield _is_free(opened)
    finally:
        os.close(opened)


def _is_free(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return os.fstat(opened).st_mtime < (datetime.now(UTC) - _STALE).timestamp()
    return True
