"""The one row that tells a start whether anything has changed since the last: `Stamp`. It compares no tables itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, literal_column, select, text
from sqlalchemy.exc import DBAPIError

from core.database.base import metadata
from core.database.transition import Migration
from core.migration.ledger.codec import encode, meaning_from
from core.migration.schema.fingerprint import live_stamp_sql
from utils.sqlalchemy import upsert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection

    from core.migration.meaning import Meaning

_table = Table(
    "aha_stamp",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("value", Text, nullable=False),
    Column("live", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Unused:
    """The columns of a table that no model has. `key` is its primary key where no model has the table either."""

    columns: Mapping[str, Meaning]
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the last migration left. `live` is the stamp of the schema then, "" while one is under way.

    `models` are the fingerprints of the modules' tables, `postponed` the queries that tell whether what a module is
    waiting for may be possible now ("" needs a comparison), `pending` the changes whose on_start is still to succeed.
    """

    models: Mapping[str, str] = field(default_factory=dict)
    postponed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unused: Mapping[str, Unused] = field(default_factory=dict)
    pending: Mapping[str, Migration] = field(default_factory=dict)
    live: str = ""


def read(connection: Connection) -> tuple[Stamp | None, str]:
    """The stamp and, in the same query, the stamp of the schema as it is now. None, "" if there is no stamp yet."""
    live: ColumnElement[Any] = literal_column(live_stamp_sql(connection.dialect.name))
    query = select(_table.c.value, _table.c.live, live)
    try:
        row = connection.execute(query).first()
    except DBAPIError as error:
        connection.rollback()
        if error.connection_invalidated:
            raise
        if not connection.dialect.has_table(connection, _table.name):
            return None, ""
        row = connection.execute(query).first()  # another process may have made the table meanwhile
    return (_stamp(row[0], row[1]), str(row[2])) if row else (None, "")


def write(connection: Connection, stamp: Stamp, *, base: Stamp) -> Stamp:
    """Write it with the stamp of the schema as it is now, unless it is there; return what is there then.

    `base` is what was there when `stamp` was made of it: what others have changed since stays as they have left it.
    """
    found, live = read(connection)
    if found is None:
        live = str(connection.scalar(text(f"SELECT {live_stamp_sql(connection.dialect.name)}")))
    stamp = _rebased(stamp, base, found or base)
    return found if found == replace(stamp, live=live) else _written(connection, stamp, live)


def _rebased(ours: Stamp, base: Stamp, found: Stamp) -> Stamp:
    """`found` with what makes `ours` differ from `base`; what is unused is known to the last one best."""
    return replace(
        ours,
        models=_merged(ours.models, base.models, found.models),
        postponed=_merged(ours.postponed, base.postponed, found.postponed),
        pending=_merged(ours.pending, base.pending, found.pending),
    )


def _merged(ours: Mapping[str, Any], base: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in found.items() if name in ours or name not in base}
    return kept | {name: value for name, value in ours.items() if name not in base or base[name] != value}


def unsettle(connection: Connection, stamp: Stamp) -> Stamp:
    """Write it in the transaction of a change: should nothing else be written, the next start compares everything."""
    return _written(connection, stamp, "")


def _written(connection: Connection, stamp: Stamp, live: str) -> Stamp:
    value = {name: getattr(stamp, name) for name in ("models", "postponed", "unused", "pending")}
    connection.execute(upsert(_table, id=1, value=encode(value), live=live))
    return Stamp(**value, live=live)


def _stamp(value: str, live: str) -> Stamp:
    try:
        data = json.loads(value)
        return Stamp(
            models=dict(data["models"]),
            postponed={module: tuple(probes) for module, probes in data["postponed"].items()},
            unused={table: _unused(given) for table, given in data["unused"].items()},
            pending={module: Migration(**given) for module, given in data["pending"].items()},
            live=live,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Stamp()  # written by another release, or by hand: everything is compared


def _unused(given: Mapping[str, Any]) -> Unused:
    columns = {name: meaning_from(meaning) for name, meaning in given["columns"].items()}
    return Unused(columns, tuple(given["key"]))
