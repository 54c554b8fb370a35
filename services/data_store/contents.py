"""What one store holds in memory, and which of it the database does not have yet. It runs no SQL and starts nothing."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from models.exc import StoreNotLoaded, StoreValueError
from services.data_store.rows import pickled, unpickled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Table

logger = logging.getLogger(__name__)

V = TypeVar("V")

# Nobody can change these in place.
_ATOMS: Final = frozenset({str, int, float, complex, bool, bytes, type(None)})
_GONE: Final[Any] = object()
_BATCH_ROWS = 500
_BATCH_BYTES = 16_000_000

Change = tuple[str, bytes | None]
"""A key and its pickled value; None says that the key was deleted."""


class Contents(Generic[V]):
    """The entries of one module's store.

    `values` are the objects themselves, as in a dict. `_dirty` is what the database does not have yet. `_suspects`
    are keys whose objects were handed out since the last `compare`, `_held` those handed out at any time, and
    `_known` the hash of what was last pickled for an object that can change: together they find changes in place.
    The lock is for authors who use a store in `asyncio.to_thread`.
    """

    def __init__(self, owner: str, table: Table) -> None:
        self.owner = owner
        self.table = table
        self.values: dict[str, V] = {}
        self._state: Literal["waiting", "open", "closed"] = "waiting"
        self._lock = Lock()
        self._dirty: dict[str, bytes | None] = {}
        self._known: dict[str, int] = {}
        self._suspects: set[str] = set()
        self._held: set[str] = set()
        self._unreadable: set[str] = set()
        self._reported: set[str] = set()
        self._newest = datetime.min.replace(tzinfo=UTC)

    # --- life ----------------------------------------------------------------------------------------------------

    def fill(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take rows of key, value and updated_at, oldest first, and open. One that cannot be read is left alone."""
        for key, data, updated_at in rows:
            self._newest = updated_at.replace(tzinfo=UTC) if updated_at.tzinfo is None else updated_at
            try:
                value = unpickled(data)
            except Exception as error:  # noqa: BLE001 - unpickling runs whatever the row says
                self._unreadable.add(key)
                logger.warning(
                    "SimpleStore of module %s: the value of key %r cannot be read (%s: %s); its row stays in table %s",
                    self.owner, key, type(error).__name__, error, self.table.name,
                )  # fmt: skip
            else:
                self.values[key] = value
                self._know(key, value, data)
        self._state = "open"

    def close(self) -> None:
        """Let nobody touch the entries any more; what the database does not have yet is still to be written."""
        self._state = "closed"

    @property
    def is_open(self) -> bool:
        """Whether entries may be touched."""
        return self._state == "open"

    def opened(self) -> Contents[V]:
        """Return self; StoreNotLoaded if the entries may not be touched now."""
        if self._state == "waiting":
            raise StoreNotLoaded(
                f"the SimpleStore of module {self.owner} was touched before its data was loaded; "
                "touch it in a callback: the first one that may is a function under @on_start"
            )
        if self._state == "closed":
            raise StoreNotLoaded(
                f"the SimpleStore of module {self.owner} is closed: the module was unloaded or the bot has stopped"
            )
        return self

    # --- entries -------------------------------------------------------------------------------------------------

    def read(self, key: str) -> V:
        """Return the object under `key`, which its reader may change; KeyError if there is none."""
        value = self.values[key]
        if key in self._known:
            self._suspects.add(key)
        return value

    def put(self, key: str, value: V) -> None:
        """Set `key`. StoreValueError if `value` cannot be pickled; nothing has changed then."""
        if key in self._unreadable:
            raise StoreValueError(
                f"key {key!r} in the SimpleStore of module {self.owner} still holds a value that could not be read; "
                "make its class importable again, or give the old value up with `del store[key]`"
            )
        data = pickled(key, value)
        with self._lock:
            self.values[key] = value
            self._dirty[key] = data
            self._know(key, value, data)
            if key in self._known:
                self._suspects.add(key)  # its setter may still hold the object

    def remove(self, key: str) -> None:
        """Delete `key`, also one that could not be read; KeyError if there is neither."""
        with self._lock:
            if key in self._unreadable:
                self._unreadable.remove(key)
            else:
                del self.values[key]
                self._known.pop(key, None)
            self._dirty[key] = None

    def _know(self, key: str, value: V, data: bytes) -> None:
        """Take note of the state in which an object was last pickled, if it can change at all."""
        if type(value) in _ATOMS:
            self._known.pop(key, None)
        else:
            self._known[key] = hash(data)

    # --- what is still to be written -----------------------------------------------------------------------------

    @property
    def dirty(self) -> int:
        """How many keys the database does not have as they are, as far as is known before the next `compare`."""
        return len(self._dirty)

    def compare(self, *, all_held: bool = False) -> None:
        """Look for changes in place: in what was handed out since the last time, or at any time if `all_held`."""
        with self._lock:
            suspects, self._suspects = self._suspects, set()
            self._held |= suspects
            if all_held:
                suspects = set(self._held)
        for key in suspects:
            value = self.values.get(key, _GONE)
            if value is _GONE or type(value) in _ATOMS:
                self._held.discard(key)
            else:
                self._compare(key, value)

    def _compare(self, key: str, value: V) -> None:
        try:
            data = pickled(key, value)
        except StoreValueError as error:
            self._suspects.add(key)
            if key not in self._reported:
                self._reported.add(key)
                logger.warning("SimpleStore of module %s: %s; what was stored before is kept", self.owner, error)
            return
        self._reported.discard(key)
        with self._lock:
            if self._known.get(key) != hash(data) and self.values.get(key, _GONE) is value:
                self._dirty[key] = data
                self._know(key, value, data)

    def batch(self) -> list[Change]:
        """Return the oldest changes, as many as are well written in one transaction."""
        changes: list[Change] = []
        size = 0
        with self._lock:
            for key, data in self._dirty.items():
                size += len(data or b"")
                if changes and size > _BATCH_BYTES:
                    break
                changes.append((key, data))
                if len(changes) == _BATCH_ROWS:
                    break
        return changes

    def written(self, changes: Sequence[Change]) -> None:
        """Forget changes that are committed, unless the key has changed again since."""
        with self._lock:
            for key, data in changes:
                if self._dirty.get(key, _GONE) is data:
                    del self._dirty[key]

    def stamps(self, count: int) -> list[datetime]:
        """Return `count` moments, each later than any before, so that the order of writing is the order on loading."""
        step = timedelta(microseconds=1)
        first = max(datetime.now(UTC), self._newest + step)
        self._newest = first + count * step
        return [first + n * step for n in range(count)]
