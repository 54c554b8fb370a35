"""Events that do not come from an adapter: what modules publish, and messages that are fed in by hand."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from core.adapter import adapters
from core.context import current_event
from core.dispatcher.describe import describe
from core.dispatcher.engine import dispatcher
from models.api import Event
from models.exc import EventNotBound, UsageError

if TYPE_CHECKING:
    from core.adapter import Adapter
    from models.api import External, Message, Port

logger = logging.getLogger(__name__)


def process_external(event: External) -> asyncio.Future[None]:
    """Publish to the callbacks under `@on_external(event.key)`, at once; awaiting the result waits until they ended.

    Nobody hears of it before events flow, in `@on_start`, nor when the bot has begun to stop.
    Raises UsageError outside of the bot's event loop, and for what is no event.
    """
    if not isinstance(event, Event):
        raise UsageError(f"process_external takes an event, as in process_external(External(key=...)), not {event!r}")
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise UsageError(
            "process_external needs the running bot: call it in a callback; from another thread with "
            "loop.call_soon_threadsafe(process_external, event)"
        ) from None
    _warn_if_closed(event)
    return dispatcher.feed(event)


async def process_message(event: Message) -> None:
    """Feed a message in as an adapter would, and return when the callbacks that it is for have ended.

    Who answers for it is, unless it is bound already, the bot with its `bot_id`, or whoever answers for the event of
    the callback that calls this. What it does not say of the bot and the platform is filled in from there.
    """
    adapter = None
    if _port_of(event) is None:
        adapter = adapters.get(event.bot_id)
        _complete(event, adapter)
    _warn_if_closed(event)
    await dispatcher.feed(event, adapter)


def _warn_if_closed(event: Event) -> None:
    if not dispatcher.is_open:
        logger.warning("nobody hears of %s: events flow after all @on_start, until the bot stops", describe(event))


def _complete(event: Message, adapter: Adapter | None) -> None:
    """Say of `event` what an adapter would have said: of `adapter`, or as the current event has it."""
    current = current_event.get()
    if adapter is not None:
        known = {"bot_id": adapter.bot_id, "platform": adapter.platform, "adapter": adapter.name}
    elif current is not None:
        known = {name: getattr(current, name) for name in ("bot_id", "platform", "adapter", "self_id")}
        event.bind(_port_of(current))
    else:
        return
    for name, value in known.items():
        if not getattr(event, name):
            setattr(event, name, value)


def _port_of(event: Event | None) -> Port | None:
    try:
        return event.port if event is not None else None
    except EventNotBound:
        return None
