"""OneBot messages become Aha's segments and go back without loss; nothing that arrives is an error."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.onebot.cqcode import parse_cq
from bots.onebot.segments import read_message, write_message
from models.msg import (
    At,
    Contact,
    File,
    Forward,
    Image,
    Json,
    Location,
    Markdown,
    MessageChain,
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
)
from tests.onebot_payloads import payloads

SPEC = payloads("spec_onebot11_segments")
CODES = payloads("spec_onebot11_cqcodes")


def wire(kind, **data):
    return {"type": kind, "data": data}


def case(name, segment, expected):
    return pytest.param(segment, expected, id=name)


READ = [
    case("text", wire("text", text="a [x] & , b"), Text(text="a [x] & , b")),
    case("at", wire("at", qq=10001), At(user_id="10001")),
    case("at all", wire("at", qq="all"), At.all()),
    case("at with a name", wire("at", qq="1", name="Ann"), At(user_id="1", name="Ann")),
    case("reply", wire("reply", id=-123), Reply(id="-123")),
    case(
        "image by url",
        wire("image", file="a.png", url="https://x.example/a.png", file_size="12"),
        Image(file="https://x.example/a.png", name="a.png", file_id="a.png", file_size=12),
    ),
    case("image by name", wire("image", file="a.png"), Image(file="a.png", file_id="a.png")),
    case(
        "flash image",
        wire("image", file="http://x.example/1", type="flash"),
        Image(file="http://x.example/1", file_id="http://x.example/1", file_type="flash"),
    ),
    case(
        "sticker of NapCat",
        wire("mface", emoji_id="e", key="k", url="https://x.example/e.gif", summary="[hi]"),
        Sticker(file="https://x.example/e.gif", name="[hi]", file_id="e"),
    ),
    case("record", wire("record", file="a.amr"), Record(file="a.amr", file_id="a.amr")),
    case("video", wire("video", file="a.mp4"), Video(file="a.mp4", file_id="a.mp4")),
    case(
        "file",
        wire("file", file="a.zip", file_id="/f1", file_size=7, url=""),
        File(file="a.zip", file_id="/f1", file_size=7),
    ),
    case("share", wire("share", url="u", title="t", content=None), Share(url="u", title="t")),
    case("contact", wire("contact", type="qq", id=1), Contact(type="qq", id="1")),
    case("location", wire("location", lat="1.5", lon=2), Location(lat=1.5, lon=2.0)),
    case("music", wire("music", type="163", id=28949129), Music(type="163", id="28949129")),
    case("json", wire("json", data='{"a": 1}'), Json(data='{"a": 1}')),
    case("xml", wire("xml", data="<a/>"), Xml(data="<a/>")),
    case("markdown", wire("markdown", content="# a"), Markdown(content="# a")),
    case("forward", wire("forward", id="f"), Forward(id="f")),
    case(
        "forward with messages as in events",
        wire("forward", id="f", content=[{"user_id": 1, "sender": {"nickname": "n"}, "message": "hi"}]),
        Forward(id="f", content=[Node(user_id="1", nickname="n", content="hi")]),
    ),
    case(
        "node of go-cqhttp",
        wire("node", uin=1, name="n", content=[wire("text", text="hi")]),
        Node(user_id="1", nickname="n", content="hi"),
    ),
    case("face", wire("face", id="14"), Unknown(type="face", data={"id": "14"})),
    case("dice", wire("dice"), Unknown(type="dice", data={})),
    case(
        "only of NapCat", wire("flashtransfer", fileSetId="x"), Unknown(type="flashtransfer", data={"fileSetId": "x"})
    ),
    case("named as one of ours", wire("sticker", a=1), Unknown(type="sticker", data={"a": 1})),
    case("at nobody", wire("at"), Unknown(type="at", data={})),
    case(
        "location nowhere", wire("location", lat="x", lon="y"), Unknown(type="location", data={"lat": "x", "lon": "y"})
    ),
    case("no data", {"type": "dice", "data": None}, Unknown(type="dice", data={})),
    case("no type", {"data": {"a": 1}}, Unknown(type=None, data={"a": 1})),
    case("type that is no text", {"type": [1], "data": {}}, Unknown(type=[1], data={})),
]


@pytest.mark.parametrize(("segment", "expected"), READ)
def test_a_segment_is_read_as_its_kind_or_kept_as_unknown(segment, expected):
    assert read_message([segment]) == MessageChain([expected])


@pytest.mark.parametrize("item", SPEC, ids=lambda item: item["segment"]["type"])
def test_every_segment_of_the_standard_goes_back_as_it_came(item):
    back = write_message(read_message([item["segment"]]))

    expected = item["segment"]
    if isinstance(expected["data"].get("content"), str) and expected["type"] == "node":
        expected = wire(
            "node", **{**expected["data"], "content": [wire("face", id="123"), wire("text", text="哈喽～")]}
        )
    assert back == [expected]


@pytest.mark.parametrize("item", CODES, ids=lambda item: item["cqcode"][:12])
def test_the_string_form_of_a_segment_says_the_same_as_its_array_form(item):
    segment = next(each["segment"] for each in SPEC if each["title"] == item["title"])

    assert read_message(item["cqcode"]) == read_message([segment])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("&#91;CQ:at,qq=1&#93; &amp;amp;", [wire("text", text="[CQ:at,qq=1] &amp;")], id="escaped"),
        pytest.param("[CQ:at,qq=1", [wire("text", text="[CQ:at,qq=1")], id="no end"),
        pytest.param("[CQ:]", [wire("text", text="[CQ:]")], id="no type"),
        pytest.param("[CQ:a[CQ:b]]", [wire("text", text="[CQ:a"), wire("b"), wire("text", text="]")], id="nested"),
        pytest.param("[CQ:x,a=1=2,b]", [wire("x", a="1=2", b="")], id="equals signs"),
        pytest.param("[CQ:x,a=&#44;&#91;]z", [wire("x", a=",["), wire("text", text="z")], id="escaped values"),
    ],
)
def test_only_a_well_formed_cq_code_is_one(text, expected):
    assert parse_cq(text) == expected


@given(st.text())
def test_text_escaped_as_onebot_says_is_read_back(text):
    escaped = text.replace("&", "&amp;").replace("[", "&#91;").replace("]", "&#93;")

    assert read_message(escaped) == MessageChain(text)


@pytest.mark.parametrize("text", ["[CQ:at,qq=all]", "[Aha:at,user_id=1]", "&#91;", "\ud800", "\0", ""])
def test_text_is_sent_as_text_whatever_it_looks_like(text):
    assert write_message(MessageChain([Text(text=text)])) == [wire("text", text=text)]


@pytest.mark.parametrize("message", [None, 1, True, [None], [[]], ["text"], {"a": 1}, [{}], {}], ids=repr)
def test_what_is_no_message_is_read_without_an_error(message):
    assert all(isinstance(segment, Unknown) for segment in read_message(message))


@pytest.mark.parametrize(
    "file",
    ["file:///etc/passwd", "/etc/passwd", "..\\..\\passwd", "C:\\passwd", "../passwd", "a/../passwd", "FILE:///passwd"],
)
def test_a_file_that_somebody_sends_is_never_a_path(file):
    (image,) = read_message([wire("image", file=file, name=file, url="file:///etc/passwd")])

    assert (image.file, image.name) == ("passwd", "passwd")


@pytest.mark.parametrize("file", ["..", "/", "", "file:///", 1, None])
def test_a_file_without_a_name_has_none(file):
    (image,) = read_message([wire("image", file=file)])

    assert image.file is None


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        case("path", Image(file=Path("/a b.png")), wire("image", file="file:///a%20b.png")),
        case("bytes", Record(file=b"x"), wire("record", file="base64://" + base64.b64encode(b"x").decode())),
        case("url", Video(file="https://x.example/v", thumb="t"), wire("video", file="https://x.example/v", thumb="t")),
        case("id alone", File(file_id="f", name="n"), wire("file", file="f", name="n")),
        case("sticker", Sticker(file="https://x.example/s"), wire("image", file="https://x.example/s", sub_type=1)),
        case("at", At(user_id="1", name="n"), wire("at", qq="1", name="n")),
        case("existing message", Node(id="5"), wire("node", id="5")),
    ],
)
def test_a_segment_is_written_as_onebot_wants_it(segment, expected):
    assert write_message([segment]) == [expected]


def test_a_record_of_messages_is_sent_as_its_nodes():
    forward = Forward(
        content=[Node(user_id="1", nickname="a", content="x"), Node(user_id="2", nickname="b", content="y")]
    )

    assert write_message([forward]) == [
        wire("node", user_id="1", nickname="a", content=[wire("text", text="x")]),
        wire("node", user_id="2", nickname="b", content=[wire("text", text="y")]),
    ]
