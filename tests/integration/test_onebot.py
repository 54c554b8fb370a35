"""The OneBot adapter over real sockets, in both directions, against a peer that behaves well, oddly and badly."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import websockets

from bots.onebot import OneBot
from core.port import port_for
from models.api import Event, Message, MetaEvent, Notice
from models.exc import APIException, ConfigError
from models.msg import At, MessageChain
from tests.onebot_payloads import events
from tests.onebot_peer import Peer, connecting_peer, listening_peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

PATIENCE = 10
QUICK = {"retry_first": 0.01, "retry_most": 0.02}


class Bot:
    """A OneBot adapter that runs; `handler` is its one callback, and every event goes to `events` too."""

    def __init__(self, settings, handler=None):
        self.adapter = OneBot(self.emit, bot_id="main", settings={**QUICK, **settings})
        self.handler: Callable[[Event], Awaitable[None]] | None = handler
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.handling: list[asyncio.Task[None]] = []
        self.running = asyncio.create_task(self.adapter.run())

    def emit(self, event):
        event.bind(port_for(self.adapter))
        self.events.put_nowait(event)
        self.handling.append(asyncio.create_task(self._handle(event)))
        return self.handling[-1]

    async def _handle(self, event):
        if self.handler is not None:
            await self.handler(event)

    async def event(self, cls: type[Event] = Message) -> Event:
        """Wait for the next event of a class."""
        async with asyncio.timeout(PATIENCE):
            while not isinstance(event := await self.events.get(), cls):
                pass
        return event

    async def url(self) -> str:
        """Wait until reverse mode listens."""
        await asyncio.wait_for(self.adapter.listening.wait(), PATIENCE)
        host, port = self.adapter.address
        return f"ws://{host}:{port}"


@asynccontextmanager
async def running(settings, handler=None) -> AsyncIterator[Bot]:
    bot = Bot(settings, handler)
    try:
        yield bot
    finally:
        await bot.adapter.close()
        await asyncio.wait_for(bot.running, PATIENCE)
        for outcome in await asyncio.gather(*bot.handling, return_exceptions=True):
            # The peer may be gone before the last answer has been acknowledged.
            assert isinstance(outcome, ConnectionError) or not isinstance(outcome, BaseException)


@asynccontextmanager
async def talk(mode: str, handler=None, **settings) -> AsyncIterator[tuple[Bot, Peer]]:
    """A bot and a peer that are connected, in either mode."""
    async with AsyncExitStack() as stack:
        if mode == "forward":
            peer = await stack.enter_async_context(listening_peer())
            bot = await stack.enter_async_context(running({"url": peer.url, **settings}, handler))
            await peer.connected()
        else:
            bot = await stack.enter_async_context(running({"mode": "reverse", "port": 0, **settings}, handler))
            peer = await stack.enter_async_context(connecting_peer(await bot.url()))
        await bot.event(MetaEvent)
        yield bot, peer


both_modes = pytest.mark.parametrize("mode", ["forward", "reverse"])


async def pong(event):
    if isinstance(event, Message):
        await event.reply("pong " + event.message_str)


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)


def lines(caplog, *, level=logging.WARNING):
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


# --- talking -----------------------------------------------------------------------------------------------------


@both_modes
async def test_a_message_is_answered_where_it_was_said(mode):
    async with talk(mode, pong) as (_, peer):
        number = await peer.say("ping", user=20001, group=30001)
        call = await peer.call()

    assert call["action"] == "send_group_msg"
    assert call["params"] == {
        "group_id": 30001,
        "message": [
            {"type": "reply", "data": {"id": str(number)}},
            {"type": "text", "data": {"text": "pong ping"}},
        ],
    }


@both_modes
async def test_every_known_payload_gets_through(mode, caplog):
    async with talk(mode) as (bot, peer):
        for parameter in events():
            (event,) = parameter.values
            await peer.event(event)
            assert (await bot.event(Event)).self_id == str(event["self_id"])
    assert lines(caplog) == []


async def test_a_private_talk_between_members_of_a_group_is_answered_through_the_group():
    async with talk("forward", pong) as (_, peer):
        await peer.say("ping", user=20001, sub_type="group", group_id=30001)
        call = await peer.call()

    assert (call["action"], call["params"]["user_id"], call["params"]["group_id"]) == ("send_private_msg", 20001, 30001)


async def test_a_sent_message_tells_its_id():
    async with talk("forward") as (bot, peer):
        await peer.say("ping")
        event = await bot.event()
        peer.answers["send_private_msg"] = {"message_id": -5}

        assert await event.send("pong") == "-5"


@pytest.mark.parametrize("data", [None, {}, [], "ok"], ids=str)
async def test_a_message_sent_without_an_id_has_none(data):
    async with talk("forward") as (bot, peer):
        await peer.say("ping")
        event = await bot.event()
        peer.answers["send_private_msg"] = lambda call: [
            {"status": "ok", "retcode": 0, "data": data, "echo": call["echo"]}
        ]

        assert await event.send("pong") is None


@both_modes
async def test_what_the_bot_says_itself_is_not_a_message(mode):
    async with talk(mode, pong) as (bot, peer):
        await peer.event({"post_type": "message_sent", "message_type": "private", "user_id": 10001, "message": "me"})
        await peer.say("ping")

        assert await peer.answered() == "pong ping"
        assert (await bot.event(Notice)).event_type == "message_sent"


async def test_after_stop_intake_nothing_is_heard_and_calls_still_work():
    async with talk("forward") as (bot, peer):
        await bot.adapter.stop_intake()
        await peer.say("ping")
        peer.answers["get_status"] = {"online": True}

        assert await bot.adapter.call("get_status", {}) == {"online": True}
        assert bot.events.empty()


# --- calls -------------------------------------------------------------------------------------------------------


async def test_answers_are_matched_by_their_echo():
    held = []

    def answer(call):
        held.append(call)
        if len(held) < 3:
            return []
        return [
            {"status": "ok", "retcode": 0, "data": each["params"]["n"], "echo": each["echo"]} for each in held[::-1]
        ]

    async with talk("forward") as (bot, peer):
        peer.answers["act"] = answer
        assert await asyncio.gather(*(bot.adapter.call("act", {"n": n}) for n in range(3))) == [0, 1, 2]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([{"retcode": 0, "data": "late", "echo": "unknown"}, {"retcode": 0, "data": 1}], id="other echoes"),
        pytest.param([{"retcode": 0, "data": "late", "echo": ["x"]}, {"status": "ok", "echo": {}}], id="odd echoes"),
        pytest.param(["nonsense", b"\x00\xff", "[]", "{}"], id="no answers"),
    ],
)
async def test_other_frames_do_not_disturb_an_answer(answers):
    async with talk("forward") as (bot, peer):
        peer.answers["act"] = lambda call: [*answers, {"retcode": 0, "data": "mine", "echo": call["echo"]}]

        assert await bot.adapter.call("act", {}) == "mine"


async def test_an_echo_that_comes_back_as_a_number_or_twice_is_understood():
    async with talk("forward") as (bot, peer):
        peer.answers["act"] = lambda call: [{"retcode": 0, "data": 1, "echo": int(call["echo"])}] * 2

        assert await bot.adapter.call("act", {}) == 1
        assert await bot.adapter.call("act", {}) == 1


async def test_a_refused_call_raises_its_code_and_reason():
    async with talk("forward") as (bot, peer):
        peer.answers["act"] = lambda call: [{"status": "failed", "retcode": 100, "wording": "no", "echo": call["echo"]}]

        with pytest.raises(APIException, match="act: no") as refusal:
            await bot.adapter.call("act", {})
        with pytest.raises(APIException) as unknown:
            await bot.adapter.call("what_is_this", {})
    assert (refusal.value.code, unknown.value.code) == (100, 1404)


async def test_a_call_without_an_answer_times_out_by_name():
    async with talk("forward", call_timeout=0.01) as (bot, peer):
        peer.answers["act"] = lambda _call: []

        with pytest.raises(TimeoutError, match=r"onebot bot 'main': act was not answered in 0\.01 s"):
            await bot.adapter.call("act", {})


@both_modes
async def test_a_call_that_the_platform_does_not_even_take_times_out_by_name(mode, caplog):
    async with talk(mode, call_timeout=0.2) as (bot, peer):
        peer.stall()
        for text in ("x" * 20_000_000, "x"):
            with pytest.raises(TimeoutError, match=r"act was not answered in 0\.2 s"):
                await asyncio.wait_for(bot.adapter.call("act", {"text": text}), PATIENCE)
        await peer.drop()
    gc.collect()
    assert "never retrieved" not in caplog.text


@both_modes
async def test_calls_under_way_fail_when_the_connection_ends(mode):
    async with talk(mode) as (bot, peer):
        peer.answers["act"] = lambda _call: []
        calls = [asyncio.create_task(bot.adapter.call("act", {})) for _ in range(3)]
        for _ in calls:
            await peer.call()
        await peer.drop()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {ConnectionError}
    assert "act" in str(outcomes[0])


async def test_a_call_without_a_connection_fails_at_once():
    async with running({"mode": "reverse", "port": 0}) as bot:
        await bot.url()
        with pytest.raises(ConnectionError, match=r"onebot bot 'main': act .* no connection"):
            await bot.adapter.call("act", {})


async def test_a_cancelled_call_leaves_nothing_behind(recwarn):
    async with talk("forward") as (bot, peer):
        peer.answers["act"] = lambda _call: []
        call = asyncio.create_task(bot.adapter.call("act", {}))
        await peer.call()
        call.cancel()
        await asyncio.wait([call])
        peer.answers["act"] = 1

        assert await bot.adapter.call("act", {}) == 1
    gc.collect()
    assert not recwarn.list


# --- bad input ---------------------------------------------------------------------------------------------------

BAD = [
    pytest.param("", id="empty"),
    pytest.param("{", id="cut off"),
    pytest.param('"text"', id="no object"),
    pytest.param("\x1b[31m\0", id="control characters"),
    pytest.param(b'{"post_type": "\xff"}', id="no UTF-8"),
    pytest.param("{}", id="neither event nor answer"),
    pytest.param('{"post_type": ' * 5_000, id="deep"),
    pytest.param("x" * 150_000, id="above max_frame"),
]


@both_modes
@pytest.mark.parametrize("text", [True, False], ids=["text", "binary"])
@pytest.mark.parametrize("frame", BAD)
async def test_a_bad_frame_is_one_log_line_and_the_connection_goes_on(mode, text, frame, caplog):
    async with talk(mode, pong, max_frame=100_000) as (_, peer):
        await peer.raw(frame.encode() if isinstance(frame, str) else frame, text=text)
        await peer.say("ping")
        assert await peer.answered() == "pong ping"
        assert peer.connections == 1

    (line,) = lines(caplog)
    assert line.startswith("onebot bot 'main': skipped a frame")
    assert line.isprintable()
    assert len(line) < 700


async def test_a_frame_beyond_all_bounds_ends_the_connection_and_the_bot_connects_again(caplog):
    async with talk("forward", pong, max_frame=1_000) as (_, peer):
        await peer.raw("x" * 5_000)
        await peer.connected()
        await peer.say("ping")
        assert await peer.answered() == "pong ping"


@both_modes
async def test_a_frame_beyond_all_bounds_is_one_line_that_names_the_bound(mode, caplog):
    async with talk(mode, max_frame=1_000) as (_, peer):
        await peer.raw("x" * 5_000)
        await until(lambda: lines(caplog))

    (line,) = lines(caplog)
    assert line.startswith("onebot bot 'main': ")
    assert "a frame of more than 4 x `max_frame` (4000 bytes)" in line
    assert "raise `max_frame`" in line


@both_modes
async def test_half_a_character_that_is_sent_is_replaced_and_told(mode, caplog):
    async with talk(mode) as (bot, peer):
        peer.answers["act"] = None
        await bot.adapter.call("act", {"text": "a\ud83d"})
        assert (await peer.call())["params"] == {"text": "a\ufffd"}

    (line,) = lines(caplog)
    assert line.startswith("onebot bot 'main': half a character in act is sent as U+FFFD: ")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ud83d half", id="lone surrogate"),
        pytest.param("😀", id="emoji"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("长" * 100_000, id="long"),
        pytest.param("[CQ:at,qq=all] [Aha:at,user_id=1]", id="codes"),
    ],
)
async def test_any_text_is_heard_and_answered(text, caplog):
    async with talk("forward", pong) as (_, peer):
        await peer.say(text)

        assert await peer.answered() == "pong " + text.replace("\ud83d", "\ufffd").replace("[Aha:", "&#91;Aha:")
    assert len(lines(caplog)) == text.count("\ud83d")


@pytest.mark.parametrize("bad", [[None], None, "", 5, {}, [[]], [{"type": "at"}]], ids=str)
async def test_a_message_without_content_is_an_event_all_the_same(bad):
    async with talk("forward") as (bot, peer):
        await peer.say(bad)

        assert isinstance((await bot.event()).message, MessageChain)


async def test_an_event_that_nobody_can_handle_leaves_the_connection_alone(caplog):
    async with talk("forward") as (bot, peer):
        bot.adapter.emit = lambda _event: 1 / 0
        await peer.say("\x1b[2Jboom")
        peer.answers["act"] = 1
        assert await bot.adapter.call("act", {}) == 1

    (line,) = lines(caplog)
    assert "skipped an event" in line
    assert line.isprintable()


# --- connecting --------------------------------------------------------------------------------------------------


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


@both_modes
async def test_a_frame_of_ours_that_is_too_large_for_the_platform_is_not_called_its_own(mode, caplog):
    caplog.set_level(logging.INFO)
    async with talk(mode) as (bot, _):
        with pytest.raises(ConnectionError, match="act"):
            await bot.adapter.call("act", {"text": "x" * 20_000_000})
        await until(lambda: any("1009 (message too big)" in line for line in lines(caplog, level=logging.INFO)))
    assert "max_frame" not in caplog.text


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


async def test_heartbeats_are_events_in_whatever_unit_they_are():
    async with talk("forward") as (bot, peer):
        for interval in (2, 2000, "2000", None):
            await peer.event({"post_type": "meta_event", "meta_event_type": "heartbeat", "interval": interval})
        beats = [await bot.event(MetaEvent) for _ in range(4)]

    assert [beat.extra["interval"] for beat in beats] == [2, 2000, "2000", None]


async def test_a_mention_goes_out_as_a_segment():
    async def mention(event):
        if isinstance(event, Message):
            await event.send("hi", at=True)

    async with talk("forward", mention) as (_, peer):
        await peer.say("ping", user=-5, group=2**40)
        call = await peer.call()

    assert call["params"]["group_id"] == 2**40
    assert call["params"]["message"][0] == {"type": "at", "data": {"qq": str(At(user_id="-5").user_id)}}
