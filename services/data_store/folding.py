"""One fold: the changes of a store since the last one go to its table, in one transaction. When that is, others decide.

The number of the last record that the table has is written in the same transaction. So whatever is killed when, the
next start finds either the table as it was, and the records to do again, or the table as it should be.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy.exc import DBAPIError

from core.database.url import what_it_said
from models.exc import JournalFull, StoreError
from services.data_store.keys import named
from services.data_store.pickles import Unsigned, plain
from services.data_store.progress import Progress, read_progress, write_progress
from services.data_store.quarantine import Outcast, keep, move_rows
from services.data_store.rows import Rows, rows_of
from services.data_store.threads import in_thread
from services.data_store.writing import Refusals, delete_rows, is_refusal, lasting, upsert_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Set

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.data_store.entries import Entries
    from services.data_store.journal import Journal
    from services.data_store.signing import Signer
    from services.data_store.unfolded import Batch

logger = logging.getLogger(__name__)

# Rows of one transaction where there may be several: on SQLite nobody else can write meanwhile.
_ROWS: Final = 50_000
# Seconds until a row that the database refused is tried again.
_RETRY: Final = 60.0


class Held(NamedTuple):
    """A change that the database refused: it stands in the journal with the number `seq`, and is tried again `at`.

    Whether it was refused by itself, and not only with others, is known if it was tried `alone`.
    """

    data: bytes | None
    seq: int
    at: float
    alone: bool = True


@dataclass(eq=False, slots=True)
class Ledger:
    """What all folds have in common: the journal, the key, and how much of the journal the database has."""

    journal: Journal
    signer: Signer
    folds: int
    folded: dict[str, int]

    @property
    def name(self) -> str:
        """Under which the database knows the journal."""
        return self.journal.id.hex()

    def advance(self, progress: Progress) -> None:
        """Take note of what is committed."""
        self.folds = progress.folds
        self.folded.update(progress.folded)
        self.journal.note_folds(self.folds)


@dataclass(eq=False, slots=True)
class FoldedStore:
    """A store and its table. `names` are those under which the journal has it; its next row gets the position `next`.

    While it is `behind`, the database does not know yet that it has all of the journal, though nothing has changed.
    `unreadable` says why rows could not be read, by key. `held` are changes that the database refused. `pending` is a
    batch of which nobody knows whether it was committed.
    """

    entries: Entries[Any]
    table: Table
    names: tuple[str, ...]
    next: int = 1
    behind: bool = False
    unreadable: dict[str, str] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    pending: Batch | None = None

    def left(self) -> Iterator[tuple[str, bytes | Outcast | None]]:
        """Yield what the table does not have, as far as is known, oldest first; None for what is deleted.

        What has to go into quarantine comes after what is there in its place.
        """
        yield from ((key, held.data) for key, held in self.held.items())
        for batch in (*([self.pending] if self.pending else []), self.entries.take()):
            for key, data in batch.changes.items():
                if key in batch.reborn:
                    yield key, None
                yield key, data
            yield from ((outcast.key, outcast) for outcast in batch.outcasts)

    def release(self, keys: Collection[str]) -> None:
        """Forget what was remembered of keys whose rows are written now."""
        for remembered in (self.held, self.unreadable):
            for key in [key for key in remembered if key in keys]:
                del remembered[key]

    @property
    def unwritten(self) -> int:
        """How many changes the table does not have, as far as is known."""
        return self.entries.dirty + len(self.held) + (len(self.pending.changes) if self.pending else 0)


async def fold(store: FoldedStore, ledger: Ledger, *, now: bool = False) -> bool:
    """Bring what `store` has to its table, and say whether there was anything to do; what is changed meanwhile waits.

    What the database refused is tried again when it is time, or `now`. Raises whatever the database raises for the
    whole of it; then nothing is lost, and the next fold does it.
    """
    await _find_out(store, ledger)
    held = sorted(store.held.items(), key=lambda item: not item[1].alone)
    due = {key: held.data for key, held in held if now or held.at <= monotonic()}
    if not (store.entries.dirty or due or store.behind):
        return False
    batch = store.pending = store.entries.take()
    changes = {**due, **batch.changes} if due else batch.changes
    mac = partial(_mac, ledger.signer, store.entries.owner)
    kept, gone = await in_thread(rows_of, changes, first=store.next, mac=mac)
    # No position is given twice, also if this fails after some of it is written, and is tried again in another order.
    store.next += len(kept)
    work = _Fold(store, ledger, batch, changes, kept, gone)
    try:
        await work.write(None)
    except DBAPIError as error:
        if not is_refusal(error):
            raise
        await work.write(Refusals())
    store.pending, store.behind = None, False
    return True


async def _find_out(store: FoldedStore, ledger: Ledger) -> None:
    """Learn whether the last batch was committed after all; it is to be written again if not.

    To do so in any case would set nothing wrong, but could move keys that have been deleted and set again.
    """
    batch = store.pending
    if batch is None:
        return
    progress = await read_progress(ledger.name)
    if progress.folded.get(store.entries.owner, 0) < batch.seq:
        store.entries.give_back(batch)
    else:
        store.release(batch.changes)
        ledger.advance(progress)
    store.pending = None


def _mac(signer: Signer, owner: str, key: str, data: bytes) -> bytes | None:
    return None if type(data) is Unsigned or plain(data) else signer.mac(owner, key, data)


@dataclass(frozen=True, slots=True)
class _Fold:
    """A batch on its way, and what was refused before: the `changes` are rows that are `kept` and that are `gone`."""

    store: FoldedStore
    ledger: Ledger
    batch: Batch
    changes: Mapping[str, bytes | None]
    kept: Rows
    gone: Rows

    async def write(self, refused: Refusals | None) -> None:
        """Write all of it. With `refused` given, rows that the database refuses are held, and the others written."""
        last = self.kept
        if not self.batch.reborn:
            # If this is killed halfway, doing it again comes out the same: what is new stands at the end in its order.
            # What was deleted and set again would not, so there is one transaction then.
            while len(last) > _ROWS:
                part, last = last.part(0, _ROWS), last.part(_ROWS, len(last))
                async with lasting() as connection:
                    await upsert_rows(connection, self.store.table, part, born=self.batch.born, refused=refused)
        async with lasting() as connection:
            await self._remove(connection, refused)
            await self._upsert(connection, last, refused)
            written: Set[str] = self.changes.keys()
            if refused is not None:
                await self._hold(connection, refused)
                written = written - refused.alone.keys() - refused.others.keys()
            progress = self._progress(written)
            await write_progress(connection, self.ledger.name, progress)
        self.ledger.advance(progress)
        self.store.release(written)
        self._tell_of_outcasts()

    def _tell_of_outcasts(self) -> None:
        keys = sorted({*self.batch.displaced, *(outcast.key for outcast in self.batch.outcasts)})
        if keys:
            logger.warning(
                "SimpleStore of module %s: what stood under %s could not be read, and is in quarantine now (aha store "
                "quarantine), as it was set anew or deleted", self.store.entries.owner, named(keys),
            )  # fmt: skip

    async def _upsert(self, connection: AsyncConnection, rows: Rows, refused: Refusals | None) -> None:
        """Write these; those that were refused before, which come first among them, hold up no other."""
        if refused is None:
            return await upsert_rows(connection, self.store.table, rows, born=self.batch.born)
        held = self.store.held
        known = sum(key in held and held[key].alone for key in rows.keys)
        await upsert_rows(connection, self.store.table, rows.part(known, len(rows)), refused=refused)
        refused.known = True
        return await upsert_rows(connection, self.store.table, rows.part(0, known), refused=refused)

    async def _remove(self, connection: AsyncConnection, refused: Refusals | None) -> None:
        """Take away rows that are deleted, that are to stand at the end, or that hold what could not be read."""
        table, owner = self.store.table, self.store.entries.owner
        reasons = {key: self.store.unreadable.get(key, "it could not be read") for key in self.batch.displaced}
        await move_rows(connection, table, owner, reasons)
        await keep(connection, self.batch.outcasts)
        await delete_rows(connection, table, self.gone, refused=refused)
        reborn = Rows(self.kept.moment, 0, sorted(self.batch.reborn))
        await delete_rows(connection, table, reborn, refused=refused)

    async def _hold(self, connection: AsyncConnection, refused: Refusals) -> None:
        """Report what was refused, and append it to the journal anew: all that stands there by now counts as folded."""
        owner, held = self.store.entries.owner, self.store.held
        known = {key: error for key, error in refused.others.items() if key in held and held[key].alone}
        for key in refused.others.keys() - known.keys():
            self._put_off(key, self.changes.get(key))
        new = {}
        # Those that were tried alone stand last now, so others have their turn when all are tried again.
        for key, error in {**known, **refused.alone}.items():
            data, reason = self.changes.get(key), what_it_said(error)
            if data is not None:
                mac = self.kept.mac(key, data)
                await keep(connection, [Outcast(owner, key, data, f"the database refuses it: {reason}", mac=mac)])
            if key not in held or not held[key].alone:
                new[key] = reason
            if (seq := self._append(key, data)) is not None:
                held.pop(key, None)
                held[key] = Held(data, seq, monotonic() + _RETRY)
        self._report(new)
        if known or refused.alone:
            with suppress(StoreError):  # it is tried again within a second anyway
                await self.ledger.journal.sync()

    def _put_off(self, key: str, data: bytes | None) -> None:
        """Try a change again with the next fold. Where it stands now is beyond what is folded, and has to stay so."""
        entries = self.store.entries
        if entries.data.get(key) is data:
            seq = self.ledger.folded.get(entries.owner, 0) + 1
            self.store.held[key] = Held(data, seq, 0.0, alone=False)

    def _report(self, refused: Mapping[str, str]) -> None:
        if refused:
            logger.warning(
                "SimpleStore of module %s: the database refuses %s in table %s (%s); what it refuses stays in the "
                "journal and is tried again, and all others are written",
                self.store.entries.owner, named(list(refused)), self.store.table.name, next(iter(refused.values())),
            )  # fmt: skip

    def _append(self, key: str, data: bytes | None) -> int | None:
        """The number of the record that has this from now on; None if the key has been changed since."""
        entries = self.store.entries
        with self.ledger.journal.lock:
            if entries.data.get(key) is not data:
                return None
            try:
                return entries.append_again(key)
            except JournalFull:
                # Where it stands now is beyond what is folded, and has to stay so.
                return self.ledger.folded.get(entries.owner, 0) + 1

    def _progress(self, written: Collection[str]) -> Progress:
        """What the database has when this is committed."""
        held = [held.seq - 1 for key, held in self.store.held.items() if key not in written]
        seq = min([self.batch.seq, *held])
        return Progress(self.ledger.folds + 1, dict.fromkeys(self.store.names, seq))
