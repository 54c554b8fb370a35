"""Whether there is room for what a migration copies. Only SQLite's disk is ours to look at."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

# A table that is copied is there twice, and once more in the log until the next checkpoint.
_TIMES = 2
_SPARE = 16 * 2**20


def check_room(connection: Connection, tables: Collection[str]) -> None:
    """Raise DatabaseError unless there is room for copies of `tables`; does nothing on PostgreSQL."""
    if connection.dialect.name != "sqlite" or not tables:
        return
    file = Path(connection.scalar(text("SELECT file FROM pragma_database_list WHERE name = 'main'")) or "")
    free = free_bytes(file.parent)
    if free >= _TIMES * _file_bytes(connection) + _SPARE:
        return
    needed = _TIMES * _table_bytes(connection, tables) + _SPARE
    if free < needed:
        raise DatabaseError(
            f"the tables {', '.join(sorted(tables))} have to be copied, which takes {needed // 2**20:,} MB in "
            f"{file.parent}, and {free // 2**20:,} MB are free: make room and start again"
        )


def free_bytes(folder: Path) -> int:
    """How many bytes this user may still write there."""
    return shutil.disk_usage(folder).free


def _file_bytes(connection: Connection) -> int:
    pages = connection.scalar(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
    return int(pages or 0)


def _table_bytes(connection: Connection, tables: Collection[str]) -> int:
    """The size of `tables`; that of the file where this SQLite cannot tell."""
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in tables)
    try:
        size = connection.exec_driver_sql(f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({names})").scalar()
    except DBAPIError:
        return _file_bytes(connection)
    return int(size or 0)
