"""Reading the rows of a store one by one, whatever damage has made of them, and saying which are damaged.

It takes its time, and changes nothing. `reading` is for tables in which all is well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import LargeBinary, case, cast, func, literal, literal_column, null, select, true, type_coerce
from sqlalchemy.types import NullType

from services.data_store.rows import FAR, SUM, checksum, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection, Select, Table

_DAMAGED: Final = "its bytes are not those that were written"
# Columns that version 0.1 did not have, and the type that SQLite has for what belongs there.
_LATE: Final = {"position": "integer", "checksum": "integer", "mac": "blob"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands; `place` is what the database finds it by. What has no type may be anything.

    Where `whole` is False, key and value are what is left of them. `at` is None if nobody can read when that was.
    """

    place: int | str
    key: str
    value: bytes
    whole: bool
    at: datetime | None
    position: Any
    checksum: Any
    mac: Any

    @property
    def is_rewritten(self) -> bool:
        """Whether a release that knows of no checksums has written it since it got its own."""
        if not isinstance(self.checksum, int) or self.at is None:
            return False
        return self.checksum & ~SUM != stamp(self.at) and self.checksum & SUM != checksum(self.key, self.value)

    def fault(self) -> str | None:
        """What is damaged; None if nothing is, as far as anybody can tell."""
        if not self.whole:
            return _DAMAGED
        if not isinstance(self.checksum, int | None):
            return "its checksum is damaged"
        fits = self.checksum is None or self.checksum & SUM == checksum(self.key, self.value)
        if not (fits or self.is_rewritten):
            return _DAMAGED
        if not (self.position is None or (isinstance(self.position, int) and 0 < self.position < FAR)):
            return "its place in the order is damaged"
        return None if isinstance(self.mac, bytes | None) else "its signature is damaged"


def rows_in(connection: Connection, table: Table) -> Iterator[Row]:
    """The rows of `table` in the order of a dict; also if an older release of Aha has made it."""
    query = _as_they_are(table) if connection.dialect.name == "sqlite" else _as_declared(table)
    columns = table.columns
    if "position" in columns:
        query = query.order_by(columns.position.is_(None), columns.position)
    query = query.order_by(columns.updated_at, columns.key)
    for place, key, is_text, value, is_blob, at, *late in connection.execute(query):
        text = _text(key)
        whole = bool(is_text and is_blob) and key in (text, text.encode())
        yield Row(place, text, value or b"", whole, _moment(at), *late)


def _as_declared(table: Table) -> Select[Any]:
    """For a database in which a column has no values but those of its type."""
    columns = table.columns
    late = (_late(table, name) for name in _LATE)
    return select(columns.key.label("place"), columns.key, true(), columns.value, true(), columns.updated_at, *late)


def _as_they_are(table: Table) -> Select[Any]:
    """For SQLite: text as bytes, since it may be no UTF-8, and what is of another type than its column."""
    key, value, at = (table.columns[name] for name in ("key", "value", "updated_at"))
    return select(
        literal_column("rowid"),
        cast(key, LargeBinary),
        func.typeof(key) == "text",
        cast(value, LargeBinary),
        func.typeof(value) == "blob",
        case((func.typeof(at) == "text", cast(at, LargeBinary)), else_=null()),
        *(_raw(_late(table, name), kind) for name, kind in _LATE.items()),
    )


def _late(table: Table, name: str) -> ColumnElement[Any]:
    return table.columns[name] if name in table.columns else null()


def _raw(column: ColumnElement[Any], kind: str) -> ColumnElement[Any]:
    """A column as it is where it is of this type or NULL, else a number that nothing of the kind is."""
    return type_coerce(case((func.typeof(column).in_([kind, "null"]), column), else_=literal(0.5)), NullType())


def _text(key: str | bytes | None) -> str:
    """A key as text; it is another one then if it was none."""
    return key if isinstance(key, str) else (key or b"").decode(errors="replace")


def _moment(at: datetime | bytes | None) -> datetime | None:
    if at is None or isinstance(at, datetime):
        return at
    try:
        return datetime.fromisoformat(at.decode("ascii"))
    except ValueError:  # no ASCII, or no moment
        return None
