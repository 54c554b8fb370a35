"""How one entry of a store becomes a row: the table, the checksum, the signature. It runs no SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zlib import crc32

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text

from core.database import metadata
from services.data_store.pickles import STACK_GLOBAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def declare_table() -> Table:
    """Declare the table of the current module's store; inside module `m` it is `aha_store__m` on disk.

    `position` is the place of a key in the order of a dict. `checksum` (see `checksums`) and `mac` tell whether the row
    is as it was written, and by whom. `version` counts how often it was.
    """
    return Table(
        "aha_store",
        metadata,
        Column("key", Text, primary_key=True),
        Column("value", LargeBinary, nullable=False),
        Column("updated_at", DateTime(timezone=True), nullable=False),
        Column("position", BigInteger),
        Column("checksum", BigInteger),
        Column("mac", LargeBinary),
        Column("version", BigInteger),
        # Half of each page is for what rows become: an update within the page leaves the index alone.
        postgresql_with={"fillfactor": 50},
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows on their way to a table, column by column, all written at `moment`; positions count up from `first`.

    For rows that are to go only the keys are given.
    """

    moment: datetime
    first: int
    keys: Sequence[str]
    values: Sequence[bytes] = ()
    checksums: Sequence[int] = ()
    macs: Sequence[bytes | None] = ()

    def __len__(self) -> int:
        return len(self.keys)

    def part(self, start: int, stop: int) -> Rows:
        """Those from number `start` up to, but not including, number `stop`."""
        here = slice(start, stop)
        first = self.first + start
        return Rows(self.moment, first, self.keys[here], self.values[here], self.checksums[here], self.macs[here])


def rows_of(
    changes: Mapping[str, bytes | None], *, first: int, mac: Callable[[str, bytes], bytes | None]
) -> tuple[Rows, Rows]:
    """The rows to write for `changes`, and those that are to go; `mac` signs what has a class or function in it."""
    moment = datetime.now(UTC)
    gone = [key for key, data in changes.items() if data is None]
    kept = {key: data for key, data in changes.items() if data is not None}
    keys, values = list(kept), list(kept.values())
    sums = map(crc32, values, map(crc32, map(str.encode, keys)))
    checksums = list(map(stamp(moment).__or__, sums))
    macs = [mac(key, data) if STACK_GLOBAL in data else None for key, data in kept.items()]
    return Rows(moment, first, keys, values, checksums, macs), Rows(moment, first, gone)


FAR: Final = 2**62
"""No position comes near it, so one that is not below it is damaged. If it were taken, none could follow."""

# --- checksums: in the lower 32 bits that of key and value, above them when the row was written

SUM: Final = 2**32 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def checksum(key: str, data: bytes) -> int:
    """The CRC-32 of key and value."""
    return crc32(data, crc32(key.encode()))


def stamp(moment: datetime) -> int:
    """What stands above the checksum of a row whose `updated_at` is `moment`.

    A release that knows no checksums leaves them as they are; by this its rows are told from damaged ones.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return ((moment - _EPOCH) // timedelta(microseconds=1)) % 2**31 << 32


# --- what stands in the journal for a value: the value, and its signature if it needs one. No pickle begins like that.

_SIGNED: Final = b"\0"
_MAC_BYTES: Final = 16
# Nor like this: it is not what the key becomes, but what was there and could not be read.
_CAST_OUT: Final = b"\1"


def sealed(data: bytes, mac: bytes | None) -> bytes:
    """What the journal keeps for a value that is signed with `mac`."""
    return data if mac is None else b"".join((_SIGNED, mac, data))


def unsealed(value: bytes) -> tuple[bytes, bytes | None]:
    """The value and its signature; None if it has none."""
    if not value.startswith(_SIGNED):
        return value, None
    start = len(_SIGNED) + _MAC_BYTES
    return value[start:], value[len(_SIGNED) : start]


def cast_out(value: bytes) -> bytes:
    """What the journal keeps of `value`, which it had for a key, when that is set or deleted and could not be read."""
    return _CAST_OUT + value


def was_cast_out(value: bytes | None) -> bytes | None:
    """What the journal had for a key that could not be read; None if `value` is what became of one."""
    return value[len(_CAST_OUT) :] if value is not None and value.startswith(_CAST_OUT) else None
