"""The example of the document over OneBot v11: a real bot process, a peer that speaks the protocol, a real socket."""

import asyncio
import json
import re
import signal
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.onebot_peer import connecting_peer, listening_peer

DOCUMENT = Path(__file__).parent / "long-lived-data.zh.md"


@pytest.fixture
def notes(write):
    block = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[1]
    database, init = block.split("# __init__.py\n")
    write({"notes/database.py": database, "notes/__init__.py": init})


@pytest.fixture
def talk(start, folder, database_url):
    """Run a bot that is connected to a peer for the body, forward or reverse, and end it by SIGTERM."""

    def configure(**settings):
        bot = {"adapter": "onebot", "id": "main", "token": "secret", **settings}
        (folder / "config.yml").write_text(json.dumps({"bots": [bot]}))
        return start("run", "--db", database_url)

    @asynccontextmanager
    async def talk(mode):
        if mode == "forward":
            async with listening_peer(token="secret") as peer:
                process = configure(url=peer.url)
                await peer.connected()
                yield peer
                code = await asyncio.to_thread(process.end, signal.SIGTERM)
        else:
            process = configure(mode="reverse", port=0)
            port = (await asyncio.to_thread(process.wait_for, r"waiting for connections at .* port (\d+)"))[1]
            async with connecting_peer(f"ws://127.0.0.1:{port}", token="secret") as peer:
                yield peer
                code = await asyncio.to_thread(process.end, signal.SIGTERM)
        assert code == 0, process.err

    return talk


@pytest.mark.parametrize("mode", ["forward", "reverse"])
async def test_the_example_remembers_over_onebot(notes, talk, mode):
    async with talk(mode) as peer:
        await peer.say("set hello", user=20001)
        first = "None"
        while first == "None":  # two messages are handled side by side: "set" has no answer to wait for
            await peer.say("get", user=20001)
            first = await peer.answered()
        assert re.fullmatch(r"Test\(user=-?\d+, data='hello'\)", first)
        await peer.say("get", user=20002)
        assert await peer.answered() == "None"
    async with talk(mode) as peer:
        await peer.say("get", user=20001, group=30001)
        call = await peer.call()
        assert (call["action"], str(call["params"]["group_id"])) == ("send_group_msg", "30001")
        assert first in json.dumps(call["params"]["message"])
