"""The dict-like face of a store. What is behind it is `entries`, and whether it may be touched the `door`'s."""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

from typing_extensions import TypeVar

from services.data_store.changes import notice_suspects
from services.data_store.door import build
from services.data_store.keys import checked_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

    from services.data_store.door import Door

V = TypeVar("V", default=Any)
T = TypeVar("T")


class SimpleStore(MutableMapping[str, V]):
    """A dict of one module whose entries are there again after a restart, and after a crash.

    Make one, and only one, while the module loads; use it from `@on_start` on. Keys are str, values picklable: a
    value that is not raises at the line that sets it. What was set is kept on this computer when the line is done,
    whatever becomes of the process; `await store.sync()` waits until a power cut cannot take it either.

    A value changed in place (`store["names"].append("x")`) is found within about a second after it was read, and at the
    latest when the bot stops; `with store.changing("names") as names:` saves it at the end of its body.
    It is not a dict, only used like one. `SimpleStore[int]` is one whose values are int.

    Raises UsageError if made outside a module, twice in one, or when the module has loaded; StoreNotLoaded if touched
    too early, StoreError in a forked child; StoreKeyError and StoreValueError for what cannot be stored, StoreFullError
    and JournalFull if there is no room for it, in memory or on the disk. Nothing has changed then.
    """

    __slots__ = ("_door",)

    def __init__(self) -> None:
        self._door: Door[V] = build(self)

    def __getitem__(self, key: str) -> V:
        try:
            return self._door.hot[key]
        except (KeyError, TypeError):
            pass  # it is not there, not read yet, or no key at all
        return self._door.entries.read(checked_key(key))

    def __setitem__(self, key: str, value: V) -> None:
        self._door.entries.put(key, value)

    def __delitem__(self, key: str) -> None:
        self._door.entries.remove(checked_key(key))

    def __len__(self) -> int:
        return len(self._door.entries.data)

    def __iter__(self) -> Iterator[str]:
        return iter(self._door.entries.data)

    def __contains__(self, key: object) -> bool:
        return checked_key(key) in self._door.entries.data

    # --- what takes more than one step: all of it before any other thread, as with a dict

    @overload
    def pop(self, key: str, /) -> V: ...
    @overload
    def pop(self, key: str, /, default: T) -> V | T: ...
    def pop(self, key: str, /, *default: Any, **named: Any) -> Any:
        """Remove `key` and return its value, or `default` if it is not there; KeyError if that is not given."""
        with self._door.entries.lock:
            return super().pop(key, *default, **named)

    def popitem(self) -> tuple[str, V]:
        """Remove and return the entry added last; KeyError if there is none."""
        with self._door.entries.lock:
            key = next(reversed(self._door.entries.data), None)
            if key is None:
                raise KeyError("popitem(): the SimpleStore is empty")
            return key, self.pop(key)

    def clear(self) -> None:
        """Remove every entry."""
        with self._door.entries.lock:
            for key in list(self):
                del self[key]

    @overload
    def setdefault(self: SimpleStore[T | None], key: str, default: None = None, /) -> T | None: ...
    @overload
    def setdefault(self, key: str, default: V, /) -> V: ...
    def setdefault(self, key: str, default: Any = None, /) -> Any:
        """Return the value of `key`, which is set to `default` if it is not there."""
        with self._door.entries.lock:
            return super().setdefault(key, default)

    # --- more than a dict has

    @contextmanager
    def changing(self, key: str) -> Iterator[V]:
        """Lend the value under `key` to the body, and save at its end, also if it raises, what it changed in place.

        Raises KeyError if there is none, and what `store[key] = value` would raise at the end.
        """
        value = self[key]
        try:
            yield value
        finally:
            self._door.entries.compare(key, value)

    async def sync(self) -> None:
        """Return when all that was set by now is on the disk; StoreError if the disk refuses.

        So is what was changed in place of values that were read since the last look, or that someone holds. Who keeps a
        part of a value elsewhere and changes that, sets the key again. A change that cannot be saved raises here what
        `store[key] = value` would, when all others are on the disk.
        """
        entries = self._door.entries
        failures = await notice_suspects(entries) if entries.lent.suspected or entries.unsaved else []
        await entries.journal.sync()
        if failures:
            raise failures[0]

    @property
    def table(self) -> Table:
        """The table of the store, for `select`: `key`, `value` (pickled), `updated_at`, and columns of its own use.

        It has what was set a second or so ago, under heavy load up to ten.
        """
        return self._door.table

    def __repr__(self) -> str:
        return f"SimpleStore({dict(self)!r})" if self._door.is_open else "SimpleStore(<not loaded>)"
