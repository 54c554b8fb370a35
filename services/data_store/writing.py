"""Bringing rows to the table of a store, many with each statement. When and which, others decide.

All of it happens in the transaction of `lasting`, which is on the disk when it is committed, whatever is configured.
"""

from __future__ import annotations

import random
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import DBAPIError

from core.database import db_engine
from core.migration.faults import code
from services.data_store.ahead import ahead
from services.data_store.copying import insert_copied, update_copied
from services.data_store.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Set

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.data_store.rows import Rows

    # Of the name of a table and the rows: the statement, and what it is given.
    Statement = Callable[[str, Rows], tuple[str, tuple[Any, ...]]]

# What one statement takes, and how many go to the driver at once. On PostgreSQL it is put together in the event loop,
# which must not stand still for long; on SQLite it is given its parameters with the interpreter held, for which the
# event loop waits, but the way to the driver's thread and back takes longer than such a statement.
_ROWS: Final = {"sqlite": 500, "postgresql": 2_000}
_BYTES: Final = 1_000_000
_AT_ONCE: Final = {"sqlite": 4, "postgresql": 1}
# From so many rows on PostgreSQL has them by COPY, which takes it a few statements more.
_COPIED: Final = 10_000
# How SQLite is set meanwhile. Keys come in no order, so a large fold goes all over the table and its index; with the
# 2 MB of memory that it has else it would read pages again and again. What it takes beyond them is given back. And
# each statement first copies the pages that it changes, so that it can be undone: in memory, not in a file (2).
_LASTING: Final = {"synchronous": 2, "cache_size": -32_000, "temp_store": 2}
# What a database calls it if it does not like a row: SQLite's result codes, the beginnings of PostgreSQL's.
_REFUSALS: Final = (18, 19, 20, "22", "23", "44", "54", "P0")
# So many rows are found out to be refused at once, as each takes a few statements. The others have their turn later.
_MOST_REFUSED: Final = 100
# If there are many of those others and none was taken, a few of them are tried. If not even one of these is, it is not
# for what is in them.
_MANY: Final = 1_000
_PROBES: Final = 20

_UPDATE: Final = """
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, checksum = excluded.checksum,
mac = excluded.mac, version = coalesce({table}.version, 0) + 1"""


@dataclass(slots=True)
class Refusals:
    """The keys of rows that the database does not take, with its errors: those `alone` were tried alone.

    All `others` were tried only with some that are refused, so they may be taken the next time. That none of many is
    taken says nothing of those that are `known` to be refused.
    """

    alone: dict[str, Exception] = field(default_factory=dict)
    others: dict[str, Exception] = field(default_factory=dict)
    taken: int = 0
    known: bool = False


@asynccontextmanager
async def lasting() -> AsyncIterator[AsyncConnection]:
    """A transaction that is committed, on the disk for good, at the end of the body."""
    async with db_engine.connect() as connection:
        if db_engine.dialect.name == "postgresql":
            await connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
            yield connection
            await connection.commit()
            return
        # SQLite lets nobody change this inside a transaction; ours begins with the first write.
        before = {name: await _pragma(connection, name) for name in _LASTING}
        for name, value in _LASTING.items():
            await connection.exec_driver_sql(f"PRAGMA {name} = {value}")
        try:
            yield connection
            await connection.commit()
        finally:
            await connection.rollback()
            for name, value in before.items():
                await connection.exec_driver_sql(f"PRAGMA {name} = {value}")


