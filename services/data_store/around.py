"""A table of a store, pages of which are damaged in an SQLite file: what else is there is put into a new table.

The index of the keys lies in pages of its own, and says where each row is. So rows are asked for there, fewer and fewer
where SQLite can read none, until only those are left that lie in damaged pages. SQLite cannot remove the damaged table,
so it is taken off its list: its pages stay in the file, unused, where an expert may find more.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from core.migration.faults import code
from services.data_store.keys import named
from services.data_store.writing import lasting, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Table

logger = logging.getLogger(__name__)

_CORRUPT: Final = 11


def is_malformed(error: BaseException) -> bool:
    """Whether SQLite has found that pages of its file are damaged."""
    return code(error) == _CORRUPT


class Around:
    """Reads what can be read of `table`, named as SQL does: `rows`, each as it stands in all of its `columns`.

    `known` are the keys of these and of all others.
    """

    columns = ("key", "value", "updated_at", "position", "checksum", "mac", "version")

    def __init__(self, table: str) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.known: set[str] = set()
        self._select = f"SELECT {', '.join(self.columns)} FROM {table} NOT INDEXED"  # noqa: S608 - names
        # Sorted as the index is, they are read from there; sorted otherwise, they might not be.
        self._index = f"SELECT rowid, key FROM {table} ORDER BY key"  # noqa: S608 - a name

    def read(self, cursor: Any, *_: Any) -> None:
        """Read all, in the thread of an SQLite connection. Raises what SQLite does if table and index are damaged."""
        cursor = cursor.connection.cursor()
        try:
            places = cursor.execute(self._index).fetchall()
        except sqlite3.DatabaseError:
            self.rows = cursor.execute(self._select).fetchall()
            return
        self.known = {key for _, key in places}
        if places:
            self._read(cursor, sorted(place for place, _ in places))

    def _read(self, cursor: Any, places: Sequence[int]) -> None:
        between = (places[0], places[-1])
        try:
            self.rows += cursor.execute(f"{self._select} WHERE rowid BETWEEN ? AND ?", between).fetchall()
        except sqlite3.DatabaseError as error:
            if not is_malformed(error) and "UTF-8" not in str(error):  # what it says of text that is none
                raise
            middle = len(places) // 2
            if middle:
                self._read(cursor, places[:middle])
                self._read(cursor, places[middle:])


async def make_anew(table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """Let `table` have these rows, as `Around` has read them, and no others."""
    async with lasting() as connection:
        await connection.exec_driver_sql("PRAGMA writable_schema = ON")
        try:
            await connection.exec_driver_sql(
                "DELETE FROM sqlite_master WHERE tbl_name = ? AND type IN ('table', 'index')", (table.name,)
            )
        finally:
            await connection.exec_driver_sql("PRAGMA writable_schema = RESET")
        await connection.run_sync(table.create, checkfirst=False)
        columns, marks = ", ".join(Around.columns), ", ".join("?" * len(Around.columns))
        # Where the index is damaged, a key may have been there twice: what was written later counts.
        statement = f"INSERT OR REPLACE INTO {name_of(table)} ({columns}) VALUES ({marks})"  # noqa: S608 - names
        await connection.exec_driver_sql(statement, list(rows))


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
