"""What a store holds: its table, and what the journal has beyond that. A bot may run meanwhile; nothing is changed.

First comes how much of the journal the database has, then the journal, then the table. So all that was set before is in
what comes out, whatever is folded, appended again and trimmed in between.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Final

from sqlalchemy import MetaData, Table, select

from core.database import metadata
from core.database.identity import TABLE as IDENTITY
from core.database.naming import physical_name
from core.migration.ledger import records as ledger
from core.migration.schema.read import table_names
from models.exc import StoreError, UsageError
from services.data_store.careful import rows_in
from services.data_store.journal import read_journal
from services.data_store.opening import FOLDER, objection
from services.data_store.progress import TABLE as JOURNALS
from services.data_store.progress import Progress, progress_on
from services.data_store.rows import unsealed, was_cast_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from services.data_store.journal import Found, Record

logger = logging.getLogger(__name__)

_STORE: Final = "aha_store"
# A bot that appends while its journal is read can make it look damaged; what is damaged is so the next time, too.
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """What a store has under `key`: the pickled value, and its signature if it has one.

    `at` is when its row was written, None if it stands in the journal only or the moment is damaged. A `damaged` row is
    not as it was written; a start puts it in quarantine.
    """

    key: str
    data: bytes
    mac: bytes | None = None
    at: datetime | None = None
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What the store of `module` holds, in the order of a dict; `waiting` changes of it are in the journal only."""

    module: str
    table: str
    entries: dict[str, Entry] = field(default_factory=dict)
    waiting: int = 0

    def entry(self, key: str) -> Entry:
        """What the store has under `key`; StoreError if that is nothing."""
        if key not in self.entries:
            raise StoreError(
                f"the SimpleStore of module {self.module} has no key {key!r}; aha store show {self.module} lists them"
            )
        return self.entries[key]


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of a database: `tables` by module, and the changes that `journal` has beyond them, oldest first."""

    tables: Mapping[str, str]
    changes: Mapping[str, list[Record]]
    journal: Found

    @property
    def modules(self) -> list[str]:
        """The modules that have a store, or something of one in the journal."""
        return sorted(self.tables.keys() | self.changes.keys())

    def contents(self, connection: Connection, module: str) -> Contents:
        """What the store of `module` holds; UsageError if it has none."""
        if module not in self.modules:
            raise UsageError(f"module {module} has no SimpleStore here; there are: {', '.join(self.modules) or 'none'}")
        table = self.tables.get(module)
        entries = read_table(connection, table) if table else {}
        records = [record for record in self.changes.get(module, []) if was_cast_out(record.value) is None]
        for record in records:
            key = record.key.decode()
            if record.value is None:
                entries.pop(key, None)
            else:
                entries[key] = Entry(key, *unsealed(record.value))
        return Contents(module, table or physical_name(_STORE, module), entries, len(records))


def journal_in(folder: Path) -> Found:
    """What is in the journal of the data folder `folder`; StoreError if it may not be read."""
    try:
        for _ in range(_ATTEMPTS):
            found = read_journal(folder / FOLDER)
            if not found.damaged:
                break
    except OSError as error:
        raise StoreError(f"the journal in {folder / FOLDER} cannot be read ({error.strerror})") from error
    return found


def stores_on(connection: Connection, folder: Path) -> Stores:
    """The stores of the database on `connection`, beside the journal in the data folder `folder`; StoreError."""
    names = table_names(connection)
    before = known_progress(connection)
    found = journal_in(folder)
    journal = found.journal_id.hex() if found.journal_id else ""
    done = before.get(journal, Progress())
    changes = {name: _beyond(found.records(name), done.folded.get(name, 0)) for name in found.names}
    changes = {name: records for name, records in changes.items() if records}
    identity = connection.scalar(select(metadata.tables[IDENTITY].c.id)) if IDENTITY in names else None
    # A fold of this moment may be in the journal, and not in what the database had before.
    folds = known_progress(connection).get(journal, Progress()).folds
    if changes and (reason := objection(found, identity or "", Progress(folds, done.folded))):
        count = sum(map(len, changes.values()))
        logger.warning("%d changes in the journal in %s are left out: %s", count, found.folder, reason)
        changes = {}
    owners = {table: owner for table, owner in ledger.owners(connection, names).items() if owner and table in names}
    tables = {owner: table for table, owner in owners.items() if table == physical_name(_STORE, owner)}
    return Stores(tables, changes, found)


def known_progress(connection: Connection) -> dict[str, Progress]:
    """What the database has of each journal; nothing if no store was ever loaded there."""
    return progress_on(connection) if JOURNALS in table_names(connection) else {}


def _beyond(records: Iterator[Record], folded: int) -> list[Record]:
    return [record for record in records if record.seq > folded]


def read_table(connection: Connection, name: str) -> dict[str, Entry]:
    """The rows of the table `name` of a store, in the order of a dict; also if an older release of Aha has made it."""
    entries: dict[str, Entry] = {}
    for row in rows_in(connection, Table(name, MetaData(), autoload_with=connection)):
        at = row.at.replace(tzinfo=UTC) if row.at is not None and row.at.tzinfo is None else row.at
        mac = row.mac if isinstance(row.mac, bytes) else None
        entry = Entry(row.key, row.value, mac, at, damaged=row.fault() is not None)
        # What a damaged key is read as may be the key of another row.
        if not (entry.damaged and entry.key in entries):
            entries[entry.key] = entry
    return entries
