"""One event as all conditions see it, and the evaluation of one of them. It knows no callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from core.config import cfg
from core.expr.facts import Facts
from core.expr.nodes import Look
from core.expr.text import MessageText
from models.api import Message
from models.msg import MessageChain

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.expr.nodes import Node
    from models.api import Event

PreHook: TypeAlias = "Callable[[MessageChain], MessageChain]"


class Sight:
    """An event with what is known of it; `text` is None unless it is a message."""

    __slots__ = ("_mapped", "event", "facts", "text")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.facts = Facts(event)
        self.text = self._as_text(event.message) if isinstance(event, Message) else None
        self._mapped: dict[PreHook, MessageText] = {}

    def anew(self) -> Sight:
        """Return the event as it is seen now. What was fetched for it, and that it was counted, is still known."""
        sight = Sight(self.event)
        sight.facts = self.facts
        return sight

    def look(self, condition: Node, pre_hook: PreHook | None = None) -> tuple[bool, Look]:
        """Evaluate a condition on the message, or on what `pre_hook` makes of it; may raise what these two raise."""
        look = Look(self.facts, self._text_for(pre_hook))
        return bool(condition.value(look)), look

    def _text_for(self, pre_hook: PreHook | None) -> MessageText | None:
        if pre_hook is None or not isinstance(self.event, Message):
            return self.text
        if pre_hook not in self._mapped:
            self._mapped[pre_hook] = self._as_text(MessageChain(pre_hook(self.event.message.copy())))
        return self._mapped[pre_hook]

    def _as_text(self, chain: MessageChain) -> MessageText:
        return MessageText(chain, prefixes=cfg.get_msg_prefix(), self_id=self.event.self_id)
