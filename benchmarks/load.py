"""Poses as a OneBot v11 implementation in its own process: connects to a bot, says "ping", counts what it answers.

It speaks just enough WebSocket by hand to cost far less than any bot does, so that the bot is what is measured. It
stops by itself after the given numbers of messages, or when the bot is silent for ten seconds.

    python -m benchmarks.load PORT PATH MESSAGES WINDOW LATENCIES    -> one line of JSON
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import struct
import sys
import time
from base64 import b64encode
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

WARM_UP = 300
SILENCE = 10.0
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


@dataclass(frozen=True, slots=True)
class Load:
    """What one run found: messages answered per second with several in flight; seconds when asked one at a time."""

    rate: float
    p50: float
    p99: float


class Wire:
    """One WebSocket connection to a bot, on a blocking socket."""

    def __init__(self, port: int, path: str, account: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        headers = {
            "Host": f"127.0.0.1:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": b64encode(os.urandom(16)).decode(),
            "X-Self-ID": account,
            "X-Client-Role": "Universal",
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._fill()
        if b" 101 " not in self._buffer[:end].split(b"\r\n")[0]:
            raise ConnectionError(f"the bot at port {port} refused: {bytes(self._buffer[:200])!r}")
        del self._buffer[: end + 4]

    def send(self, frames: Iterable[bytes]) -> None:
        self._socket.sendall(b"".join(frames))

    def receive(self) -> list[bytes]:
        """Return the texts that have come, at least one."""
        texts: list[bytes] = []
        while not texts:
            self._fill()
            while (frame := self._pop()) is not None:
                kind, payload = frame
                if kind == TEXT:
                    texts.append(payload)
                elif kind == PING:
                    self.send([frame_of(payload, PONG)])
                elif kind == CLOSE:
                    raise ConnectionError(f"the bot closed the connection: {payload!r}")
        return texts

    def close(self) -> None:
        self.send([frame_of(b"\x03\xe8", CLOSE)])
        self._socket.close()

    def _fill(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the bot hung up")
        self._buffer += data

    def _pop(self) -> tuple[int, bytes] | None:
        """Take one whole frame out of the buffer; a server's frames are neither masked nor, here, fragmented."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        start, length = 2, buffer[1]
        if length == 126 and len(buffer) >= 4:
            start, length = 4, int.from_bytes(buffer[2:4], "big")
        if len(buffer) < start + length:
            return None
        kind, payload = buffer[0] & 0xF, bytes(buffer[start : start + length])
        del buffer[: start + length]
        return kind, payload


def frame_of(payload: bytes, kind: int = TEXT) -> bytes:
    """Frame what a client sends. The mask is zero: unmasking costs the bot the same, masking costs us nothing."""
    length = len(payload)
    head = (
        struct.pack(">BB", 0x80 | kind, 0x80 | length)
        if length < 126
        else struct.pack(">BBH", 0x80 | kind, 254, length)
    )
    return head + b"\0\0\0\0" + payload


def ping(account: int, number: int) -> bytes:
    """A message to a group, as NapCat reports it."""
    event: dict[str, Any] = {
        "self_id": account,
        "user_id": 1000000001,
        "time": 1760000000 + number,
        "message_id": number,
        "message_seq": number,
        "real_id": number,
        "real_seq": str(number),
        "message_type": "group",
        "sender": {"user_id": 1000000001, "nickname": "Alice", "card": "", "role": "member"},
        "raw_message": "ping",
        "font": 14,
        "sub_type": "normal",
        "message": [{"type": "text", "data": {"text": "ping"}}],
        "message_format": "array",
        "post_type": "message",
        "group_id": 2000000001,
        "group_name": "Group",
    }
    return frame_of(json.dumps(event).encode())


def answer(call: dict[str, Any], number: int) -> bytes:
    result = {
        "status": "ok",
        "retcode": 0,
        "data": {"message_id": number},
        "message": "",
        "wording": "",
        "echo": call["echo"],
    }
    return frame_of(json.dumps(result).encode())


def is_pong(call: dict[str, Any]) -> bool:
    message = call["params"].get("message") if call["action"] in ("send_msg", "send_group_msg") else None
    return message == "pong" or (
        isinstance(message, list) and [part["data"].get("text") for part in message] == ["pong"]
    )


def exchange(wire: Wire, pings: list[bytes], *, window: int) -> float:
    """Keep `window` messages in flight until all are answered; return the seconds from the first to the last answer."""
    waiting = iter(pings)
    start = time.perf_counter()
    wire.send([next(waiting) for _ in range(min(window, len(pings)))])
    answered = 0
    while answered < len(pings):
        calls = [json.loads(text) for text in wire.receive()]
        pongs = sum(map(is_pong, calls))
        answered += pongs
        more = [ping for _, ping in zip(range(pongs), waiting, strict=False)]
        wire.send([*(answer(call, answered) for call in calls), *more])
    return time.perf_counter() - start


def run(port: int, path: str, *, messages: int, window: int, latencies: int) -> Load:
    account = int.from_bytes(os.urandom(4), "big")  # a bot may not yet have noticed that the run before has left
    wire = Wire(port, path, str(account))
    exchange(wire, [ping(account, number) for number in range(WARM_UP)], window=window)
    seconds = exchange(wire, [ping(account, number) for number in range(messages)], window=window)
    singles = sorted(exchange(wire, [ping(account, number)], window=1) for number in range(latencies))
    wire.close()
    return Load(messages / seconds, statistics.median(singles), singles[min(latencies - 1, latencies * 99 // 100)])


if __name__ == "__main__":
    port, path, messages, window, latencies = sys.argv[1:]
    print(
        json.dumps(asdict(run(int(port), path, messages=int(messages), window=int(window), latencies=int(latencies))))
    )
