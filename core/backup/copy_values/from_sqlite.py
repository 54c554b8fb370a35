"""Values out of SQLite, each in its proper form."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from core.backup.copy_values.forms import Convert, Unfit, proper_date, proper_moment, proper_time, shown, unchanged
from core.migration.casts import values
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping


class BadText(bytes):
    """What SQLite stores as text and is not UTF-8."""

    __slots__ = ()


def decoded(raw: bytes) -> str | BadText:
    """The text that SQLite stores as `raw`."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return BadText(raw)


def from_sqlite(meaning: Meaning) -> Convert:
    """The function that gives a value that SQLite stores its proper form; None stays None. It raises Unfit."""
    return partial(_out_of_sqlite, _PROPER.get(meaning.kind, unchanged), meaning)


def _out_of_sqlite(proper: Convert, meaning: Meaning, value: Any) -> Any:
    if value is None:
        return None
    if type(value) is BadText:
        raise Unfit(f"{shown(bytes(value))} is not text in UTF-8")
    found = proper(value)
    if found is None:
        raise Unfit(f"{shown(value)} is no {meaning.kind}")
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _number(value: Any) -> int | float | None:
    """A whole number as an integer, as far as a float can tell it from the next."""
    if not isinstance(value, int | float) or value - value != 0:
        return None
    return int(value) if isinstance(value, float) and value % 1 == 0 and abs(value) < values.LAST_INTEGER else value


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _boolean(value: Any) -> int | None:
    return int(value) if isinstance(value, int) and value in {0, 1} else None


def _uuid(value: Any) -> str | None:
    found = values.parse_uuid(value) if isinstance(value, str) else None
    return None if found is None else found.hex


def _document(value: Any) -> str | None:
    """A JSON document. One that is but a number is a number to SQLite."""
    if isinstance(value, bytes):
        return None
    document = value if isinstance(value, str) else repr(value)
    try:
        json.loads(document)
    except (ValueError, RecursionError):
        return None
    return document


def _bytes(value: Any) -> bytes | None:
    return value if isinstance(value, bytes) else None


_PROPER: Mapping[Kind, Convert] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.NUMERIC: _number,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: _boolean,
    Kind.DATETIME: proper_moment,
    Kind.DATE: proper_date,
    Kind.TIME: proper_time,
    Kind.INTERVAL: proper_moment,
    Kind.UUID: _uuid,
    Kind.JSON: _document,
    Kind.ENUM: _text,
    Kind.BYTES: _bytes,
}
