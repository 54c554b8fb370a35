"""Whether stored values can be read, as far as that is known before anybody reads them. What is signed is not made.

What a class makes of a value shows when it is read: it may need what only a bot that runs has.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from models.exc import ValueDamaged
from services.data_store.pickles.names import Inert, names_in
from services.data_store.pickles.opcodes import plain
from services.data_store.pickles.places import is_own
from services.data_store.pickles.refusals import Gone
from services.data_store.pickles.values import Trusted, explained, unpickled


class Unsigned(bytes):
    """A pickled value that is not plain, and that nobody has signed here: it is never trusted, nor signed unasked."""

    __slots__ = ()


class Judge:
    """Judges values one after the other. What it has found of a class it does not look for again."""

    def __init__(self) -> None:
        self._found: set[tuple[str, str]] = set()

    def judged(self, data: bytes, *, signed: bool, key: str) -> bytes:
        """Return `data` as it is to be kept.

        Raises ClassUntrusted, ClassGone or ValueDamaged if it is known that it cannot be read now.
        """
        if plain(data):
            return data
        if not signed:
            return _judged_with_care(data, key)
        self._look(data, key)
        return data

    def _look(self, data: bytes, key: str) -> None:
        """Look whether all is there that a signed value names. Raises ClassGone."""
        try:
            _Looking(data, self._found).load()
        except Gone as gone:
            raise explained(gone, key) from None
        except Exception:  # noqa: BLE001 - a stand-in was not like what it stands for: reading it will tell
            return


class _Looking(Trusted):
    """Looks whether all is there that a signed value names, and makes something inert of it."""

    def __init__(self, data: bytes, found: set[tuple[str, str]]) -> None:
        super().__init__(BytesIO(data))
        self._found = found

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._found:
            super().find_class(module, name)
            self._found.add((module, name))
        return Inert


def _judged_with_care(data: bytes, key: str) -> Unsigned:
    """Judge what others may have written. What it wants of its classes shows only as it is read, as strangers' is."""
    try:
        unpickled(data, trusted=False, key=key)
    except ValueDamaged:
        if not any(map(is_own, names_in(data) or ())):
            raise
        # A class of a module does not take it now, but may when the bot runs.
    return Unsigned(data)
