"""Wishes from chats: who asked is told, by the next process if need be."""

from __future__ import annotations

import asyncio

import pytest

from aha.control import chat as chats
from aha.control.pending import PENDING_FILE
from core.adapter import adapters
from core.config import cfg
from core.reload import ask
from models.exc import AhaError, UsageError
from tests.integration.control.stand_in import message, until


@pytest.mark.parametrize(
    ("group", "action", "where"),
    [(None, "send_private_msg", "7"), ("20", "send_group_msg", "20")],
    ids=["private", "group"],
)
async def test_who_asks_in_a_chat_is_told_there(bot, reloader, platform, group, action, where):
    async with bot() as data:
        ask(["a", "b"], event=message(platform, group=group))
        assert await platform.next() == (action, where, "[Aha:reply,id=12]reload a b (en)")
    assert not (data / PENDING_FILE).exists()


async def test_those_who_ask_are_served_one_after_another(bot, reloader, platform):
    reloader.going.clear()
    async with bot():
        for name in "ab":
            ask([name], event=message(platform))
        assert await reloader.next() == "reload a"
        assert reloader.asked.empty()
        reloader.going.set()
        assert [(await platform.next())[2][-len("reload a (en)") :] for _ in "ab"] == ["reload a (en)", "reload b (en)"]


@pytest.mark.parametrize(
    ("error", "said"),
    [(UsageError("there is no module x; there are: a"), "there is no module x"), (OSError("secret"), "the bot's log")],
    ids=["usage", "fault"],
)
async def test_who_asks_for_what_cannot_be_is_told_so(bot, reloader, platform, error, said):
    reloader.error = error
    async with bot():
        ask(["x"], event=message(platform))
        answer = (await platform.next())[2]
        assert said in answer
        assert "secret" not in answer


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a.b", "a\x00", "..", "a" * 5000, "a\n[Aha:at,user_id=all]", "$(id)"]
)
async def test_what_is_no_name_never_reaches_a_path(bot, reloader, platform, name):
    async with bot():
        ask(["a", name], event=message(platform))
        answer = (await platform.next())[2]
    assert "there is no module" in answer
    assert len(answer) < 150
    assert "[Aha:at" not in answer
    assert reloader.asked.empty()


async def test_answers_are_in_the_language_of_the_bot(bot, reloader, platform):
    cfg.load(values={"aha": {"lang": "zh"}}, environ={})
    async with bot():
        ask(["a"], event=message(platform))
        assert "reload a (zh)" in (await platform.next())[2]
        ask(["a.b"], event=message(platform))
        assert "没有模块 a.b" in (await platform.next())[2]


async def killed(bot, reloader, platform, *asked):
    """Have a bot end in the middle of a reload that was asked for in a chat."""
    hurry = asyncio.Event()
    hurry.set()
    reloader.is_stubborn = True
    reloader.going.clear()
    async with bot(hurry=hurry) as data:
        for names, event in asked:
            ask(names, event=event)
        await reloader.next()
    reloader.going.set()
    assert (data / PENDING_FILE).exists()
    assert platform.sent.empty()
    return data


async def test_who_had_asked_is_told_once_by_the_next_process(bot, reloader, platform):
    asked = ([], message(platform, group="20")), (["b"], message(platform))
    data = await killed(bot, reloader, platform, *asked)
    async with bot(off=["a", "b"]):
        first, second = sorted([await platform.next(), await platform.next()])
        begun = "the bot was started anew before that was done, and runs all modules as their files are now"
        off = "\nbut for these, which are off (its log says why): "
        assert first == ("send_group_msg", "20", f"{begun}{off}a, b")
        assert second == ("send_private_msg", "7", f"{begun}{off}b")
        await until(lambda: not (data / PENDING_FILE).exists())
    async with bot():
        pass
    assert platform.sent.empty()


async def test_who_had_asked_is_told_when_the_platform_is_there_again(bot, reloader, platform, monkeypatch, caplog):
    await killed(bot, reloader, platform, ([], message(platform)))
    monkeypatch.setattr(chats, "_PAUSE", 0.01)
    del adapters["main"]
    async with bot():
        platform.error = ConnectionError("not yet")
        adapters["main"] = platform
        await until(lambda: platform.attempts > 2)
        platform.error = None
        assert "started anew" in (await platform.next())[2]
    assert platform.sent.empty()


async def test_an_answer_is_not_lost_when_the_platform_is_out_of_reach(bot, reloader, platform, monkeypatch):
    async with bot() as data:
        platform.error = ConnectionError("gone")
        ask(["a"], event=message(platform))
        await until(lambda: "reload a (en)" in (data / PENDING_FILE).read_text())
    platform.error = None
    async with bot():
        assert (await platform.next())[2] == "reload a (en)"


async def test_nobody_is_told_for_ever(bot, reloader, platform, monkeypatch, caplog):
    await killed(bot, reloader, platform, ([], message(platform)))
    for name in ("_PAUSE", "_PATIENCE"):
        monkeypatch.setattr(chats, name, 0.01)
    platform.error = ConnectionError("for ever")
    async with bot() as data:
        await until(lambda: not (data / PENDING_FILE).exists())
    assert "bot main was out of reach" in caplog.text


async def test_a_platform_that_refuses_is_told_of_in_the_log(bot, reloader, platform, caplog):
    platform.error = AhaError("you are banned")
    async with bot() as data:
        ask([], event=message(platform))
        await until(lambda: not (data / PENDING_FILE).exists())
    assert "you are banned" in caplog.text


async def test_without_a_bot_asking_is_an_error(platform):
    with pytest.raises(UsageError, match="nothing can be reloaded"):
        ask(event=message(platform))
