"""The console bot: each line that is read is a message, what is sent is shown. It knows no terminal codes."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import aclosing
from itertools import count
from time import time
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TextIO

from bots.console.pipe import Pipe
from bots.console.show import shown
from bots.console.speaker import Speaker
from bots.console.stdin import own_stdin
from bots.console.terminal import Terminal
from bots.serving import Serving
from core.config import cfg
from models.api import Message, Sender
from models.msg import MessageChain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from core.adapter import Emit

log = logging.getLogger(__name__)

# Seconds that a line waits for the callbacks of the line before.
_PATIENCE = 5.0
_SENDING = ("send_msg", "send_private_msg", "send_group_msg")


class Screen(Protocol):
    """Where lines come from and answers go."""

    def lines(self, stdin: TextIO | None) -> AsyncGenerator[str]:
        """Yield the lines that are typed."""

    def show(self, answer: str) -> None:
        """Write an answer of the bot."""

    def tell(self, remark: str) -> None:
        """Write a remark of the console itself."""


class Console(Serving):
    """A chat with one person, who may play several: see `speaker.HELP`. It has no settings."""

    name: ClassVar[str] = "console"
    platform: ClassVar[str] = "console"

    def __init__(self, emit: Emit, *, bot_id: str, settings: Mapping[str, Any]) -> None:
        super().__init__(emit, bot_id=bot_id, settings=settings)
        self._speaker = Speaker()
        self._screen: Screen = Pipe()
        self._ids = count(1)
        self._running: set[asyncio.Future[None]] = set()

    async def serve(self) -> None:
        """Hand on line by line until the input ends and every callback has."""
        with own_stdin() as stdin:
            await self._serve(stdin)

    async def _serve(self, stdin: TextIO | None) -> None:
        if _is_terminal(stdin) and _is_terminal(sys.stdout):
            self._screen = Terminal(lambda: self._speaker.place, history=cfg.aha.data_dir / "console_history")
            self._screen.tell("Type to the bot. /help shows what else there is, Ctrl-D ends it.")
        async with aclosing(self._screen.lines(stdin)) as lines:
            async for line in lines:
                remark = self._speaker.obey(line)
                if remark is not None:
                    self._screen.tell(remark)
                elif line and self.taking_in:
                    await self._say(line)
        if self._running:
            await asyncio.wait(self._running)

    async def _say(self, line: str) -> None:
        handled = asyncio.ensure_future(self.emit(self._message(line)))
        self._running.add(handled)
        handled.add_done_callback(self._running.discard)
        await asyncio.wait([handled], timeout=_PATIENCE)

    def _message(self, line: str) -> Message:
        user, group = self._speaker.user, self._speaker.group
        return Message(
            event_type="private" if group is None else "group",
            sub_type="friend" if group is None else "normal",
            message_id=str(next(self._ids)),
            message=MessageChain(line),
            user_id=user,
            group_id=group,
            sender=Sender(nickname=user),
            time=time(),
            self_id=self.bot_id,
            bot_id=self.bot_id,
            platform=self.platform,
            adapter=self.name,
        )

    async def call(self, action: str, params: Mapping[str, Any]) -> Any:
        """Show a message that is sent; there is no other action."""
        if action not in _SENDING:
            raise NotImplementedError(
                f"{self.name} bot {self.bot_id!r} has no action {action}: it can only send messages"
            )
        try:
            self._screen.show(shown(params["message"]))
        except BrokenPipeError:
            self._nobody_reads()
        return {"message_id": next(self._ids)}

    def _nobody_reads(self) -> None:
        """End the console, and keep Python from failing at the same pipe again when it exits."""
        log.warning("%s bot %r: nobody reads its output any more, so it ends", self.name, self.bot_id)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if self._task is not None:
            self._task.cancel()


def _is_terminal(stream: Any) -> bool:
    return stream is not None and not stream.closed and stream.isatty()
