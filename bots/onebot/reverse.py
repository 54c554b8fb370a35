"""Reverse mode: OneBot implementations connect to us. It decides who may; what they then say is not its business."""

from __future__ import annotations

import asyncio
import hmac
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit

import websockets

from bots.onebot.link import socket_options
from bots.printable import one_line
from models.exc import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

    from bots.onebot.link import Link
    from bots.onebot.settings import Settings

log = logging.getLogger(__name__)


class Attend(Protocol):
    """How a connection is served."""

    def __call__(self, socket: ServerConnection, account: str, *, takes_calls: bool) -> Awaitable[Link]:
        """Serve it to its end; `account` is "" if it was not named."""


async def serve_reverse(bot: str, settings: Settings, *, attend: Attend, opened: Callable[[str, int], None]) -> None:
    """Listen and `attend` to whoever may connect, for ever. Raise ConfigError if the port cannot be had."""
    if not settings.token and settings.host not in ("127.0.0.1", "::1", "localhost"):
        log.warning("%s: whoever reaches %s can pose as the platform: set `token` on both sides", bot, settings.place)
    door = _Door(bot, settings, attend)
    try:
        server = await websockets.serve(
            door.welcome, settings.host, settings.port, process_request=door.let_in, **socket_options(settings)
        )
    except (OSError, UnicodeError) as problem:  # UnicodeError for a host like 127.0.0..1
        raise ConfigError(f"{bot}: cannot listen at {settings.place} ({problem}): change `host` or `port`") from None
    async with server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        log.info("%s: waiting for connections at %s, port %d", bot, host, port)
        opened(host, port)
        await asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True)
class _Door:
    bot: str
    settings: Settings
    attend: Attend

    def let_in(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answer a request that may not pass."""
        refusal = why_not(request, self.settings)
        if refusal is None:
            return None
        status, reason = refusal
        log.warning("%s: turned %s away: %s", self.bot, _peer(socket), reason)
        return socket.respond(status, f"{reason}\n")

    async def welcome(self, socket: ServerConnection) -> None:
        """Serve a connection that was let in."""
        account = _header(socket.request, "X-Self-ID")
        peer = _peer(socket)
        log.info("%s: account %s connected from %s", self.bot, one_line(account, 40) or "(not named)", peer)
        takes_calls = _header(socket.request, "X-Client-Role").lower() != "event"
        link = await self.attend(socket, account, takes_calls=takes_calls)
        log.log(logging.WARNING if link.too_big else logging.INFO, "%s: %s left: %s", self.bot, peer, link.end)


def why_not(request: Request, settings: Settings) -> tuple[HTTPStatus, str] | None:
    """Return why a request may not pass, as a status and one line; None if it may."""
    place = urlsplit(request.path)
    if settings.path and place.path.rstrip("/") != settings.path.rstrip("/"):
        return HTTPStatus.NOT_FOUND, f"it asked for {one_line(place.path, 60)}; `path` here is {settings.path}"
    if not settings.token:
        # OneBot implementations send no Origin. A browser does: any web page could connect to this machine with it.
        return (HTTPStatus.FORBIDDEN, "a web page needs the token") if _header(request, "Origin") else None
    given = _given_token(request)
    if not given:
        return HTTPStatus.UNAUTHORIZED, "it sent no token; set ours as the access token there"
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), settings.token.encode()):
        return HTTPStatus.FORBIDDEN, "its token is not ours; set ours as the access token there"
    return None


def _given_token(request: Request) -> str:
    """Return the token of the Authorization header, or of the query; "" if there is none."""
    scheme, _, token = _header(request, "Authorization").strip().partition(" ")
    if scheme.lower() in ("bearer", "token") and token.strip():
        return token.strip()
    return parse_qs(urlsplit(request.path).query).get("access_token", [""])[0]


def _header(request: Request | None, name: str) -> str:
    return next(iter(request.headers.get_all(name)), "") if request is not None else ""


def _peer(socket: ServerConnection) -> str:
    address = socket.remote_address
    return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "an unknown address"
