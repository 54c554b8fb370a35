"""Reading the table of a store: its rows in their order, each checked. What objects they become, others find out."""

from __future__ import annotations

import sqlite3
from array import array
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from operator import le
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from core.database import db_engine
from core.database.url import what_it_said
from core.migration.faults import remedy
from models.exc import DatabaseError, StoredValueError
from services.data_store.around import Around, is_malformed, make_anew, report
from services.data_store.damage import remove_damaged
from services.data_store.pickles import Judge, all_plain, plain
from services.data_store.rows import FAR, SUM, checksum
from services.data_store.threads import in_thread
from services.data_store.writing import lasting, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Table

    from services.data_store.entries import Entries

    Verify = Callable[[str, bytes, bytes | None], bool]

# Rows that are read at once: few enough to be in the processor's cache while they are looked at.
_FETCHED: Final = 500
# A server is asked for more, as each time costs a round trip.
_FETCHED_FROM_SERVER: Final = 2_000
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
    """Read the table of the store of `module`; `verify` says whether key, value and mac were signed here.

    Raises what the database raises, and DatabaseError with what can be done if its file is damaged.
    """
    try:
        rows, damaged = await _read_sound(table, module)
    except Exception as error:
        if (helps := remedy(error)) is None:
            raise
        raise DatabaseError(f"table {table.name} cannot be read: {what_it_said(error)}; {helps}") from error
    content = Content(rows.ordered(), damaged=damaged, next=rows.last + 1)
    if rows.acting:
        await in_thread(_judge, content, rows.acting, verify)
    return content


async def _read_sound(table: Table, module: str) -> tuple[_Rows, tuple[str, ...]]:
    """The rows, of which each has a position now, and the keys of those that were damaged."""
    damaged: tuple[str, ...] = ()
    try:
        rows = await _read(table)
        is_sound = rows.is_sound()
    except sqlite3.DatabaseError as error:
        if is_malformed(error):
            await mend(table, module, error)
            return await _read_sound(table, module)
        if "UTF-8" not in str(error):  # what it says of text that is none
            raise
        is_sound = False
    if not is_sound:
        sound, damaged = await remove_damaged(table, module)
        rows = _Rows()
        rows.take([(row.key, row.value, None, row.mac, row.position) for row in sound])
    if rows.unnumbered:
        async with lasting() as connection:
            await connection.exec_driver_sql(_NUMBER.format(table=name_of(table)))
        rows = await _read(table)
    return rows, damaged


async def mend(table: Table, module: str, error: Exception, *, entries: Entries[Any] | None = None) -> None:
    """Make a table anew of its rows outside of damaged pages of an SQLite file; raises `error` if there are none.

    What else is in `entries`, which were loaded before, comes into the journal. All other keys are reported.
    """
    around = Around(name_of(table))
    async with db_engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            await driver.run(around.read, "", ())
        except sqlite3.DatabaseError:
            raise error from None
    if not around.rows:
        raise error
    there = {key: value for key, value, *_ in around.rows}
    lost = around.known - there.keys()
    if entries is not None:
        entries.write_again(there)
        lost -= entries.data.keys()
    await make_anew(table, around.rows)
    report(module, table.name, sorted(lost))


async def _read(table: Table) -> _Rows:
    statement = f"SELECT key, value, checksum, mac, position FROM {name_of(table)}"  # noqa: S608 - a name, quoted
    rows = _Rows()
    async with db_engine.connect() as connection:
        # Straight from the driver: what SQLAlchemy makes of a row takes longer than all that is done with it here.
        driver: Any = (await connection.get_raw_connection()).driver_connection
        if db_engine.dialect.name == "sqlite":
            await driver.run(rows.take_from, statement, ())
            return rows
        async with driver.transaction(readonly=True):
            cursor = await driver.cursor(statement)
            while fetched := await cursor.fetch(_FETCHED_FROM_SERVER):
                rows.take(fetched)
    return rows


