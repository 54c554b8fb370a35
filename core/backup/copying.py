"""Moving a database from SQLite to PostgreSQL or back: `copy_database`, with all rows, counters and the ledger."""

from __future__ import annotations

import sqlite3
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from core.backup.copy_ledger import check_empty, finish_ledger, make_copies, read_source
from core.backup.copy_postgresql import PostgresEnd, postgres_end
from core.backup.copy_sqlite import Refused, SqliteEnd, sqlite_end
from core.backup.copy_values import Unfit, compared, converted
from core.backup.sqlite import path_of
from core.database.url import parse_url
from models.exc import BackupError, DatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from sqlalchemy import URL

    from core.backup.copy_types import ColumnCopy, TableCopy
    from core.migration.meaning import Meaning

    End: TypeAlias = SqliteEnd | PostgresEnd

# So many values that do not fit are named at once.
_SHOWN = 5
_SUM = 2**128


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a copy is: so many rows of `table` are done; `verified` says that they are read again and compared."""

    table: str
    done: int
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: `tables` with their numbers of rows. `left_out` says what the other database does not have."""

    tables: Mapping[str, int]
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """How many rows, and a sum over them that their order does not change."""

    rows: int = 0
    digest: int = 0

    def add(self, row: tuple[Any, ...]) -> None:
        self.rows += 1
        self.digest = (self.digest + int.from_bytes(blake2b(repr(row).encode(), digest_size=16).digest())) % _SUM


async def copy_database(from_url: str, to_url: str, *, progress: Callable[[Progress], object] | None = None) -> Copied:
    """Copy the bot's tables from one database to an empty one of the other kind, and compare them afterwards.

    The models of the modules that are loaded say what the tables are there; tables of others are carried along as they
    are. A bot may use the source: what it writes meanwhile is not copied. `progress` is called with each batch. Raises
    BackupError, which names what does not fit; then the target is as it was.
    """
    source_url, target_url = parse_url(from_url), parse_url(to_url)
    if source_url.get_backend_name() == target_url.get_backend_name():
        raise BackupError(
            "copy is for moving between SQLite and PostgreSQL; for the same kind: aha db backup, then aha db restore"
        )
    try:
        async with AsyncExitStack() as stack:
            source = await stack.enter_async_context(_end(source_url, target=False))
            target = await stack.enter_async_context(_end(target_url, target=True))
            return await _copy(source, target, progress or (lambda _: None))
    except BackupError:
        raise
    except DatabaseError as error:
        raise BackupError(f"the database cannot be copied: {error}") from error


def _end(url: URL, *, target: bool) -> Any:
    if url.get_backend_name() == "sqlite":
        return sqlite_end(path_of(url), target=target)
    return postgres_end(url, target=target)


async def _copy(source: End, target: End, progress: Callable[[Progress], object]) -> Copied:
    found = await source.run(read_source)
    await target.run(lambda connection: check_empty(connection, found))
    copies = await target.run(lambda connection: make_copies(connection, found, source.dialect))
    await target.prepare(copies)
    tallies: dict[str, _Tally] = {}
    for table in copies:
        await target.create(table)
        if not found.writes(table.name):
            tallies[table.name] = await _copy_rows(source, target, table, progress)
    counters = {
        table.name: counter
        for table in copies
        if table.numbered and (counter := await source.counter(table.name, table.numbered)) is not None
    }
    await target.finish(copies, counters)
    for table in copies:
        if table.name in tallies:
            await _verify(target, table, tallies[table.name], progress)
    wrote = {table.name: await _wrote(source, target, table, found.wrote(table.name)) for table in copies}
    differences = await target.run(lambda connection: finish_ledger(connection, found, copies, wrote))
    left_out = [*found.left_out, *await source.foreign_objects(), *(text for t in copies for text in t.left_out)]
    await target.commit()
    return Copied({name: tally.rows for name, tally in tallies.items()}, (*left_out, *differences))


