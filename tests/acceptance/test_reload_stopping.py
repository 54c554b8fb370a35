"""A bot that is stopped while it reloads a module: what has come for the module by then is answered all the same."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from tests.onebot_peer import listening_peer

ASKED = """
    import asyncio
    import sys
    from pathlib import Path

    from core.dispatcher import on_message, on_start
    from models.api import Message
    from services.data_store import SimpleStore

    store = SimpleStore()


    async def wait_at_the_gate():
        print("waiting at the gate", file=sys.stderr)
        while not Path("gate").exists():
            await asyncio.sleep(0.01)


    @on_start
    async def _():
        {on_start}


    @on_message("wait")
    async def _(event: Message):
        await wait_at_the_gate()
        await event.send("{answer} waited")


    @on_message(["ask", int])
    async def _(event: Message, args):
        store["asked"] = args[0]
        await event.send(f"{answer} {{args[0]}}")
"""
OTHER = """
    from core.dispatcher import on_message
    from models.api import Message


    @on_message("ping")
    async def _(event: Message):
        await event.send("pong")
"""


def asked(answer, *, on_start="pass"):
    return {"asked.py": ASKED.format(answer=answer, on_start=on_start)}


async def asked_until_held(peer):
    """Ask until only the other module answers, and then some more; return how often it was, and the answers."""
    answers = []
    for number in range(1000):
        await peer.say(f"ask {number}")
        await peer.say("ping")
        answers.append(await peer.answered())
        if answers[-1] == "pong":
            for more in range(20):
                await peer.say(f"ask {number + 1 + more}")
            return number + 21, answers[:-1]
        assert await peer.answered() == "pong"
    return pytest.fail("it answers all the time")


@pytest.mark.parametrize(
    ("before", "new"),
    [
        pytest.param(["wait"], asked("new"), id="old code ends"),
        pytest.param([], asked("new", on_start="await wait_at_the_gate()"), id="new code starts"),
    ],
)
async def test_messages_that_wait_are_answered_once(write, start, run, folder, before, new):
    write({**asked("old"), "other.py": OTHER})
    async with listening_peer() as peer:
        (folder / "config.yml").write_text(json.dumps({"bots": [{"adapter": "onebot", "id": "main", "url": peer.url}]}))
        process = start("run")
        await peer.connected()
        for text in before:
            await peer.say(text)
            await asyncio.to_thread(process.wait_for, "waiting at the gate")
        write(new)
        reloading = asyncio.create_task(asyncio.to_thread(run, "reload", "asked"))
        count, answers = await asked_until_held(peer)
        await asyncio.to_thread(process.wait_for, "waiting at the gate")
        await peer.say("ping")
        assert await peer.answered() == "pong"  # so all that was asked has come
        process.popen.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait_for, "stopping")
        (folder / "gate").touch()
        assert await asyncio.to_thread(process.end) == 0, process.err
        told = await reloading
    while not peer._calls.empty():
        answers.append(await peer.answered())
    said = [answer.split()[1] for answer in answers]
    assert sorted(said) == sorted([*("waited" for _ in before), *map(str, range(count))]), told.err
