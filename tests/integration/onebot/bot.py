"""A OneBot adapter that runs, alone or connected with a peer in either mode, for tests over real sockets."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bots.onebot import OneBot
from core.port import port_for
from models.api import Event, Message, MetaEvent
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
