"""What is known of one registered callback. It is a value: who calls it, and when, is decided elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from models.api import Event, External, Message, MetaEvent, Notice, Request

if TYPE_CHECKING:
    from core.context import Entry, Module
    from core.expr.expression import Expr
    from core.expr.nodes import Node
    from core.expr.sight import PreHook

Callback: TypeAlias = Callable[..., Awaitable[Any]]

KINDS: tuple[type[Event], ...] = (Message, Notice, Request, MetaEvent, External)


def kind_of(event: Event) -> type[Event] | None:
    """Return which of KINDS an event is; None if it is none of them."""
    return next((kind for kind in KINDS if isinstance(event, kind)), None)


class HelpItem(NamedTuple):
    """What a command does, for menus. `condition` says who may use it where, for `core.expr.evaluate`."""

    command: str
    condition: Expr
    description: str | None


@dataclass(eq=False, slots=True, kw_only=True)
class Registration:
    """One callback with the condition under which it is called.

    `order` counts registrations. `expires`, in seconds since 1970, makes it a one-shot; None lasts. `wants` are the
    arguments that the callback takes, `mentions` the fields that its condition is about, `defaults` the names of the
    default conditions that apply to it. `key` is what an external event has to have. `active` ends with removal.
    `entry` is where its module's record has it.
    """

    kind: type[Event]
    callback: Callback
    wants: frozenset[str]
    condition: Node
    mentions: frozenset[str] = frozenset()
    defaults: frozenset[str] = frozenset()
    module: Module | None = None
    key: str | None = None
    pre_hook: PreHook | None = None
    expires: float | None = None
    debug: bool = False
    help_items: tuple[HelpItem, ...] = ()
    order: int = 0
    active: bool = field(default=False, init=False)
    entry: Entry | None = field(default=None, init=False)

    @property
    def module_name(self) -> str:
        """The owner's name, for log lines and for the configuration; "" if it belongs to no module."""
        return self.module.name if self.module else ""
