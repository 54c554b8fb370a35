"""What a restore must make sure of, whatever the database: that it may overwrite, and that all rows are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.backup.archive import Manifest


def check_overwrite(what: str, *, overwrite: bool) -> None:
    """Raise BackupError unless the owner said that what is there may be overwritten."""
    if not overwrite:
        raise BackupError(
            f"{what} has tables already: restore to an empty database, or say that this one may be overwritten "
            "(--overwrite); what is there is saved first"
        )


def compare(manifest: Manifest, found: Mapping[str, int]) -> None:
    """Raise BackupError unless the tables `found` have the numbers of rows that the backup says."""
    wrong = sorted({name for name, _ in found.items() ^ manifest.tables.items()})
    if wrong:
        raise BackupError(f"the backup is damaged: {', '.join(wrong[:5])}: not the rows that should be there")
