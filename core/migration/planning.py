"""From modules to plans: their tables are compared with the database. Nothing is changed in it.

Where the tables of one module cannot be compared at all, the others are planned without it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.migration.casts import cast as casts
from core.migration.faults import fatal, said
from core.migration.ledger import records as ledger
from core.migration.lock import alone
from core.migration.owned import linked, running
from core.migration.planner.plan import make_plan
from core.migration.refused import remedy_for
from core.migration.schema.read import read_tables
from core.migration.schema.scratch import wanted_tables
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.model import TableRecord, UnitPlan, WantedTable
    from core.migration.owned import Owned
    from core.migration.state import TableState
    from core.migration.steps import Phase


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Planning:
    """What is to be done with the tables of `owned`, and which modules cannot be planned.

    `live` and `records` are what was found, `wanted` the models; `seen` is `version` before anything was read.
    """

    owned: tuple[Owned, ...]
    live: Mapping[str, TableState]
    records: Mapping[str, TableRecord]
    seen: int = 0
    wanted: Mapping[str, WantedTable] = field(default_factory=dict)
    units: tuple[UnitPlan, ...] = ()
    failures: Mapping[str, Exception] = field(default_factory=dict)

    def of(self, unit: UnitPlan) -> list[Owned]:
        """The modules that `unit` concerns."""
        return [owned for owned in self.owned if owned.name in unit.modules]


def plan(connection: Connection, wanted: Sequence[Owned], phase: Phase) -> Planning:
    """Compare the tables of `wanted` with the database; a module for which that fails is among the failures."""
    _install_casts(connection)
    return _plan_all(connection, wanted, phase)


def plan_alone(connection: Connection, wanted: Sequence[Owned], phase: Phase) -> Planning:
    """As `plan`, which must have been called on this connection, while nobody else can write.

    What others write between two looks at the database may make modules fail that nothing is wrong with.
    """
    with alone(connection):
        return _plan_all(connection, wanted, phase)


def _plan_all(connection: Connection, wanted: Sequence[Owned], phase: Phase) -> Planning:
    found, left = _find(connection, wanted), list(wanted)
    failures: dict[str, Exception] = {}
    while left:
        try:
            return replace(_plan(connection, found, left, phase), failures=failures)
        except Exception as error:  # a module's types and defaults may raise anything
            _recover(connection)
            if (ends := fatal(error)) is not None:
                raise ends from error
            blamed = _blamed(error, left)
            failures |= {owned.name: _refusal(error) for owned in blamed}
            left = [owned for owned in left if owned not in blamed]
            if not blamed:
                return _plan_each(connection, replace(found, failures=failures), left, phase)
    return replace(found, failures=failures)


def _install_casts(connection: Connection) -> None:
    try:
        casts.install(connection)
    except DBAPIError as error:
        connection.rollback()
        if (ends := fatal(error)) is not None:
            raise ends from error
        # A role that may not have temporary functions can do without, until values have to be converted.
        logger.warning("values cannot be converted in this database: %s", said(error))


def plan_within(connection: Connection, wanted: Sequence[Owned], phase: Phase) -> Planning:
    """As `plan`, which must have been called on this connection, in the transaction of the caller.

    Raises whatever comparing the tables raises.
    """
    return _plan(connection, _find(connection, wanted), wanted, phase)


def version(connection: Connection) -> int:
    """A number that is another one after any other connection has written; only SQLite has it, else 0."""
    if connection.dialect.name != "sqlite":
        return 0
    return int(connection.scalar(text("PRAGMA data_version")) or 0)


def _recover(connection: Connection) -> None:
    """Make the connection usable after an error; on SQLite it is, and may hold the lock."""
    if connection.dialect.name != "sqlite":
        connection.rollback()


def _blamed(error: Exception, wanted: Sequence[Owned]) -> list[Owned]:
    """Whose table the error is about; none if it does not say."""
    names = {getattr(error, "table", None), *getattr(error, "others", ())}
    return [
        owned for owned in wanted if any(not names.isdisjoint((table.fullname, table.name)) for table in owned.tables)
    ]


def _plan_each(connection: Connection, found: Planning, wanted: Sequence[Owned], phase: Phase) -> Planning:
    """Plan those that belong together apart from the others, so that one that fails takes no more with it."""
    planning = found
    for group in linked(wanted):
        try:
            part = _plan(connection, found, group, phase)
        except Exception as error:
            _recover(connection)
            if (ends := fatal(error)) is not None:
                raise ends from error
            failures = dict.fromkeys((owned.name for owned in group), _refusal(error))
            planning = replace(planning, failures={**planning.failures, **failures})
        else:
            units, models = (*planning.units, *part.units), {**planning.wanted, **part.wanted}
            planning = replace(planning, units=units, wanted=models)
    return planning


def _refusal(error: Exception) -> Exception:
    if isinstance(error, DatabaseError):
        return error
    refusal = DatabaseError(f"its tables cannot be compared with the database: {said(error)}; {remedy_for(error)}")
    refusal.__cause__ = error
    return refusal


def _find(connection: Connection, wanted: Sequence[Owned]) -> Planning:
    seen = version(connection)
    schemas = {table.schema for owned in wanted for table in owned.tables if table.schema}
    live = read_tables(connection, schemas=schemas)
    return Planning(tuple(wanted), live, ledger.records(connection, live), seen)


def _plan(connection: Connection, found: Planning, wanted: Sequence[Owned], phase: Phase) -> Planning:
    names = {owned.name for owned in wanted}
    tables = [table for owned in wanted for table in owned.tables]
    owners = {table.fullname: owned.name for owned in wanted for table in owned.tables}
    former = {owned.name: owned.was for owned in wanted if owned.was}
    models = wanted_tables(connection, tables, owners, former)
    # What other running modules have is theirs: no rename may take it from them.
    others = running() - names
    records = {name: record for name, record in found.records.items() if record.module not in others}
    units = make_plan(connection, models, found.live, records, phase=phase, modules=names)
    return replace(found, wanted=models, units=tuple(units))
