"""One process at a time for a data folder: a lock that the system takes back however its holder ends.

It keeps nobody from reading, nor from using the database: what it guards is the journal of SimpleStores.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import sys
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from models.exc import FolderInUse

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

LOCK_FILE: Final = "aha.lock"
_HELD: Final = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
# Windows lets nobody read what is locked, so that is a byte far behind what the file says.
_FAR: Final = 1 << 30


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Have the data folder `folder`, which must be there, for this process alone during the body.

    Raises FolderInUse, which says who has it. Where there can be no lock, that is logged and the body runs.
    """
    path = folder / LOCK_FILE
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        _warn(folder, error)
        yield
        return
    try:
        _take(file, folder)
        yield
    finally:
        # The file stays: whoever removed it could remove one that another process has locked meanwhile.
        os.close(file)


def is_held(folder: Path) -> bool:
    """Whether another process has the data folder; False also if that cannot be known."""
    if sys.platform == "win32":
        return False
    try:
        file = os.open(folder / LOCK_FILE, os.O_RDWR)
    except OSError:
        return False
    try:
        os.lockf(file, os.F_TEST, 0)
    except OSError as error:
        return error.errno in _HELD
    finally:
        os.close(file)
    return False


def _take(file: int, folder: Path) -> None:
    try:
        _lock(file)
    except OSError as error:
        if error.errno in _HELD:
            raise FolderInUse(_refusal(folder)) from error
        _warn(folder, error)
        return
    said = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now().astimezone().isoformat()}
    try:
        os.ftruncate(file, 0)
        os.write(file, json.dumps(said).encode())
    except OSError as error:
        logger.warning("%s cannot say who holds it (%s)", folder / LOCK_FILE, error.strerror)


def _lock(file: int) -> None:
    """Lock the file for this process. Its children, unlike with flock, have no part in that, so they cannot outlive it.

    A second lock in the same process would not be refused, and closing it would end the first.
    """
    if sys.platform == "win32":
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
    else:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _refusal(folder: Path) -> str:
    remedy = "stop it first, or give this one a folder of its own (aha.data_dir)"
    holder = _holder(folder / LOCK_FILE)
    if holder is None:
        return f"the data folder {folder} is in use by another process: {remedy}"
    who, since = holder
    return f"the data folder {folder} is in use by process {who} since {since:%Y-%m-%d %H:%M:%S}: {remedy}"


def _holder(path: Path) -> tuple[str, datetime] | None:
    """Who has locked the file, and since when; None if it does not say."""
    try:
        said: dict[str, Any] = json.loads(path.read_bytes())
        where = "" if said["host"] == socket.gethostname() else f" on {said['host']}"
        return f"{said['pid']}{where}", datetime.fromisoformat(said["since"]).astimezone()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _warn(folder: Path, error: OSError) -> None:
    logger.warning(
        "the data folder %s cannot be locked (%s): see to it yourself that no second bot uses it",
        folder, error.strerror,
    )  # fmt: skip
