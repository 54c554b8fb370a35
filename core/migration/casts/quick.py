"""Plain SQLite SQL for the values that most columns hold, so that a million rows need no call of Python each.

An entry is a condition, what then is the value, and whether it would come back in another spelling. Where no condition
holds the function decides, so an entry need not be complete; the tests compare it with the model.
"""

from __future__ import annotations

from sqlite3 import sqlite_version_info
from typing import TYPE_CHECKING, NamedTuple

from core.migration.casts.limits import decimals, is_jsonb
from core.migration.casts.values import FALSE, FIRST_MILLISECONDS, LAST_INTEGER, TRUE
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class _Entry(NamedTuple):
    """SQL over a column `{x}`. `altered` is 1 or 0, "" if only the function can tell or nobody asks."""

    condition: str
    value: str
    altered: str = ""


_INTEGER = f"typeof({{x}}) = 'integer' AND {{x}} BETWEEN {-LAST_INTEGER} AND {LAST_INTEGER}"
# Numbers come before the empty text; so does NULL, in a way. It is faster than to ask for the type.
_WHOLE_TEXT = "+{x} >= '' AND CAST(CAST({x} AS INTEGER) AS TEXT) = {x}"
_SHORT_TEXT = _WHOLE_TEXT + " AND length({x}) <= 15"
# What SQLite reads and writes again in the same way has no more than 15 digits.
_DECIMAL_TEXT = (
    "+{x} >= '' AND CAST(CAST({x} AS REAL) AS TEXT) = {x} "
    "AND instr({x}, 'e') = 0 AND {x} NOT LIKE '%.0' AND {x} NOT LIKE 'i%' AND {x} NOT LIKE '-i%'"
)
# A plus takes the affinity from a column: in one of type DATE, '0001' would be compared as 1. And only with a
# modifier does SQLite notice that a month has no such day.
_DAY = "typeof({x}) = 'text' AND length({x}) = 10 AND +{x} >= '0001' AND date({x}, '+0 days') = {x}"
_SECONDS = f"typeof({{x}}) = 'integer' AND {{x}} BETWEEN -62135596800 AND {FIRST_MILLISECONDS - 1}"
_MILLISECONDS = f"typeof({{x}}) = 'integer' AND {{x}} BETWEEN {FIRST_MILLISECONDS} AND 253402300799999"
# A stored moment without a fraction. Up to 5138 it has fewer seconds than what is taken for milliseconds.
_WHOLE_MOMENT = (
    "typeof({x}) = 'text' AND +{x} BETWEEN '0001' AND '5138' AND substr({x}, 20) = '.000000' "
    "AND datetime(substr({x}, 1, 19), '+0 days') = substr({x}, 1, 19)"
)
_REAL = "typeof({x}) = 'real' AND abs({x}) < 9e999"
_TRUE, _FALSE = (", ".join(f"'{word}'" for word in words) for words in (TRUE, FALSE))
_DIGITS = {3: ".[0-9][0-9][0-9]", 6: ".[0-9][0-9][0-9][0-9][0-9][0-9]"}
_CLOCK = "[0-2][0-9]:[0-5][0-9]"


def _within(length: int) -> str:
    """A text that is no longer, and without NUL: functions of SQLite stop at that."""
    return f"typeof({{x}}) = 'text' AND substr({{x}}, 1, {length}) = {{x}}"


def _moment(digits: int, zone: str) -> str:
    """The text of a moment whose seconds have so many decimals, which ends in what `zone` demands of it."""
    fraction = f"substr({{x}}, 20, {digits + 1}) GLOB '{_DIGITS[digits]}' AND " if digits else ""
    tail = f"substr({{x}}, {21 + digits if digits else 20})"
    return (
        f"{_within(32)} AND {fraction}{tail} {zone} AND +{{x}} >= '0001' AND "
        "datetime(substr({x}, 1, 19), '+0 days') = replace(substr({x}, 1, 19), 'T', ' ')"
    )


