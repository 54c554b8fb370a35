"""Names an event in one short line for the log, whatever a user wrote into it."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.api import Event

_short = reprlib.Repr()
_short.maxstring = 80

_SHOWN = ("adapter", "bot_id", "event_type", "sub_type", "group_id", "user_id", "message_id", "message_str", "key")


def describe(event: Event) -> str:
    """Return the kind of an event and what tells it from others, each value quoted and cut to 80 characters."""
    values = ((name, getattr(event, name, None)) for name in _SHOWN)
    shown = ", ".join(f"{name}={_short.repr(str(value))}" for name, value in values if value)
    return f"{type(event).__name__}({shown})"
