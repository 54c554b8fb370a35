"""Parts of a store for tests: a journal that is a list, and a table that is a dict."""

from __future__ import annotations

import pickle
from threading import RLock
from typing import TYPE_CHECKING

from models.exc import JournalFull
from services.data_store.entries import Entries

if TYPE_CHECKING:
    from services.data_store.unfolded import Batch


class Notebook:
    """A journal in memory. `full` makes it take no more."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.names: list[str] = []
        self.records: list[tuple[int, bytes, bytes | None]] = []
        self.synced = 0
        self.full = False

    @property
    def seq(self) -> int:
        return len(self.records)

    def register(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name) + 1

    def append(self, number: int, key: bytes, value: bytes | None) -> int:
        assert self.lock._is_owned()
        if self.full:
            raise JournalFull("no room")
        self.records.append((number, key, value))
        return self.seq

    async def sync(self) -> None:
        self.synced = self.seq


def written(table: dict[str, bytes], batch: Batch) -> None:
    """Do to a table what the fold does with a batch."""
    for key in batch.reborn:
        table.pop(key, None)
    for key, data in batch.changes.items():
        if data is None:
            table.pop(key, None)
        else:
            table[key] = data


def fresh(data: dict[str, bytes] | None = None, **given) -> Entries:
    """The entries of a module `notes`, as loaded from a table with `data`."""
    given = {"journal": Notebook(), "mac": lambda key, data: None, "max_mb": 256} | given
    return Entries("notes", data=data or {}, **given)


def tick(entries: Entries) -> None:
    """Look at what is suspect, as often as it takes."""
    entries.notice(entries.lent.suspects())


def append_to_all(entries: Entries) -> None:
    """Change all values in place."""
    for _, value in entries.lent.all():
        value.append(1)


def stored(entries: Entries, key: str = "k"):
    return pickle.loads(entries.data[key])
