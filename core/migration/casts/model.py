"""What becomes of a stored value when its column's meaning changes: `convert`, in plain Python. It runs no SQL.

A value is read as what it means, changed into what it should mean, and written as SQLAlchemy stores that on SQLite.
PostgreSQL does the same in SQL (`postgresql`); the tests hold the two against each other.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from core.migration.casts import values
from core.migration.casts.limits import fits_integer, fits_numeric, is_jsonb, survives
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Stored: TypeAlias = str | int | float | bytes | Decimal
"""What SQLite can hold, besides NULL; a Decimal stands for a NUMERIC on PostgreSQL."""

NUMBERS = (Kind.INTEGER, Kind.NUMERIC, Kind.FLOAT)
COUNTED = (*NUMBERS, Kind.BOOLEAN, Kind.DATETIME, Kind.INTERVAL)
"""What can be said as a number."""
WORDS = (Kind.DATETIME, Kind.DATE, Kind.TIME, Kind.INTERVAL, Kind.UUID, Kind.ENUM)
"""What stands as a string in a JSON document."""
OPAQUE = (Kind.ARRAY, Kind.OTHER)

Convert: TypeAlias = "Callable[[Stored], Stored | None]"


def convert(
    value: Stored | None,
    before: Meaning,
    after: Meaning,
    *,
    members: Mapping[str, str] | None = None,
    dialect: str = "sqlite",
) -> Stored | None:
    """Return `value` as it is stored under `after`; None if it cannot follow, or could not be got back.

    Both are in the form that SQLite stores. `members` maps former members of an enum to new ones. On PostgreSQL
    ("postgresql") integers and JSON have other limits.
    """
    if value is None:
        return None
    return converter(before, after, tuple(sorted((members or {}).items())), dialect)(value)


@lru_cache(maxsize=256)
def converter(before: Meaning, after: Meaning, members: tuple[tuple[str, str], ...], dialect: str) -> Convert:
    """Return the function that converts one value; it raises nothing."""
    read, change = _READ[before.kind], _change(before, after, dict(members))
    write, same = _WRITE[after.kind], before.kind is after.kind is not Kind.ENUM

    def convert_one(value: Stored) -> Stored | None:
        meant = read(value)
        if meant is None:
            # Of the same kind, what made no sense before makes none now: it stays, and nothing changes.
            return value if same else None
        changed = change(meant)
        written = None if changed is None else write(changed, after, dialect)
        return value if same and written is not None else written

    return convert_one


# --- from one meaning to another ---------------------------------------------------------------------------------


def _change(before: Meaning, after: Meaning, members: Mapping[str, str]) -> Callable[[Any], Any]:
    old, new = before.kind, after.kind
    if new is Kind.ENUM and old in {Kind.TEXT, Kind.ENUM, Kind.INTEGER, Kind.JSON}:
        return lambda meant: _member(_string(meant) if old is Kind.JSON else spell(meant, before), after, members)
    if old is new:
        return _same
    if Kind.TEXT in {old, new}:
        return (lambda meant: spell(meant, before)) if new is Kind.TEXT else _PARSE[new]
    if Kind.JSON in {old, new}:
        return _change_json(before, after)
    if old in COUNTED and new in COUNTED and (old in NUMBERS or new in NUMBERS):
        return lambda meant: _recount(meant, new)
    if old is Kind.ENUM and new is Kind.INTEGER:
        return values.parse_integer
    return _RARE.get((old, new), _never)


def _same(meant: Any) -> Any:
    return meant


def _never(_: Any) -> None:
    return None


def _member(name: str | None, after: Meaning, members: Mapping[str, str]) -> str | None:
    """The member that is called `name`, or was."""
    name = None if name is None else members.get(name, name)
    return name if name in after.members else None


def _midnight(moment: datetime) -> date | None:
    return moment.date() if moment.time() == time() else None


_RARE: Mapping[tuple[Kind, Kind], Callable[[Any], Any]] = {
    (Kind.DATE, Kind.DATETIME): lambda day: datetime.combine(day, time()),
    (Kind.DATETIME, Kind.DATE): _midnight,
    (Kind.UUID, Kind.BYTES): lambda uuid: uuid.bytes,
    (Kind.BYTES, Kind.UUID): lambda raw: UUID(bytes=raw) if len(raw) == 16 else None,
}


def _count(meant: Any) -> Decimal | None:
    """What a value is as a number; None if it is not finite."""
    match meant:
        case timedelta():
            return values.to_seconds(meant)
        case float():
            return Decimal(repr(meant)) if meant - meant == 0 else None
        case _:
            return Decimal(meant)


def _recount(meant: Any, kind: Kind) -> Any:
    number = values.to_epoch(meant, whole=kind is Kind.INTEGER) if isinstance(meant, datetime) else _count(meant)
    exact = {type(meant), kind} not in ({float, Kind.INTEGER}, {int, Kind.FLOAT})
    if number is None or not (exact or abs(number) <= values.LAST_INTEGER):
        return None
    if kind is Kind.DATETIME and isinstance(meant, float):
        return values.to_moment(number, rounded=True)
    return _counted(number, kind)


def _counted(number: Decimal, kind: Kind) -> Any:
    """What `number` is as a value of `kind`."""
    match kind:
        case Kind.FLOAT:
            return values.to_float(number)
        case Kind.BOOLEAN:
            return bool(number) if number in {0, 1} else None
        case Kind.DATETIME:
            return values.to_moment(number)
        case Kind.INTERVAL:
            return values.to_duration(number)
        case _:
            return number


# --- JSON --------------------------------------------------------------------------------------------------------


def _change_json(before: Meaning, after: Meaning) -> Callable[[Any], Any]:
    """A document is its text. Numbers, booleans and the words of other kinds are documents, too."""
    if before.kind is Kind.BOOLEAN:
        return lambda meant: "true" if meant else "false"
    if before.kind is Kind.FLOAT:
        return lambda meant: repr(meant) if meant - meant == 0 else None
    if before.kind in NUMBERS:
        return lambda meant: values.plain(Decimal(meant))
    if before.kind in WORDS:
        return lambda meant: json.dumps(spell(meant, before), ensure_ascii=False)
    if after.kind in WORDS:
        return lambda document: _parse_string(document, after.kind)
    if after.kind in {Kind.BOOLEAN, *NUMBERS}:
        return lambda document: _counted_json(document, after.kind)
    return _never


def _string(document: str) -> str | None:
    said = values.load_json(document)
    return said if isinstance(said, str) else None


def _parse_string(document: str, kind: Kind) -> Any:
    string = _string(document)
    return None if string is None else _PARSE[kind](string)


def _counted_json(document: str, kind: Kind) -> Any:
    said = values.load_json(document)
    if isinstance(said, bool):
        return said if kind is Kind.BOOLEAN else None
    known = isinstance(said, Decimal) and said.is_finite() and kind in NUMBERS
    return _counted(said, kind) if known else None


# --- reading and writing what is stored --------------------------------------------------------------------------


def _read_integer(value: Stored) -> int | None:
    return value if isinstance(value, int) else None


def _read_numeric(value: Stored) -> Decimal | None:
    return _count(value) if isinstance(value, int | float | Decimal) else None


def _read_float(value: Stored) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _read_boolean(value: Stored) -> bool | None:
    return bool(value) if isinstance(value, int) and value in {0, 1} else None


def _read_json(value: Stored) -> str | None:
    """The document. SQLite's affinity turns one that is but a number into a number."""
    if isinstance(value, bytes):
        return None
    document = value if isinstance(value, str) else repr(value)
    return document if values.is_json(document) else None


