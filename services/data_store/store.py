"""The dict-like face of a store and the rules for making one. What it holds is `contents`, writing it `writer`."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, TypeVar

from core.context import Module, current_module
from models.exc import UsageError
from services.data_store.contents import Contents
from services.data_store.rows import checked_key, declare_table

V = TypeVar("V")

# The store of each module that made one; and the modules whose stores were loaded, which may not make one any more.
stores: dict[Module, Contents[Any]] = {}
settled: set[Module] = set()


class SimpleStore(MutableMapping[str, V]):
    """A dict of one module whose entries are there again after a restart.

    Make one, and only one, while the module loads; use it from `@on_start` on. Keys are str, values picklable: a
    value that is not raises at the line that sets it. All entries stay in memory. They are written to the database
    within about a second and when the bot stops. So is a value changed in place (`store["names"].append("x")`): it
    is compared with what was stored after it was read, and once more when the bot stops.
    After a restart entries are in the order in which they were last written. It is not a dict, only used like one.

    Raises UsageError if made outside a module, twice in one, or when the module has loaded; StoreNotLoaded if
    touched too early; StoreKeyError and StoreValueError for what cannot be stored.
    """

    __slots__ = ("_contents",)

    def __init__(self) -> None:
        module = _loading_module()
        self._contents: Contents[V] = Contents(module.name, declare_table())
        stores[module] = self._contents
        module.store = self
        module.undo.callback(_forget, module)

    def __getitem__(self, key: str) -> V:
        return self._contents.opened().read(checked_key(key))

    def __setitem__(self, key: str, value: V) -> None:
        self._contents.opened().put(checked_key(key), value)

    def __delitem__(self, key: str) -> None:
        self._contents.opened().remove(checked_key(key))

    def __len__(self) -> int:
        return len(self._contents.opened().values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents.opened().values)

    def __contains__(self, key: object) -> bool:
        return checked_key(key) in self._contents.opened().values

    def popitem(self) -> tuple[str, V]:
        """Remove and return the entry added last; KeyError if there is none."""
        key = next(reversed(self._contents.opened().values), None)
        if key is None:
            raise KeyError("popitem(): the SimpleStore is empty")
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove every entry."""
        for key in list(self):
            del self[key]

    def __repr__(self) -> str:
        return f"SimpleStore({self._contents.values!r})" if self._contents.is_open else "SimpleStore(<not loaded>)"


def _loading_module() -> Module:
    """Return the module that is being loaded and may make a store; UsageError says why there is none."""
    module = current_module.get()
    if module is None:
        raise UsageError("a SimpleStore belongs to a module: make it at the top level of a module that the bot loads")
    if module in settled:
        raise UsageError(f"module {module.name} made its SimpleStore too late: make it at the top level, as it loads")
    if module in stores:
        raise UsageError(f"module {module.name} made a second SimpleStore: import the first one, or use longer keys")
    return module


def settle(module: Module) -> None:
    """Take note that `module` has been loaded: it may not make a store any more."""
    if module not in settled:
        settled.add(module)
        module.undo.callback(settled.discard, module)


def _forget(module: Module) -> None:
    """Close and unregister the store of a module that is unloaded."""
    stores.pop(module).close()
    module.store = None
