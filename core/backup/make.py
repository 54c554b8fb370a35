"""Making a backup: `backup`. What is in it differs by database; that it is whole, and stays, is seen to here."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from core.backup import dump, export, sqlite
from core.backup.archive import Manifest, Writer
from core.backup.catalogue import count_rows
from core.backup.parts import sweep
from core.backup.room import check_room
from core.backup.rotate import name_for, names_in, part_for, rotate
from core.backup.server import connected, look
from core.backup.threads import in_thread
from core.database.url import parse_url
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import URL

FILES = "files/"


async def backup(url: str, folder: Path, *, keep: int, also: Sequence[Path] = (), pg_dump: str = "") -> Path:
    """Save the database at `url` in a new file in `folder`, and return its path; a bot may write meanwhile.

    The newest `keep` backups stay there, 0 keeps all. `also` are files that belong to the database, as far as they are
    there. `pg_dump` is the program for PostgreSQL: "" is the one on PATH if it fits the server, else our own export
    does it; "none" is our own. Raises BackupError; then there is no new file, and no old one is gone.
    """
    parsed = parse_url(url)
    dialect = parsed.get_backend_name()
    if dialect == "sqlite":
        sqlite.check_there(sqlite.path_of(parsed))
    with _job(folder, dialect) as job:
        files = [path for path in also if path.is_file()]
        for path in files:
            job.writer.add(FILES + path.name, path)
        if dialect == "sqlite":
            manifest = await in_thread(lambda check: _save_sqlite(job, sqlite.path_of(parsed), check))
        else:
            manifest = await _save_postgresql(job, parsed, pg_dump)
        manifest = replace(manifest, files=tuple(path.name for path in files), sums=job.writer.sums)
        await in_thread(lambda _: job.writer.finish(manifest, job.target))
    rotate(folder, keep)
    return job.target


@dataclass(frozen=True, slots=True)
class _Job:
    target: Path
    writer: Writer
    at: datetime

    def manifest(self, dialect: str, form: str, tables: dict[str, int]) -> Manifest:
        return Manifest(dialect, form, self.at.isoformat(timespec="seconds"), _release(), tables)


@contextmanager
def _job(folder: Path, dialect: str) -> Iterator[_Job]:
    """A file to write to, which is gone if the body fails. Raises BackupError for all that the disk refuses."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        at = datetime.now(UTC)
        name = name_for(at, dialect, names_in(folder))
        writer = Writer(folder / part_for(name))
    except OSError as error:
        raise BackupError(
            f"no backup can be written to {folder}: {error.strerror}; let this user write there"
        ) from error
    try:
        yield _Job(folder / name, writer, at)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"no backup could be made in {folder}: {error}; see to that and try again") from error
    finally:
        writer.close()


def _save_sqlite(job: _Job, path: Path, check: Callable[[], None]) -> Manifest:
    copy = job.writer.part.with_name(job.writer.part.name + ".db")
    try:
        copy.touch(0o600, exist_ok=False)
        tables = sqlite.take_copy(path, copy, check=check)
        job.writer.add(sqlite.MEMBER, copy, check=check)
    finally:
        copy.unlink(missing_ok=True)
    return replace(job.manifest("sqlite", "sqlite", tables), server=sqlite3.sqlite_version)


async def _save_postgresql(job: _Job, url: URL, pg_dump: str) -> Manifest:
    async with connected(url) as connection:
        server = await look(connection)
        check_room(job.target.parent, server.size, f"a backup of {url.database}")
        program = await dump.find_pg_dump(pg_dump, server.major)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if program is None:
                tables, schema = await export.write(connection, server.schemas, job.writer)
                made = replace(job.manifest("postgresql", "export", tables), left_out=schema.left_out)
            else:
                await export.settle(connection)
                snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
                tables = await count_rows(connection, server.schemas)
                with job.writer.member(dump.MEMBER) as put:
                    await dump.write(program, url, schemas=server.schemas, snapshot=snapshot, put=put)
                made = job.manifest("postgresql", "pg_dump", tables)
    return replace(made, server=server.version, schemas=server.schemas, extensions=server.extensions)


def _release() -> str:
    try:
        return version("aha-bot")
    except PackageNotFoundError:
        return ""
