"""Put a text into a file, all of it or nothing. It never overwrites what it was not asked to."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from models.exc import ConfigError

_REMEDY = "see to that, or name another file"


def replace(path: Path, text: str) -> None:
    """Replace the content of an existing file at once; its mode and, where we may, its owner stay.

    Raises ConfigError if the file is read-only or cannot be replaced; it then has its old content.
    """
    try:
        target = path.resolve(strict=True)  # the file itself, not the link to it
        status = target.stat()
        if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(None, "it is read-only")
        _replace(target, text.encode(), status)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}; {_REMEDY}") from None


def create(path: Path, text: str) -> None:
    """Write a new file. Raises ConfigError if there is one already or it cannot be written."""
    try:
        with path.open("xb") as file:
            file.write(text.encode())
    except FileExistsError:
        raise ConfigError(f"{path}: the file exists already; move it away or name another") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}; {_REMEDY}") from None


def _replace(target: Path, content: bytes, status: os.stat_result) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(OSError):
            os.chown(name, status.st_uid, status.st_gid)
        Path(name).chmod(stat.S_IMODE(status.st_mode))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every system lets a folder be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
