"""Forward mode: we connect to a OneBot implementation, again and again. What is said there is not its business."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import websockets

from bots.onebot.link import socket_options
from bots.printable import one_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from websockets.asyncio.client import ClientConnection

    from bots.onebot.link import Link
    from bots.onebot.settings import Settings

log = logging.getLogger(__name__)


async def serve_forward(bot: str, settings: Settings, *, attend: Callable[[ClientConnection], Awaitable[Link]]) -> None:
    """Connect and `attend`, for ever. A trouble is logged once, until it changes or a connection was of use."""
    pauses, known_trouble = growing_pauses(settings), ""
    while True:
        try:
            async with _connected(settings) as socket:
                log.info("%s: connected to %s", bot, settings.place)
                link = await attend(socket)
        except (OSError, websockets.WebSocketException) as problem:
            trouble = _refusal(problem, settings) or _out_of_reach(problem, settings)
        else:
            if link.accepted:
                pauses, known_trouble = growing_pauses(settings), ""
            refused = link.token_refused and not link.accepted
            trouble = _token_advice(settings) if refused else f"lost {settings.place}: {link.end}"
        pause = next(pauses)
        level = logging.DEBUG if trouble == known_trouble else logging.WARNING
        log.log(level, "%s: %s; trying again in %.1f s, then in growing pauses", bot, trouble, pause)
        known_trouble = trouble
        await asyncio.sleep(pause)


def growing_pauses(settings: Settings) -> Iterator[float]:
    """Return pauses that double from `retry_first` up to `retry_most`, each shortened by up to a half by chance."""
    pause = settings.retry_first
    while True:
        yield pause * random.uniform(0.5, 1)  # noqa: S311 - it spreads reconnections, it guards nothing
        pause = min(pause * 2, settings.retry_most)


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[ClientConnection]:
    """Connect for the body."""
    headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else None
    options = socket_options(settings)
    socket = await websockets.connect(settings.url, additional_headers=headers, proxy=None, **options)
    try:
        yield socket
    finally:
        # Where it broke off with much to be sent yet, the library fails at a transport that is closed already.
        with suppress(AttributeError):
            await socket.close()


def _refusal(problem: Exception, settings: Settings) -> str:
    """Return what to do about a refused token; "" if `problem` is another one."""
    refused = isinstance(problem, websockets.InvalidStatus) and problem.response.status_code in (401, 403)
    return _token_advice(settings) if refused else ""


def _token_advice(settings: Settings) -> str:
    fault = "refused our token" if settings.token else "wants a token"
    return f"{settings.place} {fault}: set `token` to the access token of the OneBot implementation"


def _out_of_reach(problem: Exception, settings: Settings) -> str:
    why = one_line(str(problem) or type(problem).__name__)
    return f"cannot connect to {settings.place} ({why}): start the OneBot implementation there, or correct `url`"
