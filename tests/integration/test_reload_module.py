"""The built-in module `reload`: who may say it, and how. What is asked for is only noted."""

from __future__ import annotations

import pytest

from aha.testing import running_bot
from core.dispatcher import help_items
from core.reload import taken_by
from models.msg import At, MsgSeq
from tests.stories import ROOT

MODULE = ROOT / "modules" / "reload.py"


@pytest.fixture
async def bot_with():
    """Runs a bot with this configuration; `asked` gets what is asked for."""
    asked = []

    async def say(message, config, **fields):
        async with running_bot(modules=[MODULE], config={"aha": {"super": ["testing:1"], **config}}) as bot:
            with taken_by(lambda names, event: asked.append((list(names), event.user_id))):
                assert await bot.say(message, **fields) == []
        return asked

    return say


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("reload", []),
        ("重载", []),
        ("reload notes", ["notes"]),
        ("重载 点歌 notes", ["点歌", "notes"]),
        ("reload a,b， c、d", ["a", "b", "c", "d"]),
        ("reload a\nb", ["a", "b"]),
        ("reload ../../etc/passwd", ["../../etc/passwd"]),
        ("reload ,", [","]),
        ('reload ""', ['""']),
        (MsgSeq("reload ", At(user_id="7")), ["[Aha:at", "user_id=7]"]),
    ],
    ids=str,
)
async def test_a_super_user_says_which_modules(bot_with, message, names):
    assert await bot_with(message, {}) == [(names, "1")]


@pytest.mark.parametrize("message", ["reloads", "reloading it", "do reload", "重载它", "/reload"])
async def test_other_messages_are_none_of_its_business(bot_with, message):
    assert await bot_with(message, {}) == []


@pytest.mark.parametrize("fields", [{"user": "2"}, {"platform": "QQ"}], ids=["another user", "another platform"])
async def test_nobody_else_may(bot_with, fields):
    assert await bot_with("reload", {}, **fields) == []


async def test_without_super_users_nobody_may(bot_with):
    assert await bot_with("reload", {"super": []}) == []


@pytest.mark.parametrize(
    ("message", "asks"),
    [("reload", False), ("/reload", True), ("/重载 a", True), (MsgSeq(At(user_id="0"), "reload"), True)],
)
async def test_it_wants_the_prefix(bot_with, message, asks):
    assert bool(await bot_with(message, {"global_msg_prefix": ["/"]})) == asks


@pytest.mark.parametrize(("lang", "command"), [("en", "reload [NAME ...]"), ("zh", "重载 [模块名 ...]")])
async def test_its_help_is_in_the_language_of_the_bot(lang, command):
    async with running_bot(modules=[MODULE], config={"aha": {"lang": lang}}):
        assert [item.command for item in help_items] == [command]
