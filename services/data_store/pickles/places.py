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
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PACKAGE: Final = "modules"


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
    loaded = tuple((file, code) for file, code in list(sys.modules.items()) if is_own(file))
    classes, modules = _former_places(loaded)
    if (now := classes.get(f"{module}.{name}")) is not None:
        return _found(*now)
    root, *below = module.split(".")[1:]
    if root not in modules:
        return None
    renamed = ".".join([_PACKAGE, modules[root], *below])
    return _found(renamed, name) or _found(*classes.get(f"{renamed}.{name}", (renamed, name)))


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


@lru_cache(maxsize=1)
def _former_places(
    loaded: tuple[tuple[str, ModuleType], ...],
) -> tuple[Mapping[str, tuple[str, str]], Mapping[str, str]]:
    """By former place the file and name of each class that declares it; by former name each renamed module."""
    classes: dict[str, tuple[str, str]] = {}
    modules: dict[str, str] = {}
    for file, code in loaded:
        if file.count(".") == 1:
            modules |= dict.fromkeys(_names(code), file.partition(".")[2])
        for found in _classes(code, file):
            for was in _names(found):
                for place in (was, f"{file}.{was}"):
                    classes.setdefault(place, (file, found.__qualname__))
    return classes, modules


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
