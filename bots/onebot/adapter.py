"""One OneBot bot: events from every connection it has, calls through the right one. Connecting is done elsewhere."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from bots.onebot.events import read_event
from bots.onebot.forward import serve_forward
from bots.onebot.link import Link
from bots.onebot.reverse import serve_reverse
from bots.onebot.settings import read_settings
from bots.places import place_in_bot
from bots.printable import one_line
from bots.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from websockets.asyncio.connection import Connection

    from core.adapter import Emit

log = logging.getLogger(__name__)


class OneBot(Serving):
    """A bot that speaks OneBot v11 over WebSocket; see `settings.Settings` for what can be configured.

    In reverse mode several accounts may connect to one bot. They share its `bot_id`; an answer goes through the
    connection of the account that was asked, any other call through the connection made last, unless its parameters
    name an account as `self_id`.
    """

    name: ClassVar[str] = "onebot"
    platform: ClassVar[str] = "QQ"

    def __init__(self, emit: Emit, *, bot_id: str, settings: Mapping[str, Any]) -> None:
        super().__init__(emit, bot_id=bot_id, settings=settings)
        self.listening = asyncio.Event()
        """Set once reverse mode listens, at `address`."""
        self.address: tuple[str, int] | None = None
        self._label = f"onebot bot {bot_id!r}"
        self._settings = read_settings(self._label, settings, where=partial(place_in_bot, bot_id))
        self._origin = {"bot_id": bot_id, "platform": self.platform, "adapter": self.name}
        self._links: list[Link] = []

    async def serve(self) -> None:
        """Connect, or be connected to, over and over."""
        if self._settings.mode == "forward":
            await serve_forward(self._label, self._settings, attend=self._attend)
        else:
            await serve_reverse(self._label, self._settings, attend=self._attend, opened=self._opened)

    async def call(self, action: str, params: Mapping[str, Any]) -> Any:
        """Ask the platform for `action`, whatever it is called. Raises as Adapter.call does."""
        account = str(params.get("self_id") or "")
        for link in reversed(self._links):
            if link.takes_calls and (not account or not link.accounts or account in link.accounts):
                return await link.call(action, params)
        who = f"{self._label}, account {account}" if account else self._label
        raise ConnectionError(f"{who}: {action} cannot be called, there is no connection at {self._settings.place}")

    async def _attend(self, socket: Connection, account: str = "", *, takes_calls: bool = True) -> Link:
        """Serve a new connection to its end and return it."""
        link = Link(socket, self._label, settings=self._settings, on_event=self._take)
        link.takes_calls = takes_calls
        if account:
            link.accounts.add(account)
        self._links.append(link)
        try:
            await link.serve()
        finally:
            self._links.remove(link)
        return link

    def _take(self, frame: dict[str, Any]) -> None:
        if not self.taking_in:
            return
        try:
            self.emit(read_event(frame, self._origin))
        except Exception:
            log.exception("%s: skipped an event: %s", self._label, one_line(repr(frame)))

    def _opened(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.listening.set()
