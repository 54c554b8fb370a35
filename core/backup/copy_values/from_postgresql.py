"""Values out of PostgreSQL, in the form in which SQLite stores them."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.backup.copy_values.forms import (
    Convert,
    Unfit,
    is_moment,
    proper_date,
    proper_moment,
    proper_time,
    shown,
    unchanged,
)
from core.migration.casts import values
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_INTEGER = 2**63


def read_sql(column: str, meaning: Meaning) -> str:
    """The expression that reads a column of PostgreSQL for `from_postgresql`."""
    match meaning.kind:
        case Kind.INTEGER | Kind.BYTES | Kind.BOOLEAN:
            return column
        case Kind.INTERVAL if not is_moment(meaning):
            # A month has no length in seconds.
            months = f"extract(year FROM {column}) <> 0 OR extract(month FROM {column}) <> 0"
            return f"CASE WHEN {months} THEN {column}::text ELSE extract(epoch FROM {column})::text END"
        case Kind.TIME if meaning.timezone:
            return f"({column} AT TIME ZONE 'UTC')::time::text"
        case _:
            return f"{column}::text"


def from_postgresql(meaning: Meaning) -> Convert:
    """The function that makes of what was read as `read_sql` says how SQLite stores it; it raises Unfit."""
    return partial(_out_of_postgresql, _SAID.get(meaning.kind, unchanged), meaning)


def _out_of_postgresql(said: Convert, meaning: Meaning, value: Any) -> Any:
    if value is None:
        return None
    if value in _ENDLESS and meaning.kind in (Kind.DATETIME, Kind.DATE):
        value = _ENDLESS[value][meaning.kind is Kind.DATETIME]
    found = proper_moment(value) if is_moment(meaning) else said(value)
    if found is None:
        raise Unfit(f"{shown(value)} is a {meaning.sql} that SQLite cannot hold")
    return found


# As a bot reads them, and writes the first and the last moment that Python knows.
_ENDLESS = {
    "-infinity": ("0001-01-01", "0001-01-01 00:00:00"),
    "infinity": ("9999-12-31", "9999-12-31 23:59:59.999999"),
}


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
    Kind.DATETIME: proper_moment,
    Kind.DATE: proper_date,
    Kind.TIME: proper_time,
    Kind.INTERVAL: _said_interval,
    Kind.UUID: lambda text: UUID(text).hex,
}
