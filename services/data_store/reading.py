"""Reading the table of a store: its rows in their order, each checked. It makes objects only to see whether it can."""

from __future__ import annotations

import asyncio
import sqlite3
from array import array
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from operator import le
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

from sqlalchemy import select

from core.database import db_engine
from models.exc import StoredValueError
from services.data_store.pickles import all_plain, plain, unpickled
from services.data_store.quarantine import as_it_stands, move_rows, readable
from services.data_store.rows import SUM, checksum, stamp
from services.data_store.writing import lasting, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Table

    Verify = Callable[[str, bytes, bytes | None], bool]

# Rows that are read at once: few enough to be in the processor's cache while they are looked at.
_FETCHED: Final = 500
# A server is asked for more, as each time costs a round trip.
_FETCHED_FROM_SERVER: Final = 2_000
_DAMAGED: Final = "its bytes are not those that were written"
# Rows of releases that knew no position: they come in the order in which they were written, after all others.
_NUMBER: Final = """
UPDATE {table} SET position = numbered.position FROM (
  SELECT key,
    (SELECT coalesce(max(position), 0) FROM {table}) + row_number() OVER (ORDER BY updated_at, key) AS position
  FROM {table} WHERE position IS NULL) AS numbered
WHERE {table}.key = numbered.key"""


@dataclass(slots=True)
class Content:
    """What a table holds: `data` in the order of a dict, and why the rows of other keys are `unreadable`.

    `damaged` rows are in quarantine now. A row that is inserted gets the position `next`, or a greater one.
    """

    data: dict[str, bytes]
    unreadable: dict[str, StoredValueError] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()
    next: int = 1


async def read_content(table: Table, module: str, *, verify: Verify) -> Content:
    """Read the table of the store of `module`; `verify` says whether key, value and mac were signed here."""
    rows = await _read(table)
    if rows.unnumbered:
        async with lasting() as connection:
            await connection.exec_driver_sql(_NUMBER.format(table=name_of(table)))
        rows = await _read(table)
    damaged = await _remove_damaged(table, module, rows)
    content = Content(rows.ordered(), damaged=damaged, next=max(rows.positions, default=0) + 1)
    if rows.acting:
        await asyncio.to_thread(_judge, content, rows.acting, verify)
    return content


async def _read(table: Table) -> _Rows:
    statement = f"SELECT key, value, checksum, mac, position FROM {name_of(table)}"  # noqa: S608 - a name, quoted
    rows = _Rows()
    async with db_engine.connect() as connection:
        # Straight from the driver: what SQLAlchemy makes of a row takes longer than all that is done with it here.
        driver: Any = (await connection.get_raw_connection()).driver_connection
        if db_engine.dialect.name == "sqlite":
            try:
                await driver.run(rows.take_from, statement, ())
            except sqlite3.OperationalError:  # so it says of text that is no UTF-8
                rows = _Rows()
                await driver.run(rows.take_any_from, statement, ())
            return rows
        async with driver.transaction(readonly=True):
            cursor = await driver.cursor(statement)
            while fetched := await cursor.fetch(_FETCHED_FROM_SERVER):
                rows.take(fetched)
    return rows


async def _remove_damaged(table: Table, module: str, rows: _Rows) -> tuple[str, ...]:
    """Put the damaged ones of the doubtful rows in quarantine, and take the others; return the keys of the damaged."""
    if not rows.doubtful:
        return ()
    damaged = []
    async with lasting() as connection:
        for key, row in rows.doubtful.items():
            same = table.columns.key == as_it_stands(key)
            written = await connection.scalar(select(table.columns.updated_at).where(same))
            if _is_sound(key, row.value, None) and written is not None and row.checksum & ~SUM != stamp(written):
                # A release that knows of no checksums has written it since.
                rows.take([(key, row.value, None, row.mac, row.position)])
            else:
                damaged.append(key)
        await move_rows(connection, table, module, dict.fromkeys(damaged, _DAMAGED))
    return tuple(map(readable, damaged))


def _judge(content: Content, acting: Iterable[tuple[str, bytes | None]], verify: Verify) -> None:
    """Find out now what cannot be read, so that it is known from the start."""
    for key, mac in acting:
        value = content.data[key]
        try:
            unpickled(value, trusted=verify(key, value, mac), key=key)
        except StoredValueError as error:
            content.unreadable[key] = error
            del content.data[key]


def _is_sound(key: Any, value: Any, expected: int | None) -> bool:
    """Whether key and value are as they were written, as far as is known; damage may have made anything of them."""
    if not (isinstance(key, str) and isinstance(value, bytes)):
        return False
    try:
        found = checksum(key, value)
    except UnicodeEncodeError:
        return False
    return expected is None or found == expected & SUM


class _Doubtful(NamedTuple):
    """A row that does not fit its checksum, or whose key or value is of no such type."""

    value: Any
    checksum: Any
    mac: bytes | None
    position: int


@dataclass(slots=True)
class _Rows:
    """Rows as they are read.

    `doubtful` are damaged, or another release wrote them; `acting` are keys and macs of what is not plain.
    """

    data: dict[str, bytes] = field(default_factory=dict)
    positions: array[int] = field(default_factory=lambda: array("q"))
    acting: list[tuple[str, bytes | None]] = field(default_factory=list)
    doubtful: dict[str | bytes, _Doubtful] = field(default_factory=dict)
    unnumbered: bool = False

    def take(self, rows: Sequence[Any]) -> None:
        """Take rows of key, value, checksum, mac and position; this is what loading a store takes its time for."""
        if rows and not self._take_together(rows):
            self._take_each(rows)

    def _take_together(self, rows: Sequence[Any]) -> bool:
        """Take rows of which none is special, without looking at each; False if one is."""
        keys, values, checksums, _, positions = zip(*rows, strict=True)
        sums = map(crc32, values, map(crc32, map(str.encode, keys)))
        try:
            if None in positions or list(sums) != list(map(SUM.__and__, checksums)) or not all_plain(values):
                return False
        except (TypeError, UnicodeEncodeError):
            return False
        self.data.update(zip(keys, values, strict=True))
        self.positions.extend(positions)
        return True

    def _take_each(self, rows: Sequence[Any]) -> None:
        for key, value, written, mac, position in rows:
            if position is None:
                self.unnumbered = True
            elif not _is_sound(key, value, written):
                self.doubtful[key] = _Doubtful(value, written, mac, position)
            else:
                if not plain(value):
                    self.acting.append((key, mac))
                self.data[key] = value
                self.positions.append(position)

    def take_from(self, cursor: Any, statement: str, parameters: Any) -> None:
        """Run the statement and take its rows, in the thread of an SQLite connection."""
        cursor.execute(statement, parameters)
        while fetched := cursor.fetchmany(_FETCHED):
            self.take(fetched)

    def take_any_from(self, cursor: Any, statement: str, parameters: Any) -> None:
        """Do the same where a key is no UTF-8: each byte that is none is taken as half of a surrogate pair."""
        cursor.connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        try:
            self.take_from(cursor, statement, parameters)
        finally:
            cursor.connection.text_factory = str

    def ordered(self) -> dict[str, bytes]:
        """The values by key, in the order of their positions."""
        places = self.positions
        if all(map(le, places, islice(places, 1, None))):
            return self.data
        keys = list(self.data)
        return {keys[n]: self.data[keys[n]] for n in sorted(range(len(keys)), key=places.__getitem__)}
