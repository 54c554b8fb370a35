"""Objects in stores when the code of their classes ends: they are saved and let go of. When it does, a reload says."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from services.data_store.door import doors, settled
from services.data_store.pickles import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from core.context import Module
    from services.data_store.entries import Entries


def settle(module: Module) -> None:
    """Take note that `module` has been loaded: it may not make a store any more, until its code is replaced."""
    if module not in settled:
        module.enter(partial(_unsettle, module), redo=partial(settled.add, module))
        settled.add(module)


def _unsettle(module: Module) -> None:
    if module in settled:  # its code ends, and nobody has parted with it yet
        Parting([module.name]).part()


class Parting:
    """Has the stores let go of objects with classes of `names`, modules and files that they share, whose code ends.

    When they are read again, they are made of the classes that are there then.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._places = _places(self._names)
        self._gone: list[tuple[Entries[Any], str, Any, bytes]] = []

    def part(self) -> None:
        """Save and forget them, in all stores. To be called when the code runs no more, but Python still has it."""
        for entries in _open():
            # What was just put into a value is of classes that its pickle does not name yet.
            entries.notice(entries.lent.all())
            for key in self._going(entries):
                if (parted := entries.part(key)) is not None:
                    self._gone.append((entries, key, *parted))
        settled.difference_update([module for module in settled if module.name in self._names])

    def undo(self) -> None:
        """Let the objects be the ones of the stores again: the code goes on, and may still hold them.

        Not those whose keys were set or deleted meanwhile.
        """
        gone, self._gone = self._gone, []
        for entries, key, value, data in gone:
            entries.lend_again(key, value, data)

    def _going(self, entries: Entries[Any]) -> Iterator[str]:
        """Yield the keys whose objects have such classes, as far as their types and pickles say so."""
        lent = entries.lent
        for key in [*lent.hot.keys() | lent.objects]:
            data = entries.data.get(key)
            if data is not None and not plain(data) and self._has_some(lent.objects.get(key), data):
                yield key

    def _has_some(self, value: object, data: bytes) -> bool:
        return bool(self._places.search(data) or self._places.match(str(type(value).__module__).encode()))


def _open() -> Iterator[Entries[Any]]:
    return (door.entries for door in list(doors.values()) if door.is_open)


def _places(names: Collection[str]) -> re.Pattern[bytes]:
    """A pattern for what pickles say of classes of these modules, and of no others whose names only begin like theirs.

    No character begins with the byte that may follow a name in a pickle.
    """
    some = b"|".join(re.escape(name.encode()) for name in names)
    return re.compile(rb"modules\.(?:%b)(?![0-9A-Za-z_\xc2-\xf4])" % some)
