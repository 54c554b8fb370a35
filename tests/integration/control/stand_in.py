"""A reloader that does nothing, a platform that notes what is sent, and how tests speak to a bot with both."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aha.control.client import tell
from core.adapter import Adapter
from core.port import port_for
from models.api import Message
from models.exc import ModuleError

PATIENCE = 20


@dataclass
class Outcome:
    said: str
    ok: bool = True

    def text(self, lang):
        return f"{self.said} ({lang})"

    def to_json(self):
        return {"said": self.said}


@dataclass
class StandIn:
    """A reloader that notes what it is asked for; what is in `going` has to be let go on."""

    asked: asyncio.Queue = field(default_factory=asyncio.Queue)
    going: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    ok: bool = True
    is_stubborn: bool = False
    has_missed: tuple = ()

    def __post_init__(self):
        self.going.set()

    async def reload(self, names=(), *, with_database=()):
        return await self._do("reload", *names, *(f"+{name}" for name in with_database))

    async def follow(self, names, *, again=False):
        return await self._do("follow", *names)

    async def missed(self):
        return self.has_missed

    async def _do(self, *what):
        self.asked.put_nowait(" ".join(what))
        await self.going.wait()
        if self.error is not None:
            raise self.error
        return Outcome(" ".join(what), self.ok)

    async def break_off(self):
        if not self.is_stubborn:
            self.error = ModuleError("broken off")
            self.going.set()

    async def next(self):
        return await asyncio.wait_for(self.asked.get(), PATIENCE)


async def told(data, wish):
    return await asyncio.wait_for(asyncio.to_thread(tell, data, wish), PATIENCE)


async def until(holds):
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


class Platform(Adapter):
    """A platform that may be out of reach."""

    name = "platform"
    platform = "QQ"

    def __init__(self):
        super().__init__(None, bot_id="main", settings={})
        self.sent = asyncio.Queue()
        self.error = None
        self.attempts = 0

    async def run(self):
        pass

    async def stop_intake(self):
        pass

    async def close(self):
        pass

    async def call(self, action, params):
        self.attempts += 1
        if self.error is not None:
            raise self.error
        where = params.get("group_id") or params.get("user_id")
        self.sent.put_nowait((action, where, str(params["message"])))

    async def next(self):
        return await asyncio.wait_for(self.sent.get(), PATIENCE)


def message(platform, *, group=None, **fields):
    told = {"bot_id": "main", "self_id": "1", "platform": "QQ", "adapter": "platform", "user_id": "7"}
    event = Message(**told, group_id=group, message_id="12", **fields)
    event.bind(port_for(platform))
    return event


async def changed(reloader, *names):
    """Wait until it is asked to follow `names`, at once or one after another."""
    left = set(names)
    while left:
        verb, *found = (await reloader.next()).split()
        assert verb == "follow"
        assert set(found) <= set(names)
        left -= set(found)
