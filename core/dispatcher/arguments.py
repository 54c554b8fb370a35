"""What a callback is given: its own copy of the event, and what its condition found. It calls nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.i18n import Localizer
from models.api import External, Message
from models.msg import MsgSeg

if TYPE_CHECKING:
    from core.dispatcher.registration import Registration
    from core.expr.nodes import Look
    from core.expr.sight import Sight
    from models.api import Event


def private_event(sight: Sight, look: Look, *, mapped: bool) -> Event:
    """Return a copy of the event that its callback may change; with the chain from the pre-hook if it was `mapped`."""
    event = sight.event.private_copy()
    if mapped and isinstance(event, Message) and look.text is not None:
        event.message = look.text.original.copy()
    return event


def arguments(registration: Registration, event: Event, look: Look) -> dict[str, Any]:
    """Return the arguments, by name, that the callback takes; `match_` is None and `args` empty if none were found."""
    given: dict[str, Any] = {}
    for name in registration.wants:
        if name == "event":
            given[name] = event
        elif name == "match_":
            given[name] = look.match
        elif name == "args":
            given[name] = [arg.copy() if isinstance(arg, MsgSeg) else arg for arg in look.args or ()]
        elif name == "localizer":
            given[name] = Localizer(event.lang if isinstance(event, External) else None)
        elif name == "data" and isinstance(event, External):
            given[name] = event.data
    return given
