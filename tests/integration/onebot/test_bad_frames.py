"""What a OneBot peer sends against all rules is one line in the log, and so is what it does not take."""

from __future__ import annotations

import logging

import pytest

from tests.integration.onebot.bot import both_modes, lines, pong, talk, until

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


@both_modes
async def test_a_frame_of_ours_that_is_too_large_for_the_platform_is_not_called_its_own(mode, caplog):
    caplog.set_level(logging.INFO)
    async with talk(mode) as (bot, _):
        with pytest.raises(ConnectionError, match="act"):
            await bot.adapter.call("act", {"text": "x" * 20_000_000})
        await until(lambda: any("1009 (message too big)" in line for line in lines(caplog, level=logging.INFO)))
    assert "max_frame" not in caplog.text