async def _pragma(connection: AsyncConnection, name: str) -> int:
    return int((await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one())


async def upsert_rows(
    connection: AsyncConnection,
    table: Table,
    rows: Rows,
    *,
    born: Set[str] = frozenset(),
    refused: Refusals | None = None,
) -> None:
    """Insert `rows`, or update those that are there, which stay where they stand. Of `born` keys, none should be there.

    With `refused` given, rows that the database does not take are entered there with its error, and the others are
    written, unless it seems to take none of many. Without it the error is raised.
    """
    upsert = _UPSERTS[connection.dialect.name]
    if connection.dialect.name == "sqlite" or refused is not None or len(rows) < _COPIED:
        return await _write(connection, table, rows, upsert, refused)
    new, known = await in_thread(rows.divided, born)
    if len(new) < _COPIED or not await insert_copied(connection, table, new):
        await _write(connection, table, new, upsert, None)
    if len(known) < _COPIED or not await update_copied(connection, name_of(table), known):
        await _write(connection, table, known, upsert, None)
    return None


async def delete_rows(
    connection: AsyncConnection, table: Table, rows: Rows, *, refused: Refusals | None = None
) -> None:
    """Delete the rows with the keys of `rows`, as far as they are there; `refused` is as for `upsert_rows`."""
    await _write(connection, table, rows, _DELETES[connection.dialect.name], refused)


def is_refusal(error: BaseException) -> bool:
    """Whether the database has a row in mind, and not the table, itself or the connection."""
    found = code(error)
    return isinstance(error, DBAPIError) and any(
        found == refusal if isinstance(refusal, int) else str(found).startswith(refusal) for refusal in _REFUSALS
    )


async def _write(
    connection: AsyncConnection, table: Table, rows: Rows, statement: Statement, refused: Refusals | None
) -> None:
    dialect = connection.dialect.name
    parts = rows.parts(_ROWS[dialect], _BYTES)
    if refused is None:
        several = iter(lambda: list(islice(parts, _AT_ONCE[dialect])), [])
        async with aclosing(ahead(partial(_together, statement, name_of(table)), several)) as made:
            async for statements in made:
                for sql, given in statements.items():
                    await connection.exec_driver_sql(sql, given)
        return
    refused.taken = 0
    for part in parts:
        await _sift(connection, table, part, statement, refused)
    if not (refused.known or refused.taken) and len(refused.others) > _MANY:
        await _probe(connection, table, rows, statement, refused)


def _together(statement: Statement, table: str, parts: Iterable[Rows]) -> dict[str, list[tuple[Any, ...]]]:
    """The statements for some parts, each with all that it is given; parts of one size have the same."""
    statements: dict[str, list[tuple[Any, ...]]] = {}
    for part in parts:
        sql, given = statement(table, part)
        statements.setdefault(sql, []).append(given)
    return statements


async def _sift(connection: AsyncConnection, table: Table, rows: Rows, statement: Statement, refused: Refusals) -> None:
    """Write what the database takes of `rows`, halving what it does not."""
    try:
        async with connection.begin_nested():
            await connection.exec_driver_sql(*statement(name_of(table), rows))
    except DBAPIError as error:
        if not is_refusal(error):
            raise
        if len(refused.alone) >= _MOST_REFUSED:
            refused.others.update(dict.fromkeys(rows.keys, error))
            return
        if len(rows) == 1:
            refused.alone[rows.keys[0]] = error
            return
        middle = len(rows) // 2
        await _sift(connection, table, rows.part(0, middle), statement, refused)
        await _sift(connection, table, rows.part(middle, len(rows)), statement, refused)
    else:
        refused.taken += len(rows)


async def _probe(
    connection: AsyncConnection, table: Table, rows: Rows, statement: Statement, refused: Refusals
) -> None:
    """Try some of the rows that were put off, each alone; raise the error of one if none of them is taken."""
    numbers = [number for number, key in enumerate(rows.keys) if key in refused.others]
    for number in random.sample(numbers, min(_PROBES, len(numbers))):
        error = refused.others.pop(key := rows.keys[number])
        await _sift(connection, table, rows.part(number, number + 1), statement, refused)
        if key in refused.others:
            refused.alone[key] = refused.others.pop(key)
    if not refused.taken:
        raise error


def _upsert_sqlite(table: str, rows: Rows) -> tuple[str, tuple[Any, ...]]:
    values: list[Any] = [None] * (4 * len(rows))
    values[0::4], values[1::4], values[2::4], values[3::4] = rows.keys, rows.values, rows.checksums(), rows.macs()
    moment = rows.moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    return _sqlite_upsert(table, len(rows)), (moment, rows.first, *values)


@lru_cache(maxsize=64)
def _sqlite_upsert(table: str, count: int) -> str:
    # Numbered marks would say it shorter, but some releases of Python 3.12 take them for named ones, and warn.
    rows = ", ".join(f"({n}, ?, ?, ?, ?)" for n in range(count))
    query = f"SELECT ?, ? + column1, 1, column2, column3, column4, column5 FROM (VALUES {rows}) WHERE TRUE"
    columns = "updated_at, position, version, key, value, checksum, mac"
    return f"INSERT INTO {table} ({columns}) {query}{_UPDATE.format(table=table)}"


def _delete_sqlite(table: str, rows: Rows) -> tuple[str, tuple[Any, ...]]:
    marks = ", ".join("?" * len(rows))
    return f"DELETE FROM {table} WHERE key IN ({marks})", tuple(rows.keys)


def _upsert_postgresql(table: str, rows: Rows) -> tuple[str, tuple[Any, ...]]:
    statement = (
        f"INSERT INTO {table} (key, value, checksum, mac, position, updated_at, version) "
        "SELECT key, value, checksum, mac, $5::bigint + number - 1, $6::timestamptz, 1 "
        "FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::bytea[]) "
        # In the order of the index, whose pages are at hand then.
        f"WITH ORDINALITY AS given (key, value, checksum, mac, number) ORDER BY key{_UPDATE.format(table=table)}"
    )
    macs = rows.macs()
    some = macs if any(macs) else None  # each element of an array takes its time, also an empty one
    return statement, (list(rows.keys), list(rows.values), rows.checksums(), some, rows.first, rows.moment)


def _delete_postgresql(table: str, rows: Rows) -> tuple[str, tuple[Any, ...]]:
    return f"DELETE FROM {table} WHERE key = ANY($1::text[])", (list(rows.keys),)


_UPSERTS: Final[dict[str, Statement]] = {"sqlite": _upsert_sqlite, "postgresql": _upsert_postgresql}
_DELETES: Final[dict[str, Statement]] = {"sqlite": _delete_sqlite, "postgresql": _delete_postgresql}


def name_of(table: Table) -> str:
    """How SQL names `table`."""
    return db_engine.dialect.identifier_preparer.format_table(table)
