"""Where a class of the bot's own modules is now, given the name that a row has. It imports nothing: a row must not.

A class that was renamed or moved says so in its body, as a module does in its `__init__.py`:

    class Note:
        __was__ = "Memo"                        # another name in the same file
        __was__ = "modules.memos.models.Memo"   # anywhere, in full
        __was__ = ("Memo", "modules.old.Memo")  # several, the nearest first

Rows that know a former name then give objects of this class. The classes of a module that was renamed are found by the
module's own `__was__`; those in it need none.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final
from weakref import ReferenceType, ref

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE: Final = "modules"
_File = tuple[str, ReferenceType[ModuleType], int]


def is_own(module: str) -> bool:
    """Whether a file of this name is, or was, a part of one of the bot's modules."""
    return module.startswith(f"{_PACKAGE}.")


def own_class(module: str, name: str) -> type | None:
    """The class of a loaded module that is or once was `name` in `module`, both as a pickle has them; or None.

    What a module imports from elsewhere is not its own; nor are functions and metaclasses what a row may name.
    """
    return _found(module, name) or moved_class(module, name)


def moved_class(module: str, name: str) -> type | None:
    """The class of a loaded module that once was `name` in `module`; None if none says so."""
    global _former
    found = _former.find(module, name)
    if found is None and _former.loaded != (loaded := _loaded()):
        _former = _FormerPlaces(loaded)
        found = _former.find(module, name)
    return found


def has(module: str, name: str) -> bool:
    """Whether a loaded `module` has anything at all under the first part of `name`, class or not."""
    code = sys.modules.get(module)
    return isinstance(code, ModuleType) and name.partition(".")[0] in vars(code)


def _found(module: str, name: str) -> type | None:
    """The class of modules at this place. It looks into dictionaries only, so nothing of the module's runs for it."""
    found: Any = sys.modules.get(module)
    if not isinstance(found, ModuleType):
        return None
    for part in name.split("."):
        found = vars(found).get(part)
        if not (isinstance(found, type) and is_own(found.__module__)):
            return None
    return None if issubclass(found, type) else found


def _loaded() -> tuple[_File, ...]:
    """The files of the modules that are loaded now; one that was loaded anew, or further, is another."""
    files = [(name, file) for name, file in list(sys.modules.items()) if is_own(name) and isinstance(file, ModuleType)]
    return tuple((name, ref(file), len(vars(file))) for name, file in files)


class _FormerPlaces:
    """What the modules that are `loaded` say of where their classes were, and what they were called themselves."""

    def __init__(self, loaded: tuple[_File, ...]) -> None:
        self.loaded = loaded
        self._classes: dict[str, tuple[str, str]] = {}
        self._modules: dict[str, str] = {}
        for name, reference, _ in loaded:
            if (file := reference()) is not None:
                self._take(name, file)

    def find(self, module: str, name: str) -> type | None:
        """The class that once was `name` in `module`, or None."""
        place = self._classes.get(f"{module}.{name}")
        if place is None and (renamed := self._renamed(module)) is not None:
            place = self._classes.get(f"{renamed}.{name}", (renamed, name))
        return None if place is None else _found(*place)

    def _renamed(self, module: str) -> str | None:
        """What the file `module` is called since its module has another name; None if it has not."""
        root, dot, below = module.removeprefix(f"{_PACKAGE}.").partition(".")
        now = self._modules.get(root) if is_own(module) else None
        return None if now is None else f"{_PACKAGE}.{now}{dot}{below}"

    def _take(self, name: str, file: ModuleType) -> None:
        if name.count(".") == 1:
            self._modules |= dict.fromkeys(_names(file), name.partition(".")[2])
        for found in _classes(file, name):
            for was in _names(found):
                for place in (was, f"{name}.{was}"):
                    self._classes.setdefault(place, (name, found.__qualname__))


_former = _FormerPlaces(())


def _classes(place: ModuleType | type, file: str) -> Iterator[type]:
    """The classes that `file` defines in the body of `place`, and those in their bodies."""
    within = f"{place.__qualname__}." if isinstance(place, type) else ""
    for name, found in list(vars(place).items()):
        if isinstance(found, type) and found.__module__ == file and found.__qualname__ == within + name:
            yield found
            yield from _classes(found, file)


def _names(place: ModuleType | type) -> tuple[str, ...]:
    """What `__was__` in the body of a class or a module says; nothing that a class inherits."""
    was = vars(place).get("__was__", ())
    names = (was,) if isinstance(was, str) else was
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list | tuple) else ()
