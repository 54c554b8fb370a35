"""A bot that stops ends what was wished, or breaks it off if it is in a hurry, and answers."""

from __future__ import annotations

import asyncio

import pytest

from aha import steps
from aha.control import serving as servings
from aha.control.sockets import connected
from aha.control.wishes import Wish
from core.reload import ask
from models.exc import AhaError
from tests.integration.control.stand_in import changed, message, told


async def test_a_bot_that_stops_does_not_wait_for_a_client_that_says_nothing(bot):
    async with bot() as data:
        client = connected(data)
        client.sendall(b"half")
        await asyncio.sleep(0)
    assert await asyncio.to_thread(client.recv, 1) == b""
    client.close()


async def test_a_bot_that_stops_answers_first(bot, reloader):
    reloader.going.clear()
    async with bot() as data:
        answering = asyncio.create_task(told(data, Wish("reload")))
        await reloader.next()
        asyncio.get_running_loop().call_later(0.05, reloader.going.set)
    assert (await answering).ok


async def test_a_bot_that_stops_in_a_hurry_breaks_off_and_says_so(bot, reloader, caplog):
    reloader.going.clear()
    hurry = asyncio.Event()
    hurry.set()
    async with bot(hurry=hurry) as data:
        answering = asyncio.create_task(told(data, Wish("reload")))
        await reloader.next()
    with pytest.raises(AhaError, match="broken off"):
        await answering
    await asyncio.sleep(0)  # what the loop calls when a connection has ended
    assert {record.message for record in caplog.records} == {"while stopping: gave up trying to finish a reload"}


async def test_a_bot_that_stops_waits_for_one_reload_once_whoever_wished_it(
    bot, reloader, platform, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(servings, "_PATIENCE", 1.0)
    monkeypatch.setattr(steps, "_GRACE", 0.0)
    reloader.going.clear()
    loop = asyncio.get_running_loop()
    async with bot(watch=True) as data:
        answering = asyncio.create_task(told(data, Wish("reload")))
        await reloader.next()
        ask(event=message(platform))
        await reloader.next()
        (tmp_path / "modules" / "a.py").write_text("")
        await changed(reloader, "a")
        began = loop.time()
    assert loop.time() - began < 1.9
    with pytest.raises(AhaError, match="broken off"):
        await answering
    assert "broken off" in (await platform.next())[2]
    assert [record.message for record in caplog.records] == [
        "while stopping: gave up trying to finish a reload",
        "changed files of a were not taken over: broken off",
    ]


async def test_nothing_is_broken_off_of_what_ends_in_time(bot, reloader):
    async with bot() as data:
        await told(data, Wish("reload"))
    assert reloader.error is None


async def test_a_bot_that_stops_ends_the_reload_of_a_changed_file_first(bot, reloader, tmp_path):
    reloader.going.clear()
    async with bot(watch=True):
        (tmp_path / "modules" / "a.py").write_text("")
        await changed(reloader, "a")
        asyncio.get_running_loop().call_later(0.05, reloader.going.set)
    assert reloader.going.is_set()
