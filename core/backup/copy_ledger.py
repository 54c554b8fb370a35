"""What is to be copied, and what the new database is to remember: from the source's ledger and the models that run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.backup.copy_types import Known, TableCopy, table_copy
from core.database import identity
from core.database.base import metadata
from core.migration.ledger import records as ledger
from core.migration.ledger import stamp
from core.migration.model import TableRecord
from core.migration.owned import framework, owned
from core.migration.planner.plan import next_records
from core.migration.planning import plan_within
from core.migration.schema.read import read_tables, table_names
from core.migration.schema.scratch import wanted_tables
from core.migration.steps import Phase, Verdict
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Dialect

    from core.migration.ledger.stamp import Stamp
    from core.migration.owned import Owned
    from core.migration.planning import Planning
    from core.migration.state import TableState
    from core.migration.steps import Planned, Step

# Their rows are about the database they are in; they are written anew, its identity when it is first asked for.
_WRITTEN = ("aha_schema", "aha_stamp", identity.TABLE)


@dataclass(frozen=True, slots=True)
class Found:
    """The source: its tables compared with the models, what waits by table, and its stamp."""

    planning: Planning
    stamp: Stamp
    waiting: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def writes(self, table: str) -> bool:
        """Whether the rows of `table` are not copied but written anew."""
        return table in _WRITTEN

    def wrote(self, table: str) -> Mapping[str, Sequence[str]]:
        """The literals that migrations filled the columns of `table` with."""
        record = self.planning.records.get(table)
        return record.wrote if record else {}

    @property
    def names(self) -> list[str]:
        """The tables of the bot that are there: those of models, and those that are recorded."""
        known = {**self.planning.wanted, **self.planning.records}
        return sorted(name for name in known if name in self.planning.live)


def _everyone() -> list[Owned]:
    modules = dict.fromkeys(module for module in metadata.owners.values() if module is not None)
    return [framework(), *(owned(module) for module in modules)]


def read_source(connection: Connection) -> Found:
    """Look at the source. Raises BackupError if its tables are not as the models want them: they migrate first."""
    planning = plan_within(connection, _everyone(), Phase.EXPAND)
    steps = [planned for unit in planning.units for planned in unit.steps]
    undone = [planned for planned in steps if planned.verdict is not Verdict.POSTPONE]
    if undone:
        raise BackupError(
            f"the source is not up to date ({_shown(undone[0])}{', ...' if len(undone) > 1 else ''}): start the bot "
            "on it once, or: aha db migrate"
        )
    waiting: defaultdict[str, tuple[Step, ...]] = defaultdict(tuple)
    for planned in steps:
        waiting[planned.step.table] += (planned.step,)
    found = Found(planning, stamp.read(connection)[0] or stamp.Stamp(), waiting)
    elsewhere = [name for name in found.names if "." in name]
    if elsewhere:
        raise BackupError(f"{elsewhere[0]} is in a schema of its own, which SQLite has not: it cannot be copied")
    others = sorted(set(planning.live) - set(found.names))
    return replace(found, left_out=tuple(f"table {name}, which is none of the bot's" for name in others))


def _shown(planned: Planned) -> str:
    column = getattr(planned.step, "column", None)
    return f"{type(planned.step).__name__} {planned.step.table}{f'.{column}' if column else ''}"


def check_empty(connection: Connection, found: Found) -> None:
    """Raise BackupError if the target has any of the tables."""
    taken = sorted(table_names(connection) & {*found.names, *(table.name for table in framework().tables)})
    if taken:
        raise BackupError(f"the target has tables of a bot already ({', '.join(taken[:3])}): copy to an empty database")


def make_copies(connection: Connection, found: Found, source: Dialect) -> list[TableCopy]:
    """What each table becomes on the target."""
    everyone = _everyone()
    tables = [table for given in everyone for table in given.tables]
    owners = {table.fullname: given.name for given in everyone for table in given.tables}
    wanted = wanted_tables(connection, tables, owners, {given.name: given.was for given in everyone if given.was})
    planning = found.planning
    return [
        table_copy(
            Known(
                planning.live[name],
                planning.wanted.get(name),
                wanted.get(name),
                found.waiting.get(name, ()),
                planning.records.get(name),
            ),
            source,
            connection.dialect,
        )
        for name in found.names
    ]


def finish_ledger(
    connection: Connection,
    found: Found,
    copies: Sequence[TableCopy],
    wrote: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> list[str]:
    """Write what the target is to remember; return what a start would still do there, which should be nothing.

    `wrote` are, by table and column, the literals that migrations filled in.
    """
    live = read_tables(connection)
    records = [replace(_record(found, copy, live), wrote=wrote[copy.name]) for copy in copies]
    ledger.write_records(connection, {record.name: record for record in records}, gone=())
    planning = plan_within(connection, _everyone(), Phase.EXPAND)
    for unit in planning.units:
        ledger.write_records(connection, next_records(unit, Phase.EXPAND), gone=())
    stamp.unsettle(connection, replace(found.stamp, models={}, unused={}))
    undone = [p for unit in planning.units for p in unit.steps if p.verdict is not Verdict.POSTPONE]
    return [f"left to the next start: {_shown(planned)}" for planned in undone]


def _record(found: Found, copy: TableCopy, live: Mapping[str, TableState]) -> TableRecord:
    """The record of a table on the target, with the history of its names."""
    known = found.planning.records.get(copy.name)
    module = found.planning.wanted[copy.name].module if copy.name in found.planning.wanted else ""
    state = read = live[copy.name]
    if known is not None:
        own = set(known.state.column_names)
        state = replace(read, columns=tuple(column for column in read.columns if column.name in own))
        return replace(known, state=state, meanings=copy.meanings)
    return TableRecord(copy.name, module, state, copy.meanings)
