"""Which callbacks are registered, for how long, and whose they are. It looks them up and calls none."""

from __future__ import annotations

from bisect import insort
from functools import partial
from itertools import count
from time import time
from typing import TYPE_CHECKING, Final

from core.dispatcher.index import EverythingIndex, ExternalIndex, MessageIndex, in_order
from core.dispatcher.registration import kind_of
from models.api import External, Message, MetaEvent, Notice, Request

if TYPE_CHECKING:
    from core.dispatcher.index import Index
    from core.dispatcher.registration import HelpItem, Registration
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
        self._helping: list[Registration] = []
        self._one_shots: dict[Registration, float] = {}
        self._purge_at = _NEVER

    def add(self, registration: Registration) -> None:
        """Take a callback in; it goes when its module does, if not before."""
        if registration.module is not None:
            registration.entry = registration.module.enter(
                partial(self._take_out, registration), redo=partial(self._put_in, registration)
            )
        registration.order = next(self._orders)
        self._put_in(registration)

    def remove(self, registration: Registration) -> None:
        """Let go of a callback; once more is harmless."""
        if not registration.active:
            return
        self._take_out(registration)
        if registration.module is not None and registration.entry is not None:
            registration.module.withdraw(registration.entry)

    def _put_in(self, registration: Registration) -> None:
        """Put a callback where it belongs by its order, which is the end unless it was there before."""
        registration.active = True
        self._indexes[registration.kind].add(registration)
        if registration.help_items:
            insort(self._helping, registration, key=in_order)
            if self._helping[-1] is registration:
                self.help_items.extend(registration.help_items)
            else:
                self._refresh_help()
        if registration.expires is not None:
            self._one_shots[registration] = registration.expires
            self._purge_at = min(self._purge_at, registration.expires)
        if registration.module is not None:
            insort(registration.module.callbacks, registration, key=in_order)

    def _take_out(self, registration: Registration) -> None:
        registration.active = False
        self._indexes[registration.kind].remove(registration)
        self._one_shots.pop(registration, None)
        if registration.help_items:
            self._helping.remove(registration)
            self._refresh_help()
        if registration.module is not None:
            registration.module.callbacks.remove(registration)

    def _refresh_help(self) -> None:
        self.help_items[:] = [item for registration in self._helping for item in registration.help_items]

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
