"""Values into PostgreSQL, as it reads them in a string."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from core.backup.copy_values.forms import Convert, Unfit, is_moment, shown
from core.migration.casts import values
from core.migration.casts.limits import fits_integer, fits_numeric, is_float4, is_jsonb
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
    if is_moment(meaning):
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
