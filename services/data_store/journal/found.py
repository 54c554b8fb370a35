"""What was found in a journal's folder, as values: the records of each store, and the damage. `reading` makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.data_store.journal.records import NAMES, record_at

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator
    from pathlib import Path

    from services.data_store.journal.records import Record
    from services.data_store.journal.segments import Finished


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes at `offset` of the file `segment` that cannot be read; `raw` are these bytes, `what` says it in words.

    `records` were lost with them, beginning with number `seq`. `store` and `key` are what the damaged bytes say
    themselves, so they may be wrong; None if they say nothing.
    """

    segment: str
    offset: int
    what: str
    seq: int | None = None
    records: int = 0
    store: str | None = None
    key: bytes | None = None
    raw: bytes = b""


@dataclass(eq=False, slots=True)
class Found:
    """What the segments of one journal hold.

    `journal_id` and `database` are None if there are none. `seq` is the last number, `names` are the stores with
    theirs. `damaged` was whole once. `torn` comes after the last record of all: a change that was being appended when
    the process was killed, which nobody was told of; or that last record itself, damaged. `strangers` are segments of
    another journal, or of nobody knows which.
    """

    folder: Path
    journal_id: bytes | None = None
    database: str | None = None
    folds: int = 0
    seq: int = 0
    names: dict[str, int] = field(default_factory=dict)
    damaged: list[Damage] = field(default_factory=list)
    torn: Damage | None = None
    segments: list[Finished] = field(default_factory=list)
    strangers: list[Path] = field(default_factory=list)
    places: dict[int, dict[Path, array[int]]] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """Return how many records there were of the store `name`."""
        return sum(map(len, self._places(name).values()))

    def records(self, name: str, *, after: int = 0) -> Iterator[Record]:
        """Yield the records of the store `name` that come after number `after`, oldest first.

        Those in segments that were removed since are left out: the database has them.
        """
        number = self.names.get(name, NAMES)
        newest = {segment.path: segment.last.get(number, 0) for segment in self.segments}
        for path, starts in self._places(name).items():
            if newest[path] <= after:
                continue
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            for start in starts:
                if (record := record_at(data, start)).seq > after:
                    yield record

    def _places(self, name: str) -> dict[Path, array[int]]:
        return self.places.get(self.names.get(name, NAMES), {})
