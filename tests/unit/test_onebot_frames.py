"""Frames are read, calls written and answers understood, in all the ways that OneBot implementations have."""

from __future__ import annotations

import json

import pytest

from bots.onebot.frames import BadFrame, read_answer, read_frame, write_call
from models.exc import APIException
from models.msg import At, MessageChain, Node, Text

DEEP = b"[" * 100_000
NESTED = b'{"a":' * 101 + b"1" + b"}" * 101


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'"text"', b"\x1b[31m", DEEP, b"1" * 5000, "é".encode("latin-1")],
    ids=lambda raw: repr(raw[:10]),
)
def test_a_frame_that_is_no_object_is_refused_in_one_printable_line(raw):
    with pytest.raises(BadFrame) as refusal:
        read_frame(raw, "b")

    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 700


def test_a_frame_may_be_long_and_nested_but_not_too_deep():
    deepest = b'{"a":' * 99 + b"{}" + b"}" * 99
    brackets = json.dumps({"a": "[{" * 200, "b": [[]] * 200})

    assert read_frame(deepest, "b")
    assert read_frame(brackets.encode(), "b") == json.loads(brackets)
    with pytest.raises(BadFrame, match="nested more than 100 deep"):
        read_frame(NESTED, "b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\ud800", "\ufffd"),
        (r"a\uDFFFb", "a\ufffdb"),
        (r"\ud83d\ude00", "😀"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\u0000", "\0"),
        (r"\\ud800", r"\ud800"),
    ],
)
def test_text_has_no_halves_of_characters(text, expected):
    assert read_frame(f'{{"text": "{text}"}}'.encode(), "b") == {"text": expected}


def test_half_a_character_that_came_is_told_with_the_bot(caplog):
    read_frame(rb'{"text": "\ud800"}', "onebot bot 'main'")

    (line,) = caplog.messages
    assert line.startswith("onebot bot 'main': half a character came and is now U+FFFD: ")


@pytest.mark.parametrize(
    ("text", "sent"), [("a\ud800", "a\ufffd"), ("\ud83d\ude00", "😀"), ("😀", "😀"), (r"\ud800", r"\ud800")], ids=ascii
)
def test_text_is_sent_without_halves_of_characters(text, sent):
    assert params(message=text) == {"message": [{"type": "text", "data": {"text": sent}}]}


def params(**given):
    return json.loads(write_call("act", given, echo="1", bot="b"))["params"]


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("user_id", "10001", 10001),
        ("group_id", "-5", -5),
        ("message_id", 7, 7),
        ("user_id", str(2**62), 2**62),
        ("message_id", "0123", "0123"),
        ("message_id", "a-b", "a-b"),
        ("user_id", "٣", "٣"),
        ("user_id", "9" * 5000, "9" * 5000),
        ("flag", "123", "123"),
    ],
)
def test_ids_are_sent_as_numbers_where_onebot_has_numbers(name, value, sent):
    assert params(**{name: value}) == {name: sent}


@pytest.mark.parametrize(
    "message",
    [MessageChain([At(user_id="1")]), At(user_id="1"), [At(user_id="1")]],
    ids=["chain", "segment", "list"],
)
def test_messages_are_sent_as_arrays(message):
    assert params(messages=message) == {"messages": [{"type": "at", "data": {"qq": "1"}}]}


def test_a_message_given_as_text_is_sent_as_text():
    assert params(message="[CQ:at,qq=all]") == {"message": [{"type": "text", "data": {"text": "[CQ:at,qq=all]"}}]}


def test_a_call_names_its_echo_and_not_the_account():
    assert json.loads(write_call("act", {"self_id": "1", "a": [1]}, echo="9", bot="b")) == {
        "action": "act",
        "params": {"a": [1]},
        "echo": "9",
    }


@pytest.mark.parametrize(
    ("answer", "data"),
    [
        ({"status": "ok", "retcode": 0, "data": {"a": 1}}, {"a": 1}),
        ({"status": "ok", "retcode": 0, "data": None}, None),
        ({"status": "async", "retcode": 1, "data": None}, None),
        ({"status": "ok", "retcode": "0", "data": 5}, 5),
        ({"status": "ok", "data": {}}, {}),
        ({"retcode": 0}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_data_of_an_answer_is_returned(answer, data):
    assert read_answer("act", answer) == data


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        ({"status": "failed", "retcode": 1404, "data": None}, 1404, ""),
        ({"status": "failed", "retcode": -1, "msg": "m"}, -1, "m"),
        ({"status": "failed", "retcode": 200, "msg": "", "message": "long"}, 200, "long"),
        ({"status": "failed", "retcode": 100, "msg": "CODE", "wording": "words"}, 100, "words"),
        ({"status": "ok", "retcode": 1400}, 1400, ""),
        ({"status": "failed"}, -1, "no reason given"),
        ({"status": "failed", "retcode": "x", "message": ["?"]}, -1, ""),
        ({"status": "failed", "retcode": 1, "message": "a\x1b[31m\nb"}, 1, r"a\x1b[31m\nb"),
    ],
    ids=str,
)
def test_a_refusal_is_raised_with_its_code_and_reason(answer, code, text):
    with pytest.raises(APIException) as refusal:
        read_answer("act", answer)

    assert refusal.value.code == code
    assert text in refusal.value.err_msg
    assert "act" in str(refusal.value)


def test_a_message_that_was_asked_for_is_a_chain():
    data = read_answer("get_msg", {"retcode": 0, "data": {"message_id": 1, "message": "[CQ:at,qq=1]hi"}})

    assert data == {"message_id": 1, "message": MessageChain([At(user_id="1"), Text(text="hi")])}


@pytest.mark.parametrize(
    "data",
    [
        {"message": [{"type": "node", "data": {"user_id": 1, "nickname": "n", "content": "hi"}}]},
        {
            "messages": [
                {"user_id": 1, "sender": {"nickname": "n"}, "message": [{"type": "text", "data": {"text": "hi"}}]}
            ]
        },
    ],
    ids=["standard", "NapCat"],
)
def test_a_forwarded_record_that_was_asked_for_is_a_chain_of_nodes(data):
    read = read_answer("get_forward_msg", {"retcode": 0, "data": data})

    assert read["message"] == MessageChain([Node(user_id="1", nickname="n", content="hi")])