async def _wrote(
    source: End, target: End, table: TableCopy, literals: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """The literals that migrations filled columns with, as the target writes them; what it cannot is forgotten."""
    found: dict[str, tuple[str, ...]] = {}
    for column in table.columns:
        for literal in literals.get(column.name, ()):
            with suppress(Unfit, sqlite3.Error):
                value = source.read(column.before)(await source.value(literal, column.before))
                proper = converted(column.before, column.after, target.dialect.name)(value)
                written = target.literal(target.writer(column.after)(proper))
                found[column.name] = (*found.get(column.name, ()), written)
    return found


# --- rows ---


async def _copy_rows(source: End, target: End, table: TableCopy, progress: Callable[[Progress], object]) -> _Tally:
    tally, problems = _Tally(), list[str]()
    rows = _Rows(source, target, table)
    async for batch in source.rows(table.name, *_asked(table.columns, "before")):
        written = rows.convert(batch, tally, problems)
        if not problems:
            try:
                await target.write(table, written)
            except Refused as error:
                raise BackupError(_complaint(table, rows.key(batch[error.row]), error.column, str(error))) from error
        if len(problems) >= _SHOWN:
            break
        progress(Progress(table.name, tally.rows))
    if problems:
        raise BackupError(f"{'; '.join(problems[:_SHOWN])}: correct or delete them, then copy again")
    return tally


class _Rows:
    """How the rows of a table are read, converted and written."""

    def __init__(self, source: End, target: End, table: TableCopy) -> None:
        dialect = target.dialect.name
        self._table = table
        self._steps = [
            (
                column.name,
                source.read(column.before),
                converted(column.before, column.after, dialect),
                target.writer(column.after),
                compared(column.before, column.after),
            )
            for column in table.columns
        ]
        names = [column.name for column in table.columns]
        self._key = [names.index(name) for name in table.key if name in names]

    def convert(self, batch: Sequence[Sequence[Any]], tally: _Tally, problems: list[str]) -> list[list[Any]]:
        """What is written for `batch`; what does not fit is entered in `problems`."""
        written = []
        for row in batch:
            values, same = [], []
            for value, (name, read, convert, write, compare) in zip(row, self._steps, strict=True):
                try:
                    proper = convert(read(value))
                    values.append(write(proper))
                    same.append(compare(proper) if compare else proper)
                except Unfit as error:
                    problems.append(_complaint(self._table, self.key(row), name, str(error)))
            written.append(values)
            tally.add(tuple(same))
        return written

    def key(self, row: Sequence[Any]) -> str:
        """The key of a row as messages show it; "" if the table has none."""
        values = [row[place] for place in self._key]
        return "" if not values else str(values[0]) if len(values) == 1 else str(tuple(values))


def _complaint(table: TableCopy, key: str, column: str | None, why: str) -> str:
    where = f"{table.name}.{column}" if column else table.name
    return f"{where}{f' (key {key})' if key else ''}: {why}"


def _asked(columns: Sequence[ColumnCopy], side: str) -> tuple[list[str], list[Meaning]]:
    return [column.name for column in columns], [getattr(column, side) for column in columns]


async def _verify(target: End, table: TableCopy, wanted: _Tally, progress: Callable[[Progress], object]) -> None:
    """Read what the target has now; raises BackupError unless it is what was copied."""
    steps = [(target.read(column.after), compared(column.before, column.after)) for column in table.columns]
    tally = _Tally()
    async for batch in target.rows(table.name, *_asked(table.columns, "after")):
        for row in batch:
            values = [read(value) for value, (read, _) in zip(row, steps, strict=True)]
            tally.add(tuple(same(v) if same else v for v, (_, same) in zip(values, steps, strict=True)))
        progress(Progress(table.name, tally.rows, verified=True))
    if tally.rows != wanted.rows:
        raise BackupError(f"{table.name}: {wanted.rows} rows were copied and {tally.rows} are there: nothing was kept")
    if tally.digest != wanted.digest:
        raise BackupError(f"{table.name}: the other database does not give the same values back: nothing was kept")
