"""Our own export of a PostgreSQL database, for where pg_dump is missing or too old: written, and put back.

In the backup it is `schema.json`, the statements that make the schema, and for each table a member with its rows as
COPY writes them, which every version of the server reads.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]

from core.backup.catalogue import Schema, TableRows, count_rows, read_schema
from core.backup.server import refused
from core.backup.threads import apart
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from core.backup.archive import Reader, Writer

_SCHEMA = "schema.json"
_BUFFER = 2**20
# What texts of values depend on; they are the same when rows are written and when they are read.
SETTINGS = (
    "SET LOCAL search_path = ''",
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL extra_float_digits = 3",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL check_function_bodies = off",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
    "SET LOCAL row_security = off",
    "SET LOCAL client_min_messages = warning",
)


async def settle(connection: Any) -> None:
    """Set for the present transaction what the texts of values depend on."""
    for setting in SETTINGS:
        await connection.execute(setting)


async def write(connection: Any, schemas: Sequence[str], writer: Writer) -> tuple[dict[str, int], Schema]:
    """Export `schemas` within the transaction of `connection`; return the tables with their numbers of rows."""
    await settle(connection)
    schema = await read_schema(connection, schemas)
    counts = {}
    for number, table in enumerate(schema.tables):
        with writer.member(_member(number)) as put:
            counts[table.name] = await _write_rows(connection, table, put)
    with writer.member(_SCHEMA) as put:
        put(json.dumps(asdict(schema), ensure_ascii=False, indent=1).encode())
    return counts, schema


async def _write_rows(connection: Any, table: TableRows, put: Callable[[bytes], object]) -> int:
    buffer = bytearray()

    async def take(data: bytes) -> None:
        buffer.extend(data)
        if len(buffer) >= _BUFFER:
            await _flush()

    async def _flush() -> None:
        # Compressing takes longer than reading; the event loop has others to serve.
        await apart(put, bytes(buffer))
        buffer.clear()

    columns = ", ".join(map(quoted, table.columns))
    status = await connection.copy_from_query(f"SELECT {columns} FROM ONLY {table.name}", output=take)
    await _flush()
    return int(status.split()[1])


async def read(connection: Any, reader: Reader) -> dict[str, int]:
    """Make again within the transaction of `connection` what was exported; return the numbers of rows that are there.

    Raises BackupError, which names the statement or the table that the server refused.
    """
    await settle(connection)
    schema = _schema(b"".join(reader.chunks(_SCHEMA)))
    await _run(connection, schema.before)
    for number, table in enumerate(schema.tables):
        try:
            await connection.copy_to_table(
                table.table,
                schema_name=table.schema,
                columns=table.columns,
                source=_in_background(reader.chunks(_member(number))),
            )
        except asyncpg.PostgresError as error:
            raise BackupError(f"the rows of {table.name} cannot be put back: {refused(error)}") from error
    await _run(connection, schema.after)
    return await count_rows(connection, reader.manifest.schemas)


async def _run(connection: Any, statements: Sequence[str]) -> None:
    for statement in statements:
        try:
            await connection.execute(statement)
        except asyncpg.PostgresError as error:
            raise BackupError(f"{statement.partition('(')[0].strip()!r} is not possible: {refused(error)}") from error


async def _in_background(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while chunk := await apart(next, chunks, b""):
        yield chunk


def _schema(text: bytes) -> Schema:
    data = json.loads(text)
    tables = tuple(TableRows(t["name"], t["schema"], t["table"], tuple(t["columns"])) for t in data["tables"])
    return Schema(tuple(data["before"]), tables, tuple(data["after"]), tuple(data["left_out"]))


def _member(number: int) -> str:
    return f"rows/{number:05}.copy"


def quoted(name: str) -> str:
    """The name of a column as it stands in SQL."""
    return '"' + name.replace('"', '""') + '"'
