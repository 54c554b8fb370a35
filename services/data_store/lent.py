"""The objects of a store that its module has in hand and may change in place. What is stored of them is `entries`'."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import sys
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from threading import RLock

V = TypeVar("V")

# Nobody can change these in place.
ATOMS: Final = frozenset(
    {str, int, float, complex, bool, bytes, range, type(None), decimal.Decimal, uuid.UUID, dt.date, dt.timedelta}
)
# These are stored by their name: whatever is changed in them is none of the store's business.
_NAMED: Final = (enum.Enum, type)
_GONE: Final[Any] = object()


def _references(objects: Mapping[str, Any], key: str) -> int:
    return sys.getrefcount(objects[key])


_OURS: Final = _references({"": object()}, "")
"""What is counted for an object that only `Lent.objects` holds; it differs from one Python to another."""


class Lent(Generic[V]):
    """The objects that were read or set since the bot started, by key.

    `hot` are those that may be handed out again without a word: they cannot be changed, or are suspects already, that
    is, may have been changed since they were last compared. `objects` are all that can be changed; they stay, as their
    module may hold a part of one. `classed` are the keys of those whose pickles may name classes. `lock` is that of the
    entries: whoever calls `lend` and `forget` holds it.
    """

    __slots__ = ("_lock", "_suspects", "_unaudited", "classed", "hot", "objects")

    def __init__(self, lock: RLock) -> None:
        self.hot: dict[str, V] = {}
        self.objects: dict[str, V] = {}
        self.classed: set[str] = set()
        self._suspects: OrderedDict[str, None] = OrderedDict()
        self._unaudited: list[str] = []
        self._lock = lock

    def lend(self, key: str, value: V) -> V:
        """Take note that someone has `value`, the object under `key` from now on, and return it."""
        if type(value) not in ATOMS and not isinstance(value, _NAMED):
            self.objects[key] = value
            self._suspects[key] = None
            self._suspects.move_to_end(key, last=False)
        elif key in self.objects:
            del self.objects[key]
        self.hot[key] = value
        return value

    def forget(self, key: str) -> None:
        """Let go of the object under `key`, if there is one."""
        self.hot.pop(key, None)
        self.objects.pop(key, None)
        self.classed.discard(key)

    @property
    def suspected(self) -> bool:
        """Whether there are suspects at all."""
        return bool(self._suspects)

    def is_suspect(self, key: str) -> bool:
        """Whether the object under `key` was lent since it was last compared, or was held by someone then."""
        return key in self._suspects

    def suspects(self) -> Iterator[tuple[str, V]]:
        """Yield what may have been changed by now, what was lent last first.

        What someone still holds is yielded the next time too, and so is what nobody takes from here now. What is lent
        meanwhile is left to the next time, and keeps nothing from its turn.
        """
        with self._lock:
            keys = list(self._suspects)
        for key in keys:
            with self._lock:
                if key not in self._suspects:
                    continue  # others have looked meanwhile
                del self._suspects[key]
                if key not in self.objects:
                    continue  # it was deleted, or is now something that cannot be changed
                self.hot.pop(key, None)  # whoever reads it from here on makes it a suspect again
                held = _references(self.objects, key) > _OURS
                value = self.objects[key]
                if held:
                    self.hot[key] = value
                    self._suspects[key] = None
            yield key, value

    def audit(self) -> Iterator[tuple[str, V]]:
        """Yield every object that can be changed, going on where the last audit was left off."""
        with self._lock:
            self._unaudited = self._unaudited or list(self.objects)
        while self._unaudited:
            key = self._unaudited.pop()
            value = self.objects.get(key, _GONE)
            if value is not _GONE:
                yield key, value

    def all(self) -> Iterator[tuple[str, V]]:
        """Yield every object that can be changed; no list of pairs, which Python would look through for garbage."""
        for key in list(self.objects):
            value = self.objects.get(key, _GONE)
            if value is not _GONE:
                yield key, value
