"""Every message reads back exactly as it was written, and no text is ever taken for a segment."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import msg
from models.msg import At, Forward, Image, Json, MessageChain, MsgSeg, MsgSeq, Node, Text, Unknown, parse_aha_code
from utils.aha_code import unescape

ANY_CHARACTER = st.characters(exclude_categories=())  # lone surrogates and NUL too
RISKY = st.sampled_from(
    ["[Aha:", "[aha:at,user_id=1]", "&#91;Aha:", "&amp;", "amp;", "&", "[", "]", ",", "=", "\x00", "😀"]
)
TEXT = st.lists(RISKY | st.text(ANY_CHARACTER, max_size=8), max_size=6).map("".join)
MAYBE = st.none() | TEXT
DEGREES = st.floats(allow_nan=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | DEGREES | TEXT, lambda inner: st.lists(inner, max_size=3)
)


def kind(cls: type[MsgSeg], **fields: st.SearchStrategy) -> st.SearchStrategy[MsgSeg]:
    return st.fixed_dictionaries(fields).map(lambda values: cls(**values))


FILE = dict.fromkeys(("file", "name", "file_id", "thumb", "file_type"), MAYBE) | {
    "file_size": st.none() | st.integers()
}
CARD = {"title": MAYBE, "content": MAYBE}
FLAT = {
    "text": kind(Text, text=TEXT),
    "at": kind(At, user_id=TEXT, name=MAYBE),
    "reply": kind(msg.Reply, id=TEXT),
    **{cls.kind: kind(cls, **FILE) for cls in (Image, msg.Sticker, msg.Record, msg.Video, msg.File)},
    "share": kind(msg.Share, url=TEXT, image=MAYBE, **CARD),
    "contact": kind(msg.Contact, type=TEXT, id=TEXT),
    "location": kind(msg.Location, lat=DEGREES, lon=DEGREES, **CARD),
    "music": kind(msg.Music, type=TEXT, id=MAYBE, url=MAYBE, audio=MAYBE, image=MAYBE, **CARD),
    "json": kind(Json, data=TEXT),
    "xml": kind(msg.Xml, data=TEXT),
    "markdown": kind(msg.Markdown, content=TEXT),
    "unknown": kind(
        Unknown,
        type=TEXT | st.sampled_from(["dice", "at"]),
        data=st.dictionaries(TEXT | st.just("id"), JSON, max_size=3),
    ),
}


def node(content: st.SearchStrategy[MsgSeg]) -> st.SearchStrategy[Node]:
    return kind(Node, user_id=MAYBE, nickname=MAYBE, id=MAYBE, content=st.lists(content, max_size=3))


def nested(inner: st.SearchStrategy[MsgSeg]) -> st.SearchStrategy[MsgSeg]:
    return node(inner) | kind(Forward, id=MAYBE, content=st.lists(node(inner), max_size=2))


KINDS = {**FLAT, "node": node(st.one_of(*FLAT.values())), "forward": nested(st.one_of(*FLAT.values()))}
SEGMENT = st.recursive(st.one_of(*FLAT.values()), nested, max_leaves=4)
CHAIN = st.lists(SEGMENT, max_size=5).map(MessageChain)


def test_every_kind_of_segment_is_in_the_model() -> None:
    documented = {cls.kind for cls in vars(msg).values() if isinstance(cls, type) and "kind" in vars(cls)}
    assert documented == {*KINDS}


@pytest.mark.parametrize("name", KINDS)
def test_a_segment_of_each_kind_reads_back(name: str) -> None:
    @given(KINDS[name])
    def reads_back(segment: MsgSeg) -> None:
        assert parse_aha_code(str(segment)) == MsgSeq(segment)

    reads_back()


@given(CHAIN)
def test_a_chain_reads_back(chain: MessageChain) -> None:
    read = parse_aha_code(str(chain))
    assert read == chain
    assert str(read) == str(chain)


@given(st.lists(TEXT))
def test_texts_never_become_a_segment_however_they_were_cut(texts: list[str]) -> None:
    assert parse_aha_code(str(MessageChain(texts))) == MsgSeq("".join(texts))


@given(st.lists(TEXT))
def test_no_pattern_of_a_code_is_found_in_texts_even_ignoring_case(texts: list[str]) -> None:
    written = str(MessageChain(texts))
    assert not re.search(str(At), written, re.IGNORECASE)
    assert not re.search(str(MsgSeg), written, re.IGNORECASE)


@given(TEXT.filter(lambda text: "aha:" not in text.lower()))
def test_a_text_without_a_code_stands_for_itself(text: str) -> None:
    assert str(MsgSeq(text)) == text


@given(TEXT)
def test_reading_any_text_raises_nothing_and_reads_back(text: str) -> None:
    chain = parse_aha_code(text)
    assert parse_aha_code(str(chain)) == chain


@pytest.mark.parametrize("cls", [At, Image, msg.Share, msg.Location, Json])
def test_the_pattern_of_a_class_matches_its_codes_and_names_their_fields(cls: type[MsgSeg]) -> None:
    @given(KINDS[cls.kind])
    def matches(segment: MsgSeg) -> None:
        found = re.fullmatch(str(cls), str(segment))
        assert found
        for name, written in found.groupdict().items():
            value = getattr(segment, name)
            assert (None if value is None else str(value)) == (written if written is None else unescape(written))

    matches()


@pytest.mark.parametrize(
    ("segment", "code"),
    [
        pytest.param(At(user_id=1), "[Aha:at,user_id=1]", id="the documented form"),
        pytest.param(At(user_id=1, name="a,[b]&"), "[Aha:at,user_id=1,name=a&#44;&#91;b&#93;&amp;]", id="escaped"),
        pytest.param(At.all(), "[Aha:at,user_id=all]", id="everyone"),
        pytest.param(
            Image(file="a.png", file_size=3), "[Aha:image,file=a.png,file_size=3]", id="what is None is left out"
        ),
        pytest.param(Text(text="a & b [x], c"), "a & b [x], c", id="text"),
        pytest.param(Text(text="[Aha:at,user_id=1]"), "&#91;Aha:at,user_id=1]", id="typed code"),
        pytest.param(Text(text="[aHA:x"), "&#91;aHA:x", id="typed code in any case"),
        pytest.param(Text(text="&#91;Aha:"), "&amp;#91;Aha:", id="typed escape"),
        pytest.param(Text(text="&#91; &amp; <b>"), "&#91; &amp; <b>", id="entities of other languages"),
        pytest.param(Unknown(type="dice"), "[Aha:dice]", id="unknown kind"),
        pytest.param(Unknown(type="face", data={"id": "1,4"}), "[Aha:face,id=1&#44;4]", id="unknown kind with values"),
        pytest.param(
            Unknown(type="at", data={"qq": 1}), '[Aha:unknown,type=at,data={"qq":1}]', id="odd values of a known kind"
        ),
        pytest.param(
            Forward(content=[Node(user_id=1, content=["a", At(user_id=2)])]),
            "[Aha:forward,content=&#91;Aha:node&#44;user_id=1&#44;content=a&amp;#91;Aha:at&amp;#44;user_id=2&amp;#93;&#93;]",
            id="nested",
        ),
    ],
)
def test_the_code_of(segment: MsgSeg, code: str) -> None:
    assert str(segment) == code
    assert parse_aha_code(code) == MsgSeq(segment)


@pytest.mark.parametrize(
    ("code", "chain"),
    [
        pytest.param("", MsgSeq(), id="nothing"),
        pytest.param("[Aha:at,user_id=1", MsgSeq("[Aha:at,user_id=1"), id="without an end"),
        pytest.param("[Aha:at,user_id=[1]", MsgSeq("[Aha:at,user_id=[1]"), id="a bracket inside"),
        pytest.param("[Aha:at,name=b,user_id=1]", MsgSeq(At(user_id="1", name="b")), id="another order"),
        pytest.param("[Aha:at,user_id=1,colour=red]", MsgSeq(At(user_id="1")), id="a field of a newer version"),
        pytest.param("[Aha:at]", MsgSeq(Unknown(type="at")), id="without its user"),
        pytest.param(
            "[Aha:location,lat=x,lon=1]",
            MsgSeq(Unknown(type="location", data={"lat": "x", "lon": "1"})),
            id="no number",
        ),
        pytest.param(
            "[Aha:unknown,type=a,data={]",
            MsgSeq(Unknown(type="unknown", data={"type": "a", "data": "{"})),
            id="broken JSON",
        ),
        pytest.param(
            "[Aha:forward,content=x]", MsgSeq(Unknown(type="forward", data={"content": MsgSeq("x")})), id="no nodes"
        ),
        pytest.param("a[Aha:dice]b", MsgSeq("a", Unknown(type="dice"), "b"), id="between texts"),
    ],
)
def test_reading(code: str, chain: MessageChain) -> None:
    assert parse_aha_code(code) == chain


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 100_000, id="100 kB"),
        pytest.param("[Aha:" * 20_000, id="100 kB of openings"),
        pytest.param("[Aha:at" + "," * 100_000, id="100 kB of commas"),
        pytest.param("&" + "amp;" * 25_000, id="100 kB of escapes"),
        pytest.param("[Aha:unknown,type=a,data=" + "&#91;" * 20_000 + "]", id="20,000 levels of JSON"),
        pytest.param("😀\x00\ud800", id="emoji, NUL, lone surrogate"),
    ],
)
def test_hostile_texts_are_read_and_written(text: str) -> None:
    assert str(MsgSeq(*parse_aha_code(text)))
    assert parse_aha_code(str(MsgSeq(text))) == MsgSeq(text)


def test_messages_in_messages_cost_in_proportion_to_their_depth() -> None:
    chain, other = MsgSeq("x"), MsgSeq("y")
    for _ in range(50):
        chain, other = MsgSeq(Forward(content=[Node(content=chain)])), MsgSeq(Forward(content=[Node(content=other)]))
    assert parse_aha_code(str(chain)) == chain.copy()
    assert chain != other
