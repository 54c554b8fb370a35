"""Putting an SQLite backup back: unpacked beside the database, looked at, and only then copied over it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from core.backup import sqlite
from core.backup.checks import check_overwrite, compare
from core.backup.make import backup
from core.backup.room import check_room
from core.backup.threads import in_thread
from core.database.identity import forget_sqlite
from core.database.url import parse_url
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.backup.archive import Reader


async def put_back(reader: Reader, url: str, *, overwrite: bool, also: Sequence[Path]) -> Path | None:
    """Put the database of `reader` to `url`; return where that is what was there before, `also` with it.

    Raises BackupError.
    """
    target = sqlite.path_of(parse_url(url))
    await in_thread(lambda _: sqlite.check_unused(target))
    saved, is_intact = None, True
    if sqlite.has_tables(target):
        check_overwrite(str(target), overwrite=overwrite)
        try:
            saved = await backup(url, reader.path.parent, keep=0, also=also)
        except BackupError:
            is_intact = False  # or there is no room: then it is not overwritten, but moved aside
    aside = await in_thread(lambda check: _put(reader, target, is_intact, check))
    return aside or saved


def _put(reader: Reader, target: Path, is_intact: bool, check: Callable[[], None]) -> Path | None:
    new = sqlite.free_name(target, "new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        check_room(target.parent, 2 * reader.size(sqlite.MEMBER), f"restoring {reader.path}")
        reader.extract(sqlite.MEMBER, new, check=check)
        with closing(sqlite3.connect(new)) as connection:
            compare(reader.manifest, sqlite.verified(connection, new))
            forget_sqlite(connection)
        if not is_intact:
            return sqlite.exchange(new, target)
        sqlite.put_in_place(new, target, check=check)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{reader.path} cannot be restored to {target}: {error}; it is as it was") from error
    finally:
        new.unlink(missing_ok=True)
    return None
