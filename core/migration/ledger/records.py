"""What a database remembers of its migrations, in tables of the framework: the model of each table, and what was done.

It is read and written here, in whatever transaction the caller has; what it says is decided elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from core.migration.ledger.codec import encode
from core.migration.ledger.codec_records import planned_as_data, record_from
from core.migration.ledger.tables import history_table, schema_table
from utils.sqlalchemy import upsert

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.model import TableRecord, UnitPlan
    from core.migration.steps import Phase, Planned


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done in one transaction: `steps` as plain data, each with its verdict. `release` is Aha's own."""

    id: int
    at: datetime
    modules: tuple[str, ...]
    phase: str
    steps: tuple[Mapping[str, Any], ...]
    release: str


def records(connection: Connection, live: Collection[str]) -> dict[str, TableRecord]:
    """What is recorded of each table, by its name; nothing if there is no ledger among the tables `live`."""
    if schema_table.name not in live:
        return {}
    rows = connection.execute(select(schema_table.c.name, schema_table.c.record))
    return {name: record_from(record) for name, record in rows}


def owners(connection: Connection, live: Collection[str]) -> dict[str, str]:
    """Which module each table belongs to that was ever migrated; "" is the framework."""
    if schema_table.name not in live:
        return {}
    return {row.name: row.module for row in connection.execute(select(schema_table.c.name, schema_table.c.module))}


def history(connection: Connection, live: Collection[str]) -> list[Entry]:
    """All that was done, oldest first."""
    if history_table.name not in live:
        return []
    return [_entry(row) for row in connection.execute(select(history_table).order_by(history_table.c.id))]


def write_records(connection: Connection, records: Mapping[str, TableRecord], *, gone: Collection[str]) -> None:
    """Record the tables in `records`; the names in `gone` are no table's any more."""
    if gone:
        connection.execute(delete(schema_table).where(schema_table.c.name.in_(gone)))
    if records:
        rows = [{"name": r.name, "module": r.module, "record": encode(r)} for r in records.values()]
        connection.execute(upsert(schema_table, rows))


def write_history(connection: Connection, unit: UnitPlan, phase: Phase) -> None:
    """Enter in the history that `unit` was carried out."""
    enter(connection, unit.modules, unit.steps, phase=str(phase))


def enter(connection: Connection, modules: Sequence[str], steps: Iterable[Planned], *, phase: str) -> None:
    """Enter in the history that `steps` were taken; `phase` is "command" for what the owner does."""
    row = {
        "at": datetime.now(UTC),
        "modules": encode(modules),
        "phase": phase,
        "steps": encode([planned_as_data(planned) for planned in steps]),
        "release": _release(),
    }
    connection.execute(insert(history_table), row)


def _entry(row: Any) -> Entry:
    at = row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC)  # SQLite keeps no zone
    steps = tuple(json.loads(row.steps))
    return Entry(row.id, at, tuple(json.loads(row.modules)), row.phase, steps, row.release)


@cache
def _release() -> str:
    try:
        return version("aha-bot")
    except PackageNotFoundError:
        return ""
