"""Which member is which when names are taken over: forwards, backwards, again, and when nothing is known any more."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Enum, MetaData, Table

from core.migration.members import Mixed, is_shift, moves, remembered
from core.migration.schema.former_names import members_before

CHAIN = {"a": "b", "b": "c"}
EXCHANGE = {"a": "b", "b": "a"}
CIRCLE = {"a": "b", "b": "c", "c": "a"}
ON_TOP = {"a": "b", "b": "x", "c": "x"}


@pytest.mark.parametrize(
    ("before", "after", "declared", "known", "expected"),
    [
        pytest.param("ab", "ac", {"b": "c"}, {}, {"b": "c"}, id="renamed"),
        pytest.param("ac", "ac", {"b": "c"}, {"b": "c"}, {}, id="renamed before"),
        pytest.param("ac", "ab", {}, {"b": "c"}, {"c": "b"}, id="older release"),
        pytest.param("ac", "ac", {}, {"b": "c"}, {}, id="not declared any more"),
        pytest.param("ab", "abc", {"b": "c"}, {}, {}, id="a new member has the former name"),
        pytest.param("abc", "abc", {}, {"b": "c"}, {}, id="where both are members neither is the other"),
        pytest.param("xy", "a", {"x": "a", "y": "a"}, {}, {"x": "a", "y": "a"}, id="two into one"),
        pytest.param("ab", "bc", CHAIN, {}, CHAIN, id="chain"),
        pytest.param("bc", "bc", CHAIN, CHAIN, {}, id="chain before"),
        pytest.param("bc", "ab", {}, CHAIN, {"b": "a", "c": "b"}, id="chain, older release"),
        pytest.param("bc", "bcd", {}, CHAIN, {}, id="chain, not declared any more"),
        pytest.param("bc", "abc", CHAIN, CHAIN, {}, id="chain, and a new member has the first name"),
        pytest.param("abc", "abc", CHAIN, CHAIN, {}, id="the same again"),
        pytest.param("ac", "bc", CHAIN, {"b": "c"}, {"a": "b"}, id="chain, half of it before"),
        pytest.param("bc", "ac", {"b": "c"}, CHAIN, {"b": "a"}, id="chain, back by half of it"),
        pytest.param("a", "bc", CHAIN, {}, CHAIN, id="chain, a value that is kept may come back"),
        pytest.param("bc", "bx", ON_TOP, CHAIN, {"c": "x"}, id="chain, and another on top"),
        pytest.param("ab", "bx", ON_TOP, {}, {"a": "b", "b": "x", "c": "x"}, id="both at once"),
        pytest.param("bx", "ab", {}, ON_TOP, {"b": "a", "x": "b"}, id="back over both"),
        pytest.param("ab", "ab", EXCHANGE, {}, EXCHANGE, id="exchange"),
        pytest.param("ab", "ab", EXCHANGE, EXCHANGE, {}, id="exchanged before"),
        pytest.param("ab", "ab", {}, EXCHANGE, EXCHANGE, id="exchange, older release"),
        pytest.param("ab", "abc", EXCHANGE, EXCHANGE, {}, id="exchanged before, and a new member"),
        pytest.param("abc", "abc", CIRCLE, {}, CIRCLE, id="circle"),
        pytest.param("abc", "abc", {}, CIRCLE, {"b": "a", "c": "b", "a": "c"}, id="circle, older release"),
        pytest.param("", "bc", CHAIN, {}, CHAIN, id="text"),
        pytest.param("ab", "", CHAIN, {}, {}, id="no enum any more"),
        pytest.param("ab", "bc", CHAIN, None, CHAIN, id="nobody knows, but the chain is to do"),
        pytest.param("bc", "bc", CHAIN, None, {}, id="nobody knows, but the chain is done"),
        pytest.param("a", "bc", CHAIN, None, CHAIN, id="nobody knows, but the first one is there"),
        pytest.param("b", "bc", CHAIN, None, {}, id="nobody can know of the chain"),
        pytest.param("", "bc", CHAIN, None, {}, id="nobody knows of a text"),
        pytest.param("ab", "ab", EXCHANGE, None, {}, id="nobody can know of an exchange"),
        pytest.param("ab", "ac", {"b": "c"}, None, {"b": "c"}, id="nobody needs to know"),
    ],
)
def test_moves(before: str, after: str, declared: dict[str, str], known: dict[str, str], expected: object) -> None:
    assert {old: new for old, new in moves(before, after, declared, known).items() if old in (before or "ab")} == {
        old: new for old, new in expected.items() if old in (before or "ab")
    }


@pytest.mark.parametrize(
    ("before", "after", "declared", "known", "why"),
    [
        pytest.param("abc", "bc", CHAIN, {}, "b is now called c, but c is still there", id="the last one stays"),
        pytest.param("abc", "bc", CHAIN, None, "b is now called c, but c is still there", id="first and last"),
        pytest.param("ab", "b", CHAIN, {}, "b is to be c, which is no member", id="the last one has no name"),
        pytest.param("abx", "bc", {**CHAIN, "x": "c"}, {}, "b and x are both now called c", id="two into one"),
        pytest.param("ab", "ac", {"u": "a", "a": "x"}, {}, "a is to be x, which is no member", id="a new one has it"),
        pytest.param(
            "bc", "abc", {}, CHAIN, "b was renamed in a chain that began with a", id="older, or declared no more"
        ),
        pytest.param("bc", "b", {}, CHAIN, "b is to be a, which is no member", id="back to where it was another's"),
    ],
)
def test_what_nobody_could_tell_apart_afterwards_is_refused(
    before: str, after: str, declared: dict[str, str], known: dict[str, str], why: str
) -> None:
    with pytest.raises(Mixed, match=why):
        moves(before, after, declared, known)


@pytest.mark.parametrize(
    ("known", "done", "declared", "members", "expected"),
    [
        pytest.param({}, CHAIN, CHAIN, "bc", CHAIN, id="done"),
        pytest.param({}, {}, CHAIN, "bc", CHAIN, id="a new table"),
        pytest.param(CHAIN, {}, CHAIN, "bc", CHAIN, id="nothing to do"),
        pytest.param(CHAIN, {"b": "a", "c": "b"}, {}, "ab", {}, id="back"),
        pytest.param(EXCHANGE, EXCHANGE, {}, "ab", {}, id="exchanged back"),
        pytest.param(CHAIN, {"c": "x"}, ON_TOP, "bx", ON_TOP, id="on top"),
        pytest.param({"b": "c"}, {"c": "b"}, {}, "ab", {"c": "b"}, id="a newer release may find it"),
        pytest.param({"b": "c"}, {}, {"b": "c"}, "abc", {}, id="where both are members neither is the other"),
        pytest.param({}, {}, EXCHANGE, "", {}, id="declared of what is no enum"),
        pytest.param(EXCHANGE, {}, EXCHANGE, "", EXCHANGE, id="no enum any more"),
    ],
)
def test_what_is_remembered(
    known: dict[str, str], done: dict[str, str], declared: dict[str, str], members: str, expected: dict[str, str]
) -> None:
    assert remembered(known, done, declared, members) == expected


@dataclass(frozen=True)
class Release:
    """What its members, in the order of what they are, are called, and what it declares."""

    names: tuple[str, ...]
    declared: dict[str, str]


def release(names: tuple[str, ...], steps: list[dict[str, str]]) -> Release:
    """A release whose `steps`, new -> old name, have the latest first."""
    column = Column("c", Enum(*names, name="e"), info={"was": steps})
    return Release(names, members_before(Table("t", MetaData(), column)).get("c", {}))


@st.composite
def histories(draw: st.DrawFn) -> list[Release]:
    """Releases one after the other: each may call the members anything, and says what each was called before."""
    names = tuple("abcde"[: draw(st.integers(1, 4))])
    steps: list[dict[str, str]] = []
    found = [release(names, steps)]
    for others in draw(st.lists(st.permutations("abcdefg"), max_size=3)):
        new = tuple(others[: len(names)])
        steps = [{now: was for was, now in zip(names, new, strict=True) if was != now}, *steps]
        names = new
        found.append(release(names, steps))
    return found


@given(histories(), st.integers(0, 3), st.lists(st.integers(0, 3), max_size=6))
def test_every_value_stays_what_it_is_whichever_releases_start(
    releases: list[Release], first: int, others: list[int]
) -> None:
    made, *started = (releases[number % len(releases)] for number in (first, *others))
    now, known = made.names, remembered({}, {}, made.declared, made.names)
    for to in started:
        done = moves(now, to.names, to.declared, known)
        now = tuple(done.get(name, name) for name in now)
        assert now == to.names
        known = remembered(known, done, to.declared, to.names)
        assert moves(now, to.names, to.declared, known) == {}


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from("abcd")))
def test_a_shift_is_what_cannot_be_done_one_after_the_other_in_any_order(renamed: dict[str, str]) -> None:
    def one_after_the_other(value: str) -> str:
        for old, new in renamed.items():
            value = new if value == old else value
        return value

    if not is_shift(renamed):
        assert all(one_after_the_other(value) == renamed.get(value, value) for value in "abcd")
