"""Turns what a OneBot implementation reports into events. Odd values in them are the models' business."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bots.onebot.segments import read_message
from models.api import Event, Message, MetaEvent, Notice, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS: dict[Any, tuple[type[Event], str]] = {
    "message": (Message, "message_type"),
    "notice": (Notice, "notice_type"),
    "request": (Request, "request_type"),
    "meta_event": (MetaEvent, "meta_event_type"),
}


def read_event(frame: Mapping[str, Any], origin: Mapping[str, str]) -> Event:
    """Return the event in a frame that has a `post_type`; `origin` holds its bot_id, platform and adapter.

    What is neither message, request nor meta event is a Notice, whose `event_type` is the unknown `post_type`. So are
    the bot's own messages, as `message_sent`: no callback can answer itself for ever.
    """
    values = {**frame, **origin}
    post_type = values.pop("post_type")
    if post_type == "message" and str(values.get("user_id")) == str(values.get("self_id", "")):
        post_type = "message_sent"
    if post_type in ("message", "message_sent"):
        values["message"] = read_message(values.get("message"))
    if isinstance(post_type, str) and post_type in _KINDS:
        cls, type_name = _KINDS[post_type]
        values["event_type"] = values.pop(type_name, None)
        return cls(**values)
    return Notice(**{**values, "event_type": post_type})
