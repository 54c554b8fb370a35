"""What others wrote reaches a terminal as text: nothing in it steers the terminal, and all of it can be written."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest

from aha.commands.store.values import as_data, shown, value_of
from aha.printable import printable
from aha.tables import write_json, write_table
from aha.words import Words

ESC = "\x1b]0;evil\x07\x1b[2J"
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Strange:
    def __repr__(self):
        return f"<{ESC} \ud800>"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("a\tb\nc 你好 é", "a\tb\nc 你好 é", id="text"),
        pytest.param("👩\u200d🔬", "👩\u200d🔬", id="emoji"),
        pytest.param("\x1b[31m", r"\x1b[31m", id="colour"),
        pytest.param("ok\rno", r"ok\rno", id="return"),
        pytest.param("\x7f\x9b2J\0", r"\x7f\x9b2J\x00", id="C1"),
        pytest.param("\ud83d", r"\ud83d", id="half of a surrogate pair"),
        pytest.param("\u202etxt.exe", r"\u202etxt.exe", id="from right to left"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_what_it_is(text, said):
    assert printable(text) == said


def test_a_table_has_nothing_that_steers(capsys):
    write_table(["key", "value"], [(ESC, "x\ud800"), (1, None)])
    written = capsys.readouterr().out
    assert written.splitlines()[1:] == [r"\x1b]0;evil\x07\x1b[2J  x\ud800", "1"]


def test_json_has_nothing_that_steers_and_says_the_same(capsys):
    value = {"key": ESC, "text": "你好 \x9b \u202e", "half": "\ud800", "back": "\\ud800"}
    write_json(value)
    written = capsys.readouterr().out
    assert not ACTING.search(written)
    assert "你好" in written
    assert json.loads(written) == value


@pytest.mark.parametrize("value", [ESC, "a\rb", "\x9b", [ESC, "\u202e"], {"\x7f": 1}, "line\nline", "tab\t", "你好"])
def test_what_is_shown_is_read_as_that_value_again(value):
    assert not ACTING.search(shown(value))
    assert value_of(shown(value)) == value


def test_text_without_anything_that_steers_is_shown_as_it_is():
    assert shown("line\nline\t你好") == "line\nline\t你好"


def test_what_an_object_says_of_itself_is_shown_harmlessly(capsys):
    assert shown(Strange()) == r"<\x1b]0;evil\x07\x1b[2J \ud800>"
    write_json(as_data(Strange()))
    assert json.loads(capsys.readouterr().out)["repr"] == f"<{ESC} \ud800>"


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8"])
def test_json_is_json_whatever_the_output_can_show(monkeypatch, encoding):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding, errors="backslashreplace"))
    write_json("你好 😀")
    sys.stdout.flush()
    assert json.loads(written.getvalue().decode(encoding)) == "你好 😀"


def test_an_answer_has_nothing_that_steers():
    words = Words({"deleted": "deleted {key}"}, {})
    assert words.answer("deleted", key=f"a\nb{ESC}\ud800") == "deleted a\nb\\x1b]0;evil\\x07\\x1b[2J\\ud800\n"
