"""Which callbacks are registered, for how long, and whose they are. It looks them up and calls none."""

from __future__ import annotations

from itertools import count
from time import time
from typing import TYPE_CHECKING, Final

from core.dispatcher.index import EverythingIndex, ExternalIndex, MessageIndex
from core.dispatcher.registration import Registration, kind_of
from models.api import External, Message, MetaEvent, Notice, Request

if TYPE_CHECKING:
    from core.context import Module
    from core.dispatcher.index import Index
    from core.dispatcher.registration import HelpItem
    from core.expr.sight import Sight
    from models.api import Event


_NEVER: Final = float("inf")


class Registry:
    """The registered callbacks. They may come and go at any time, also while events are dispatched."""

    def __init__(self) -> None:
        self._indexes: dict[type[Event], Index] = {
            Message: MessageIndex(),
            Notice: EverythingIndex(),
            Request: EverythingIndex(),
            MetaEvent: EverythingIndex(),
            External: ExternalIndex(),
        }
        self._orders = count()
        self.help_items: list[HelpItem] = []
        self._owners: dict[Module, None] = {}
        self._one_shots: dict[Registration, float] = {}
        self._purge_at = _NEVER

    def add(self, registration: Registration) -> None:
        """Take a callback in; it goes when its module does, if not before."""
        registration.order = next(self._orders)
        registration.active = True
        self._indexes[registration.kind].add(registration)
        self.help_items.extend(registration.help_items)
        if registration.expires is not None:
            self._one_shots[registration] = registration.expires
            self._purge_at = min(self._purge_at, registration.expires)
        if registration.module is not None:
            self._own(registration, registration.module)

    def _own(self, registration: Registration, module: Module) -> None:
        # One entry for all callbacks of a module: an undo cannot be taken back when a one-shot is over.
        if module not in self._owners:
            self._owners[module] = None
            module.undo.callback(self._drop, module)
        module.callbacks.append(registration)

    def _drop(self, module: Module) -> None:
        del self._owners[module]
        for registration in [each for each in module.callbacks if isinstance(each, Registration)]:
            self.remove(registration)

    def remove(self, registration: Registration) -> None:
        """Let go of a callback; once more is harmless."""
        if not registration.active:
            return
        registration.active = False
        self._indexes[registration.kind].remove(registration)
        self._one_shots.pop(registration, None)
        if registration.help_items:
            self.help_items[:] = [item for item in self.help_items if id(item) not in map(id, registration.help_items)]
        if registration.module is not None:
            registration.module.callbacks.remove(registration)

    def candidates(self, sight: Sight) -> list[Registration]:
        """Return every callback that the event may be for, in the order of registration."""
        kind = kind_of(sight.event)
        if kind is None:
            return []
        if self._one_shots:
            self._purge(time())
        return self._indexes[kind].candidates(sight)

    def _purge(self, now: float) -> None:
        """Remove one-shots that have expired, if there are any. Events do it in passing; there are no timers."""
        if now < self._purge_at:
            return
        for registration in [each for each, expires in self._one_shots.items() if expires <= now]:
            self.remove(registration)
        self._purge_at = min(self._one_shots.values(), default=_NEVER)
