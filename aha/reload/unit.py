"""Replacing the code of modules that belong together while all others run: all of them, or none. What to do is given.

Events for them wait meanwhile. Old code ends as at the end of the bot, and new code starts as at its start.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from aha.importing import forget, shared
from aha.imports import PACKAGE
from aha.reports import NO_TABLES
from aha.starting import PATIENCE
from core.dispatcher import dispatcher
from core.migration.start import forget as forget_tables
from models.exc import DatabaseError
from services.data_store import Parting, write_stores

from .coming import end, import_all, import_each, not_started, start, start_each
from .way_back import WayBack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from types import ModuleType

    from aha.sources import Source
    from aha.starting import OnFailure
    from core.context import Module
    from core.dispatcher.holding import Hold

    from .means import Means

logger = logging.getLogger(__name__)

# Seconds for each on_start, and for other processes that have the database: events for the module wait meanwhile, and
# so does every other reload.
LONGEST_START = 60.0


@dataclass(frozen=True, slots=True)
class Failure:
    """What a module failed to do ("import", "start"). `is_off` tells whether not even its old code runs."""

    name: str
    what: str
    error: BaseException
    is_off: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """Modules, and files that they share, imported ones first; `sources` is their code as it is to be run.

    The `database.py` of those in `with_database` is replaced, too.
    """

    names: Sequence[str]
    sources: Mapping[str, Source] = field(default_factory=dict)
    with_database: Collection[str] = ()


class _Refused(Exception):  # noqa: N818 - reads as the sentence it is
    """The new code is not taken over."""


async def replace(unit: Unit, means: Means) -> list[Failure]:
    """Run new code of modules instead of the old, or go on with the old of all; return what failed, the cause first."""
    loader = means.loader
    records = [loader.record(name) for name in unit.names if name in loader.wanted]
    before = [record for record in records if record.name in loader.loaded]
    async with _held(records, means) as hold:
        way_back = WayBack(loader, unit.names, with_database=unit.with_database)
        attempt = _Attempt(unit, means, records, before, hold=hold)
        try:
            await attempt.go()
        except Exception as error:  # noqa: BLE001 - whatever it is, the old code goes on
            return await _fall_back(way_back, attempt, attempt.cause(error))
        except BaseException as error:
            await _break_off(way_back, attempt, error)
            raise
        way_back.end()
    return []


async def withdraw(leaving: Mapping[str, str], importers: Sequence[str], means: Means) -> list[Failure]:
    """Let modules go off for these reasons; those that import them are imported anew, if they can do without."""
    loader = means.loader
    records = [loader.loaded[name] for name in (*leaving, *importers) if name in loader.loaded]
    async with _held(records, means) as hold:
        way_back = WayBack(loader, importers, with_database=importers)
        Parting(leaving).part(looked=True)
        for name, reason in leaving.items():
            loader.refuse(name, reason)
        way_back.end()
        forget_tables(records)
        await write_stores(leaving, patience=PATIENCE)
        return await _bring(Unit(importers), means, hold)


async def bring(unit: Unit, means: Means) -> list[Failure]:
    """Let modules that do not run come on, each by itself; return what failed."""
    loader = means.loader
    hold = dispatcher.hold([loader.record(name) for name in unit.names if name in loader.wanted])
    try:
        return await _bring(unit, means, hold)
    finally:
        _release(hold, means)


class _Attempt:
    """New code that is tried: what fails of it ends the attempt. `migrates` says whether it has got to its tables.

    `records` are also those of modules that it has imported along, or failed to, which come and go with it; so do
    `shared`, files that nobody knew it would import.
    """

    def __init__(
        self, unit: Unit, means: Means, records: Sequence[Module], before: Collection[Module], *, hold: Hold
    ) -> None:
        self.unit = unit
        self.means = means
        self.records = list(records)
        self.before = before
        self._hold = hold
        self.failures: list[Failure] = []
        self.migrates = False
        self.shared: set[str] = set()
        self._failed: dict[str, ModuleType] = {}

    async def go(self) -> None:
        before = shared()
        try:
            import_each(self.unit.names, self.means, self._refuse_import, sources=self.unit.sources)
        finally:
            # Python has forgotten it, and to pickle what it has left in a store would import it once more.
            sys.modules.update(self._failed)
            self._take_along()
            self.shared = shared() - before - set(self.unit.names)
        if self.failures:  # an importer has made do without
            raise _Refused
        self.migrates = True
        await start(self.records, self.means, self._refuse_start, longest=LONGEST_START)

    def _take_along(self) -> None:
        along = [record for record in not_started(self.means) if record not in self.records]
        self._hold.add(along)
        self.records += along

    def _refuse_import(self, name: str, error: BaseException) -> NoReturn:
        if (code := sys.modules.get(f"{PACKAGE}.{name}")) is not None:
            self._failed[code.__name__] = code
        self.refuse(name, "import", error)

    def _refuse_start(self, record: Module, what: str, error: BaseException) -> NoReturn:
        self.refuse(record.name, what, error)

    def refuse(self, name: str, what: str, error: BaseException) -> NoReturn:
        self.failures.append(self.failure(name, what, error))
        raise _Refused

    def failure(self, name: str, what: str, error: BaseException) -> Failure:
        return Failure(name, what, error, is_off=all(record.name != name for record in self.before))

    def cause(self, error: Exception) -> Failure:
        """What ended the attempt."""
        if self.failures:
            return self.failures[0]
        return self.failure(self.records[0].name, NO_TABLES if isinstance(error, DatabaseError) else "start", error)


@asynccontextmanager
async def _held(records: Collection[Module], means: Means) -> AsyncIterator[Hold]:
    """In the body these modules get no events, and none of their code runs; what comes meanwhile waits for its end."""
    hold = dispatcher.hold(records)
    try:
        await hold.drain(PATIENCE)
        await end(records, means)
        yield hold
    finally:
        _release(hold, means)


def _release(hold: Hold, means: Means) -> None:
    """Deliver what has waited; it is not for code that has not started, because the bot stops and it was broken off."""
    for record in not_started(means):
        means.loader.unload(record.name, "its start was broken off")
    hold.release()


async def _fall_back(way_back: WayBack, attempt: _Attempt, cause: Failure) -> list[Failure]:
    """Put the old code back and start it, as the new has failed; also if the bot stops while that is ending."""
    try:
        await _end_and_go_back(way_back, attempt, reason=f"module {cause.name} failed to {cause.what}")
    except asyncio.CancelledError:
        await _go_on(attempt.before, attempt.means, migrate=False)
        raise
    return [cause, *await _go_on(attempt.before, attempt.means, migrate=attempt.migrates)]


async def _break_off(way_back: WayBack, attempt: _Attempt, error: BaseException) -> None:
    """Put the old code back, as the bot stops. What has waited it answers, started again if there is time for that."""
    reason = "its import was broken off"
    if isinstance(error, GeneratorExit):  # nothing can be waited for any more
        _go_back(way_back, attempt, reason=reason, looked=False)
        return
    await _end_and_go_back(way_back, attempt, reason=reason)
    await _go_on(attempt.before, attempt.means, migrate=False)


async def _end_and_go_back(way_back: WayBack, attempt: _Attempt, *, reason: str) -> None:
    """Let the new code end and put the old code back, this also if there is no time any more for that."""
    has_ended = False
    try:
        await end(attempt.records, attempt.means)
        has_ended = True
    finally:
        _go_back(way_back, attempt, reason=reason, looked=has_ended)


def _go_back(way_back: WayBack, attempt: _Attempt, *, reason: str, looked: bool) -> None:
    """Put the old code back; modules that did not run stay off for `reason`."""
    way_back.put_back(looked=looked)
    for name in attempt.shared:
        forget(name)
    for record in attempt.records:
        attempt.means.starter.started.pop(record, None)
        if record not in attempt.before:
            attempt.means.loader.unload(record.name, reason)


async def _go_on(records: Collection[Module], means: Means, *, migrate: bool) -> list[Failure]:
    """Start the old code again; a database that cannot be used now was good enough for it before."""
    failures: list[Failure] = []
    on_failure = _noting(failures)
    try:
        await start_each(records, means, on_failure, longest=LONGEST_START, migrate=migrate)
    except DatabaseError as error:
        logger.warning("the tables are left as they are: %s", error)
        await start_each(records, means, on_failure, longest=LONGEST_START, migrate=False)
    return failures


async def _bring(unit: Unit, means: Means, hold: Hold) -> list[Failure]:
    failures: list[Failure] = []
    on_failure = _noting(failures)
    loader = means.loader
    due = unit.names
    try:
        while due:
            records = import_all(due, means, on_failure, sources=unit.sources)
            hold.add(records)  # also what came along, and, the second time, new records that get what has waited
            lost = await start_each(records, means, on_failure, longest=LONGEST_START)
            due = [name for name in unit.names if name in lost]
    except DatabaseError as error:
        for record in not_started(means):
            loader.unload(record.name, f"it failed to {NO_TABLES}, see its own report")
            on_failure(record.name, NO_TABLES, error)
    return failures


def _noting(failures: list[Failure]) -> OnFailure:
    """Add each module that goes off to `failures`."""
    return lambda name, what, error: failures.append(Failure(name, what, error, is_off=True))
