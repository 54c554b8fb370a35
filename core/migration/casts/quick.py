"""Plain SQLite SQL for the values that most columns hold, so that a million rows need no call of Python each.

An entry is a condition and what then is the value. Where no condition holds the function decides, so an entry need not
be complete; the tests compare it with the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.casts.limits import decimals
from core.migration.casts.values import FALSE, FIRST_MILLISECONDS, LAST_INTEGER, TRUE
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INTEGER = f"typeof({{x}}) = 'integer' AND {{x}} BETWEEN {-LAST_INTEGER} AND {LAST_INTEGER}"
_WHOLE_TEXT = "typeof({x}) = 'text' AND CAST(CAST({x} AS INTEGER) AS TEXT) = {x}"
_SHORT_TEXT = _WHOLE_TEXT + " AND length({x}) <= 15"
# What SQLite reads and writes again in the same way has no more than 15 digits.
_DECIMAL_TEXT = (
    "typeof({x}) = 'text' AND CAST(CAST({x} AS REAL) AS TEXT) = {x} "
    "AND instr({x}, 'e') = 0 AND {x} NOT LIKE '%.0' AND {x} NOT LIKE 'i%' AND {x} NOT LIKE '-i%'"
)
# A plus takes the affinity from a column: in one of type DATE, '0001' would be compared as 1. And only with a
# modifier does SQLite notice that a month has no such day.
_DAY = "typeof({x}) = 'text' AND +{x} >= '0001' AND date({x}, '+0 days') = {x} AND length({x}) = 10"
_ISO = (
    "typeof({x}) = 'text' AND length({x}) = 19 AND +{x} >= '0001' "
    "AND strftime('%Y-%m-%d %H:%M:%S', {x}, '+0 days') = replace({x}, 'T', ' ')"
)
_SECONDS = f"typeof({{x}}) = 'integer' AND {{x}} BETWEEN -62135596800 AND {FIRST_MILLISECONDS - 1}"
# A stored moment without a fraction. Up to 5138 it has fewer seconds than what is taken for milliseconds.
_WHOLE_MOMENT = (
    "typeof({x}) = 'text' AND +{x} BETWEEN '0001' AND '5138' AND substr({x}, 20) = '.000000' "
    "AND strftime('%Y-%m-%d %H:%M:%S', substr({x}, 1, 19), '+0 days') = substr({x}, 1, 19)"
)
_REAL = "typeof({x}) = 'real' AND abs({x}) < 9e999"
_TRUE, _FALSE = (", ".join(f"'{word}'" for word in words) for words in (TRUE, FALSE))

_QUICK: Mapping[tuple[Kind, Kind], Sequence[tuple[str, str]]] = {
    (Kind.TEXT, Kind.INTEGER): [(_WHOLE_TEXT, "CAST({x} AS INTEGER)")],
    (Kind.TEXT, Kind.FLOAT): [(_SHORT_TEXT, "CAST({x} AS REAL)"), (_DECIMAL_TEXT, "CAST({x} AS REAL)")],
    (Kind.TEXT, Kind.NUMERIC): [(_SHORT_TEXT, "CAST({x} AS INTEGER)"), (_DECIMAL_TEXT, "CAST({x} AS REAL)")],
    (Kind.TEXT, Kind.BOOLEAN): [
        (f"typeof({{x}}) = 'text' AND lower(+{{x}}) IN ({_TRUE})", "1"),
        (f"typeof({{x}}) = 'text' AND lower(+{{x}}) IN ({_FALSE})", "0"),
    ],
    (Kind.TEXT, Kind.DATE): [(_DAY, "{x}")],
    (Kind.TEXT, Kind.DATETIME): [
        (_DAY, "{x} || ' 00:00:00.000000'"),
        (_ISO, "replace({x}, 'T', ' ') || '.000000'"),
    ],
    (Kind.INTEGER, Kind.FLOAT): [(_INTEGER, "CAST({x} AS REAL)")],
    (Kind.INTEGER, Kind.NUMERIC): [(_INTEGER, "{x}")],
    (Kind.INTEGER, Kind.BOOLEAN): [("typeof({x}) = 'integer' AND {x} IN (0, 1)", "{x}")],
    (Kind.INTEGER, Kind.DATETIME): [(_SECONDS, "strftime('%Y-%m-%d %H:%M:%S', {x}, 'unixepoch') || '.000000'")],
    (Kind.FLOAT, Kind.NUMERIC): [(f"{_REAL} AND {{x}} <> CAST({{x}} AS INTEGER)", "{x}")],
    (Kind.NUMERIC, Kind.FLOAT): [(_INTEGER, "CAST({x} AS REAL)"), (_REAL, "{x}")],
    (Kind.NUMERIC, Kind.INTEGER): [("typeof({x}) = 'integer'", "{x}")],
    (Kind.DATE, Kind.DATETIME): [(_DAY, "{x} || ' 00:00:00.000000'")],
    (Kind.DATETIME, Kind.INTEGER): [(_WHOLE_MOMENT, "CAST(strftime('%s', substr({x}, 1, 19)) AS INTEGER)")],
}

# Of these and those values SQL can tell that they come back as they are (0), or do not (1).
_QUICK_ALTERED: Mapping[tuple[Kind, Kind], Sequence[tuple[str, str]]] = {
    (Kind.TEXT, Kind.FLOAT): [(_DECIMAL_TEXT, "0")],
    (Kind.TEXT, Kind.NUMERIC): [(_SHORT_TEXT, "0"), (_DECIMAL_TEXT, "0")],
    (Kind.TEXT, Kind.BOOLEAN): [
        ("typeof({x}) = 'text' AND +{x} IN ('true', 'false')", "0"),
        (f"typeof({{x}}) = 'text' AND lower(+{{x}}) IN ({_TRUE}, {_FALSE})", "1"),
    ],
    (Kind.TEXT, Kind.DATETIME): [(_DAY, "1"), (f"{_ISO} AND substr({{x}}, 11, 1) = 'T'", "{zoned}")],
    (Kind.INTEGER, Kind.DATETIME): [(_SECONDS, "0")],
}


def quick(column: str, before: Meaning, after: Meaning, otherwise: str) -> str:
    """Return `otherwise`, the general expression for `column`, after what can be said without it."""
    return _cases(_QUICK, column, before, after, otherwise)


def quick_altered(column: str, before: Meaning, after: Meaning, otherwise: str) -> str:
    """Return `otherwise`, which tells whether the value would come back in another spelling, after the same."""
    return _cases(_QUICK_ALTERED, column, before, after, otherwise)


def _cases(
    quick: Mapping[tuple[Kind, Kind], Sequence[tuple[str, str]]],
    column: str,
    before: Meaning,
    after: Meaning,
    otherwise: str,
) -> str:
    entries = quick.get((before.kind, after.kind), ())
    if not entries or (after.kind is Kind.NUMERIC and (after.precision is not None or decimals(after) is not None)):
        return otherwise
    cases = " ".join(f"WHEN {condition} THEN {value}" for condition, value in entries)
    return f"CASE {cases.format(x=column, zoned=int(after.timezone))} ELSE {otherwise} END"
