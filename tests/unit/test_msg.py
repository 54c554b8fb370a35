"""Segments and chains: what they take, how they compare, what a copy shares."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import msg
from models.msg import (
    At,
    Contact,
    Downloadable,
    File,
    Forward,
    Image,
    Json,
    Location,
    Markdown,
    MessageChain,
    MsgSeg,
    MsgSeq,
    Music,
    Node,
    Record,
    Reply,
    Share,
    Sticker,
    Text,
    Unknown,
    Video,
    Xml,
    segment,
    to_chain,
)

EVERY_KIND = [
    Text(text="t"),
    At(user_id=1, name="n"),
    Reply(id=2),
    *(
        cls(file="f", name="n", file_id=3, thumb="u", file_type="png", file_size="4")
        for cls in (Image, Sticker, Record, Video, File)
    ),
    Share(url="u", title="t", content="c", image="i"),
    Contact(type="qq", id=5),
    Location(lat="39.9", lon=116, title="t", content="c"),
    Music(type="custom", id=6, url="u", audio="a", title="t", content="c", image="i"),
    Json(data={"a": [1]}),
    Xml(data="<x/>"),
    Markdown(content="# m"),
    Node(user_id=7, nickname="n", content=["c", At(user_id=1)], id=8),
    Forward(id=9, content=[Node(content="c")]),
    Unknown(type="face", data={"id": [14]}),
]
each_kind = pytest.mark.parametrize(
    "example", [pytest.param(example, id=type(example).__name__) for example in EVERY_KIND]
)


@each_kind
def test_segments_are_equal_and_hashed_by_content(example: MsgSeg) -> None:
    twin = attrs.evolve(example)
    assert twin is not example
    assert twin == example
    assert hash(twin) == hash(example)
    assert example not in [other for other in EVERY_KIND if other is not example]


@each_kind
def test_segments_take_keyword_arguments_only_and_never_change(example: MsgSeg) -> None:
    with pytest.raises(TypeError):
        type(example)("x")
    name = attrs.fields(type(example))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(example, name, "other")


@each_kind
def test_stored_segments_come_back_and_lead_to_documented_names_only(example: MsgSeg) -> None:
    stored = pickle.dumps(MsgSeq("x", example))
    assert pickle.loads(stored) == MsgSeq("x", example)
    assert copy.deepcopy(example) == example
    assert b"models.msg." not in stored


@each_kind
def test_a_kind_is_built_from_its_name_and_values(example: MsgSeg) -> None:
    assert segment(example.kind, attrs.asdict(example, recurse=False)) == example


@pytest.mark.parametrize(
    ("built", "field", "value"),
    [
        pytest.param(At(user_id=10001), "user_id", "10001", id="id as a number"),
        pytest.param(At(user_id=-5), "user_id", "-5", id="negative id"),
        pytest.param(Reply(id=2**40), "id", str(2**40), id="big id"),
        pytest.param(At.all(), "user_id", "all", id="everyone"),
        pytest.param(Image(file=Path("a") / "b.png"), "file", str(Path("a") / "b.png"), id="path"),
        pytest.param(Image(file=b"\x00\x01"), "file", "base64://AAE=", id="bytes"),
        pytest.param(Record(file_size="12"), "file_size", 12, id="size as text"),
        pytest.param(Record(file_size="big"), "file_size", None, id="size that is none"),
        pytest.param(Location(lat="39.9", lon=116), "lat", 39.9, id="degrees as text"),
        pytest.param(Json(data={"a": "你"}), "data", '{"a": "你"}', id="JSON as a dictionary"),
        pytest.param(Node(content="hi"), "content", MsgSeq("hi"), id="content as text"),
        pytest.param(
            Node(content="[Aha:dice]"), "content", [Text(text="[Aha:dice]")], id="content is not read as code"
        ),
        pytest.param(Forward(id=5), "content", [], id="forward by id"),
    ],
)
def test_values_are_made_uniform(built: MsgSeg, field: str, value: object) -> None:
    assert getattr(built, field) == value
    assert type(getattr(built, field)) in (type(value), MessageChain)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        pytest.param("dice", {}, id="a kind of the platform"),
        pytest.param("at", {"qq": 5}, id="a value is missing"),
        pytest.param("location", {"lat": "north", "lon": "1"}, id="a value is no number"),
        pytest.param("location", {"lat": 10**400, "lon": 1}, id="a number too big"),
        pytest.param("image", {"file": 5}, id="a file is no text"),
        pytest.param("forward", {"content": ["x"]}, id="content is no node"),
    ],
)
def test_what_fits_no_kind_is_kept_as_unknown(kind: str, values: dict[str, Any]) -> None:
    assert segment(kind, values) == Unknown(type=kind, data=values)


def test_a_forward_holds_nodes_only() -> None:
    with pytest.raises(TypeError, match=r"holds Nodes, not Text\(text='x'\)"):
        Forward(content=["x"])


# --- chains ------------------------------------------------------------------------------------------------------

AT, PIC = At(user_id=1), Image(file="a")


def changed(start: MessageChain, change: Any) -> MessageChain:
    change(start)
    return start


@pytest.mark.parametrize(
    ("chain", "content"),
    [
        pytest.param(MessageChain(), [], id="nothing"),
        pytest.param(MessageChain("ab"), ["ab"], id="built of a str"),
        pytest.param(MessageChain(AT), [AT], id="built of a segment"),
        pytest.param(MessageChain(["a", AT]), ["a", AT], id="built of a list"),
        pytest.param(MessageChain(item for item in ("a", AT)), ["a", AT], id="built of a generator"),
        pytest.param(MsgSeq("a", AT, "b"), ["a", AT, "b"], id="MsgSeq"),
        pytest.param(changed(MsgSeq(AT), lambda chain: chain.append("a")), [AT, "a"], id="appended"),
        pytest.param(changed(MsgSeq(AT), lambda chain: chain.insert(0, "a")), ["a", AT], id="inserted"),
        pytest.param(changed(MsgSeq(AT), lambda chain: chain.extend(["a", "b"])), [AT, "a", "b"], id="extended"),
        pytest.param(changed(MsgSeq(AT), lambda chain: chain.extend("ab")), [AT, "ab"], id="extended by a str"),
        pytest.param(changed(MsgSeq(AT), lambda chain: chain.__setitem__(0, "a")), ["a"], id="assigned"),
        pytest.param(
            changed(MsgSeq(AT, PIC), lambda chain: chain.__setitem__(slice(0, 1), ["a", "b"])),
            ["a", "b", PIC],
            id="slice assigned",
        ),
        pytest.param(MsgSeq(AT) + "ab", [AT, "ab"], id="str added"),
        pytest.param(MsgSeq(AT) + PIC, [AT, PIC], id="segment added"),
        pytest.param(MsgSeq(AT) + MsgSeq("a"), [AT, "a"], id="chain added"),
        pytest.param("ab" + MsgSeq(AT), ["ab", AT], id="added to a str"),
        pytest.param(changed(MsgSeq(AT), lambda chain: chain.__iadd__("ab")), [AT, "ab"], id="added in place"),
        pytest.param(MsgSeq("a", AT)[:1], ["a"], id="slice"),
        pytest.param(MsgSeq("a") * 2, ["a", "a"], id="repeated"),
        pytest.param(MsgSeq("a", AT, "b").filter(Text), ["a", "b"], id="filtered"),
        pytest.param(MsgSeq("a", PIC, AT).filter(Downloadable), [PIC], id="filtered by a base class"),
    ],
)
def test_a_str_becomes_text_wherever_it_is_put_in(chain: MessageChain, content: list[Any]) -> None:
    assert type(chain) is MessageChain
    assert list(chain) == [Text(text=item) if isinstance(item, str) else item for item in content]


@pytest.mark.parametrize("item", [None, 5, ["a"], b"a"])
def test_a_chain_takes_nothing_but_segments_and_text(item: object) -> None:
    chain = MsgSeq("a")
    with pytest.raises(TypeError, match="a message holds segments and text"):
        chain.append(item)
    assert chain == MsgSeq("a")


@given(
    st.lists(st.sampled_from(["", "a", "b", AT]), max_size=6), st.lists(st.sampled_from(["", "a", "b", AT]), max_size=6)
)
def test_chains_are_equal_when_they_say_the_same(one: list[Any], other: list[Any]) -> None:
    first, second = MessageChain(one), MessageChain(other)
    assert (first == second) is (str(first) == str(second))
    assert first != second or hash(first) == hash(second)


def test_a_chain_equals_a_list_of_the_same_segments_and_nothing_else() -> None:
    assert MsgSeq(AT) == [AT]
    assert MsgSeq(AT) != [PIC]
    assert MsgSeq("a") != "a"
    assert MsgSeq() != ()


@pytest.mark.parametrize(
    ("chain", "user_id", "mentioned"),
    [
        pytest.param(MsgSeq("hi ", At(user_id="1")), "1", True, id="mentioned"),
        pytest.param(MsgSeq(At(user_id="1")), 1, True, id="asked with a number"),
        pytest.param(MsgSeq(At(user_id="2")), "1", False, id="another user"),
        pytest.param(MsgSeq(At.all()), "1", False, id="everyone is not this user"),
        pytest.param(MsgSeq("[Aha:at,user_id=1]"), "1", False, id="typed code"),
    ],
)
def test_is_user_at(chain: MessageChain, user_id: str | int, mentioned: bool) -> None:
    assert chain.is_user_at(user_id) is mentioned


def test_a_copy_shares_nothing_changeable() -> None:
    chain = MsgSeq(Forward(content=[Node(content=["a"])]), Unknown(type="x", data={"list": [1]}))
    twin = chain.copy()
    chain[0].content[0].content.append("b")
    chain[1].data["list"].append(2)
    chain.append("c")
    assert twin == MsgSeq(Forward(content=[Node(content=["a"])]), Unknown(type="x", data={"list": [1]}))


class Row:
    def __repr__(self) -> str:
        return "Row(user=1, data='hello')"


@pytest.mark.parametrize(
    ("value", "chain"),
    [
        pytest.param("a", MsgSeq("a"), id="str"),
        pytest.param(AT, MsgSeq(AT), id="segment"),
        pytest.param(MsgSeq("a", AT), MsgSeq("a", AT), id="chain"),
        pytest.param(["a", AT], MsgSeq("a", AT), id="list"),
        pytest.param(("a", "b"), MsgSeq("ab"), id="tuple of str"),
        pytest.param(["n: ", 5, PIC], MsgSeq("n: 5", PIC), id="segments among other objects"),
        pytest.param([MsgSeq("a"), ["b", AT]], MsgSeq("ab", AT), id="chains in a list"),
        pytest.param([], MsgSeq(), id="empty list"),
        pytest.param(None, MsgSeq("None"), id="None"),
        pytest.param(0, MsgSeq("0"), id="number"),
        pytest.param(Row(), MsgSeq("Row(user=1, data='hello')"), id="row"),
        pytest.param([Row()], MsgSeq("[Row(user=1, data='hello')]"), id="list of rows"),
        pytest.param({"a": 1}, MsgSeq("{'a': 1}"), id="dictionary"),
        pytest.param(b"a", MsgSeq("b'a'"), id="bytes"),
    ],
)
def test_whatever_a_module_answers_with_becomes_a_message(value: object, chain: MessageChain) -> None:
    assert to_chain(value) == chain


def test_to_chain_leaves_the_chain_it_was_given_alone() -> None:
    chain = MsgSeq("a")
    to_chain(chain).append("b")
    assert chain == MsgSeq("a")


def test_every_public_name_is_documented_and_at_home_in_models_msg() -> None:
    for name in msg.__all__:
        assert getattr(msg, name).__doc__
        assert getattr(msg, name).__module__ == "models.msg"
