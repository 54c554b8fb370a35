"""Whether there is room for a backup. It asks the disk, not the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.disk import free_bytes
from models.exc import BackupError

if TYPE_CHECKING:
    from pathlib import Path

_SPARE = 16 * 2**20


def check_room(folder: Path, needed: int, what: str) -> None:
    """Raise BackupError unless `needed` bytes can be written to `folder`; `what` for begins the message."""
    free = free_bytes(folder)
    if free < needed + _SPARE:
        raise BackupError(
            f"{what} takes up to {(needed + _SPARE) // 2**20:,} MB in {folder}, and {free // 2**20:,} MB are free: "
            "make room there, or remove old backups"
        )
