"""What the console shows and obeys, without a screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.console.show import shown
from bots.console.speaker import HELP, Speaker
from bots.printable import one_line, printable
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
    Node,
    Record,
    Reply,
    Share,
    Sticker,
    Text,
    Unknown,
)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ([Text(text="two\nlines\tand [Aha:at,user_id=1]")], "two\nlines\tand [Aha:at,user_id=1]"),
        ([Reply(id="5"), Text(text="yes")], "yes"),
        ([At(user_id="1"), Text(text=" hi")], "@1 hi"),
        ([At(user_id="1", name="Ann")], "@Ann"),
        ([At.all()], "@all"),
        ([Image(file="https://x.example/a.png")], "[image: https://x.example/a.png]"),
        ([Image(file="https://x.example/a.png", name="a.png")], "[image: a.png]"),
        ([Record(file_id="r")], "[record: r]"),
        ([Sticker()], "[sticker]"),
        ([File(file="base64://" + "A" * 1000)], "[file: base64://" + "A" * 191 + "… (1009 characters)]"),
        ([Share(url="u", title="t")], "[share: t u]"),
        ([Markdown(content="# a")], "# a"),
        ([Location(lat=1, lon=2)], "[Aha:location,lat=1.0,lon=2.0]"),
        ([Contact(type="qq", id="1")], "[Aha:contact,type=qq,id=1]"),
        ([Json(data="{}")], "[Aha:json,data={}]"),
        ([Unknown(type="face", data={"id": "14"})], "[face: 14]"),
        ([Unknown(type="dice")], "[dice]"),
        ([Forward(id="f")], "[Aha:forward,id=f]"),
        (
            [Forward(content=[Node(nickname="a", content="x"), Node(user_id="2", content="y")])],
            "\n> a: x\n> 2: y",
        ),
        ([], ""),
    ],
)
def test_a_message_is_shown_readably(message, text):
    assert shown(MessageChain(message)) == text


NASTY = "\x1b[2J\x07\x9b\r\u202e\u2066\ud800\x00\u2028"


@pytest.mark.parametrize(
    "segment",
    [
        Text(text=NASTY),
        At(user_id="1", name=NASTY),
        Image(file=NASTY),
        Share(url=NASTY, title=NASTY),
        Markdown(content=NASTY),
        Unknown(type=NASTY, data={NASTY: NASTY}),
        Node(nickname=NASTY, content=NASTY),
        Json(data=NASTY),
    ],
    ids=lambda segment: segment.kind,
)
def test_nothing_shown_steers_the_terminal(segment):
    text = shown([segment])

    assert text.isprintable()
    assert r"\x1b" in text


@given(st.text())
def test_printable_text_can_be_encoded_and_keeps_what_is_harmless(text):
    shown_text = printable(text)

    shown_text.encode()
    assert shown_text.replace("\n", "").replace("\t", "").isprintable() or not text.isascii()
    if text.isprintable():
        assert shown_text == text


def test_emoji_that_are_joined_stay_joined():
    assert printable("👨‍👩‍👧 👍🏽") == "👨‍👩‍👧 👍🏽"


def test_one_line_is_one_line_and_not_long():
    assert one_line("a\nb\tc") == r"a\nb\tc"
    assert one_line("x" * 1000, 5) == "xxxxx… (1000 characters)"


@pytest.mark.parametrize(
    ("lines", "user", "group"),
    [
        ([], "console", None),
        (["/as 20001"], "20001", None),
        (["/in 30001"], "console", "30001"),
        (["/as bob", "/in g", "/private"], "bob", None),
        (["  /as   bob  "], "bob", None),
    ],
    ids=str,
)
def test_commands_change_who_speaks_and_where(lines, user, group):
    speaker = Speaker()
    for line in lines:
        assert speaker.obey(line) is not None

    assert (speaker.user, speaker.group) == (user, group)


def test_help_lists_every_command():
    assert Speaker().obey("/help") == HELP
    assert all(command in HELP for command in ("/as", "/in", "/private", "/help"))


@pytest.mark.parametrize(
    "line",
    [
        *["hello", "", " ", "/", "/asa", "as x", "/AS x", "//as x", "/start"],
        *["/help me", "/as", "/as a b", "/in", "/in 5 minutes", "/private now"],
    ],
)
def test_every_other_line_is_a_message_and_changes_nothing(line):
    speaker = Speaker("bob", "g")
    assert speaker.obey(line) is None
    assert (speaker.user, speaker.group) == ("bob", "g")
