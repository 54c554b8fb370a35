"""Putting a backup back: `restore`. All of it, or nothing; and what was there before is saved first."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from core.backup import restore_postgresql, restore_sqlite, sqlite
from core.backup.archive import Reader
from core.backup.make import FILES
from core.backup.threads import in_thread
from core.database.url import parse_url
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: `tables` with their numbers of rows, and `files` that had come along, where they are now.

    `saved` is where that is what was there before, None if nothing was. `replaced` says where the files are now
    whose place was taken by others, by that place.
    """

    file: Path
    tables: Mapping[str, int]
    saved: Path | None = None
    files: tuple[Path, ...] = ()
    replaced: Mapping[Path, Path] = field(default_factory=dict)


async def restore(
    file: Path, url: str, *, overwrite: bool = False, into: Path | None = None, pg_dump: str = ""
) -> Restored:
    """Make the database at `url` what it was when the backup `file` was made.

    With `overwrite` it may have tables: they are saved in a new backup beside `file` first. Files that came along go
    to the folder `into`; None is that of the SQLite file, on PostgreSQL they stay in the backup. `pg_dump` is as for
    `backup`. Raises BackupError, also if a bot has the database open; then everything is as it was.
    """
    parsed = parse_url(url)
    with Reader(file) as reader:
        manifest = reader.manifest
        if parsed.get_backend_name() != manifest.dialect:
            raise BackupError(
                f"{file} is a backup of a {manifest.dialect} database: restore it to one (sqlite:///FILE or "
                f"postgresql://...), then: aha db copy FROM_URL TO_URL"
            )
        await in_thread(reader.verify)
        if manifest.dialect == "sqlite":
            into = into or sqlite.path_of(parsed).parent
        # Whatever the archive says, they stay in that folder.
        targets = {name: into / PurePath(name).name for name in manifest.files} if into is not None else {}
        also = tuple(targets.values())
        if manifest.dialect == "sqlite":
            saved = await restore_sqlite.put_back(reader, url, overwrite=overwrite, also=also)
        else:
            saved = await restore_postgresql.put_back(reader, url, overwrite=overwrite, also=also, pg_dump=pg_dump)
        asides = {target: _put_file(reader, name, target) for name, target in targets.items()}
    replaced = {target: aside for target, aside in asides.items() if aside is not None}
    return Restored(file, manifest.tables, saved, also, replaced)


def _put_file(reader: Reader, name: str, target: Path) -> Path | None:
    """Put back a file that came along; another one that is there moves aside, to where is returned."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = sqlite.free_name(target, "new")
    reader.extract(FILES + name, new)
    aside = None
    if target.exists() and target.read_bytes() != new.read_bytes():
        aside = target.rename(sqlite.free_name(target, "replaced"))
    new.replace(target)
    return aside
