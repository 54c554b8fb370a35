"""What a start asks of the migration: `expand` before any module sees the database, `settle` after its on_start.

When nothing has changed that is one query, and one for each thing that is postponed; only then is more done, in `work`.
So it is when the code of some modules is changed while others run `beside` them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.database import transition
from core.database._sqlalchemy import outdate_connections
from core.database.engine import db_engine
from core.database.references import check_references
from core.database.url import explain
from core.migration.faults import fatal, said
from core.migration.kept import table as kept_table  # noqa: F401 - their tables are the framework's
from core.migration.ledger import stamp
from core.migration.ledger import tables as ledger_tables  # noqa: F401 - their tables are the framework's
from core.migration.ledger.leftovers import leftover_columns
from core.migration.ledger.stamp import Stamp
from core.migration.lock import one_process
from core.migration.owned import Owned, framework, owned
from core.migration.refused import remedy_for
from core.migration.schema.fingerprint import fingerprint
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from core.context import Module
    from core.migration.kept.values import Kept
    from core.migration.model import UnitPlan
    from core.migration.work import Work

NO_TABLES = fingerprint(())
# What marks a query that calls one of our functions, on SQLite and on PostgreSQL.
_FUNCTIONS = ("aha_cast(", "pg_temp.")
# And one that fails as long as rows stand in the way: see `steps.RAISES`.
_RAISES = "/* raises */"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a migration came to: why modules are off, whose data is then as it was, and all units that had steps."""

    failures: Mapping[Module, Exception] = field(default_factory=dict)
    units: tuple[UnitPlan, ...] = ()


@dataclass(slots=True)
class _Start:
    """What is known from `expand` on: the stamp, as it is in the database and as it holds, and the modules that run.

    `unsure` are those of which something was postponed because nobody could know yet which rows stand in its way.
    """

    found: Stamp = field(default_factory=Stamp)
    stamp: Stamp = field(default_factory=Stamp)
    running: list[Owned] = field(default_factory=list)
    unsure: frozenset[str] = frozenset()


_start = _Start()


async def expand(
    modules: Iterable[Module],
    *,
    backup: Callable[[], Awaitable[object]] | None = None,
    beside: Iterable[Module] = (),
) -> Outcome:
    """Bring the tables of `modules` up to date, the framework's first, as far as can be done before their on_start.

    `backup` is awaited before the first change to a table that has rows; None makes none. A module that fails is in
    the outcome, and costs no other anything. `beside` are those that run already: only tables of theirs that foreign
    keys tie to what changes are looked at, and none of them is put off. Raises DatabaseError if the database cannot
    be used.
    """
    modules = list(modules)
    failures = misfits(modules)
    asked = [owned(module) for module in modules if module not in failures]
    others = [owned(module) for module in beside if module not in modules]
    _start.running, _start.unsure = [*asked, *others], frozenset()
    prints = {given.name: fingerprint_of(given) for given in (framework(), *asked)}
    units: tuple[UnitPlan, ...] = ()
    with _explained():
        async with db_engine.connect() as connection:
            is_to_look = await _seems_changed(connection, prints)
        if is_to_look:
            async with one_process(db_engine), db_engine.connect() as connection:
                if changed := await _changed(connection, prints):
                    work = await _expand(connection, changed, prints, backup=backup, beside=others)
                    units = tuple(work.units)
                    _start.unsure = frozenset(name for unit in units if unit.is_unsure for name in unit.modules)
                    failures |= by_module(work.failures, modules)
    _tell(besides=others)
    return Outcome(failures, units)


def _tell(*, besides: Iterable[Owned]) -> None:
    """Let modules know the change that they are in; those that run are in none, whatever was done to their tables."""
    pending = dict(_start.stamp.pending)
    for other in besides:
        pending.pop(other.name, None)
    transition.tell(pending, leftover_columns(_start.stamp.unused))


async def settle(modules: Iterable[Module]) -> Outcome:
    """Do what had to wait for the on_start of `modules`, as far as their rows allow it now.

    What fails is in the outcome, postponed as before; the modules go on. So are units in which nothing was done, if
    only now it is known what stands in the way. Raises DatabaseError if the database is gone.
    """
    modules = list(modules)
    with _explained():
        due = [module for module in modules if await _is_due(module)]
    ended = {module.name for module in modules} & _start.stamp.pending.keys()
    if not due and not ended:
        return Outcome()
    pending = {name: migration for name, migration in _start.stamp.pending.items() if name not in ended}
    with _explained():
        async with one_process(db_engine), db_engine.connect() as connection:
            work = _work(connection, "settle", replace(_start.stamp, pending=pending))
            await work.migrate([owned(module) for module in due])
            await _finish(work)
    for name in ended:
        transition.end(name)
    told = (unit for unit in work.units if unit.acts or not _start.unsure.isdisjoint(unit.modules))
    return Outcome(by_module(work.failures, modules), tuple(told))


async def reach() -> None:
    """Raise DatabaseError if the database cannot be used now."""
    with _explained():
        async with db_engine.connect() as connection:
            await connection.execute(text("SELECT 1"))


def forget(modules: Iterable[Module]) -> None:
    """Take note that `modules` do not run any more. Their tables stay as they are."""
    names = {module.name for module in modules}
    _start.running = [given for given in _start.running if given.name not in names]


