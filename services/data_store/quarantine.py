"""What could not be read or written is kept here, out of the way, with the reason. It judges nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text, delete, insert, literal, select

from core.database import metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


async def move_rows(connection: AsyncConnection, table: Table, module: str, reasons: Mapping[str, str]) -> None:
    """Keep the rows of `table` with these keys instead of having them there, in the transaction on `connection`."""
    row = table.columns
    for key, reason in reasons.items():
        at = literal(datetime.now(UTC), quarantine.columns.at.type)
        kept = select(at, literal(module), row.key, row.value, row.checksum, row.mac, literal(reason))
        names = ["at", "module", "key", "value", "checksum", "mac", "reason"]
        await connection.execute(insert(quarantine).from_select(names, kept.where(row.key == key)))
        await connection.execute(delete(table).where(row.key == key))
