"""Wishes to a bot that runs, over its real socket: each is granted and answered, and no client does harm."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from aha.control import server as servers
from aha.control.sockets import connected
from aha.control.wishes import LONGEST, Wish
from models.exc import AhaError, UsageError
from tests.integration.control.stand_in import PATIENCE, told


@pytest.mark.parametrize(
    ("wish", "done"),
    [
        (Wish("reload"), "reload"),
        (Wish("reload", ("a", "b"), ("b",)), "reload a b +b"),
        (Wish("follow", ("a",)), "follow a"),
    ],
    ids=["all", "some", "follow"],
)
async def test_a_wish_is_granted_and_answered(bot, reloader, wish, done):
    async with bot() as data:
        answer = await told(data, wish)
    assert (answer.ok, answer.text, answer.outcome) == (True, f"{done} (en)", {"said": done})
    assert reloader.asked.qsize() == 1


async def test_a_failure_is_answered(bot, reloader):
    reloader.ok = False
    async with bot() as data:
        assert not (await told(data, Wish("reload"))).ok


@pytest.mark.parametrize("error", [UsageError("there is no module x"), AhaError("no")], ids=["usage", "other"])
async def test_what_cannot_be_tried_is_raised_at_the_other_end(bot, reloader, error):
    reloader.error = error
    async with bot() as data:
        with pytest.raises(type(error), match=str(error)):
            await told(data, Wish("reload", ("x",)))


async def test_a_fault_of_ours_is_in_the_log_and_the_bot_takes_wishes_still(bot, reloader, caplog):
    reloader.error = ZeroDivisionError("oops")
    async with bot() as data:
        with pytest.raises(AhaError, match="its log says how"):
            await told(data, Wish("reload"))
        assert "oops" in caplog.text
        reloader.error = None
        assert (await told(data, Wish("reload"))).ok


async def test_a_bot_with_another_folder_of_modules_says_so(bot, reloader, tmp_path):
    async with bot() as data:
        assert (await told(data, Wish("follow", ("a",), modules=str(tmp_path / "other")))).elsewhere
        assert not (await told(data, Wish("follow", ("a",), modules=str(tmp_path / "modules")))).elsewhere
    assert reloader.asked.qsize() == 1


@pytest.mark.parametrize(
    "sent",
    [b"", b"garbage\n", b'{"verb": "rel', b"\x00" * 100 + b"\n", b'{"verb": "reload", "names": ["' + b"a" * LONGEST],
    ids=["nothing", "garbage", "half a line", "zeros", "too long"],
)
async def test_garbage_harms_nobody(bot, reloader, sent, caplog):
    async with bot() as data:
        client = connected(data)
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        answer = await asyncio.to_thread(client.makefile("rb").readline)
        client.close()
        assert json.loads(answer)["usage"]
        assert (await told(data, Wish("reload"))).ok
    assert reloader.asked.qsize() == 1
    assert not caplog.records


async def test_ten_megabytes_without_a_line_break_are_not_kept(bot, reloader):
    def flood(data):
        client = connected(data)
        try:
            client.sendall(b"x" * 10_000_000)
        except ConnectionError:
            return True
        finally:
            client.close()
        return False

    async with bot() as data:
        assert await asyncio.wait_for(asyncio.to_thread(flood, data), PATIENCE)
        assert (await told(data, Wish("reload"))).ok


async def test_a_client_that_says_nothing_is_not_waited_for(bot, monkeypatch):
    monkeypatch.setattr(servers, "_PATIENCE", 0.05)
    async with bot() as data:
        client = connected(data)
        client.sendall(b"half")
        assert b"error" in await asyncio.to_thread(client.makefile("rb").readline)
        client.close()


async def test_a_client_that_dies_stops_nothing(bot, reloader, caplog):
    reloader.going.clear()
    async with bot() as data:
        client = connected(data)
        client.sendall(Wish("reload", ("a",)).line())
        assert await reloader.next() == "reload a"
        client.close()
        reloader.going.set()
        assert (await told(data, Wish("reload", ("b",)))).ok
    assert not caplog.records


async def test_two_clients_at_once_are_both_answered(bot):
    async with bot() as data:
        answers = await asyncio.gather(*(told(data, Wish("reload", (name,))) for name in "ab"))
    assert [answer.outcome["said"] for answer in answers] == ["reload a", "reload b"]
