"""SQLite's end of a copy: one connection and one transaction, as source or as target. What goes where is told to it."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from core.backup import sqlite
from core.backup.copy_types import names, quoted
from core.backup.copy_values import Unfit, decoded, from_sqlite
from core.backup.threads import apart
from core.database.url import what_it_said
from core.migration.sqlite.ddl import AUTOINCREMENT, create_table
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Dialect

    from core.backup.copy_types import TableCopy
    from core.migration.meaning import Meaning

T = TypeVar("T")
BATCH = 2000
_FOREIGN_OBJECTS = """
SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('view', 'trigger')
OR (type = 'table' AND sql NOT LIKE 'CREATE TABLE%') ORDER BY 1
"""


class SqliteEnd:
    """A database that is read from, or written to, in one transaction."""

    read = staticmethod(from_sqlite)

    def __init__(self, raw: sqlite3.Connection, connection: Connection) -> None:
        self._raw = raw
        self._connection = connection
        self.dialect: Dialect = connection.dialect

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` with an SQLAlchemy connection that is in the transaction."""
        return await apart(work, self._connection)

    async def foreign_objects(self) -> list[str]:
        """What is there besides tables."""
        return [row[0] for row in self._raw.execute(_FOREIGN_OBJECTS)]

    async def rows(self, table: str, columns: Sequence[str], _: Sequence[Meaning]) -> AsyncIterator[list[Any]]:
        """The rows, as they are stored, in batches."""
        cursor = self._raw.execute(f"SELECT {names(columns)} FROM {quoted(table)}")
        while rows := await apart(cursor.fetchmany, BATCH):
            yield rows

    async def counter(self, table: str, _: str) -> int | None:
        """The last number that a table gave itself; None if nothing remembers it."""
        if not self._raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
            return None
        row = self._raw.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return row[0] if row else None

    async def value(self, literal: str, _: Meaning) -> Any:
        """The value of an SQL literal, as `rows` gives it."""
        return self._raw.execute(f"SELECT {literal}").fetchone()[0]

    # --- as a target ---

    def literal(self, value: Any) -> str:
        """The SQL literal of a value."""
        return str(self._raw.execute("SELECT quote(?)", (value,)).fetchone()[0])

    async def prepare(self, _: Sequence[TableCopy]) -> None:
        """Nothing has to be there before the tables."""

    async def create(self, table: TableCopy) -> None:
        """Create a table without its indexes."""
        self._raw.execute(create_table(table.state, table.name))

    def writer(self, _: Meaning) -> Callable[[Any], Any]:
        """How a value is written: as it is."""
        return _same

    async def write(self, table: TableCopy, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows; raises Refused for the first that the database does not take."""
        columns = [column.name for column in table.columns]
        marks = ", ".join("?" * len(columns))
        insert = f"INSERT INTO {quoted(table.name)} ({names(columns)}) VALUES ({marks})"
        await apart(self._insert, insert, rows)

    def _insert(self, insert: str, rows: Sequence[Sequence[Any]]) -> None:
        self._raw.execute("SAVEPOINT batch")
        try:
            self._raw.executemany(insert, rows)
        except sqlite3.IntegrityError:
            self._raw.execute("ROLLBACK TO batch")
            for number, row in enumerate(rows):
                try:
                    self._raw.execute(insert, row)
                except sqlite3.IntegrityError as error:
                    raise Refused(str(error), number) from error
        self._raw.execute("RELEASE batch")

    async def finish(self, tables: Sequence[TableCopy], counters: dict[str, int]) -> None:
        """Make what can only be made when the rows are there."""
        for table in tables:
            for index in table.state.indexes:
                await apart(self._raw.execute, index.sql)
            if AUTOINCREMENT in table.state.options and table.name in counters:
                self._raw.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
                self._raw.execute(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, counters[table.name])
                )

    async def commit(self) -> None:
        """Let it count."""
        await apart(self._raw.execute, "COMMIT")


class Refused(Unfit):
    """The database did not take a row; `row` is its place in the batch, `column` is None if it did not say which."""

    def __init__(self, why: str, row: int, column: str | None = None) -> None:
        super().__init__(why)
        self.row = row
        self.column = column


def _same(value: Any) -> Any:
    return value


def _opened(path: Path, *, target: bool) -> tuple[bool, sqlite3.Connection]:
    """Open the file; whether it was not there before."""
    is_new = not path.exists()
    if is_new and not target:
        raise BackupError(f"there is no database {path}: check the URL")
    if target:
        sqlite.check_unused(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    uri = f"{path.absolute().as_uri()}?mode={'rwc' if target else 'rw'}"
    return is_new, sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


@asynccontextmanager
async def sqlite_end(path: Path, *, target: bool) -> AsyncIterator[SqliteEnd]:
    """Open the file; what was not committed is gone afterwards. Raises BackupError."""
    is_new, raw = _opened(path, target=target)
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    done = False
    try:
        with engine.connect() as connection:
            raw.execute("BEGIN IMMEDIATE" if target else "BEGIN")
            raw.text_factory = decoded
            yield SqliteEnd(raw, connection)
            done = not raw.in_transaction
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise BackupError(f"{path}: {what_it_said(error)}") from error
    finally:
        engine.dispose()
        raw.close()
        if target and is_new and not done:
            path.unlink(missing_ok=True)  # noqa: ASYNC240 - at once