def _read_interval(value: Stored) -> timedelta | None:
    moment = values.parse_moment(value) if isinstance(value, str) else None
    return None if moment is None else moment - values.EPOCH


def _reads(parse: Callable[[str], Any]) -> Callable[[Stored], Any]:
    return lambda value: parse(value) if isinstance(value, str) else None


_READ: Mapping[Kind, Callable[[Stored], Any]] = {
    Kind.TEXT: _reads(_same),
    Kind.INTEGER: _read_integer,
    Kind.NUMERIC: _read_numeric,
    Kind.FLOAT: _read_float,
    Kind.BOOLEAN: _read_boolean,
    Kind.DATETIME: _reads(values.parse_moment),
    Kind.DATE: _reads(values.parse_date),
    Kind.TIME: _reads(values.parse_time),
    Kind.INTERVAL: _read_interval,
    Kind.UUID: _reads(values.parse_uuid),
    Kind.JSON: _read_json,
    Kind.ENUM: _reads(_same),
    Kind.BYTES: lambda value: value if isinstance(value, bytes) else None,
    Kind.ARRAY: _same,
    Kind.OTHER: _same,
}


def spell(meant: Any, before: Meaning) -> str | None:
    """The text that a value of `before` is converted to: what Python's own `str` or `isoformat` makes of it."""
    match meant:
        case bool():
            return "true" if meant else "false"
        case float():
            return repr(meant) if meant - meant == 0 else None
        case Decimal():
            return values.plain(meant, before.scale)
        case datetime():
            return (meant.replace(tzinfo=UTC) if before.timezone else meant).isoformat()
        case date() | time():
            return meant.isoformat()
        case timedelta():
            return f"PT{values.plain(values.to_seconds(meant))}S"
        case bytes():
            return None if before.kind is not Kind.BYTES else _decode(meant)
        case _:
            return str(meant)


