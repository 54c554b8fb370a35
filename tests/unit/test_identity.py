"""The formula of Aha IDs and what may have one. No database."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.context import current_event
from core.identity import aha_id2group, aha_id2user, group2aha_id, user2aha_id
from core.identity.ids import check, hashed_id
from models.exc import IdentityError

keys = st.tuples(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9))


@pytest.mark.parametrize(
    ("kind", "key", "salt", "expected"),
    [
        pytest.param("user", ("QQ", "10001"), 0, -719756761059045254, id="user"),
        pytest.param("group", ("QQ", "10001"), 0, -6159676861141671135, id="group"),
        pytest.param("user", ("console", "1"), 0, -3393949829827975270, id="another platform"),
        pytest.param("user", ("平台", "阿哈🎉"), 0, -2769904216193023693, id="not ASCII"),
        pytest.param("user", ("QQ", "10001"), 1, 3244659584867804764, id="after a collision"),
    ],
)
def test_the_formula_never_changes(kind, key, salt, expected):
    assert hashed_id(kind, key, salt=salt) == expected


@given(keys)
def test_ids_are_signed_64_bit(key):
    assert -(2**63) <= hashed_id("user", key) < 2**63


@given(keys, keys)
def test_platform_and_id_are_not_run_together(one, other):
    assert (hashed_id("user", one) == hashed_id("user", other)) == (one == other)


@pytest.mark.parametrize("kind", ["user", "group"])
@pytest.mark.parametrize(
    ("key", "what"),
    [
        pytest.param(("QQ", ""), "empty", id="empty id"),
        pytest.param(("", "1"), "empty", id="empty platform"),
        pytest.param(("QQ", "1\0"), "NUL", id="NUL"),
        pytest.param(("QQ", "\ud83d"), "surrogate", id="lone surrogate"),
        pytest.param(("QQ", "é" * 600), "too long", id="too long"),
    ],
)
def test_what_cannot_be_stored_has_no_aha_id(kind, key, what):
    with pytest.raises(IdentityError, match=what):
        check(kind, key)


async def test_without_an_event_both_must_be_named():
    with pytest.raises(IdentityError, match="platform, user_id"):
        await user2aha_id("1")
    with pytest.raises(IdentityError, match="platform, group_id"):
        await group2aha_id()


@pytest.mark.parametrize("named", [user2aha_id, group2aha_id])
async def test_more_than_platform_and_id_is_said_to_be_too_much(named):
    with pytest.raises(IdentityError, match=r"takes at most a platform and an id there, not 3: \('a', 'b', 'c'\)"):
        await named("a", "b", "c")


@pytest.mark.parametrize("lookup", [aha_id2user, aha_id2group])
@pytest.mark.parametrize("no_number", ["abc", "7", None, 7.0], ids=repr)
async def test_what_is_no_number_is_no_aha_id(lookup, no_number):
    with pytest.raises(TypeError, match=re.escape(f"an Aha ID is an int, not {no_number!r}")):
        await lookup(no_number)


async def test_an_event_without_a_group_has_no_group_id():
    class Private:
        platform, user_id, group_id = "QQ", "1", None

    token = current_event.set(Private())
    try:
        with pytest.raises(IdentityError, match="a Private, has no group_id"):
            await group2aha_id()
    finally:
        current_event.reset(token)
