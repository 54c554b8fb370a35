"""Values on their way between SQLite and PostgreSQL. In between they are as SQLite stores them, in the one proper form.

Nothing is rounded, cut or guessed: what the other database cannot hold raises Unfit, which says why. Pure Python.
"""

from __future__ import annotations

import json
import math
import struct
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from core.migration.casts import cast as casts
from core.migration.casts import values
from core.migration.casts.limits import fits_integer, fits_numeric, is_char, is_float4, is_jsonb
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Stored: TypeAlias = str | int | float | bytes
Convert: TypeAlias = "Callable[[Any], Any]"
_SHOWN = 40
_LARGEST_INTEGER = 2**63
_MICROSECOND = timedelta(microseconds=1)


class Unfit(ValueError):  # noqa: N818 - reads as the sentence it is
    """A value that the target cannot hold as it is, or that makes no sense in its column."""


class BadText(bytes):
    """What SQLite stores as text and is not UTF-8."""

    __slots__ = ()


def decoded(raw: bytes) -> str | BadText:
    """The text that SQLite stores as `raw`."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return BadText(raw)


def shown(value: object) -> str:
    """A value for a message: short."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


# --- out of SQLite -----------------------------------------------------------------------------------------------


def from_sqlite(meaning: Meaning) -> Convert:
    """The function that gives a value that SQLite stores its proper form; None stays None. It raises Unfit."""
    return partial(_out_of_sqlite, _PROPER.get(meaning.kind, _any), meaning)


def _out_of_sqlite(proper: Convert, meaning: Meaning, value: Any) -> Any:
    if value is None:
        return None
    if type(value) is BadText:
        raise Unfit(f"{shown(bytes(value))} is not text in UTF-8")
    found = proper(value)
    if found is None:
        raise Unfit(f"{shown(value)} is no {meaning.kind}")
    return found


def _any(value: Any) -> Any:
    return value


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


def _moment(value: Any) -> str | None:
    moment = values.parse_moment(value) if isinstance(value, str) else None
    return None if moment is None else moment.isoformat(" ", "microseconds")


def _date(value: Any) -> str | None:
    day = values.parse_date(value) if isinstance(value, str) else None
    return None if day is None else day.isoformat()


def _time(value: Any) -> str | None:
    moment = values.parse_time(value) if isinstance(value, str) else None
    return None if moment is None else moment.isoformat("microseconds")


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
    Kind.DATETIME: _moment,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.INTERVAL: _moment,
    Kind.UUID: _uuid,
    Kind.JSON: _document,
    Kind.ENUM: _text,
    Kind.BYTES: _bytes,
}


# --- out of PostgreSQL -------------------------------------------------------------------------------------------


def read_sql(column: str, meaning: Meaning) -> str:
    """The expression that reads a column of PostgreSQL for `from_postgresql`."""
    match meaning.kind:
        case Kind.INTEGER | Kind.BYTES | Kind.BOOLEAN:
            return column
        case Kind.INTERVAL if not _is_moment(meaning):
            # A month has no length in seconds.
            months = f"extract(year FROM {column}) <> 0 OR extract(month FROM {column}) <> 0"
            return f"CASE WHEN {months} THEN {column}::text ELSE extract(epoch FROM {column})::text END"
        case Kind.TIME if meaning.timezone:
            return f"({column} AT TIME ZONE 'UTC')::time::text"
        case _:
            return f"{column}::text"


def from_postgresql(meaning: Meaning) -> Convert:
    """The function that makes of what was read as `read_sql` says how SQLite stores it; it raises Unfit."""
    return partial(_out_of_postgresql, _SAID.get(meaning.kind, _any), meaning)


def _out_of_postgresql(said: Convert, meaning: Meaning, value: Any) -> Any:
    if value is None:
        return None
    if value in _ENDLESS and meaning.kind in (Kind.DATETIME, Kind.DATE):
        value = _ENDLESS[value][meaning.kind is Kind.DATETIME]
    found = _moment(value) if _is_moment(meaning) else said(value)
    if found is None:
        raise Unfit(f"{shown(value)} is a {meaning.sql} that SQLite cannot hold")
    return found


# As a bot reads them, and writes the first and the last moment that Python knows.
_ENDLESS = {
    "-infinity": ("0001-01-01", "0001-01-01 00:00:00"),
    "infinity": ("9999-12-31", "9999-12-31 23:59:59.999999"),
}


def _is_moment(meaning: Meaning) -> bool:
    """Whether it is an Interval that PostgreSQL stores as a moment after 1970."""
    return meaning.kind is Kind.INTERVAL and meaning.sql.upper().startswith("TIMESTAMP")


def _said_numeric(text: str) -> int | float | None:
    number = Decimal(text)
    if not number.is_finite():
        return None
    whole = number == number.to_integral_value()
    return int(number) if whole and abs(number) < _LARGEST_INTEGER else values.to_float(number)


def _said_float(text: str) -> float | None:
    return None if math.isnan(number := float(text)) else number


def _said_interval(text: str) -> str | None:
    try:
        length = values.to_duration(Decimal(text))
    except InvalidOperation:
        return None
    try:
        return None if length is None else (values.EPOCH + length).isoformat(" ", "microseconds")
    except OverflowError:
        return None


