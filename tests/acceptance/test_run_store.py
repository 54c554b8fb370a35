"""The document's second example through the console: what `test` stored is there although the process was killed."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.stories import blocks_of

DOCUMENT = Path(__file__).with_name("long-lived-data.zh.md")
EXAMPLE = blocks_of(DOCUMENT.read_text(encoding="utf-8"))[1].text
# Lines are handed on one after the other, so `test` is through when this answers.
MARK = """
from core.dispatcher import on_message
from models.api import Message

@on_message("mark")
async def _(event: Message):
    await event.send("here")
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_stored_survives_kill_9(start, write, request, database):
    url = [] if database == "sqlite" else ["--db", request.getfixturevalue("postgres_url")]
    write({"memo.py": EXAMPLE, "marks.py": MARK})
    killed = start("run", "--adapter", "console", *url).ready()
    killed.say("test", "mark")
    killed.wait_for("here", stream="out")
    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    next_one = start("run", "--adapter", "console", *url).ready()
    next_one.say("get")
    assert next_one.end() == 0
    assert next_one.out == "hello\n"
