"""Rows of stores: their checksums, and that many are judged at once as each would be."""

from __future__ import annotations

import os
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.data_store.pickles import all_plain, plain
from services.data_store.rows import SUM, Rows, checksum, rows_of, sealed, stamp, unsealed

MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)


class Act:
    def __reduce__(self):
        return os.getcwd, ()


numbers = st.integers(-(2**63), 2**63 - 1)
short = st.none() | st.booleans() | numbers | st.floats() | st.text(max_size=20) | st.lists(numbers)


@given(st.lists(short.map(lambda value: pickle.dumps(value, 5)), max_size=10))
def test_short_plain_values_are_found_plain_at_one_look(rows):
    assert all(map(plain, rows))
    assert all_plain(rows)


@given(st.lists(st.binary(max_size=30) | short.map(lambda value: pickle.dumps(value, 5))))
def test_nothing_is_found_plain_at_one_look_that_is_not(rows):
    assert not all_plain(rows) or all(map(plain, rows))


acting = pickle.dumps(Act(), 5)
text = pickle.dumps("a", 5)


@pytest.mark.parametrize(
    "rows",
    [
        [text, acting, text],
        [acting],
        # A text that is said to go on swallows the row after it.
        [b"\x80\x05\x8c" + bytes([len(acting) + 2]), acting + b"\x94."],
        [text[:-3], text[-3:]],
        [b"", text],
        [text + b"x", text],
    ],
    ids=["between others", "alone", "swallowed", "cut in two", "empty", "something after it"],
)
def test_rows_that_are_plain_only_together_are_not(rows):
    assert not all_plain(rows)


def test_a_checksum_depends_on_key_and_value():
    sums = {checksum(key, value) for key in ("", "a", "é") for value in (b"1", b"2", b"3")}
    assert len(sums) == 9
    assert all(0 <= found <= SUM for found in sums)


def test_a_stamp_tells_moments_apart_and_no_time_zones():
    assert stamp(MOMENT) != stamp(MOMENT + timedelta(microseconds=1))
    assert stamp(MOMENT) == stamp(MOMENT.replace(tzinfo=None))
    assert stamp(MOMENT) == stamp(MOMENT.astimezone(timezone(timedelta(hours=8))))
    assert 0 <= stamp(MOMENT) < 2**63
    assert stamp(MOMENT) & SUM == 0


def test_rows_are_those_of_the_changes_in_their_order():
    kept, gone = rows_of({"b": b"2\x93", "x": None, "a": b"1"}, first=7, mac=lambda key, data: key.encode() + data)
    assert (kept.keys, kept.values, kept.macs(), kept.first) == (["b", "a"], [b"2\x93", b"1"], [b"b2\x93", None], 7)
    assert [found & SUM for found in kept.checksums()] == [checksum("b", b"2\x93"), checksum("a", b"1")]
    assert {found - (found & SUM) for found in kept.checksums()} == {stamp(kept.moment)}
    assert list(gone.keys) == ["x"]
    part = kept.part(1, 2)
    assert (part.keys, part.values, part.first, len(part)) == (["a"], [b"1"], 8, 1)


@pytest.mark.parametrize(
    ("keys", "some", "others"),
    [
        ("ac", [("a", 5), ("c", 6)], [("b", 7), ("d", 8)]),
        ("abcd", [("a", 5), ("b", 6), ("c", 7), ("d", 8)], []),
        ("x", [], [("a", 5), ("b", 6), ("c", 7), ("d", 8)]),
    ],
    ids=["some", "all", "none"],
)
def test_rows_are_divided_in_their_order_and_have_a_position_each(keys, some, others):
    rows = Rows(MOMENT, 5, list("abcd"), [key.encode() for key in "abcd"])
    for divided, expected in zip(rows.divided(set(keys)), (some, others), strict=True):
        assert list(zip(divided.keys, range(divided.first, 9), strict=False)) == expected
        assert [value.decode() for value in divided.values] == divided.keys


def test_what_is_sealed_is_there_again():
    mac = bytes(range(16))
    assert unsealed(sealed(text, None)) == (text, None)
    assert unsealed(sealed(acting, mac)) == (acting, mac)
