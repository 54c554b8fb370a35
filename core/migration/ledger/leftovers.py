"""What of the tables on disk no model has any more: told from the records, and as columns that a module can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Time,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.types import NullType

from core.database.transition import Leftover
from core.migration.ledger.stamp import Unused
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.types import TypeEngine

    from core.migration.model import TableRecord

_INTEGERS = {"SMALLINT": SmallInteger, "BIGINT": BigInteger}
_PLAIN: dict[Kind, type[TypeEngine[Any]]] = {
    Kind.FLOAT: Double,
    Kind.BOOLEAN: Boolean,
    Kind.DATE: Date,
    Kind.INTERVAL: Interval,
    Kind.UUID: Uuid,
    Kind.BYTES: LargeBinary,
}


def unused(
    records: Mapping[str, TableRecord], *, wanted: Collection[str], running: Collection[str]
) -> dict[str, Unused]:
    """By table, the columns that no model has. `wanted` are the tables of the modules that are `running`."""
    found = {}
    for name, record in records.items():
        used = name in wanted if record.module in running else record.used
        columns = {c: m for c, m in record.meanings.items() if not (used and c in record.state.column_names)}
        if columns:
            found[name] = Unused(columns, () if used else record.state.primary_key)
    return found


def leftover_columns(unused: Mapping[str, Unused]) -> dict[str, tuple[Leftover, ...]]:
    """The same as columns to select and write."""
    return {
        table: tuple(Leftover(name, type_of(m), key=name in given.key) for name, m in given.columns.items())
        for table, given in unused.items()
    }


def type_of(meaning: Meaning) -> TypeEngine[Any]:
    """A type that reads and writes values of that meaning; what it cannot know passes through as the driver has it."""
    match meaning.kind:
        case Kind.TEXT:
            return String(meaning.length)
        case Kind.INTEGER:
            return _INTEGERS.get(meaning.sql.upper(), Integer)()
        case Kind.NUMERIC:
            return Numeric(meaning.precision, meaning.scale)
        case Kind.DATETIME:
            return DateTime(timezone=meaning.timezone)
        case Kind.TIME:
            return Time(timezone=meaning.timezone)
        case Kind.JSON:
            return JSONB() if meaning.sql.upper() == "JSONB" else JSON()
        case Kind.ENUM if meaning.native:
            return ENUM(*meaning.members, name=meaning.sql.strip('"'), create_type=False)
        case Kind.ENUM:
            return String()
        case kind:
            return _PLAIN.get(kind, NullType)()