def _judge(content: Content, acting: Iterable[tuple[str, bytes | None]], verify: Verify) -> None:
    """Find out now what cannot be read, so that it is known from the start."""
    judge = Judge()
    for key, mac in acting:
        value = content.data[key]
        try:
            content.data[key] = judge.judged(value, signed=verify(key, value, mac), key=key)
        except StoredValueError as error:
            content.unreadable[key] = error
            del content.data[key]


@dataclass
class _Rows:
    """Rows as they are read.

    `acting` are keys and macs of what is not plain. Rows that are not as they should be are left out: those without a
    position, which are `unnumbered`, and `doubtful` ones.
    """

    data: dict[str, bytes] = field(default_factory=dict)
    positions: array[int] = field(default_factory=lambda: array("q"))
    acting: list[tuple[str, bytes | None]] = field(default_factory=list)
    unnumbered: bool = False
    doubtful: bool = False

    def take(self, rows: Sequence[Any]) -> None:
        """Take rows of key, value, checksum, mac and position; this is what loading a store takes its time for."""
        if rows and not self._take_together(rows):
            self._take_each(rows)

    def _take_together(self, rows: Sequence[Any]) -> bool:
        """Take rows of which none is special, without looking at each; False if one is."""
        keys, values, checksums, macs, positions = zip(*rows, strict=True)
        sums = map(crc32, values, map(crc32, map(str.encode, keys)))
        try:
            if list(sums) != list(map(SUM.__and__, checksums)) or not all_plain(values) or any(macs):
                return False
            places = array("q", positions)
        except (TypeError, UnicodeEncodeError):
            return False
        self.data.update(zip(keys, values, strict=True))
        self.positions.extend(places)
        return True

    def _take_each(self, rows: Sequence[Any]) -> None:
        for key, value, written, mac, position in rows:
            if position is None:
                self.unnumbered = True
            if not _is_sound(key, value, written, mac, position):
                self.doubtful = True
            elif position is not None:
                if not plain(value):
                    self.acting.append((key, mac))
                self.data[key] = value
                self.positions.append(position)

    def take_from(self, cursor: Any, statement: str, parameters: Any) -> None:
        """Run the statement and take its rows, in the thread of an SQLite connection."""
        cursor.execute(statement, parameters)
        while fetched := cursor.fetchmany(_FETCHED):
            self.take(fetched)

    def is_sound(self) -> bool:
        """Whether none of them has to be looked at more closely."""
        if self.doubtful or len(self.data) != len(self.positions):  # the same key twice: an index is damaged
            return False
        return not self.positions or (self._least() > 0 and self.last < FAR)

    @cached_property
    def in_order(self) -> bool:
        """Whether they came in the order of their positions, as they nearly always do."""
        return all(map(le, self.positions, islice(self.positions, 1, None)))

    @cached_property
    def last(self) -> int:
        """The highest position, 0 if there is none."""
        return self.positions[-1] if self.in_order and self.positions else max(self.positions, default=0)

    def _least(self) -> int:
        return self.positions[0] if self.in_order else min(self.positions)

    def ordered(self) -> dict[str, bytes]:
        """The values by key, in the order of their positions."""
        if self.in_order:
            return self.data
        keys, places = list(self.data), self.positions
        return {keys[n]: self.data[keys[n]] for n in sorted(range(len(keys)), key=places.__getitem__)}


def _is_sound(key: Any, value: Any, written: Any, mac: Any, position: Any) -> bool:
    """Whether a row is as it was written, as far as is known; damage may have made anything of it."""
    if not (isinstance(key, str) and isinstance(value, bytes) and isinstance(mac, bytes | None)):
        return False
    if not (isinstance(written, int | None) and isinstance(position, int | None)):
        return False
    try:
        found = checksum(key, value)
    except UnicodeEncodeError:
        return False
    return written is None or found == written & SUM
