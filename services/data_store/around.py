"""A table of a store, pages of which are damaged in an SQLite file: what else is there is put into a new table.

The index of the keys lies in pages of its own, and says where each row is. So rows are asked for there, fewer and fewer
where SQLite can read none, until only those are left that lie in damaged pages. SQLite cannot remove the damaged table,
so it is taken off its list: its pages stay in the file, unused, where an expert may find more.
"""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert

from core.migration.faults import code
from services.data_store.keys import named
from services.data_store.rows import checksum, stamp
from services.data_store.writing import lasting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Table

logger = logging.getLogger(__name__)

_CORRUPT: Final = 11


def is_malformed(error: BaseException) -> bool:
    """Whether SQLite has found that pages of its file are damaged."""
    return code(error) == _CORRUPT


class Around:
    """Reads what can be read of `table`, named as SQL does: each time that it has rows with `columns` it calls `take`.

    `known` are the keys of all rows, when it has read.
    """

    def __init__(self, table: str, columns: str, take: Callable[[Sequence[Any]], None]) -> None:
        self.known: set[str] = set()
        self._table = table
        self._columns = columns
        self._take = take

    def read(self, cursor: Any, *_: Any) -> None:
        """Read all, in the thread of an SQLite connection. Raises what SQLite does if table and index are damaged."""
        cursor = cursor.connection.cursor()
        try:
            # Sorted as the index is, they are read from there; sorted otherwise, they might not be.
            places = cursor.execute(f"SELECT rowid, key FROM {self._table} ORDER BY key").fetchall()  # noqa: S608 - a name
        except sqlite3.DatabaseError:
            self._take(cursor.execute(f"SELECT {self._columns} FROM {self._table} NOT INDEXED").fetchall())  # noqa: S608
            return
        self.known = {key for _, key in places}
        if places:
            self._read(cursor, sorted(place for place, _ in places))

    def _read(self, cursor: Any, places: Sequence[int]) -> None:
        try:
            where = f"{self._table} NOT INDEXED WHERE rowid BETWEEN ? AND ?"
            rows = cursor.execute(f"SELECT {self._columns} FROM {where}", (places[0], places[-1])).fetchall()  # noqa: S608
        except sqlite3.DatabaseError as error:
            if not is_malformed(error):
                raise
            middle = len(places) // 2
            if middle:
                self._read(cursor, places[:middle])
                self._read(cursor, places[middle:])
        else:
            self._take(rows)


async def make_anew(table: Table, rows: Iterable[tuple[str, bytes, bytes | None]]) -> None:
    """Let `table` have these rows, of key, value and mac, and no others."""
    moment = datetime.now(UTC)
    kept = [
        {
            "key": key, "value": value, "mac": mac, "position": position, "updated_at": moment, "version": 1,
            "checksum": stamp(moment) | checksum(key, value),
        }
        for position, (key, value, mac) in enumerate(rows, 1)
    ]  # fmt: skip
    async with lasting() as connection:
        await connection.exec_driver_sql("PRAGMA writable_schema = ON")
        try:
            await connection.exec_driver_sql(
                "DELETE FROM sqlite_master WHERE tbl_name = ? AND type IN ('table', 'index')", (table.name,)
            )
        finally:
            await connection.exec_driver_sql("PRAGMA writable_schema = RESET")
        await connection.run_sync(table.create, checkfirst=False)
        await connection.execute(insert(table), kept)


def report(owner: str, table: str, lost: Sequence[str]) -> None:
    """Say which keys of the store of module `owner` are not there, and what helps."""
    if lost:
        logger.warning(
            "SimpleStore of module %s: %s in table %s cannot be read, as the database file is damaged; all others are "
            "there. To have all of it, restore a backup (aha db restore FILE); look at the disk",
            owner, named(lost), table,
        )  # fmt: skip
    else:
        logger.warning(
            "SimpleStore of module %s: table %s was damaged in the database file and is made anew, with all keys; "
            "look at the disk", owner, table,
        )  # fmt: skip
