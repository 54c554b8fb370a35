"""A OneBot connection is made, made anew when it is lost, and ended."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.integration.onebot.bot import PATIENCE, both_modes, lines, pong, running, talk, until
from tests.onebot_peer import listening_peer


async def test_a_lost_connection_is_made_anew_and_told_once(caplog):
    async with talk("forward", pong) as (_, peer):
        await peer.drop()
        await peer.connected()
        await peer.say("ping")
        assert await peer.answered() == "pong ping"

    (line,) = lines(caplog)
    assert "trying again in" in line


async def test_a_connection_that_breaks_off_while_much_is_sent_is_made_anew():
    async with talk("forward", pong) as (bot, peer):
        with pytest.raises(ConnectionError, match="act"):
            await bot.adapter.call("act", {"text": "x" * 20_000_000})  # more than this peer takes
        await peer.connected()
        await peer.say("ping")
        assert await peer.answered() == "pong ping"


async def test_a_peer_that_is_not_there_yet_is_waited_for_and_told_once(caplog):
    async with listening_peer() as gone:
        pass
    port = int(gone.url.rpartition(":")[2])
    caplog.set_level(logging.DEBUG, logger="bots.onebot")
    async with running({"url": gone.url}, pong):
        await until(lambda: len(lines(caplog, level=logging.DEBUG)) > 1)
        async with listening_peer(port=port) as peer:
            await peer.connected()
            await peer.say("ping")
            assert await peer.answered() == "pong ping"

    (line,) = [line for line in lines(caplog) if "cannot connect" in line]
    assert f"cannot connect to {gone.url}" in line
    assert "`url`" in line


@pytest.mark.parametrize("refusal", ["401", "403", "1008", "frame"])
@pytest.mark.parametrize("token", ["", "wrong"], ids=["none", "wrong"])
async def test_a_refused_token_is_told_once_and_tried_again(refusal, token, caplog):
    caplog.set_level(logging.DEBUG, logger="bots.onebot")
    async with listening_peer(token="secret", refusal=refusal) as peer, running({"url": peer.url, "token": token}):
        await until(lambda: sum("`token`" in line for line in lines(caplog, level=logging.DEBUG)) > 2)

    (line,) = lines(caplog)
    assert "set `token` to the access token of the OneBot implementation" in line
    assert "wrong" not in line


async def test_the_right_token_is_sent_when_we_connect():
    async with listening_peer(token="secret") as peer, running({"url": peer.url, "token": "secret"}, pong):
        await peer.connected()
        await peer.say("ping")

        assert await peer.answered() == "pong ping"


@both_modes
async def test_close_ends_run_and_may_be_repeated(mode):
    async with talk(mode) as (bot, peer):
        await peer.say("ping")
        await bot.event()
        await bot.adapter.close()
        await bot.adapter.close()

        await asyncio.wait_for(bot.running, PATIENCE)


@both_modes
async def test_run_may_be_cancelled(mode):
    async with talk(mode) as (bot, _):
        bot.running.cancel()
        await asyncio.wait([bot.running], timeout=PATIENCE)

        assert bot.running.cancelled()
        bot.running = asyncio.create_task(asyncio.sleep(0))
