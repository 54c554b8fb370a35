"""What could not be read or written is kept here, out of the way, with the reason. It judges nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text, cast, delete, insert, literal, select

from core.database import metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

quarantine = Table(
    "aha_store_quarantine",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("module", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("checksum", BigInteger),
    Column("mac", LargeBinary),
    Column("reason", Text, nullable=False),
)
"""Rows of stores as they were, by module ("" if nobody knows) and key."""


@dataclass(frozen=True, slots=True)
class Outcast:
    """Something that is to be kept, and why. `checksum` and `mac` are those of its row, if it had one."""

    module: str
    key: str
    value: bytes
    reason: str
    checksum: int | None = None
    mac: bytes | None = None


async def keep(connection: AsyncConnection, outcasts: Iterable[Outcast]) -> list[Outcast]:
    """Keep these, in the transaction on `connection`, and return those of them that were not here before."""
    columns = quarantine.columns
    kept = []
    for outcast in outcasts:
        same = (columns.module == outcast.module, columns.key == outcast.key, columns.value == outcast.value)
        if await connection.scalar(select(columns.id).where(*same).limit(1)) is None:
            await connection.execute(insert(quarantine).values(at=datetime.now(UTC), **asdict(outcast)))
            kept.append(outcast)
    return kept


async def move_rows(
    connection: AsyncConnection, table: Table, module: str, reasons: Mapping[str, str] | Mapping[str | bytes, str]
) -> None:
    """Keep the rows of `table` with these keys instead of having them there, in the transaction on `connection`."""
    row = table.columns
    for key, reason in reasons.items():
        at = literal(datetime.now(UTC), quarantine.columns.at.type)
        kept = select(
            at, literal(module), literal(readable(key)), cast(row.value, LargeBinary), row.checksum, row.mac,
            literal(reason),
        )  # fmt: skip
        names = ["at", "module", "key", "value", "checksum", "mac", "reason"]
        here = row.key == as_it_stands(key)
        await connection.execute(insert(quarantine).from_select(names, kept.where(here)))
        await connection.execute(delete(table).where(here))


# --- damaged keys, which may be no text: bytes, or a str in which each byte that is no UTF-8 is half a surrogate pair


def as_it_stands(key: str | bytes) -> ColumnElement[Any]:
    """What is equal to a key in SQL, however damaged."""
    if isinstance(key, bytes):
        return literal(key, LargeBinary())
    return literal(key, Text()) if _is_text(key) else cast(literal(_raw(key), LargeBinary()), Text)


def readable(key: str | bytes) -> str:
    """A key so that every database takes it."""
    return key if isinstance(key, str) and _is_text(key) else _raw(key).decode(errors="replace")


def _is_text(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def _raw(key: str | bytes) -> bytes:
    return key if isinstance(key, bytes) else key.encode(errors="surrogateescape")
