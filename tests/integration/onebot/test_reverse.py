"""A OneBot platform that connects to the bot: who may, and which connection an account is answered through."""

from __future__ import annotations

import pytest
import websockets

from bots.onebot import OneBot
from models.exc import ConfigError
from tests.integration.onebot.bot import lines, pong, running, talk
from tests.onebot_peer import connecting_peer


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        pytest.param({"Authorization": "Bearer secret"}, "", id="Bearer"),
        pytest.param({"Authorization": "Token secret"}, "", id="Token"),
        pytest.param({"Authorization": "bearer  secret"}, "", id="bearer"),
        pytest.param({}, "?access_token=secret", id="query"),
        pytest.param({"Authorization": "Bearer "}, "?access_token=secret", id="query and empty header"),
        pytest.param({"Authorization": "Bearer secret", "Origin": "https://x.example"}, "", id="web page with token"),
    ],
)
async def test_whoever_knows_the_token_may_connect(headers, query):
    async with (
        running({"mode": "reverse", "port": 0, "token": "secret"}, pong) as bot,
        connecting_peer(await bot.url() + "/" + query, headers=headers) as peer,
    ):
        await peer.say("ping")
        assert await peer.answered() == "pong ping"


@pytest.mark.parametrize(
    ("settings", "headers", "path", "status"),
    [
        pytest.param({"token": "secret"}, {}, "/", 401, id="no token"),
        pytest.param({"token": "secret"}, {"Authorization": "Bearer "}, "/", 401, id="empty token"),
        pytest.param({"token": "secret"}, {"Authorization": "Basic secret"}, "/", 401, id="other scheme"),
        pytest.param({"token": "secret"}, {"Authorization": "Bearer secre"}, "/", 403, id="wrong token"),
        pytest.param({"token": "secret"}, {"Authorization": "Bearer sécret"}, "/", 403, id="other characters"),
        pytest.param({"token": "secret"}, {}, "/?access_token=%ff%00", 403, id="odd query"),
        pytest.param({"path": "/ob"}, {}, "/other\x1b", 404, id="other path"),
        pytest.param({}, {"Origin": "https://x.example"}, "/", 403, id="web page"),
    ],
)
async def test_everyone_else_is_turned_away_with_one_line(settings, headers, path, status, caplog):
    async with running({"mode": "reverse", "port": 0, **settings}) as bot:
        with pytest.raises(websockets.InvalidStatus) as refusal:
            async with connecting_peer(await bot.url() + path.replace("\x1b", "%1b"), headers=headers):
                pass

    assert refusal.value.response.status_code == status
    (line,) = lines(caplog)
    assert "turned 127.0.0.1" in line
    assert "secre" not in line


async def test_a_configured_path_may_end_in_a_slash():
    async with (
        running({"mode": "reverse", "port": 0, "path": "/onebot/v11/ws"}, pong) as bot,
        connecting_peer(await bot.url() + "/onebot/v11/ws/") as peer,
    ):
        await peer.say("ping")
        assert await peer.answered() == "pong ping"


async def test_each_account_is_answered_through_its_own_connection():
    async with (
        running({"mode": "reverse", "port": 0}, pong) as bot,
        connecting_peer(await bot.url(), self_id=1) as one,
        connecting_peer(await bot.url(), self_id=2) as two,
    ):
        await one.say("to one")
        await two.say("to two")

        assert await one.answered() == "pong to one"
        assert await two.answered() == "pong to two"


async def test_an_account_is_known_by_its_events_when_its_header_says_otherwise():
    async with (
        running({"mode": "reverse", "port": 0}, pong) as bot,
        connecting_peer(await bot.url(), self_id=1, headers={"X-Self-ID": "99"}) as one,
        connecting_peer(await bot.url(), self_id=2) as two,
    ):
        await two.say("to two")
        await one.say("to one")

        assert await one.answered() == "pong to one"
        assert await two.answered() == "pong to two"


@pytest.mark.parametrize("self_id", [None, 0, "", "x"], ids=repr)
async def test_an_account_with_an_odd_id_is_answered(self_id):
    async with talk("forward", pong) as (_, peer):
        await peer.say("ping", self_id=self_id)

        assert await peer.answered() == "pong ping"


async def test_no_account_answers_for_one_that_has_gone():
    async with running({"mode": "reverse", "port": 0}) as bot:
        async with connecting_peer(await bot.url(), self_id=1) as one:
            await one.say("ping")
            event = await bot.event()
        async with connecting_peer(await bot.url(), self_id=2) as two:
            await two.say("ping")
            await bot.event()

            with pytest.raises(ConnectionError, match="account 1"):
                await event.reply("pong")


async def test_calls_go_to_the_connection_for_calls():
    async with (
        running({"mode": "reverse", "port": 0}, pong) as bot,
        connecting_peer(await bot.url(), headers={"X-Client-Role": "API"}) as api,
        connecting_peer(await bot.url(), headers={"X-Client-Role": "Event"}) as event,
    ):
        await event.say("ping")

        assert await api.answered() == "pong ping"


async def test_a_port_that_is_taken_is_one_clear_line():
    async with running({"mode": "reverse", "port": 0}) as bot:
        await bot.url()
        _, port = bot.adapter.address
        second = OneBot(bot.emit, bot_id="second", settings={"mode": "reverse", "port": port})

        with pytest.raises(
            ConfigError, match=rf"^onebot bot 'second': cannot listen at ws://127.0.0.1:{port} .*`port`"
        ):
            await second.run()


async def test_a_host_that_is_none_is_one_clear_line():
    bot = OneBot(lambda event: None, bot_id="main", settings={"mode": "reverse", "host": "127.0.0..1"})
    with pytest.raises(ConfigError, match=r"^onebot bot 'main': cannot listen at ws://127.0.0..1:8080 .*`host`"):
        await bot.run()


async def test_a_server_open_to_all_without_a_token_is_told(caplog):
    async with running({"mode": "reverse", "port": 0, "host": "0.0.0.0"}) as bot:
        await bot.url()

    (line,) = lines(caplog)
    assert "set `token`" in line
