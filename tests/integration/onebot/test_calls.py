"""Calls to a OneBot platform: each gets its own answer, its refusal, or an error that names what became of it."""

from __future__ import annotations

import asyncio
import gc

import pytest

from models.exc import APIException
from tests.integration.onebot.bot import PATIENCE, both_modes, running, talk


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
        peer.crash()
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
