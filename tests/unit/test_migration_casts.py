"""What a stored value becomes under another type: the rules, and that nothing follows which could not be got back."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.migration.casts.altered import is_altered
from core.migration.casts.cast import convert
from core.migration.meaning import Kind, Meaning
from tests.stored_values import MEMBERS, VALUES, meanings

PLAIN = {kind: some[0] for kind, some in meanings("sqlite").items()}
AWARE = Meaning(Kind.DATETIME, "DATETIME", timezone=True)
PRICE = Meaning(Kind.NUMERIC, "NUMERIC(10, 2)", precision=10, scale=2)
NOON = "2024-02-29 12:00:00.000000"

TEXTS = [
    (Kind.INTEGER, "42", 42),
    (Kind.INTEGER, "-1", -1),
    *((Kind.INTEGER, text, None) for text in ("007", " 5", "5 ", "+5", "-0", "3.0", "1e3", "1_000", "٣", "", "five")),
    (Kind.INTEGER, str(2**63), None),
    (Kind.NUMERIC, "1.50", 1.5),
    *((Kind.NUMERIC, text, None) for text in ("01.5", ".5", "5.", "1,5", "-0.0", "NaN", "12345678901234567.5")),
    (Kind.FLOAT, "0.1", 0.1),
    (Kind.FLOAT, "1e-07", 1e-07),
    *((Kind.FLOAT, text, None) for text in ("12e4", "9007199254740993", "1e999", "inf", "0.1000000000000000055")),
    *((Kind.BOOLEAN, text, 1) for text in ("true", "Yes", "ON", "t", "y", "1")),
    *((Kind.BOOLEAN, text, 0) for text in ("false", "No", "OFF", "f", "n", "0")),
    *((Kind.BOOLEAN, text, None) for text in ("maybe", " true", "2", "")),
    *(
        (Kind.DATETIME, text, NOON)
        for text in (
            "2024-02-29T12:00:00",
            "2024-02-29 12:00",
            "2024-02-29T12:00:00.000Z",
            "2024-02-29T20:00:00+08:00",
            "2024-02-29 07:30-0430",
        )
    ),
    (Kind.DATETIME, "2024-02-29", "2024-02-29 00:00:00.000000"),
    *(
        (Kind.DATETIME, text, None)
        for text in ("2023-02-29", "0000-01-01", "20240229", "noon", "0001-01-01T00:00+01:00")
    ),
    *(
        (Kind.DATETIME, text, NOON)
        for text in ("1709208000", "1709208000.0", "1709208000.000000000", "1709208000000", "1709208000000.0")
    ),
    (Kind.DATETIME, "1709208000.25", "2024-02-29 12:00:00.250000"),
    (Kind.DATETIME, "1709208000123", "2024-02-29 12:00:00.123000"),
    # A float shows seventeen digits: what of them is finer than microseconds is noise.
    (Kind.DATETIME, "1709208000.1234567", "2024-02-29 12:00:00.123457"),
    (Kind.DATETIME, "1709208000123.4567", "2024-02-29 12:00:00.123457"),
    (Kind.DATETIME, "1709207999.9999995", NOON),
    (Kind.DATETIME, "1709208000.12345678", None),
    (Kind.DATETIME, "100000000", "1973-03-03 09:46:40.000000"),
    (Kind.DATETIME, "-100000000.5", "1966-10-31 14:13:19.500000"),
    (Kind.DATETIME, "99999999999", "5138-11-16 09:46:39.000000"),
    (Kind.DATETIME, "100000000000", "1973-03-03 09:46:40.000000"),
    (Kind.DATETIME, "253402300799999", "9999-12-31 23:59:59.999000"),
    (Kind.DATETIME, "253402300800000", None),
    (Kind.DATETIME, "-62135596801", None),
    *((Kind.DATETIME, text, None) for text in ("0", "1", "2024", "99999999", "-99999999.5", "01709208000", "-0")),
    *((Kind.DATETIME, text, None) for text in (" 1709208000", "1709208000 ", "+1709208000", "1709208000.", "1.7e9")),
    *(
        (Kind.DATETIME, text, None)
        for text in ("１７０９２０８０００", "1_709_208_000", "1,709,208,000", "1709208000s")
    ),
    # Days and times without hyphens: a moment of the year 2034, 1976, 2611 or 1977 nobody meant.
    *((Kind.DATETIME, text, None) for text in ("2024022912", "202402291200", "20240229120000", "240229120000")),
    *((Kind.DATETIME, text, None) for text in ("20240229120000.5", "99991231235959")),
    (Kind.DATETIME, "2024022925", "2034-02-20 04:35:25.000000"),
    (Kind.DATE, "2024-02-29", "2024-02-29"),
    (Kind.DATE, "2024-02-30", None),
    (Kind.TIME, "12:30", "12:30:00.000000"),
    (Kind.TIME, "24:00", None),
    (Kind.INTERVAL, "PT90.5S", "1970-01-01 00:01:30.500000"),
    (Kind.UUID, "ABCDEF12-1234-5678-1234-56781234567f", "abcdef1212345678123456781234567f"),
    (Kind.UUID, "{abcdef12-1234-5678-1234-56781234567f}", None),
    (Kind.JSON, '{"a": [1.50]}', '{"a": [1.50]}'),
    *((Kind.JSON, text, None) for text in ("hello", "[1,]", "NaN", "[" * 100_000)),
    (Kind.ENUM, "red", "red"),
    (Kind.ENUM, "old", "new"),
    (Kind.ENUM, "Red", None),
    (Kind.BYTES, "ü", "ü".encode()),
]


@pytest.mark.parametrize(("kind", "text", "expected"), TEXTS, ids=lambda value: repr(value)[:40])
def test_text_becomes_what_it_says_and_nothing_is_guessed(kind: Kind, text: str, expected: Any) -> None:
    found = convert(text, PLAIN[Kind.TEXT], PLAIN[kind], members=MEMBERS)
    assert (found, type(found)) == (expected, type(expected))


OTHERS = [
    ("a-fraction-is-no-integer", 3.7, Kind.NUMERIC, Kind.INTEGER, None),
    ("a-whole-decimal-is-an-integer", 3.0, Kind.NUMERIC, Kind.INTEGER, 3),
    ("a-float-tells-no-integers-apart-from-here-on", 2**53 + 1, Kind.INTEGER, Kind.FLOAT, None),
    ("five-is-not-true", 5, Kind.INTEGER, Kind.BOOLEAN, None),
    ("one-is-true", 1, Kind.INTEGER, Kind.BOOLEAN, 1),
    ("epoch-in-seconds", 1709208000, Kind.INTEGER, Kind.DATETIME, NOON),
    ("epoch-in-milliseconds", 1709208000123, Kind.INTEGER, Kind.DATETIME, "2024-02-29 12:00:00.123000"),
    ("milliseconds-come-back", "2024-02-29 12:00:00.123000", Kind.DATETIME, Kind.INTEGER, 1709208000123),
    ("time-time", 1709208000.1234567, Kind.FLOAT, Kind.DATETIME, "2024-02-29 12:00:00.123457"),
    ("before-the-calendar", -62135596801, Kind.INTEGER, Kind.DATETIME, None),
    ("a-moment-is-no-day", NOON, Kind.DATETIME, Kind.DATE, None),
    ("midnight-is-a-day", "2024-02-29 00:00:00.000000", Kind.DATETIME, Kind.DATE, "2024-02-29"),
    ("a-float-is-shown", 0.1, Kind.FLOAT, Kind.TEXT, "0.1"),
    ("no-number-has-no-end", float("inf"), Kind.FLOAT, Kind.NUMERIC, None),
    ("bytes-are-utf-8", b"\xff", Kind.BYTES, Kind.TEXT, None),
    ("a-json-number", 5, Kind.JSON, Kind.INTEGER, 5),
    ("a-json-string-is-no-number", '"5"', Kind.JSON, Kind.INTEGER, None),
    ("json-null-is-not-null", "null", Kind.JSON, Kind.TEXT, "null"),
    ("a-json-string-names-a-member", '"old"', Kind.JSON, Kind.ENUM, "new"),
    ("a-removed-member", "blue", Kind.ENUM, Kind.ENUM, None),
    ("what-makes-no-sense-is-not-converted", "abc", Kind.INTEGER, Kind.NUMERIC, None),
    ("what-made-no-sense-may-stay", "abc", Kind.INTEGER, Kind.INTEGER, "abc"),
]


@pytest.mark.parametrize(("value", "old", "new", "expected"), [pytest.param(*rule[1:], id=rule[0]) for rule in OTHERS])
def test_a_value_becomes_what_it_means(value: Any, old: Kind, new: Kind, expected: Any) -> None:
    found = convert(value, PLAIN[old], PLAIN[new], members=MEMBERS)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("text", ["1709208000", "1709208000.25", "1709208000.1234567", "1709208000123"])
@pytest.mark.parametrize("after", [PLAIN[Kind.DATETIME], AWARE], ids=["naive", "aware"])
def test_an_epoch_in_text_is_kept_beside_the_moment(text: str, after: Meaning) -> None:
    assert is_altered(text, PLAIN[Kind.TEXT], after)


@given(st.floats(10**9, 2 * 10**9, exclude_max=True))
def test_what_python_shows_of_a_time_becomes_what_the_float_does(epoch: float) -> None:
    moment = convert(epoch, PLAIN[Kind.FLOAT], PLAIN[Kind.DATETIME])
    assert convert(str(epoch), PLAIN[Kind.TEXT], PLAIN[Kind.DATETIME]) == moment is not None


@given(st.integers(10**9, 2 * 10**9 - 1) | st.integers(10**12, 10**13 - 1) | st.integers(-(10**10), -(10**8)))
def test_digits_become_what_the_number_does(epoch: int) -> None:
    moment = convert(epoch, PLAIN[Kind.INTEGER], PLAIN[Kind.DATETIME])
    assert convert(str(epoch), PLAIN[Kind.TEXT], PLAIN[Kind.DATETIME]) == moment is not None


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)),
    st.sampled_from(["%Y%m%d", "%Y%m%d%H%M", "%y%m%d%H%M%S", "%Y%m%d%H%M%S"]),
)
def test_a_moment_without_hyphens_is_not_taken_for_an_epoch(moment: datetime, form: str) -> None:
    assert convert(moment.strftime(form), PLAIN[Kind.TEXT], PLAIN[Kind.DATETIME]) is None


def test_a_price_shows_its_decimals_and_is_never_rounded() -> None:
    assert convert(1.5, PRICE, PLAIN[Kind.TEXT]) == "1.50"
    assert convert("1.5", PLAIN[Kind.TEXT], PRICE) == 1.5
    assert convert("1.505", PLAIN[Kind.TEXT], PRICE) is None
    assert convert(0.125, PLAIN[Kind.FLOAT], PRICE) is None
    assert convert("123456789.00", PLAIN[Kind.TEXT], PRICE) is None


def test_a_moment_in_a_time_zone_says_so_in_text() -> None:
    assert convert(NOON, AWARE, PLAIN[Kind.TEXT]) == "2024-02-29T12:00:00+00:00"
    assert convert(NOON, PLAIN[Kind.DATETIME], PLAIN[Kind.TEXT]) == "2024-02-29T12:00:00"


def test_a_text_too_long_does_not_follow() -> None:
    short = Meaning(Kind.TEXT, "VARCHAR(3)", length=3)
    assert convert("ü€😀", PLAIN[Kind.TEXT], short) == "ü€😀"
    assert convert("four", PLAIN[Kind.TEXT], short) is None
    assert convert(1000, PLAIN[Kind.INTEGER], short) is None


def test_a_text_that_sqlite_would_take_for_a_number_does_not_follow() -> None:
    """A column of a type that SQLite does not know makes 7 of '007'."""
    address = Meaning(Kind.OTHER, "INET")
    assert convert("10.0.0.1", PLAIN[Kind.TEXT], address) == "10.0.0.1"
    assert convert("007", PLAIN[Kind.TEXT], address) is None
    assert convert("007", PLAIN[Kind.TEXT], address, dialect="postgresql") == "007"


INTEGERS = st.integers(-(2**63), 2**63 - 1)
MOMENTS = st.datetimes().map(lambda moment: moment.isoformat(" ", "microseconds"))
ANY: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: st.text()
    | st.floats(1e8, 1e12).map(str)
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | INTEGERS.map(str),
    Kind.INTEGER: INTEGERS | st.integers(-1000, 1000),
    Kind.NUMERIC: st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    Kind.FLOAT: st.floats(allow_nan=False) | st.integers(-(2**53), 2**53).map(float),
    Kind.BOOLEAN: st.sampled_from([0, 1]),
    Kind.DATETIME: MOMENTS,
    Kind.DATE: st.dates().map(str),
    Kind.TIME: st.times().map(lambda time: time.isoformat("microseconds")),
    Kind.INTERVAL: MOMENTS,
    Kind.UUID: st.uuids().map(lambda uuid: uuid.hex),
    Kind.JSON: st.recursive(st.none() | st.booleans() | st.text() | st.integers(), st.lists).map(json.dumps),
    Kind.ENUM: st.sampled_from(PLAIN[Kind.ENUM].members),
    Kind.BYTES: st.binary() | st.text().map(str.encode),
}
# How these are spelled may change.
SPELLED = {Kind.TEXT, Kind.JSON}


def _with_affinity(value: Any, kind: Kind) -> Any:
    """What SQLite stores of a value in a column of this kind."""
    number = kind is Kind.NUMERIC or (kind is Kind.JSON and value[0] in "-0123456789")
    return json.loads(value) if number and isinstance(value, str) else value


@pytest.mark.parametrize("new", list(PLAIN), ids=str)
@pytest.mark.parametrize("old", list(PLAIN), ids=str)
def test_what_follows_can_be_got_back(old: Kind, new: Kind) -> None:
    @settings(max_examples=30)
    @given(ANY[old] | (st.nothing() if old is Kind.ENUM else st.sampled_from(VALUES[old][1:])))
    def check(value: Any) -> None:
        value = _with_affinity(value, old)
        follows = convert(value, PLAIN[old], PLAIN[new])
        if follows is None:
            return
        back = convert(follows, PLAIN[new], PLAIN[old])
        if back is None:
            # More digits than the number's column can hold: the original is kept beside it.
            assert is_altered(value, PLAIN[old], PLAIN[new])
            return
        again = convert(back, PLAIN[old], PLAIN[new])
        assert again == follows or (old is Kind.JSON and json.loads(again) == json.loads(follows))
        if new is Kind.DATETIME and old is not Kind.DATE and old not in SPELLED:
            # The same moment: what counted milliseconds may count seconds, and a float's noise is gone.
            assert abs(_seconds(back) - _seconds(value)) <= (Decimal("1e-6") if old is Kind.FLOAT else 0)
        elif old not in SPELLED:
            assert back == value

    check()


def _seconds(epoch: float | str) -> Decimal:
    number = Decimal(repr(epoch)) if not isinstance(epoch, str) else Decimal(0)
    return number / 1000 if abs(number) >= 10**11 else number
