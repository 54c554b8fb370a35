"""SQLite's part of backups: a copy of a file that is in use, and a copy that takes the place of one that is not.

All of it is work for a thread; `check` is called now and then, and may raise.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from core.backup.archive import sync
from core.backup.room import check_room
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

MEMBER = "aha.db"
_PAGES = 2000
# How long, in seconds, others may take to let go of a file that is to be replaced.
_PATIENCE = 5.0
# What is no damage of what SQLite finds, in the words of its releases.
_UNUSED = re.compile(r"\*\*\* in database main \*\*\*|Page \d+( is|:) never used")
_TABLES = """
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
AND sql LIKE 'CREATE TABLE%' ORDER BY name
"""


def path_of(url: URL) -> Path:
    """The file of an SQLite database; raises BackupError if it is in memory only."""
    name = url.database or ""
    if name.startswith("file:"):
        parts = urlsplit(name)
        name = ":memory:" if url.query.get("mode") == "memory" else unquote(parts.path)
    if name in {"", ":memory:"}:
        raise BackupError("a database in memory has no file to back up or restore: write sqlite:///folder/file.db")
    return Path(name)


def size_of(path: Path) -> int:
    """About how many bytes a copy takes, what only stands in the log included."""
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def check_there(path: Path) -> None:
    """Raise BackupError unless there is a database at `path`."""
    if not path.is_file():
        raise BackupError(f"there is no database {path}: check aha.database.url, or start the bot first")


def take_copy(path: Path, copy: Path, *, check: Callable[[], object]) -> dict[str, int]:
    """Copy the database at `path` as it is at one moment; return its tables with their numbers of rows.

    A bot may write meanwhile: the copy is made from one snapshot, for which SQLite's log makes nobody wait.
    """
    check_there(path)
    check_room(copy.parent, 2 * size_of(path), f"a backup of {path}")
    with closing(_opened(path)) as source, closing(sqlite3.connect(copy, isolation_level=None)) as target:
        # Without a transaction the copy would begin anew each time that somebody writes.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchall()
        source.backup(target, pages=_PAGES, progress=lambda *_: check())
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        return verified(target, path)


def verified(connection: sqlite3.Connection, path: Path) -> dict[str, int]:
    """The tables of an intact database with their numbers of rows; raises BackupError, which names `path`."""
    found = _faults(connection)
    if found and all(_UNUSED.fullmatch(line) for fault in found for line in fault.splitlines()):
        connection.execute("VACUUM")  # a damaged table was made anew, and the pages that it had belong to none
        found = _faults(connection)
    if found:
        raise BackupError(f"{path} is damaged: {'; '.join(found)}; restore an older backup (aha db restore FILE)")
    return row_counts(connection)


def _faults(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("PRAGMA integrity_check(3)") if row != ("ok",)]


def row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """All tables with their numbers of rows."""
    names = [row[0] for row in connection.execute(_TABLES)]
    return {name: connection.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0] for name in names}


def has_tables(path: Path) -> bool:
    """Whether there is a database with any table; what is not one counts as well: it is something."""
    if not path.exists():
        return False
    try:
        with closing(_opened(path)) as connection:
            return connection.execute(_TABLES).fetchone() is not None
    except sqlite3.DatabaseError:
        return True


def put_in_place(copy: Path, target: Path, *, check: Callable[[], object]) -> None:
    """Let `target`, a database or not there, be what is in `copy`: in one transaction, and only if nobody has it open.

    `copy` may be gone then. Raises BackupError.
    """
    if not target.exists():
        _move_logs(target, free_name(target, "replaced"))
        _link(copy, target)
        sync(target.parent)
        return
    try:
        with closing(_alone(target)) as opened, closing(_opened(copy)) as source:
            _overwrite(source, opened, target, check)
    except sqlite3.Error as error:
        raise BackupError(f"{target} cannot be overwritten: {error}; it is as it was") from error


def _overwrite(
    source: sqlite3.Connection, opened: sqlite3.Connection, target: Path, check: Callable[[], object]
) -> None:
    deadline = monotonic() + _PATIENCE

    def progress(status: int, *_: int) -> None:
        check()
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} and monotonic() > deadline:
            raise in_use(target)

    source.backup(opened, pages=_PAGES, progress=progress, sleep=0.05)


def _alone(path: Path) -> sqlite3.Connection:
    """Open a database that nobody else has open, and let nobody else open it; raises BackupError."""
    connection = _opened(path)
    try:
        connection.execute(f"PRAGMA busy_timeout={int(_PATIENCE * 1000)}")
        connection.execute("PRAGMA synchronous=FULL")
        # Everybody who has a database with a log open holds a lock on it, busy or not: then the log cannot be ended.
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise in_use(path) from error
        raise
    return connection


def in_use(path: Path) -> BackupError:
    """The error that somebody else has the database open."""
    return BackupError(f"{path} is open in another process: stop the bot (and close other programs that have it open)")


def check_unused(path: Path) -> None:
    """Raise BackupError if anybody has the database open; what is none any more cannot be."""
    if not path.exists():
        return
    try:
        _alone(path).close()
    except sqlite3.OperationalError as error:
        raise BackupError(f"{path} cannot be written: {error}; let this user write it, and its folder") from error
    except sqlite3.DatabaseError:
        return


def exchange(copy: Path, target: Path) -> Path:
    """Let `copy` take the place of a file that may be no database any more; return where that is now."""
    aside = free_name(target, "replaced")
    _move_logs(target, aside)
    shutil.copystat(target, copy)
    try:
        os.link(target, aside)
    except OSError:  # a file system without links
        target.rename(aside)
    copy.replace(target)
    sync(target.parent)
    return aside


def _move_logs(path: Path, aside: Path) -> None:
    """Move away what lies beside a database: SQLite would take it for the log of whatever stands there next."""
    for suffix in ("-wal", "-shm", "-journal"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.rename(aside.with_name(aside.name + suffix))


def free_name(path: Path, word: str) -> Path:
    """A name beside `path` that nothing has, for what has to make room: aha.db.replaced, aha.db.replaced2, ..."""
    number = 1
    while (aside := path.with_name(f"{path.name}.{word}{number if number > 1 else ''}")).exists():
        number += 1
    return aside


def _link(copy: Path, target: Path) -> None:
    # Unlike renaming it, this fails if somebody else has made the file meanwhile.
    try:
        os.link(copy, target)
    except FileExistsError:
        raise in_use(target) from None
    except OSError:  # a file system without links
        copy.rename(target)


def _opened(path: Path) -> sqlite3.Connection:
    """Open a file that is there."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