_SAID: Mapping[Kind, Convert] = {
    Kind.NUMERIC: _said_numeric,
    Kind.FLOAT: _said_float,
    Kind.BOOLEAN: int,
    Kind.DATETIME: _moment,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.INTERVAL: _said_interval,
    Kind.UUID: lambda text: UUID(text).hex,
}


# --- into the other database -------------------------------------------------------------------------------------


def converted(before: Meaning, after: Meaning, dialect: str) -> Convert:
    """The function that makes of a value under `before` one under `after`, both as SQLite stores them."""
    if before.kind is after.kind:
        return _any

    def convert(value: Any) -> Any:
        found = casts.convert(value, before, after, dialect=dialect)
        if found is None and value is not None:
            raise Unfit(f"{shown(value)} is no {after.kind}")
        return found

    return convert


def into_postgresql(meaning: Meaning) -> Convert:
    """The function that writes a value as PostgreSQL reads it in a string; None stays None. It raises Unfit."""
    return partial(_into_postgresql, _SPELT.get(meaning.kind, _spell), meaning)


def _into_postgresql(spell: Callable[[Any, Meaning], str], meaning: Meaning, value: Any) -> str | None:
    if value is None:
        return None
    text = spell(value, meaning)
    if "\0" in text:
        raise Unfit("it contains NUL, which PostgreSQL does not take in text")
    return text


def copy_field(text: str | None) -> str:
    """A value as it stands in a line for COPY."""
    return r"\N" if text is None else text.translate(_ESCAPES)


_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def _spell(value: Any, meaning: Meaning) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    text = value if isinstance(value, str) else repr(value)
    if meaning.length is not None and len(text) > meaning.length:
        raise Unfit(f"{shown(value)} has {len(text)} characters, more than {meaning.sql}")
    return text


def _spell_integer(value: Any, meaning: Meaning) -> str:
    if not fits_integer(value, meaning, "postgresql"):
        raise Unfit(f"{value} is out of the range of {meaning.sql}")
    return str(value)


def _spell_numeric(value: Any, meaning: Meaning) -> str:
    number = Decimal(repr(value))
    if not fits_numeric(number, meaning):
        raise Unfit(f"{value} has more digits than {meaning.sql}")
    return str(number)


def _spell_float(value: Any, meaning: Meaning) -> str:
    if is_float4(meaning) and math.isfinite(value) and value not in _in_single_precision(value):
        raise Unfit(f"{value} has more digits than {meaning.sql}")
    return repr(value)


def _in_single_precision(value: float) -> set[float]:
    """What `value` is when it is written and read with 4 bytes: as it is, and as it is shown."""
    try:
        near: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return set()
    shown = (float(f"{near:.{digits}g}") for digits in range(6, 10))
    return {near, next(number for number in shown if struct.pack("f", number) == struct.pack("f", near))}


def _spell_moment(value: Any, meaning: Meaning) -> str:
    return f"{value}+00" if meaning.timezone else str(value)


def _spell_interval(value: Any, meaning: Meaning) -> str:
    if _is_moment(meaning):
        return str(value)
    moment = values.parse_moment(value)
    if moment is None:
        raise Unfit(f"{shown(value)} is no {meaning.kind}")
    length = moment - values.EPOCH
    return f"{length.days} days {length.seconds} seconds {length.microseconds} microseconds"


def _spell_document(value: Any, meaning: Meaning) -> str:
    if is_jsonb(meaning) and not values.fits_jsonb(value):
        raise Unfit(f"{shown(value)} has a NUL, half a character, or a key twice, which {meaning.sql} does not keep")
    return str(value)


_SPELT: Mapping[Kind, Callable[[Any, Meaning], str]] = {
    Kind.INTEGER: _spell_integer,
    Kind.NUMERIC: _spell_numeric,
    Kind.FLOAT: _spell_float,
    Kind.DATETIME: _spell_moment,
    Kind.TIME: _spell_moment,
    Kind.INTERVAL: _spell_interval,
    Kind.JSON: _spell_document,
}


# --- the same value ----------------------------------------------------------------------------------------------


def compared(before: Meaning, after: Meaning) -> Convert | None:
    """What a value is compared by where a database may write the same in another way; None: by itself."""
    kinds = {before.kind, after.kind}
    if kinds == {Kind.JSON}:
        return _same_document
    if kinds == {Kind.TEXT} and (is_char(before) or is_char(after)):
        return _without_blanks
    if kinds & {Kind.ARRAY, Kind.OTHER}:
        return _as_text
    return None


def _without_blanks(value: Any) -> Any:
    return value.rstrip(" ") if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    return repr(value) if isinstance(value, int | float) else value


def _same_document(value: Any) -> Any:
    """A document whatever its blanks and the order of its keys; its numbers by their value."""
    if value is None:
        return None
    try:
        return json.dumps(json.loads(value, parse_float=_digits, parse_int=_digits), sort_keys=True)
    except (ValueError, RecursionError):
        return value


def _digits(text: str) -> str:
    try:
        return f"number {Decimal(text).normalize()}"
    except InvalidOperation:
        return text
