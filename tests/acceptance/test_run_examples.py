"""The modules in examples/, which `make run` starts."""

from pathlib import Path

import pytest

from aha.testing import running_bot

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCUMENT = Path(__file__).parent / "long-lived-data.zh.md"


@pytest.fixture
async def bot():
    paths = [EXAMPLES / "hello.py", EXAMPLES / "notes", EXAMPLES / "todo.py"]
    async with running_bot(modules=paths) as bot:
        yield bot


async def test_hello_greets_by_name_and_help_lists_everything(bot):
    assert await bot.say("Hi", sender={"nickname": "Ann"}) == ["Hello, Ann! Say help to see more."]
    [text] = await bot.say("help")
    assert [line.partition(" - ")[0] for line in text.splitlines()] == [
        "hello",
        "help",
        "todo",
        "todo THING",
        "done NUMBER",
    ]


async def test_todo_keeps_a_list_for_each_chat(bot):
    assert await bot.say("todo") == ["Nothing to do."]
    assert await bot.say("todo buy milk", group="1") == ["1. buy milk"]
    assert await bot.say("todo sleep", group="1", user="2") == ["1. buy milk\n2. sleep"]
    await bot.restart()
    assert await bot.say("done 3", group="1") == ["There is no number 3."]
    assert await bot.say("done 1", group="1") == ["Done: buy milk"]
    assert await bot.say("todo", group="1") == ["1. sleep"]
    assert await bot.say("todo") == ["Nothing to do."]


async def test_notes_answers_as_the_document_says(bot):
    assert await bot.say("get") == ["None"]
    assert await bot.say("set hello") == []
    [row] = await bot.say("get")
    assert row.endswith("data='hello')")


def test_notes_is_the_example_of_the_document_character_for_character():
    example = (EXAMPLES / "notes" / "database.py").read_text() + "\n" + (EXAMPLES / "notes" / "__init__.py").read_text()
    assert f"```python\n{example}```" in DOCUMENT.read_text(encoding="utf-8")
