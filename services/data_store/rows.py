"""How one entry of a store becomes a row: the table, the checksum, the signature. It runs no SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import compress, repeat
from operator import contains, not_
from typing import TYPE_CHECKING, Final
from zlib import crc32

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text

from core.database import metadata
from services.data_store.pickles import STACK_GLOBAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence, Set


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

    `mac` signs what has a class or function in it. For rows that are to go only the keys are given. What is computed
    here is computed for a part at a time, in a thread: of very many it takes long.
    """

    moment: datetime
    first: int
    keys: Sequence[str]
    values: Sequence[bytes] = ()
    mac: Callable[[str, bytes], bytes | None] = lambda _key, _data: None

    def __len__(self) -> int:
        return len(self.keys)

    def parts(self, most: int, size: int) -> Iterator[Rows]:
        """All of them in parts of at most `most`, and of `size` bytes if they are more than one."""
        start = 0
        while start < len(self):
            stop = min(start + most, len(self))
            while stop - start > 1 and sum(map(len, self.values[start:stop])) > size:
                stop -= (stop - start) // 2
            yield self.part(start, stop)
            start = stop

    def divided(self, keys: Set[str]) -> tuple[Rows, Rows]:
        """Those with one of `keys`, and the others, both in their order; no two have the same position."""
        chosen = list(map(keys.__contains__, self.keys))
        count = sum(chosen)
        if count in (0, len(self)):  # which is common, and copies nothing
            return self.part(0, count), self.part(count, len(self))
        return self._only(chosen, self.first), self._only(list(map(not_, chosen)), self.first + count)

    def _only(self, chosen: Sequence[bool], first: int) -> Rows:
        keys, values = list(compress(self.keys, chosen)), list(compress(self.values, chosen))
        return Rows(self.moment, first, keys, values, self.mac)

    def checksums(self) -> list[int]:
        """The checksum of each, and above it when it was written."""
        sums = map(crc32, self.values, map(crc32, map(str.encode, self.keys)))
        return list(map(stamp(self.moment).__or__, sums))

    def macs(self) -> list[bytes | None]:
        """The signature of each, None for what needs none."""
        if not any(map(contains, self.values, repeat(STACK_GLOBAL))):
            return [None] * len(self)
        return [self.mac(*row) if STACK_GLOBAL in row[1] else None for row in zip(self.keys, self.values, strict=True)]

    def part(self, start: int, stop: int) -> Rows:
        """Those from number `start` up to, but not including, number `stop`."""
        here = slice(start, stop)
        first = self.first + start
        return Rows(self.moment, first, self.keys[here], self.values[here], self.mac)


def rows_of(
    changes: Mapping[str, bytes | None], *, first: int, mac: Callable[[str, bytes], bytes | None]
) -> tuple[Rows, Rows]:
    """The rows to write for `changes`, and those that are to go."""
    moment = datetime.now(UTC)
    gone = [key for key, data in changes.items() if data is None]
    kept = {key: data for key, data in changes.items() if data is not None}
    return Rows(moment, first, list(kept), list(kept.values()), mac), Rows(moment, first, gone)


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
