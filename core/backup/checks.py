"""What a restore must make sure of, whatever the database: no bot has it open, it may overwrite, no row is missing."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from core.backup import server, sqlite
from core.backup.threads import in_thread
from core.database.url import parse_url
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL

    from core.backup.archive import Manifest


# Seconds. A server knows a connection for a moment after it was closed, maybe by this very process.
_PATIENCE = 1.0
_PAUSE = 0.05


async def check_unused(url: str) -> None:
    """Raise BackupError if a bot has the database at `url` open, or if it cannot be reached."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        await in_thread(lambda _: sqlite.check_unused(sqlite.path_of(parsed)))
    else:
        await _check_unused_on_server(parsed)


async def _check_unused_on_server(url: URL) -> None:
    deadline = monotonic() + _PATIENCE
    async with server.connected(url) as connection:
        while True:
            try:
                await server.check_unused(connection, url)
                break
            except BackupError:
                if monotonic() > deadline:
                    raise
            await asyncio.sleep(_PAUSE)


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
