"""When stores are folded: about every second, at once if much has changed, and in the end. How, `folding` knows."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Final

from core.context import entered
from core.database.url import what_it_said
from core.migration.faults import code
from services.data_store.around import is_malformed
from services.data_store.changes import keep_noticing, notice_all
from services.data_store.folding import FoldedStore, Ledger, fold
from services.data_store.reading import mend
from services.data_store.threads import in_thread
from services.data_store.writing import is_refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Table

    from services.data_store.entries import Entries

logger = logging.getLogger(__name__)

# Seconds between two folds; so many changes do not wait that long, which is looked at every TICK seconds.
INTERVAL = 1.0
TICK: Final = 0.1
MUCH: Final = 20_000
# A fold takes its time from the handlers, which run in the same interpreter, and from the disk that `sync` waits for;
# and it makes one row of all that became of a key meanwhile. So it rests so many times as long as it took, up to some
# seconds, while the journal has room.
_REST: Final = 20
_LONGEST_REST: Final = 8.0
# While the database fails, the pause doubles up to so many seconds.
LONGEST_PAUSE = 60.0
# SQLite's codes and the beginning of PostgreSQL's for a table that is not there, not as it should be, or damaged.
_OF_THE_TABLE: Final = (1, 11, "42")


def is_due(changed: int, passed: float, *, rest: float, filling: bool) -> bool:
    """Whether to fold what has changed, `passed` seconds after the last fold, if the journal is `filling` or not."""
    return (passed >= rest or filling) and (changed >= MUCH or passed >= INTERVAL)


def rest_after(took: float) -> float:
    """The seconds of rest after a fold that took so many."""
    return min(_REST * took, _LONGEST_REST)


class Pause:
    """How long something that fails is left alone: longer each time."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._until = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it may be tried again."""
        return monotonic() >= self._until

    def fail(self) -> bool:
        """Take note that it has failed; whether that is for the first time."""
        first = not self._seconds
        self._seconds = min(2 * self._seconds or INTERVAL, LONGEST_PAUSE)
        self._until = monotonic() + self._seconds
        return first

    def succeed(self) -> bool:
        """Take note that it went well; whether it had failed before."""
        failed = bool(self._seconds)
        self._seconds = self._until = 0.0
        return failed


