"""A Unix socket in a folder, for this user alone, however long the folder's path is. It knows nothing of what is said.

The system takes about a hundred bytes for the path of a socket, a folder's path may have thousands.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOCKET_FILE: Final = "aha.sock"
AVAILABLE: Final = sys.platform != "win32"

# What Linux takes is 107, macOS 103, and a path in bytes may be longer than it looks.
_LONGEST: Final = 100


def listening(folder: Path) -> socket.socket:
    """Return a socket at which this user alone can connect, not listening yet; a dead one in its place goes.

    Raises OSError if there can be none.
    """
    _remove_dead(folder / SOCKET_FILE)
    made = socket.socket(socket.AF_UNIX)
    try:
        with _short(folder) as path:
            made.bind(path)
        # Nobody can connect before it listens, so nobody can before this.
        (folder / SOCKET_FILE).chmod(0o600)
    except OSError:
        made.close()
        raise
    return made


def connected(folder: Path) -> socket.socket:
    """Return a connection to the bot that has the folder; if there is none, raise FileNotFoundError or the like."""
    made = socket.socket(socket.AF_UNIX)
    try:
        with _short(folder) as path:
            made.connect(path)
    except OSError:
        made.close()
        raise
    return made


def _remove_dead(path: Path) -> None:
    """Remove the socket of a bot that was killed. Whoever calls has the folder's lock, so no other bot has it."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(f"{path} is there and is no socket: remove it")
    path.unlink()


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """Name the socket in few bytes: as it is, as seen from here, or by way of the folder while that is open."""
    path = folder / SOCKET_FILE
    for name in (os.fspath, os.path.relpath):
        if len(os.fsencode(name(path))) <= _LONGEST:
            yield name(path)
            return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/{SOCKET_FILE}"
    finally:
        os.close(opened)
