"""What a configured value has to look like, judged by its default."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import Option
from core.config.checks import Mismatch, check, default_of
from core.config.registry import Config
from models.exc import UsageError

DAY = dt.date(2024, 2, 29)
NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)

GOOD = {
    "text": ("a", "b", "b"),
    "empty text": ("a", "", ""),
    "whole number": (1, 10**30, 10**30),
    "number": (1.5, 2.5, 2.5),
    "whole number as a number": (1.5, 2, 2.0),
    "true or false": (False, True, True),
    "anything": (None, {"a": [1, "b"]}, {"a": [1, "b"]}),
    "path": (Path("data"), "x/y", Path("x/y")),
    "path at home": (Path("data"), "~", Path.home()),
    "date": (DAY, dt.date(2025, 1, 1), dt.date(2025, 1, 1)),
    "date with time": (NOON, NOON, NOON),
    "list": (["a"], ["b", "c"], ["b", "c"]),
    "list of anything": ([], [1, "a", None], [1, "a", None]),
    "list of several kinds": ([1, "a"], ["b", 2], ["b", 2]),
    "list of lists": ([[1]], [[2, 3], []], [[2, 3], []]),
    "tuple": ((640, 480), [800, 600], (800, 600)),
    "tuple of kinds": ((1, "a"), [2, "b"], (2, "b")),
    "tuple of anything": ((), [1, "a"], (1, "a")),
    "set": ({1}, [3, 3, 2], {2, 3}),
    "frozenset": (frozenset(), ["a"], frozenset("a")),
    "mapping": ({"a": 1}, {"a": 2}, {"a": 2}),
    "mapping with a key left out": ({"a": 1, "b": "x"}, {"a": 2}, {"a": 2, "b": "x"}),
    "mapping with an empty key": ({"a": 1}, {"a": None}, {"a": 1}),
    "mapping with a further key": ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
    "mapping of anything": ({}, {1: "x"}, {1: "x"}),
    "mapping in a list": ([{"a": 1, "b": 2}], [{"a": 3}], [{"a": 3}]),
    "mapping in a mapping": ({"a": {"b": 1.0}}, {"a": {"b": 3}}, {"a": {"b": 3.0}}),
    "choice": (Option("a", "b"), "b", "b"),
    "choice of numbers": (Option(1, 2), 2, 2),
    "choice in a mapping": ({"a": Option("x", "y"), "b": 1}, {}, {"a": "x", "b": 1}),
    "choice in a list": ([Option("a", "b")], ["b", "a"], ["b", "a"]),
}


@pytest.mark.parametrize(("default", "value", "result"), GOOD.values(), ids=GOOD)
def test_a_value_like_the_default_is_taken_as_the_defaults_type(default, value, result):
    checked = check(default, value)
    assert checked == result
    assert type(checked) is type(result)


BAD = {
    "number for text": ("a", 1, (), "expected text, found 1 (put it in quotes)"),
    "truth for text": ("a", True, (), "expected text, found true (put it in quotes)"),
    "date for text": ("a", DAY, (), "expected text, found a date (put it in quotes)"),
    "nothing for text": ("a", None, (), "expected text, found nothing"),
    "list for text": ("a", ["b"], (), "expected text, found a list"),
    "text for a number": (1, "one", (), 'expected a whole number, found "one"'),
    "long text": (1, "x" * 50, (), f'expected a whole number, found "{"x" * 37}..."'),
    "truth for a number": (1, True, (), "expected a whole number, found true"),
    "truth for any number": (1.5, False, (), "expected a number, found false"),
    "fraction for a whole number": (1, 1.0, (), "expected a whole number, found 1.0"),
    "huge whole number for a number": (1.5, 10**400, (), f"expected a number, found 1{'0' * 39}"),
    "number for truth": (True, 1, (), "expected true or false, found 1"),
    "yes for truth": (False, "yes", (), 'expected true or false, found "yes"'),
    "number for a path": (Path(), 1, (), "expected a path, found 1"),
    "time for a date": (DAY, NOON, (), "expected a date, found a date with time"),
    "date for a time": (NOON, DAY, (), "expected a date with time, found a date"),
    "text for a list": (["a"], "b", (), 'expected a list, found "b"'),
    "item": (["a"], ["b", 2], (1,), "expected text, found 2 (put it in quotes)"),
    "item of an item": ([[1]], [[1], [2, "x"]], (1, 1), 'expected a whole number, found "x"'),
    "item like none of several": ([1, "a", 2], [[]], (0,), "expected a whole number or text, found a list"),
    "list in a set": (set(), [[1]], (), "expected a list of single values, found a list"),
    "tuple's length": ((1, 2), [1, 2, 3], (), "expected a list of 2 items, found one of 3"),
    "tuple's item": ((1, "a"), [1, 2], (1,), "expected text, found 2 (put it in quotes)"),
    "text for a tuple": ((1, 2), "12", (), 'expected a list, found "12"'),
    "list for a mapping": ({"a": 1}, [], (), "expected a mapping, found a list"),
    "mapping's value": ({"a": 1}, {"a": "x"}, ("a",), 'expected a whole number, found "x"'),
    "further key's value": ({"a": 1}, {"b": "x"}, ("b",), 'expected a whole number, found "x"'),
    "deep value": ({"a": [{"b": 1}]}, {"a": [{}, {"b": ""}]}, ("a", 1, "b"), 'expected a whole number, found ""'),
    "item inside like none of several": ([[1], ["a"]], [["b", 1]], (0, 0), 'expected a whole number, found "b"'),
    "choice": (Option("a", "b"), "c", (), 'expected one of a, b, found "c"'),
    "truth for a choice of numbers": (Option(1, 2), True, (), "expected one of 1, 2, found true"),
}


@pytest.mark.parametrize(("default", "value", "path", "message"), BAD.values(), ids=BAD)
def test_another_value_is_refused_with_what_was_expected_and_found(default, value, path, message):
    with pytest.raises(Mismatch) as caught:
        check(default, value)
    assert (caught.value.path, str(caught.value)) == (path, message)


scalars = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.dates()
defaults = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(defaults)
def test_every_default_is_like_itself_and_its_copy_is_independent(default):
    for copy in (default_of(default), check(default, default)):
        assert copy == default
        assert type(copy) is type(default)
        assert copy is not default or not isinstance(default, list | dict)


@pytest.mark.parametrize(
    "default",
    [Decimal(1), object(), [Decimal(1)], {"a": str}, Option(Decimal(1)), None.__class__],
    ids=["decimal", "object", "in a list", "class in a mapping", "in an option", "class"],
)
def test_a_default_that_no_file_can_hold_is_a_mistake_of_the_module(default):
    with pytest.raises(UsageError, match="a key cannot have the default"):
        Config().register("key", default)


def test_a_choice_needs_choices():
    with pytest.raises(UsageError, match="no choices"):
        Option()
