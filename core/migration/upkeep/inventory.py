"""What is in a database and whose it is, for its owner: tables, unused columns, kept values. It only reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from core.migration.kept.table import exists, identifier, kept_table
from core.migration.ledger import records as ledger
from core.migration.schema.read import read_tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

    from core.migration.model import TableRecord
    from core.migration.state import TableState


@dataclass(frozen=True, slots=True)
class Owned:
    """A table that is there. `module` is "" for the framework, None if nobody of ours made it.

    `used` is False if its module no longer declares it.
    """

    table: str
    module: str | None
    used: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Left:
    """What may be pruned. `column` is None for a whole table; `rows` are those of the table, or that have a value.

    `kept` says that it is not the column, but what was kept of it. `name` is how the owner names it.
    """

    module: str
    table: str
    column: str | None
    rows: int
    kept: bool = False

    @property
    def name(self) -> str:
        """`table`, `table.column` or `kept:table.column`."""
        name = self.table if self.column is None else f"{self.table}.{self.column}"
        return f"kept:{name}" if self.kept else name


def live_and_recorded(connection: Connection) -> tuple[dict[str, TableState], dict[str, TableRecord]]:
    """The tables that are there, those of other schemas that are recorded too, and what is recorded of them."""
    live = read_tables(connection)
    recorded = ledger.records(connection, live)
    return live | read_tables(connection, recorded.keys() - live.keys()), recorded


def owners(connection: Connection) -> list[Owned]:
    """All tables with the modules they belong to, by module."""
    live, recorded = live_and_recorded(connection)
    found = [_owned(connection, name, recorded.get(name)) for name in live]
    return sorted(found, key=lambda owned: (owned.module is None, owned.module, owned.table))


def _owned(connection: Connection, name: str, record: TableRecord | None) -> Owned:
    rows = count_rows(connection, name)
    return Owned(name, None, used=True, rows=rows) if record is None else Owned(name, record.module, record.used, rows)


def unused(connection: Connection, modules: Collection[str]) -> list[Left]:
    """The tables and columns that no module declares any more; those too of all but `modules`, which are gone."""
    live, recorded = live_and_recorded(connection)
    found = [left for name, record in recorded.items() if name in live for left in _left(record, live[name], modules)]
    return sorted((_counted(connection, left) for left in found), key=lambda left: (left.module, left.name))


def _left(record: TableRecord, state: TableState, modules: Collection[str]) -> Iterator[Left]:
    if not record.module:
        return
    if not record.used or record.module not in modules:
        yield Left(record.module, record.name, None, 0)
        return
    for column in state.column_names:
        if column in record.meanings and column not in record.state.column_names:
            yield Left(record.module, record.name, column, 0)


def _counted(connection: Connection, left: Left) -> Left:
    return Left(left.module, left.table, left.column, count_rows(connection, left.table, left.column))


def kept(connection: Connection) -> list[Left]:
    """The columns of which values are kept."""
    if not exists(connection):
        return []
    columns = (kept_table.c.module, kept_table.c.table_name, kept_table.c.column_name)
    query = select(*columns, func.count()).group_by(*columns).order_by(*columns)
    return [Left(module, table, column, rows, kept=True) for module, table, column, rows in connection.execute(query)]


def count_rows(connection: Connection, table: str, column: str | None = None) -> int:
    """How many rows the table has; with `column`, how many have a value there."""
    place = identifier(connection, table)
    what = "*" if column is None else identifier(connection, column, of=place)
    return int(connection.scalar(text(f"SELECT count({what}) FROM {place}".replace(":", r"\:"))) or 0)
