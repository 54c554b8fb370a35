"""One WebSocket connection to a OneBot implementation: frames in, calls out. Who connected whom is not its business."""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING, Any

import websockets

from bots.onebot.frames import REFUSED_TOKEN, BadFrame, look, read_answer, read_frame, write_call
from bots.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from websockets.asyncio.connection import Connection

    from bots.onebot.settings import Settings

log = logging.getLogger(__name__)

# At lower levels the library tells every frame and header, the token with them.
library_log = logging.getLogger(f"{__name__}.websockets")
library_log.setLevel(logging.WARNING)

# So many characters or fewer never have to wait where nothing else does.
_SHORT = 16 * 1024
# Stands for the answer of a call that has waited long enough.
_LATE: dict[str, Any] = {}

# Up to so many times `max_frame` a frame is only skipped; what is larger is not even read.
_TOO_BIG = 4


def socket_options(settings: Settings) -> dict[str, Any]:
    """Return how every connection is opened. Messages are short and mostly stay nearby, so they are not compressed."""
    return {"compression": None, "max_size": _TOO_BIG * settings.max_frame, "close_timeout": 2, "logger": library_log}


class Link:
    """A connection that is open. `bot` names the bot in messages, `on_event` gets every frame that is an event."""

    def __init__(
        self, socket: Connection, bot: str, *, settings: Settings, on_event: Callable[[dict[str, Any]], None]
    ) -> None:
        self.accounts: set[str] = set()
        """The accounts that this connection is known to be of."""
        self.takes_calls = True
        self.accepted = False
        """Whether anything came that only who is let in gets."""
        self.token_refused = False
        self.too_big = False
        """Whether a frame came that is so large that it ended the connection."""
        self.end = ""
        """How the connection ended; "" while it lasts."""
        self._socket = socket
        self._bot = bot
        self._settings = settings
        self._on_event = on_event
        self._echoes = count(1)
        self._pending: dict[str, asyncio.Future[dict[str, Any] | None]] = {}

    async def serve(self) -> None:
        """Handle frames until the connection ends."""
        try:
            while True:
                self._take(await self._socket.recv(decode=False))
        except websockets.ConnectionClosed as end:
            if end.rcvd is not None and end.rcvd.code == websockets.CloseCode.POLICY_VIOLATION:
                self.token_refused = True
            # A close of theirs is sent back as it came.
            ours = end.sent if not end.rcvd_then_sent else None
            self.too_big = ours is not None and ours.code == websockets.CloseCode.MESSAGE_TOO_BIG
            self.end = _too_big(self._settings) if self.too_big else one_line(str(end))
        finally:
            for answer in self._pending.values():
                if not answer.done():
                    answer.set_result(None)

    async def call(self, action: str, params: Mapping[str, Any]) -> Any:
        """Ask for `action` and return the data of the answer. Raises as Adapter.call does."""
        echo, loop = str(next(self._echoes)), asyncio.get_running_loop()
        answer = self._pending[echo] = loop.create_future()
        # Half the price of asyncio.timeout, on the way of every message.
        patience = loop.call_later(self._settings.call_timeout, _give_up, answer)
        try:
            await self._send(write_call(action, params, echo=echo, bot=self._bot), answer)
            frame = await answer
        except websockets.ConnectionClosed as end:
            raise ConnectionError(f"{self._bot}: {action} could not be sent: {one_line(str(end))}") from None
        finally:
            patience.cancel()
            del self._pending[echo]
        if frame is _LATE:
            raise TimeoutError(f"{self._bot}: {action} was not answered in {self._settings.call_timeout:g} s")
        if frame is None:
            raise ConnectionError(
                f"{self._bot}: the connection ended before {action} was answered; it may be done or not"
            )
        return read_answer(action, frame)

    async def _send(self, text: str, answer: asyncio.Future[Any]) -> None:
        """Send, and wait until the other side takes it, but no longer than for the answer: a peer may hang."""
        if len(text) <= _SHORT and not self._socket.transport.get_write_buffer_size():
            await self._socket.send(text)
            return
        sending = asyncio.create_task(self._socket.send(text))
        try:
            await asyncio.wait({sending, answer}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()

    def _take(self, raw: bytes) -> None:
        if len(raw) > self._settings.max_frame:
            log.warning(
                "%s: skipped a frame above max_frame (%d bytes): %s", self._bot, self._settings.max_frame, look(raw)
            )
            return
        try:
            frame = read_frame(raw, self._bot)
        except BadFrame as problem:
            log.warning("%s: skipped a frame: %s", self._bot, problem)
            return
        if "post_type" in frame:
            self.accepted = True
            if frame.get("self_id") is not None:
                self.accounts.add(str(frame["self_id"]))
            self._on_event(frame)
        else:
            self._take_answer(frame, raw)

    def _take_answer(self, frame: dict[str, Any], raw: bytes) -> None:
        answer = self._pending.get(str(frame.get("echo")))
        if answer is not None:
            self.accepted = True
            if not answer.done():
                answer.set_result(frame)
        elif frame.get("retcode") in REFUSED_TOKEN:
            self.token_refused = True
        elif "retcode" in frame or "status" in frame:
            log.debug("%s: an answer that nobody waits for: %s", self._bot, look(raw))
        else:
            log.warning("%s: skipped a frame that is neither event nor answer: %s", self._bot, look(raw))


def _too_big(settings: Settings) -> str:
    return (
        f"it sent a frame of more than {_TOO_BIG} x `max_frame` ({_TOO_BIG * settings.max_frame} bytes), which ends "
        "the connection: raise `max_frame` if such frames are wanted"
    )


def _give_up(answer: asyncio.Future[dict[str, Any] | None]) -> None:
    if not answer.done():
        answer.set_result(_LATE)