def _decode(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _parse_json(text: str) -> str | None:
    return _read_json(text)


def _parse_moment(text: str) -> datetime | None:
    """The moment in ISO text, or in text that is an epoch."""
    return values.parse_moment(text) or values.parse_epoch(text)


_PARSE: Mapping[Kind, Callable[[str], Any]] = {
    Kind.INTEGER: values.parse_integer,
    Kind.NUMERIC: values.parse_decimal,
    Kind.FLOAT: values.parse_float,
    Kind.BOOLEAN: values.parse_boolean,
    Kind.DATETIME: _parse_moment,
    Kind.DATE: values.parse_date,
    Kind.TIME: values.parse_time,
    Kind.INTERVAL: values.parse_duration,
    Kind.UUID: values.parse_uuid,
    Kind.JSON: _parse_json,
    Kind.BYTES: str.encode,
    Kind.ARRAY: _same,
    Kind.OTHER: _same,
}


def _write_text(text: Any, after: Meaning, dialect: str) -> Stored | None:
    too_long = after.length is not None and len(text) > after.length
    if dialect == "postgresql" and "\0" in text:
        return None
    return text if not too_long and survives(text, after, dialect) else None


def _write_integer(number: Decimal | int, after: Meaning, dialect: str) -> int | None:
    return int(number) if fits_integer(number, after, dialect) else None


def _write_numeric(number: Decimal, after: Meaning, dialect: str) -> Stored | None:
    if not fits_numeric(number, after):
        return None
    if dialect != "sqlite":
        return number
    near = values.to_float(number)
    if near is None:
        return None
    return int(number) if abs(number) <= values.LAST_INTEGER and number % 1 == 0 else near


def _write_moment(moment: datetime, _: Meaning, __: str) -> str:
    return f"{moment.isoformat(' ', 'microseconds')}"


def _write_json(document: str, after: Meaning, dialect: str) -> Stored | None:
    if is_jsonb(after) and not values.fits_jsonb(document):
        return None
    if dialect != "sqlite" or document.lstrip()[0] not in "-0123456789":
        return document
    # SQLite takes a document that is but a number for one.
    said = values.load_json(document)
    if not said.is_finite():
        return None
    return int(said) if fits_integer(said, after, dialect) else values.to_float(said)


_WRITE: Mapping[Kind, Callable[[Any, Meaning, str], Stored | None]] = {
    Kind.TEXT: _write_text,
    Kind.INTEGER: _write_integer,
    Kind.NUMERIC: _write_numeric,
    Kind.FLOAT: lambda number, *_: number,
    Kind.BOOLEAN: lambda truth, *_: int(truth),
    Kind.DATETIME: _write_moment,
    Kind.DATE: lambda day, *_: day.isoformat(),
    Kind.TIME: lambda moment, *_: moment.isoformat("microseconds"),
    Kind.INTERVAL: lambda length, *_: (values.EPOCH + length).isoformat(" ", "microseconds"),
    Kind.UUID: lambda uuid, after, dialect: uuid.hex if survives(uuid.hex, after, dialect) else None,
    Kind.JSON: _write_json,
    Kind.ENUM: _write_text,
    Kind.BYTES: lambda raw, *_: raw,
    Kind.ARRAY: lambda value, *_: value,
    Kind.OTHER: lambda value, after, dialect: value if survives(value, after, dialect) else None,
}
