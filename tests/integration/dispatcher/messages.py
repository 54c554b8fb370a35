"""Messages for the dispatcher."""

from __future__ import annotations

from typing import Any

from core.dispatcher import dispatcher
from models.api import Message


def message(said: Any = "ping", **fields: Any) -> Message:
    return Message(**{"message": said, "user_id": "5", "platform": "QQ", **fields})


async def say(said: Any = "ping", **fields: Any) -> None:
    await dispatcher.feed(message(said, **fields))
