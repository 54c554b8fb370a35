"""Objects in stores when the code of their classes ends: they are saved and let go of. When it does, a reload says."""

from __future__ import annotations

import re
from functools import partial
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, Any, Final

from services.data_store.changes import notice_all, notice_suspects
from services.data_store.door import doors, settled
from services.data_store.pickles import plain

if TYPE_CHECKING:
    from collections.abc import Collection

    from core.context import Module
    from services.data_store.entries import Entries

# Seconds for a store's last look at all that was lent, which is all of it unless that is much.
AT_ONCE: Final = 0.02


def settle(module: Module) -> None:
    """Take note that `module` has been loaded: it may not make a store any more, until its code is replaced."""
    if module not in settled:
        module.enter(partial(_unsettle, module), redo=partial(settled.add, module))
        settled.add(module)


def _unsettle(module: Module) -> None:
    if module in settled:  # its code ends, and nobody has parted with it yet
        Parting([module.name]).part()


async def look() -> None:
    """Save what was changed in place in any store, in turns with others: `part` has little left to look at then."""
    for entries in _open():
        await notice_suspects(entries)  # those that are left are held, and come after those that are lent from here on
        await notice_all(entries)


class _Gone:
    """What one store has let go of; no list of tuples, which Python would look through for garbage."""

    def __init__(self, entries: Entries[Any]) -> None:
        self._entries = entries
        self._keys: list[str] = []
        self._values: list[Any] = []
        self._stored: list[bytes] = []

    def part(self, key: str, *, looked: bool) -> None:
        """Save and let go of the object under `key`."""
        parted = self._entries.part(key, looked=looked)
        if parted is not None:
            self._keys.append(key)
            self._values.append(parted[0])
            self._stored.append(parted[1])

    def lend_again(self) -> None:
        """Let them be the store's again."""
        for key, value, data in zip(self._keys, self._values, self._stored, strict=True):
            self._entries.lend_again(key, value, data)


class Parting:
    """Has the stores let go of objects with classes of `names`, modules and files that they share, whose code ends.

    When they are read again, they are made of the classes that are there then.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._places = _places(self._names)
        self._classes: dict[type, bool] = {}
        self._gone: list[_Gone] = []

    def part(self, *, looked: bool = False) -> None:
        """Save and forget them, in all stores. To be called when the code runs no more, but Python still has it.

        What was just put into a value is of classes that its pickle does not name yet, so it is seen first what was
        changed: in all that was lent, or, if that was `looked` at since the code has ended, for a moment.
        """
        for entries in _open():
            suspects = entries.lent.suspects() if looked else ()
            entries.notice(chain(suspects, entries.lent.all()), seconds=AT_ONCE if looked else inf)
            gone = _Gone(entries)
            for key in self._going(entries):
                gone.part(key, looked=looked)
            self._gone.append(gone)
        settled.difference_update([module for module in settled if module.name in self._names])

    def undo(self) -> None:
        """Let the objects be the ones of the stores again: the code goes on, and may still hold them.

        Not those whose keys were set or deleted meanwhile.
        """
        gone, self._gone = self._gone, []
        for each in gone:
            each.lend_again()

    def _going(self, entries: Entries[Any]) -> list[str]:
        """The keys whose objects have such classes, as far as their types and pickles say so."""
        lent, data = entries.lent, entries.data
        return [
            key
            for key in list(lent.classed)
            if self._of_one(type(lent.objects.get(key)))
            or ((pickle := data.get(key)) and self._places.search(pickle) and not plain(pickle))
        ]

    def _of_one(self, cls: type) -> bool:
        """Whether `cls` is such a class itself; what is pickled of its objects need not say so."""
        found = self._classes.get(cls)
        if found is None:
            found = self._classes[cls] = self._places.match(str(cls.__module__).encode()) is not None
        return found


def _open() -> list[Entries[Any]]:
    return [door.entries for door in doors.values() if door.is_open]


def _places(names: Collection[str]) -> re.Pattern[bytes]:
    """A pattern for what pickles say of classes of these modules, and of no others whose names only begin like theirs.

    No character begins with the byte that may follow a name in a pickle.
    """
    some = b"|".join(re.escape(name.encode()) for name in names)
    return re.compile(rb"modules\.(?:%b)(?![0-9A-Za-z_\xc2-\xf4])" % some)