def unfinished() -> frozenset[str]:
    """The modules whose tables were changed, and whose on_start has not succeeded since."""
    return frozenset(_start.stamp.pending)


def waiting() -> tuple[str, ...]:
    """The modules, of those that run, with changes that still wait for rows to be put right."""
    return tuple(given.name for given in _start.running if given.name in _start.stamp.postponed)


@contextmanager
def _explained() -> Iterator[None]:
    """Let what the database says in the body, outside of any module's own unit, be one line with a remedy."""
    try:
        yield
    except SQLAlchemyError as error:
        remedy = remedy_for(error, role=db_engine.url.username, otherwise="look at the database's own log")
        raise fatal(error) or DatabaseError(
            f"the database cannot be compared with what the modules need: {said(error)}; what was under way was rolled "
            f"back; {remedy}"
        ) from error
    except OSError as error:  # PostgreSQL's driver, when it cannot connect
        raise DatabaseError(explain(db_engine.url, error)) from error


def by_module(failures: Mapping[str, Exception], modules: Iterable[Module]) -> dict[Module, Exception]:
    """`failures`, which are by name, by the records of `modules`."""
    return {module: failures[module.name] for module in modules if module.name in failures}


def misfits(modules: Iterable[Module]) -> dict[Module, Exception]:
    """The modules whose relationships and foreign keys refer to something in vain."""
    found: dict[Module, Exception] = {}
    for module in modules:
        try:
            check_references(module)
        except (SQLAlchemyError, DatabaseError) as error:
            found[module] = error
    return found


def fingerprint_of(given: Owned) -> str:
    """What is another text when anything has changed that the tables of a module are made by."""
    return " ".join((fingerprint(given.tables), *given.was, *(sequence.name for sequence in given.sequences)))


async def _seems_changed(connection: AsyncConnection, prints: Mapping[str, str]) -> bool:
    """Whether to look under the lock. Before that, what others do at the very moment may come out as an error."""
    try:
        return bool(await _changed(connection, prints))
    except SQLAlchemyError:
        return True


async def _changed(connection: AsyncConnection, prints: Mapping[str, str]) -> set[str]:
    """Whose tables, of those with these fingerprints, may not be as they should; reads the stamp."""
    found, live = await connection.run_sync(stamp.read)
    if found is None or found.live != live:
        # Somebody else has changed the schema: modules that do not run now are looked at when they do.
        _start.found = found or Stamp()
        _start.stamp = replace(_start.found, models={})
        return set(prints)
    _start.found = _start.stamp = found
    return {name for name, given in prints.items() if found.models.get(name, NO_TABLES) != given}


async def _expand(
    connection: AsyncConnection,
    changed: set[str],
    prints: Mapping[str, str],
    *,
    backup: Callable[[], Awaitable[object]] | None,
    beside: Iterable[Owned],
) -> Work:
    work = _work(connection, "expand", _start.stamp, backup=backup, beside={other.name for other in beside})
    same = {name for name, given in prints.items() if _start.found.models.get(name) == given}
    await work.expand(_start.running, changed=changed, declared=same)
    work.stamp = replace(work.stamp, models={**work.stamp.models, **prints})
    await _finish(work)
    return work


async def _finish(work: Work) -> None:
    await work.finish(running=_start.running)
    _start.found = _start.stamp = work.stamp
    if work.changed:
        # Statements that other connections have prepared are for the tables as they were.
        outdate_connections(db_engine.sync_engine)


async def _is_due(module: Module) -> bool:
    """Whether something that the module waits for may be possible: one query for each."""
    probes = _start.stamp.postponed.get(module.name, ())
    raising = [probe for probe in probes if probe.startswith(_RAISES)]
    counting = [probe for probe in probes if probe not in raising]
    # What fails leaves no transaction for another.
    return any([await _is_any_answered(group) for group in (counting, *([probe] for probe in raising)) if group])


async def _is_any_answered(probes: Sequence[str]) -> bool:
    """Whether no rows stand in the way of something any more, or the table is not what it was: comparing will tell."""
    raises = probes[0].startswith(_RAISES)
    async with db_engine.connect() as connection:
        if any(function in probe for probe in probes for function in _FUNCTIONS):
            await connection.run_sync(_prepare_casts)
        try:
            for probe in probes:
                if not probe or not await connection.scalar(text(probe.replace(":", r"\:"))) or raises:
                    return True
        except SQLAlchemyError:
            return not raises
    return False


def _prepare_casts(connection: Connection) -> None:
    # Imported late, for the same reason as below.
    from core.migration.casts import cast as casts  # noqa: PLC0415

    casts.prepare(connection)


async def _kept_values(what: type[Any] | Table | str) -> list[Kept]:
    # Imported late, for the same reason as below.
    from core.migration.kept.values import kept_values  # noqa: PLC0415

    return await kept_values(what)


transition.read_kept_with(_kept_values)


def _work(connection: AsyncConnection, phase: str, stamped: Stamp, **options: Any) -> Work:
    # Imported late: most starts change nothing, and need nothing of all that comparing and changing takes.
    from core.migration.steps import Phase  # noqa: PLC0415
    from core.migration.work import Work  # noqa: PLC0415

    return Work(connection, Phase(phase), stamped, _start.found, **options)
