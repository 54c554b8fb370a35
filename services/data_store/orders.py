"""Values with sets, which every process pickles in an order of its own: what each is pickled to if nobody changes it.

The order of a set comes from hashes, and those of texts differ from one process to the next. So after a restart a value
may be pickled to other bytes than are stored, and still be the same.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import blake2b
from typing import Final

from models.exc import StoreValueError
from services.data_store.lent import ATOMS
from services.data_store.pickles import pickled

# EMPTY_SET MEMOIZE MARK, as there is more than nothing in it; FROZENSET MEMOIZE. If text looks so, no harm is done.
_SETS: Final = (b"\x8f\x94(", b"\x91\x94")


class Orders:
    """What values with sets were pickled to when they had just been made of what is stored, by key."""

    __slots__ = ("_first",)

    def __init__(self) -> None:
        self._first: dict[str, bytes] = {}

    def learn(self, key: str, stored: bytes, value: object) -> None:
        """Take note of `value`, which was made of `stored` and which nobody has yet."""
        if type(value) not in ATOMS and any(mark in stored for mark in _SETS):
            with suppress(StoreValueError):  # that is for those to hear who look for changes
                data = pickled(key, value)
                if data != stored:
                    self._first[key] = _both(stored, data)

    def same(self, key: str, stored: bytes, data: bytes) -> bool:
        """Whether `data`, which is not `stored`, is what that was pickled to at first: so nothing was changed."""
        first = self._first.get(key)
        if first is None:
            return False
        if first == _both(stored, data):
            return True
        self._first.pop(key, None)  # another thread may look as well
        return False


def _both(stored: bytes, data: bytes) -> bytes:
    """What stands for two pickles; each says itself where it ends."""
    both = blake2b(stored, digest_size=16)
    both.update(data)
    return both.digest()
