"""A OneBot v11 implementation for tests, as NapCat is one: over real sockets, in both directions, well or ill behaved.

    async with listening_peer(token="secret") as peer:            # a bot in forward mode connects to peer.url
    async with connecting_peer(url, token="secret") as peer:      # connects to a bot in reverse mode
        await peer.say("ping", user=20001, group=30001)
        call = await peer.call()                                  # {"action": ..., "params": ..., "echo": ...}

Calls are answered at once: `peer.answers[action]` is the data, or a function of the call that returns whole frames.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import websockets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PATIENCE = 10
_SENDING = ("send_msg", "send_private_msg", "send_group_msg")


class Peer:
    """What is on the other end of the bot's connection. `self_id` is the account that it plays."""

    def __init__(self, self_id: int = 10001) -> None:
        self.self_id = self_id
        self.url = ""
        self.answers: dict[str, Any] = {}
        self.connections = 0
        self._calls: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sockets: asyncio.Queue[Any] = asyncio.Queue()
        self._socket: Any = None
        self._numbers = count(1)

    async def connected(self) -> None:
        """Wait for the next connection and use it from now on."""
        self._socket = await asyncio.wait_for(self._sockets.get(), _PATIENCE)

    async def say(self, message: Any, *, user: Any = 20001, group: Any = None, **fields: Any) -> int:
        """Report a message, given as text, segments or anything; return its id."""
        number = next(self._numbers)
        if isinstance(message, str):
            message = [{"type": "text", "data": {"text": message}}]
        where = {"message_type": "private", "sub_type": "friend"}
        if group is not None:
            where = {"message_type": "group", "sub_type": "normal", "group_id": group}
        sender = {"user_id": user, "nickname": f"user {user}"}
        told = {"message_id": number, "user_id": user, "message": message, "raw_message": "", "sender": sender}
        await self.event({"post_type": "message", **where, **told, **fields})
        return number

    async def event(self, event: dict[str, Any]) -> None:
        """Report an event; time and self_id are added if it has none."""
        await self.raw(json.dumps({"time": int(time.time()), "self_id": self.self_id, **event}))

    async def raw(self, frame: str | bytes, *, text: bool | None = None) -> None:
        """Send a frame as it is: text for str, binary for bytes unless `text`."""
        await self._socket.send(frame, text=text)

    async def call(self) -> dict[str, Any]:
        """Wait for the next call of the bot."""
        return await asyncio.wait_for(self._calls.get(), _PATIENCE)

    async def answered(self) -> str:
        """Wait for the next call, which must send a message; return its text."""
        call = await self.call()
        assert call["action"] in _SENDING, call
        return "".join(segment["data"].get("text", "") for segment in call["params"]["message"])

    def stall(self) -> None:
        """Take nothing more, as a process does that hangs; the connection stays."""
        self._socket.transport.pause_reading()

    async def drop(self, code: int = 1000, reason: str = "") -> None:
        """End the connection."""
        await self._socket.close(code, reason)

    def crash(self) -> None:
        """End the connection without a word."""
        self._socket.transport.abort()

    async def serve(self, socket: Any) -> None:
        """Report that the connection is there, then answer calls until it ends."""
        self.connections += 1
        self._sockets.put_nowait(socket)
        connect = {"post_type": "meta_event", "meta_event_type": "lifecycle", "sub_type": "connect"}
        await socket.send(json.dumps({"time": int(time.time()), "self_id": self.self_id, **connect}))
        try:
            async for frame in socket:
                await self._take(socket, json.loads(frame))
        except websockets.ConnectionClosed:
            pass

    async def _take(self, socket: Any, call: dict[str, Any]) -> None:
        for frame in self._answer(call):
            await socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        self._calls.put_nowait(call)

    def _answer(self, call: dict[str, Any]) -> list[Any]:
        answer = self.answers.get(call["action"])
        if callable(answer):
            return list(answer(call))
        if call["action"] in _SENDING and answer is None:
            answer = {"message_id": next(self._numbers)}
        if call["action"] not in self.answers and answer is None:
            return [{"status": "failed", "retcode": 1404, "data": None, "echo": call.get("echo")}]
        return [{"status": "ok", "retcode": 0, "data": answer, "echo": call.get("echo")}]


@asynccontextmanager
async def listening_peer(*, token: str = "", refusal: str = "401", port: int = 0) -> AsyncIterator[Peer]:
    """Wait for a bot in forward mode at `peer.url`.

    A wrong token is refused by HTTP ("401", "403"), by close 1008 after the handshake ("1008"), or by a frame as
    NapCat does ("frame").
    """
    peer = Peer()

    def allowed(request: Any) -> bool:
        return not token or request.headers.get("Authorization") == f"Bearer {token}"

    def check(socket: Any, request: Any) -> Any:
        return None if allowed(request) or not refusal.startswith("4") else socket.respond(int(refusal), "no\n")

    async def serve(socket: Any) -> None:
        if allowed(socket.request):
            await peer.serve(socket)
            return
        if refusal == "frame":
            refused = {"status": "failed", "retcode": 1403, "data": None, "message": "token验证失败", "echo": None}
            await socket.send(json.dumps(refused))
        await socket.close(1008 if refusal == "1008" else 1000)

    async with websockets.serve(serve, "127.0.0.1", port, process_request=check, compression=None) as server:
        peer.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield peer


@asynccontextmanager
async def connecting_peer(
    url: str, *, token: str = "", self_id: int = 10001, headers: dict[str, str] | None = None
) -> AsyncIterator[Peer]:
    """Connect to a bot in reverse mode. Raises websockets.InvalidStatus if it refuses."""
    peer = Peer(self_id)
    sent = {"X-Self-ID": str(self_id), "X-Client-Role": "Universal"}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    connection = websockets.connect(url, additional_headers={**sent, **(headers or {})}, compression=None, proxy=None)
    async with connection as socket:
        serving = asyncio.create_task(peer.serve(socket))
        await peer.connected()
        try:
            yield peer
        finally:
            await socket.close()
            await serving
