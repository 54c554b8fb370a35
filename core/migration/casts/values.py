"""How values are written as text and read from it, the same on every database. It knows neither columns nor SQL.

The patterns are shared: Python's `re` and PostgreSQL's `~` mean the same by them. What they do not match is no value
of its kind: '007', ' 5 ' and '+5' may be identifiers, and nothing is guessed.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEGER = "(?:0|-?[1-9][0-9]*)"
DECIMAL = "-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?"
# As Python writes a float that is very large or very small.
SCIENTIFIC = "-?[1-9](?:[.][0-9]*[1-9])?e[+-][0-9]{2,3}"
JSON_NUMBER = "-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]{1,3})?"
DATE = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,6}0*)?)?"
OFFSET = "Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
# Digits that count from 1970 are no fewer than nine: fewer are a day (20240101), a year, a number of something.
EPOCH_TEXT = "-?[1-9][0-9]{8,14}(?:[.][0-9]{1,9})?"
_MONTH_DAY, _HOUR, _SIXTY = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])", "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
# A day and time without hyphens, to the hour, the minute or the second, and with two or four digits of the year. To the
# hour only in this century: the seconds since 1970 that are written today look like hours of the years 1000 to 1999.
STAMP = (
    f"(?:20[0-9]{{2}}{_MONTH_DAY}{_HOUR}|[0-9]{{4}}{_MONTH_DAY}{_HOUR}{_SIXTY}(?:{_SIXTY})?"
    f"|[0-9]{{2}}{_MONTH_DAY}{_HOUR}{_SIXTY}{_SIXTY})(?:[.][0-9]+)?"
)
DURATION = "PT-?(?:0|[1-9][0-9]*)(?:[.][0-9]{1,6})?S"
HEX_UUID = "[0-9a-fA-F]{32}"
UUID_TEXT = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# No number with a meaning is longer; longer ones are slow to read, or more than a database takes.
MAX_NUMBER = 1000
TRUE = ("true", "yes", "on", "t", "y", "1")
FALSE = ("false", "no", "off", "f", "n", "0")
# All moments here are in UTC, without saying so.
EPOCH = datetime(1970, 1, 1)
# Numbers from here on count milliseconds: in seconds they would lie beyond the year 5138.
FIRST_MILLISECONDS = 10**11
LAST_INTEGER = 2**53
"""Up to here a float tells each integer from the next."""
FLOAT_DIGITS = 17
"""Python shows no float with more."""
_MICROSECOND = timedelta(microseconds=1)

_integer, _decimal, _scientific = re.compile(INTEGER), re.compile(DECIMAL), re.compile(SCIENTIFIC)
_date, _time, _uuid = re.compile(DATE), re.compile(TIME), re.compile(f"{HEX_UUID}|{UUID_TEXT}")
_moment = re.compile(f"({DATE})(?:[T ]({TIME})({OFFSET})?)?")
_epoch, _stamp = re.compile(EPOCH_TEXT), re.compile(STAMP)
_duration, _json_number = re.compile(DURATION), re.compile(JSON_NUMBER)


def parse_integer(text: str) -> Decimal | None:
    """The number that `text` is the one spelling of."""
    return Decimal(text) if len(text) <= MAX_NUMBER and _integer.fullmatch(text) else None


def parse_decimal(text: str) -> Decimal | None:
    """The decimal number in `text`; it may end in zeros. A zero with a minus is none: the minus would be lost."""
    if len(text) > MAX_NUMBER or not _decimal.fullmatch(text):
        return None
    number = Decimal(text)
    return None if number == 0 and text[0] == "-" else number


def parse_float(text: str) -> float | None:
    """The float in `text`, if its digits are all in the float."""
    if len(text) > MAX_NUMBER:
        return None
    if _decimal.fullmatch(text):
        number = to_float(Decimal(text))
        return -0.0 if number == 0 and text[0] == "-" else number
    return float(text) if _scientific.fullmatch(text) and repr(float(text)) == text else None


def to_float(number: Decimal) -> float | None:
    """The float that is shown as `number`."""
    try:
        near = float(number)
    except OverflowError:
        return None
    return near if near - near == 0 and Decimal(repr(near)) == number else None


def parse_boolean(text: str) -> bool | None:
    """Whether `text` says yes, in one of the spellings that databases and people use."""
    word = text.lower() if text.isascii() else text
    return True if word in TRUE else False if word in FALSE else None


def parse_date(text: str) -> date | None:
    """The day in `text`, as YYYY-MM-DD."""
    if not _date.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """The time of day in `text`."""
    return time.fromisoformat(text) if _time.fullmatch(text) else None


def parse_moment(text: str) -> datetime | None:
    """The moment in ISO text, in UTC; text without an offset is in UTC already. A day is its midnight."""
    match = _moment.fullmatch(text)
    if not match:
        return None
    try:
        moment = datetime.fromisoformat(f"{match[1]} {match[2] or '00:00'}")
        return moment if match[3] is None else moment - _offset(match[3])
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta()
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)


def parse_epoch(text: str) -> datetime | None:
    """The moment of an epoch in digits, in seconds or milliseconds; None if they can be meant for a day and time.

    What is finer than microseconds is rounded where it may be the noise of a float, as in `str(time.time())`.
    """
    if not _epoch.fullmatch(text) or _stamp.fullmatch(text):
        return None
    return to_moment(Decimal(text), rounded=len(text) - text.count("-") - text.count(".") <= FLOAT_DIGITS)


def parse_duration(text: str) -> timedelta | None:
    """The length of time in ISO text that counts seconds: PT90.5S."""
    return to_duration(Decimal(text[2:-1])) if len(text) <= MAX_NUMBER and _duration.fullmatch(text) else None


def parse_uuid(text: str) -> UUID | None:
    """The UUID in `text`, with its hyphens or without."""
    return UUID(text) if _uuid.fullmatch(text) else None


def to_moment(number: Decimal, *, rounded: bool = False) -> datetime | None:
    """The moment of an epoch in seconds or milliseconds; `rounded` to microseconds, or None if it has finer parts."""
    in_seconds = abs(number) < FIRST_MILLISECONDS
    if rounded and abs(number) < FIRST_MILLISECONDS * 10**4:
        number = number.quantize(Decimal("0.000001" if in_seconds else "0.001"), ROUND_HALF_UP)
    duration = to_duration(number, 10**6 if in_seconds else 10**3)
    return None if duration is None else EPOCH + duration


def to_duration(number: Decimal, microseconds: int = 10**6) -> timedelta | None:
    """The length of time; None if it has parts finer than microseconds, or its end lies outside the calendar.

    `microseconds` are in one of `number`.
    """
    numerator, denominator = number.as_integer_ratio()
    count, finer = divmod(numerator * microseconds, denominator)
    if finer or not -62135596800 * 10**6 <= count < 253402300800 * 10**6:
        return None
    return timedelta(microseconds=count)


def to_seconds(duration: timedelta) -> Decimal:
    """The length of time in seconds, exactly."""
    return Decimal(duration // _MICROSECOND).scaleb(-6)


def to_epoch(moment: datetime, *, whole: bool) -> Decimal | None:
    """The seconds since 1970; milliseconds where seconds would be taken for some, or are not `whole` and have to be.

    None if the milliseconds would be taken for seconds.
    """
    seconds = to_seconds(moment - EPOCH)
    if abs(seconds) < FIRST_MILLISECONDS and not (whole and seconds % 1):
        return seconds
    return seconds * 1000 if abs(seconds) * 1000 >= FIRST_MILLISECONDS else None


def plain(number: Decimal, scale: int | None = None) -> str:
    """`number` without exponent and without zeros at its end, but with at least `scale` decimals."""
    text = f"{number:f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(scale or 0, "0")
    return f"{whole}.{decimals}" if decimals else whole


def load_json(document: str) -> Any:
    """What a JSON document says, with numbers as Decimal; raises ValueError if it is none."""
    try:
        return _decoder.decode(document)
    except RecursionError:
        raise ValueError("too deep") from None


def is_json(document: str) -> bool:
    """Whether it is a JSON document; much faster than to read what it says."""
    try:
        _checker.decode(document)
    except (ValueError, RecursionError):
        return False
    return True


def _number(text: str) -> Decimal:
    # Numbers that cannot be counted with still make a valid document.
    return Decimal(text) if len(text) <= MAX_NUMBER and _json_number.fullmatch(text) else Decimal("NaN")


def _no_json(constant: str) -> Any:
    raise ValueError(constant)


_decoder = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_no_json)
_checker = json.JSONDecoder(parse_float=bool, parse_int=bool, parse_constant=_no_json)


def fits_jsonb(document: str) -> bool:
    """Whether JSONB loses nothing of a document: it knows no NUL, no half characters, and each key but once."""
    try:
        said = json.loads(document, object_pairs_hook=_unique)
        return "\0" not in "".join(_strings(said)).encode().decode()
    except (ValueError, RecursionError):
        return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _strings(said: Any) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict):
        for key, value in said.items():
            yield key
            yield from _strings(value)
    elif isinstance(said, list):
        for value in said:
            yield from _strings(value)
