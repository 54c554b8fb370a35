"""Bringing very many rows to a table on PostgreSQL by COPY. Which they are and in which transaction, others decide.

A fold of 100,000 rows takes the server a third less time so, and writes a third less to its log: rows of new keys go
straight into the table, others to a temporary one, from where one UPDATE takes them. The event loop only passes on what
threads have packed. If the server will not have it (no right to temporary tables, a key is there after all, ...),
nothing has happened, and there are statements for which it needs no more than the table.
"""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import repeat
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError

from services.data_store.ahead import ahead

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.data_store.rows import Rows

# What is packed at once: little enough that nobody waits long for the interpreter, much enough that keys that lie near
# each other in the index come together.
_ROWS: Final = 5_000
_BYTES: Final = 1_000_000

_COLUMNS: Final = ("key", "value", "checksum", "mac", "position", "updated_at", "version")
_CREATE: Final = (
    "CREATE TEMPORARY TABLE aha_store_given (key text, value bytea, checksum bigint, mac bytea, position bigint, "
    "updated_at timestamptz, version bigint)"
)
_UPDATE: Final = (
    "UPDATE {table} SET value = given.value, checksum = given.checksum, mac = given.mac, "
    "updated_at = given.updated_at, version = coalesce({table}.version, 0) + 1 "
    "FROM aha_store_given AS given WHERE {table}.key = given.key"
)
_INSERT: Final = (
    "INSERT INTO {table} (key, value, checksum, mac, position, updated_at, version) "
    "SELECT key, value, checksum, mac, position, updated_at, version FROM aha_store_given ORDER BY position "
    "ON CONFLICT (key) DO NOTHING"
)


async def insert_copied(connection: AsyncConnection, table: Table, rows: Rows) -> bool:
    """Insert `rows`, of which none is there; False if that cannot be done so."""

    async def insert(driver: Any) -> None:
        await _copy(driver, table.name, rows)

    return await _tried(connection, insert)


async def update_copied(connection: AsyncConnection, table: str, rows: Rows) -> bool:
    """Update `rows`, and insert those that are not there after all; False if that cannot be done so.

    `table` is its name as SQL has it.
    """

    async def update(driver: Any) -> None:
        await connection.exec_driver_sql(_CREATE)
        await _copy(driver, "aha_store_given", rows)
        updated = await connection.exec_driver_sql(_UPDATE.format(table=table))
        if updated.rowcount < len(rows):
            await connection.exec_driver_sql(_INSERT.format(table=table))
        await connection.exec_driver_sql("DROP TABLE aha_store_given")

    return await _tried(connection, update)


async def _tried(connection: AsyncConnection, work: Callable[[Any], Awaitable[None]]) -> bool:
    """Do `work`; False if the server refuses any of it, and then none is done."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    try:
        async with connection.begin_nested():
            await work(driver)
    except (DBAPIError, asyncpg.PostgresError):
        if driver.is_closed():
            raise
        return False
    return True


async def _copy(driver: Any, table: str, rows: Rows) -> None:
    async with aclosing(_stream(rows)) as source:
        await driver.copy_to_table(table, source=source, columns=_COLUMNS, format="binary")


# --- PostgreSQL's binary format of COPY: each field has its length before it, -1 for NULL -----------------------------

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_FIRST: Final = Struct("!hi").pack  # the number of fields, and the length of the first
_LENGTH: Final = Struct("!i").pack
_NUMBER: Final = Struct("!iq").pack
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def _stream(rows: Rows) -> AsyncGenerator[bytes, None]:
    yield _SIGNATURE
    async with aclosing(ahead(packed, rows.parts(_ROWS, _BYTES))) as parts:
        async for part in parts:
            yield part
    yield _END


def packed(rows: Rows) -> bytes:
    """The fields of `rows`, as COPY takes them, in the order of the keys: the pages of the index are at hand then."""
    keys, values, macs = list(map(str.encode, rows.keys)), rows.values, rows.macs()
    moment = (rows.moment - _EPOCH) // timedelta(microseconds=1)
    fields = zip(
        map(_FIRST, repeat(len(_COLUMNS)), map(len, keys)),
        keys,
        map(_LENGTH, map(len, values)),
        values,
        map(_NUMBER, repeat(8), rows.checksums()),
        map(_optional, macs) if any(macs) else repeat(_NULL),
        map(_NUMBER, repeat(8), range(rows.first, rows.first + len(rows))),
        repeat(_NUMBER(8, moment) + _NUMBER(8, 1)),
    )
    records = list(map(b"".join, fields))
    return b"".join(map(records.__getitem__, sorted(range(len(rows)), key=rows.keys.__getitem__)))


def _optional(data: bytes | None) -> bytes:
    return _NULL if data is None else _LENGTH(len(data)) + data