class Background:
    """The tasks that look for changes in place and fold, and the stores that they look after, by module.

    A store whose module was unloaded stays: so nothing of it is lost, and it is there when the module is loaded again.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.stores: dict[str, FoldedStore] = {}
        self._pauses: dict[str, Pause] = {}
        self._pause = Pause()
        self._mended: set[str] = set()
        self._writing: set[asyncio.Task[object]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._stopping = asyncio.Event()
        with entered(None):  # the first store that there is makes them, and they outlive its module
            self._tasks = [
                asyncio.create_task(keep_noticing(self._entries), name="notice changes in SimpleStores"),
                asyncio.create_task(self._keep_folding(), name="fold SimpleStores"),
            ]

    async def flush(self) -> None:
        """Fold all that is set, and changed in place, by now; raises the first error when each store had its turn."""
        for store in list(self.stores.values()):
            await notice_all(store.entries)
        failures = await self._fold(self.stores, now=True)
        if failures:
            raise failures[0]

    async def is_written(self, name: str) -> bool:
        """Fold one store, and say whether its table has all of it then."""
        await self._fold([name], now=True)
        return not self.stores[name].unwritten

    async def write(self, names: Iterable[str], *, patience: float) -> None:
        """Fold these stores, and wait for it no more than `patience` seconds; it goes on all the same."""
        with entered(None):
            writing = asyncio.create_task(self._fold(list(names), now=True), name="fold SimpleStores of modules")
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        await asyncio.wait({writing}, timeout=patience)

    async def hand_over(self, name: str, table: Table) -> FoldedStore:
        """Let go of a store that has another name and `table` now; what that does not take is still in it."""
        async with self._one_at_a_time:
            store = self.stores[name]
            store.table = table
            await notice_all(store.entries)
            with suppress(Exception):  # whoever has the store from here on tries again, and reports it
                await fold(store, self.ledger, now=True)
            del self.stores[name]
        return store

    async def finish(self) -> None:
        """End the tasks and fold what is left, again and again until the database takes it."""
        self._stopping.set()
        noticing, folding = self._tasks
        noticing.cancel()
        try:
            await asyncio.wait(self._tasks)
            while True:
                try:
                    return await self.flush()
                except Exception:  # noqa: BLE001 - it was reported; whoever called says how long it is tried
                    await asyncio.sleep(INTERVAL)
        finally:
            for task in (folding, *self._writing):
                task.cancel()  # the database may not answer at all

    def unwritten(self, names: Iterable[str] | None = None) -> str:
        """Say how many changes of which module the tables do not have; all modules if none are named."""
        counts = {name: self.stores[name].unwritten for name in (names or self.stores)}
        return ", ".join(f"{count} of module {name}" for name, count in counts.items() if count)

    def _entries(self) -> list[Entries[object]]:
        return [store.entries for store in self.stores.values()]

    async def _keep_folding(self) -> None:
        ended, rest = monotonic(), 0.0
        while not await self._stopping_within(min(TICK, INTERVAL)):
            changed = sum(store.entries.dirty for store in self.stores.values())
            if not is_due(changed, monotonic() - ended, rest=rest, filling=self.ledger.journal.is_filling):
                continue
            began = monotonic()
            if self._pause.is_over:
                await self._fold([name for name in self.stores if self._pause_of(name).is_over])
            ended = monotonic()
            rest = rest_after(ended - began)

    async def _fold(self, names: Iterable[str], *, now: bool = False) -> list[Exception]:
        """Fold these stores, one after the other; a database that is not there at all is asked only once."""
        failures: list[Exception] = []
        async with self._one_at_a_time:
            folds = self.ledger.folds
            for name in list(names):
                if name not in self.stores:
                    continue  # it was handed over
                try:
                    written = await self._fold_one(self.stores[name], now=now)
                except Exception as error:  # noqa: BLE001 - whatever it is, the changes stay and are tried again
                    failures.append(error)
                    if self._report(name, error):
                        return failures
                else:
                    if written:
                        self._recover(name)
            if self.ledger.folds > folds:
                await in_thread(self.ledger.journal.trim, self.ledger.folded)
        return failures

    async def _fold_one(self, store: FoldedStore, *, now: bool) -> bool:
        """Fold a store; a table that is found to be damaged is made anew, once, and has all that the store has then."""
        entries, table = store.entries, store.table
        try:
            return await fold(store, self.ledger, now=now)
        except Exception as error:
            if not is_malformed(error) or table.name in self._mended:
                raise
            await mend(table, entries.owner, error, entries=entries)
            self._mended.add(table.name)
        return await fold(store, self.ledger, now=now)

    def _report(self, name: str, error: Exception) -> bool:
        """Say once that a store cannot be written, or none; return whether it is none."""
        all_of_them = not _is_of_the_table(error)
        pause = self._pause if all_of_them else self._pause_of(name)
        if pause.fail():
            logger.warning(
                "SimpleStores cannot be written (%s): %s wait in the journal; trying again",
                what_it_said(error), self.unwritten(None if all_of_them else [name]),
            )  # fmt: skip
        return all_of_them

    def _recover(self, name: str) -> None:
        if self._pause.succeed() | self._pause_of(name).succeed():
            logger.info("SimpleStores are written again")

    def _pause_of(self, name: str) -> Pause:
        return self._pauses.setdefault(name, Pause())

    async def _stopping_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False


def _is_of_the_table(error: Exception) -> bool:
    """Whether the database is there and only one table is not as it should be."""
    found = code(error)
    named = [found == known if isinstance(known, int) else str(found).startswith(known) for known in _OF_THE_TABLE]
    return any(named) or is_refusal(error)
