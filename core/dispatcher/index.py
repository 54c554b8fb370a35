"""Finds the callbacks that an event may be for without trying them all. It evaluates no condition."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from core.dispatcher.keys import keys_of
from core.dispatcher.regex import fold
from models.api import External

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from core.dispatcher.keys import Key
    from core.dispatcher.registration import Registration
    from core.expr.sight import Sight
    from core.expr.text import MessageText


in_order = attrgetter("order")
_NONE: dict[Registration, None] = {}


def _put(registration: Registration, among: dict[Registration, None]) -> None:
    """Put a callback in its place by order: one that was taken out and comes again has the others behind it."""
    last = next(reversed(among), None)
    among[registration] = None
    if last is not None and last.order > registration.order:
        for other in sorted(among, key=in_order):
            among[other] = among.pop(other)


class Index(Protocol):
    """Callbacks for one kind of event."""

    def add(self, registration: Registration) -> None:
        """Take a callback in."""

    def remove(self, registration: Registration) -> None:
        """Let go of a callback that was taken in."""

    def candidates(self, sight: Sight) -> list[Registration]:
        """Return every callback whose condition may hold, in the order of registration, as a new list."""


class Buckets:
    """Callbacks under keys, in the order in which they came. A key is forgotten with its last callback."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: dict[Hashable, dict[Registration, None]] = {}

    def add(self, key: Hashable, registration: Registration) -> None:
        """Put a callback under `key`."""
        _put(registration, self._buckets.setdefault(key, {}))

    def remove(self, key: Hashable, registration: Registration) -> None:
        """Take a callback away from `key`."""
        bucket = self._buckets[key]
        del bucket[registration]
        if not bucket:
            del self._buckets[key]

    def get(self, key: Hashable) -> Mapping[Registration, None]:
        """Return those under `key`, which are changed by `add` and `remove`."""
        return self._buckets.get(key, _NONE)


class EverythingIndex:
    """Has no keys: for kinds of events that few callbacks are for."""

    def __init__(self) -> None:
        self._all: dict[Registration, None] = {}

    def add(self, registration: Registration) -> None:
        """Take a callback in."""
        _put(registration, self._all)

    def remove(self, registration: Registration) -> None:
        """Let go of a callback."""
        del self._all[registration]

    def candidates(self, sight: Sight) -> list[Registration]:  # noqa: ARG002 - all of them are
        """Return all callbacks."""
        return list(self._all)


class ExternalIndex:
    """Looks callbacks up by the key of an external event."""

    def __init__(self) -> None:
        self._buckets = Buckets()

    def add(self, registration: Registration) -> None:
        """Take a callback in."""
        self._buckets.add(registration.key, registration)

    def remove(self, registration: Registration) -> None:
        """Let go of a callback."""
        self._buckets.remove(registration.key, registration)

    def candidates(self, sight: Sight) -> list[Registration]:
        """Return the callbacks for the event's key."""
        return list(self._buckets.get(sight.event.key)) if isinstance(sight.event, External) else []


class MessageIndex:
    """Looks callbacks up by the keys (see `keys`) of their conditions; those that have none are always candidates."""

    def __init__(self) -> None:
        self._buckets = Buckets()
        self._rest: dict[Registration, None] = {}
        self._keys: dict[Registration, frozenset[Key]] = {}
        self._commands = 0
        self._lead_lengths: Counter[int] = Counter()

    def add(self, registration: Registration) -> None:
        """Take a callback in."""
        keys = _keys_of(registration)
        if keys is None:
            _put(registration, self._rest)
            return
        self._keys[registration] = keys
        for key in keys:
            self._buckets.add(key, registration)
            self._count(key, 1)

    def remove(self, registration: Registration) -> None:
        """Let go of a callback."""
        self._rest.pop(registration, None)
        for key in self._keys.pop(registration, ()):
            self._buckets.remove(key, registration)
            self._count(key, -1)

    def _count(self, key: Key, step: int) -> None:
        kind, _, length = key
        if kind == "command":
            self._commands += step
        elif kind == "lead" and length is not None:
            self._lead_lengths[length] += step
            if not self._lead_lengths[length]:
                del self._lead_lengths[length]

    def candidates(self, sight: Sight) -> list[Registration]:
        """Return the callbacks under the keys that the message has, and those without keys."""
        found = dict(self._rest)
        if sight.text is not None:
            for key in self._keys_in(sight.text):
                if bucket := self._buckets.get(key):
                    found.update(bucket)
        return list(found) if len(found) == len(self._rest) else sorted(found, key=in_order)

    def _keys_in(self, text: MessageText) -> list[Key]:
        """Return the keys that a message has, of those kinds that are in use."""
        message = text.message
        folded = fold(message)
        keys: list[Key] = [("whole", folded, None)]
        if message.isascii():  # no character becomes two when it is folded
            keys += [("lead", folded[:length], length) for length in self._lead_lengths]
        else:
            keys += [("lead", fold(message[:length]), length) for length in self._lead_lengths]
        if self._commands and text.command and isinstance(word := text.command[0], str):
            keys += [("command", word, len(text.command)), ("command", word, None)]
        return keys


def _keys_of(registration: Registration) -> frozenset[Key] | None:
    """Return the keys of a callback's condition; None if messages have to be shown to it as they are."""
    if registration.pre_hook is not None or registration.debug:
        return None
    return keys_of(registration.condition)
