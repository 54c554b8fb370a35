"""The doorway for module authors: escapes, and the pattern of one argument."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.msg import At, Image, MsgSeq
from utils.aha import at_or_str, escape, parse_aha_code, unescape
from utils.aha_code import escape_text, unescape_text

TEXT = st.text(st.characters(exclude_categories=()))


@given(TEXT)
def test_a_value_comes_back(value: str) -> None:
    assert unescape(escape(value)) == value
    assert not set(escape(value)) & set("[],")


@given(st.lists(st.sampled_from(["[", "Aha:", "&", "amp;", "#91;", "x"])).map("".join))
def test_a_text_comes_back(text: str) -> None:
    assert unescape_text(escape_text(text)) == text


def test_the_doorway_reads_codes() -> None:
    assert parse_aha_code("hi [Aha:at,user_id=1]") == MsgSeq("hi ", At(user_id="1"))


def test_patterns_stand_inside_regular_expressions() -> None:
    assert re.fullmatch(f"ban {At} for (\\d+)", str(MsgSeq("ban ", At(user_id=5), " for 60")))["user_id"] == "5"


@pytest.mark.parametrize(
    ("argument", "groups"),
    [
        pytest.param(MsgSeq("10001"), {"user_id": None, "name": None, "text": "10001"}, id="word"),
        pytest.param(MsgSeq(At(user_id=10001)), {"user_id": "10001", "name": None, "text": None}, id="mention"),
        pytest.param(MsgSeq(At(user_id=1, name="b")), {"user_id": "1", "name": "b", "text": None}, id="with a name"),
        pytest.param(MsgSeq("two words"), None, id="two words"),
        pytest.param(MsgSeq(Image(file="a")), None, id="another segment"),
        pytest.param(MsgSeq(), None, id="nothing"),
    ],
)
def test_at_or_str_accepts_a_mention_or_a_word(argument: object, groups: dict[str, str | None] | None) -> None:
    found = re.fullmatch(at_or_str(), str(argument))
    assert (found and found.groupdict()) == groups