_UTC = "IN ('', 'Z', '+00:00')"
_OFFSET = "GLOB '[+-][01][0-9]:[0-5][0-9]'"
_AS_WRITTEN, _IN_UTC = (
    "replace(substr({x}, 1, 19), 'T', ' ')",
    "datetime(substr({x}, 1, 19) || substr({x}, -6))",
)
_MOMENTS = [
    _Entry(_DAY, "{x} || ' 00:00:00.000000'", "1"),
    _Entry(_moment(0, _UTC), f"{_AS_WRITTEN} || '.000000'", "{x} <> replace(substr({x}, 1, 19), ' ', 'T') || '{zone}'"),
    _Entry(
        _moment(6, _UTC),
        f"{_AS_WRITTEN} || substr({{x}}, 20, 7)",
        "substr({x}, 20, 7) = '.000000' OR {x} <> replace(substr({x}, 1, 26), ' ', 'T') || '{zone}'",
    ),
    _Entry(_moment(3, _UTC), f"{_AS_WRITTEN} || substr({{x}}, 20, 4) || '000'", "1"),
    _Entry(f"{_moment(0, _OFFSET)} AND {_IN_UTC} >= '0001'", f"{_IN_UTC} || '.000000'", "1"),
    _Entry(f"{_moment(6, _OFFSET)} AND {_IN_UTC} >= '0001'", f"{_IN_UTC} || substr({{x}}, 20, 7)", "1"),
]
_TIMES = [
    _Entry(f"{_within(length)} AND {{x}} GLOB '{look}' AND +{{x}} < '24'", f"{{x}} || '{rest}'", altered)
    for length, look, rest, altered in (
        (8, f"{_CLOCK}:[0-5][0-9]", ".000000", "0"),
        (15, f"{_CLOCK}:[0-5][0-9]{_DIGITS[6]}", "", "substr({x}, 9) = '.000000'"),
        (5, _CLOCK, ":00.000000", "1"),
    )
]
_EPOCHS = [
    _Entry(_SECONDS, "datetime({x}, 'unixepoch') || '.000000'", "0"),
    _Entry(
        _MILLISECONDS,
        "datetime({x} / 1000, 'unixepoch') || printf('.%03d000', {x} % 1000)",
        f"{{x}} % 1000 = 0 AND {{x}} / 1000 < {FIRST_MILLISECONDS}",
    ),
]
# Nine or ten digits up to 2033 are seconds, and thirteen milliseconds: no day and time without hyphens looks like that.
_DIGITS_TEXT = _WHOLE_TEXT + " AND CAST({x} AS INTEGER) BETWEEN"
_CLOCK_TEXT = f"{{x}} GLOB '1{'[0-9]' * 9}.[0-9]*' AND {_within(18)} AND substr({{x}}, 12) NOT GLOB '*[^0-9]*'"
_MICROSECONDS = "((CAST(substr({x}, 1, 10) || substr({x} || '000000', 12, 7) AS INTEGER) + 5) / 10)"
_EPOCH_TEXTS = [
    _Entry(f"{_DIGITS_TEXT} 100000000 AND 1999999999", "datetime(CAST({x} AS INTEGER), 'unixepoch') || '.000000'", "1"),
    _Entry(
        _CLOCK_TEXT,
        f"datetime({_MICROSECONDS} / 1000000, 'unixepoch') || printf('.%06d', {_MICROSECONDS} % 1000000)",
        "1",
    ),
    _Entry(
        f"{_DIGITS_TEXT} 1000000000000 AND 9999999999999",
        "datetime(CAST({x} AS INTEGER) / 1000, 'unixepoch') || printf('.%03d000', CAST({x} AS INTEGER) % 1000)",
        "1",
    ),
]
# A short document in ASCII that is no number: Python reads none that is very deep, and SQLite takes any bytes for text.
_DOCUMENT = f"{_within(1000)} AND {{x}} GLOB '[[{{{{\"tfn]*' AND {{x}} NOT GLOB '*[^ -~]*' AND json_valid({{x}})"

