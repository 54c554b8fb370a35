"""The folder of backups: how they are called, which there are, and which have to go. It opens none but to list it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.backup.archive import Manifest, Reader
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_TIME = "%Y-%m-%dT%H-%M-%SZ"
_NAME = re.compile(r"aha-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)-(sqlite|postgresql)(?:_(\d+))?\.zip")


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A backup in the folder. `size` is in bytes; `manifest` is None if it cannot be read."""

    path: Path
    at: datetime
    dialect: str
    size: int
    manifest: Manifest | None


def backups(folder: Path) -> list[BackupFile]:
    """The backups in `folder`, the newest first; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return [_listed(path) for path in newest_first(folder.iterdir())]


def _listed(path: Path) -> BackupFile:
    try:
        with Reader(path) as reader:
            manifest = reader.manifest
    except BackupError:
        manifest = None
    at, _ = _time(path.name) or (datetime.min, 0)
    dialect = path.name.partition("Z-")[2].partition(".")[0].partition("_")[0]
    return BackupFile(path, at.replace(tzinfo=UTC), dialect, path.stat().st_size, manifest)


def newest_first(paths: Iterable[Path]) -> list[Path]:
    """Those of `paths` that are called as backups are, by the time in their names."""
    found = [(time, path) for path in paths if (time := _time(path.name)) is not None]
    return [path for _, path in sorted(found, reverse=True)]


def surplus(paths: Iterable[Path], keep: int) -> list[Path]:
    """Those of `paths` that have to go so that the newest `keep` stay; 0 keeps all. Other files are none of ours."""
    return newest_first(paths)[keep:] if keep else []


def name_for(at: datetime, dialect: str, taken: Iterable[str]) -> str:
    """The name of a backup that is made now, `at` in UTC; names sort by time, also within a second."""
    stem = f"aha-{at.strftime(_TIME)}-{dialect}"
    found = (_NAME.fullmatch(name) for name in taken if name.startswith((f"{stem}.", f"{stem}_")))
    # Not the first that is free: an older one may have gone by now.
    number = max((int(match[3] or 1) for match in found if match), default=0) + 1
    return f"{stem}_{number}.zip" if number > 1 else f"{stem}.zip"


def names_in(folder: Path) -> list[str]:
    """The names that are given out in `folder`, also to backups that are being written."""
    return [path.name.removeprefix(".").removesuffix(".part") for path in folder.iterdir()]


def part_for(name: str) -> str:
    """What a backup is called while it is written."""
    return f".{name}.part"


def rotate(folder: Path, keep: int) -> None:
    """Remove the backups that are too many."""
    for path in surplus(folder.iterdir(), keep):
        path.unlink(missing_ok=True)


def _time(name: str) -> tuple[datetime, int] | None:
    match = _NAME.fullmatch(name)
    try:
        return (datetime.strptime(match[1], _TIME), int(match[3] or 1)) if match else None
    except ValueError:
        return None
