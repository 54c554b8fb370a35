"""Putting damaged rows of a table in quarantine, so that all others can be read. What is damaged, `careful` says."""

from __future__ import annotations

from contextlib import asynccontextmanager
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from sqlalchemy import column, delete, update

from services.data_store.careful import rows_in
from services.data_store.quarantine import Outcast, keep
from services.data_store.rows import checksum, stamp
from services.data_store.writing import lasting, name_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import ColumnElement, Connection, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.data_store.careful import Row

_TWICE: Final = "its key is there a second time, and was written there later"


async def remove_damaged(table: Table, module: str) -> tuple[list[Row], tuple[str, ...]]:
    """Put the damaged rows of the store of `module` in quarantine; return all others, and the keys of the damaged.

    What a release that knows of no checksums has written is given its own. A row of which not even the place is right
    stays in the table, where nobody finds it but who reads all of it: it is damaged the next time, too.
    """
    async with lasting() as connection:
        damaged, sound = await connection.run_sync(_sorted, table)
        for row in filter(attrgetter("is_rewritten"), sound):
            sum_ = stamp(row.at) | checksum(row.key, row.value) if row.at is not None else None
            await connection.execute(update(table).where(_at(table, row)).values(checksum=sum_))
        if damaged:
            await keep(connection, [_outcast(module, row, reason) for row, reason in damaged])
            async with _index_made_anew(connection, table):
                for row, _ in damaged:
                    await connection.execute(delete(table).where(_at(table, row)))
    return sound, tuple(row.key for row, _ in damaged)


def _sorted(connection: Connection, table: Table) -> tuple[list[tuple[Row, str]], list[Row]]:
    """The rows that are damaged, with the reasons, and all others."""
    damaged: list[tuple[Row, str]] = []
    sound: dict[str, Row] = {}
    for row in rows_in(connection, table):
        if (reason := row.fault()) is not None:
            damaged.append((row, reason))
            continue
        if row.key in sound:
            damaged.append((sound[row.key], _TWICE))
        sound[row.key] = row
    return damaged, list(sound.values())


def _outcast(module: str, row: Row, reason: str) -> Outcast:
    return Outcast(
        module,
        row.key.replace("\0", "\N{REPLACEMENT CHARACTER}"),  # PostgreSQL takes none, should it come there
        row.value,
        reason,
        checksum=row.checksum if isinstance(row.checksum, int) else None,
        mac=row.mac if isinstance(row.mac, bytes) else None,
    )


def _at(table: Table, row: Row) -> ColumnElement[bool]:
    return table.columns.key == row.place if isinstance(row.place, str) else column("rowid") == row.place


@asynccontextmanager
async def _index_made_anew(connection: AsyncConnection, table: Table) -> AsyncIterator[None]:
    """Let rows of an SQLite table be removed whose keys are not those of its index, which is right afterwards.

    Without it they could not be: what is not in the index where it should be counts as a damaged file. And what is set
    later would come into the row that the index says, under whatever key that has now.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    # SQLite is less strict while this is set, which is all that is wanted of it.
    await connection.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        yield
    finally:
        await connection.exec_driver_sql("PRAGMA writable_schema = OFF")
    await connection.exec_driver_sql(f"REINDEX {name_of(table)}")