_QUICK: Mapping[tuple[Kind, Kind], Sequence[_Entry]] = {
    (Kind.TEXT, Kind.INTEGER): [_Entry(_WHOLE_TEXT, "CAST({x} AS INTEGER)")],
    (Kind.TEXT, Kind.FLOAT): [
        _Entry(_SHORT_TEXT, "CAST({x} AS REAL)", "1"),
        _Entry(_DECIMAL_TEXT, "CAST({x} AS REAL)", "0"),
    ],
    (Kind.TEXT, Kind.NUMERIC): [
        _Entry(_SHORT_TEXT, "CAST({x} AS INTEGER)", "0"),
        _Entry(_DECIMAL_TEXT, "CAST({x} AS REAL)", "0"),
    ],
    (Kind.TEXT, Kind.BOOLEAN): [
        _Entry(f"typeof({{x}}) = 'text' AND lower(+{{x}}) IN ({_TRUE})", "1", "+{x} <> 'true'"),
        _Entry(f"typeof({{x}}) = 'text' AND lower(+{{x}}) IN ({_FALSE})", "0", "+{x} <> 'false'"),
    ],
    (Kind.TEXT, Kind.DATE): [_Entry(_DAY, "{x}")],
    (Kind.TEXT, Kind.TIME): _TIMES,
    (Kind.TEXT, Kind.DATETIME): [*_EPOCH_TEXTS, *_MOMENTS],
    # Before this version, SQLite may have been built without.
    (Kind.TEXT, Kind.JSON): [_Entry(_DOCUMENT, "{x}", "0")] if sqlite_version_info >= (3, 38) else [],
    (Kind.INTEGER, Kind.FLOAT): [_Entry(_INTEGER, "CAST({x} AS REAL)")],
    (Kind.INTEGER, Kind.NUMERIC): [_Entry(_INTEGER, "{x}")],
    (Kind.INTEGER, Kind.BOOLEAN): [_Entry("typeof({x}) = 'integer' AND {x} IN (0, 1)", "{x}")],
    (Kind.INTEGER, Kind.DATETIME): _EPOCHS,
    (Kind.FLOAT, Kind.NUMERIC): [_Entry(f"{_REAL} AND {{x}} <> CAST({{x}} AS INTEGER)", "{x}")],
    (Kind.NUMERIC, Kind.FLOAT): [_Entry(_INTEGER, "CAST({x} AS REAL)"), _Entry(_REAL, "{x}")],
    (Kind.NUMERIC, Kind.INTEGER): [_Entry("typeof({x}) = 'integer'", "{x}")],
    (Kind.NUMERIC, Kind.DATETIME): _EPOCHS[:1],
    (Kind.DATE, Kind.DATETIME): [_Entry(_DAY, "{x} || ' 00:00:00.000000'")],
    (Kind.DATETIME, Kind.INTEGER): [_Entry(_WHOLE_MOMENT, "CAST(strftime('%s', substr({x}, 1, 19)) AS INTEGER)")],
}


def quick(column: str, before: Meaning, after: Meaning, otherwise: str) -> str:
    """Return `otherwise`, the general expression for `column`, after what can be said without it."""
    return _cases([(e.condition, e.value) for e in _entries(before, after)], column, after, otherwise)


def quick_altered(column: str, before: Meaning, after: Meaning, otherwise: str) -> str:
    """Return `otherwise`, which tells whether the value would come back in another spelling, likewise."""
    return _cases([(e.condition, e.altered) for e in _entries(before, after) if e.altered], column, after, otherwise)


def quick_to_keep(column: str, before: Meaning, after: Meaning, otherwise: str, *, spelled: bool) -> str:
    """Return `otherwise`, which tells whether the value as it is has to be kept, after the same.

    It is kept if it cannot follow and, if values may be `spelled` in several ways, if it would come back as another.
    """
    entries = [(e.condition, e.altered if spelled else "0") for e in _entries(before, after)]
    return _cases([(condition, kept) for condition, kept in entries if kept], column, after, otherwise)


def _entries(before: Meaning, after: Meaning) -> Sequence[_Entry]:
    is_limited = after.kind is Kind.NUMERIC and (after.precision is not None or decimals(after) is not None)
    return () if is_limited or is_jsonb(after) else _QUICK.get((before.kind, after.kind), ())


def _cases(entries: Sequence[tuple[str, str]], column: str, after: Meaning, otherwise: str) -> str:
    if not entries:
        return otherwise
    cases = " ".join(f"WHEN {condition} THEN {value}" for condition, value in entries)
    # What a column's own collation takes for the same may have another spelling.
    text = cases.format(x=f"({column}) COLLATE BINARY", zone="+00:00" if after.timezone else "")
    return f"CASE {text} ELSE {otherwise} END"
