"""What one store holds in memory, and what of it the table does not have yet. It runs no SQL."""

from __future__ import annotations

import logging
from dataclasses import replace
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from models.exc import StoredValueError, StoreFullError
from services.data_store.keys import checked_key
from services.data_store.lent import ATOMS, Lent
from services.data_store.orders import Orders
from services.data_store.pickles import STACK_GLOBAL, Unsigned, pickled, unpickled
from services.data_store.quarantine import Outcast
from services.data_store.rows import cast_out, sealed, unsealed
from services.data_store.unfolded import Unfolded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from services.data_store.journal import Journal
    from services.data_store.unfolded import Batch

logger = logging.getLogger(__name__)

V = TypeVar("V")

_NONE: Final[Any] = object()
# Of what a store may hold, the share from which its module is warned.
_ALARM = 0.8
_MB = 1_000_000


class Entries(Generic[V]):
    """The entries of the store of module `owner`.

    `data` has the pickled values of all keys, in the order of a dict; they become objects when they are first read, and
    stay if none can be made of them then. `unreadable` are keys whose rows are there but are known to be unreadable;
    they are not in the store, and may be set. Every change is in the journal before it is in memory; the `lock` that is
    held meanwhile is the journal's, and its holder is the only one who changes anything. `mac` signs what needs it, and
    returns None for what does not. `unsaved` are keys whose objects were changed in place and could not be saved, which
    was reported. If the store has been read again, its entries are those of the `_successor`.
    """

    def __init__(
        self,
        owner: str,
        journal: Journal,
        *,
        data: dict[str, bytes],
        unreadable: Iterable[str] = (),
        mac: Callable[[str, bytes], bytes | None],
        max_mb: int,
    ) -> None:
        self.owner = owner
        self.data = data
        self.unreadable = set(unreadable)
        self.lent: Lent[V] = Lent(journal.lock)
        self.journal = journal
        self.lock = journal.lock
        self._append = journal.append
        self._number = journal.register(owner)
        self._mac = mac
        self._orders = Orders()
        self._unfolded = Unfolded()
        self._refused: dict[str, tuple[bytes, str]] = {}
        self._size = sum(map(len, data)) + sum(map(len, data.values()))
        self._limit = max_mb * _MB
        self._alarm = self._limit * _ALARM
        self.unsaved: set[str] = set()
        self._successor: Entries[V] | None = None

    # --- reading and setting -------------------------------------------------------------------------------------

    def read(self, key: str) -> V:
        """Return the object under `key`, which its reader may change.

        Raises KeyError if there is none, StoreValueError if none can be made of what is stored.
        """
        while True:
            data = self.data[key]
            value = self.lent.objects.get(key, _NONE)
            if value is _NONE:
                value = self._made(key, data)
                self._orders.learn(key, data, value)
                if STACK_GLOBAL in data:
                    self.lent.classed.add(key)
            with self.lock:
                if self.data.get(key) is data:  # another thread may have set or deleted the key, or read it as well
                    return self.lent.lend(key, self.lent.objects.get(key, value))

    def _made(self, key: str, data: bytes) -> V:
        try:
            value: V = unpickled(data, trusted=type(data) is not Unsigned, key=key)
        except StoredValueError as error:
            self._refused[key] = data, str(error)
            raise
        self._refused.pop(key, None)
        return value

    def put(self, key: str, value: V) -> None:
        """Set `key`. Raises StoreKeyError, StoreValueError, StoreFullError or JournalFull; nothing has changed then."""
        if type(key) is not str or key not in self.data:  # what is there was checked when it was set
            key = checked_key(key)
        data = pickled(key, value)
        atom = type(value) in ATOMS
        record = data if atom else self._signed(key, data)
        if self._size + len(data) > self._alarm:
            self._sound_alarm(key, data)
        lock = self.lock
        lock.acquire()  # `with` takes twice as long
        try:
            if self._refused:
                self._cast_out(key)
            self._append(self._number, key.encode(), record)
            old = self.data.get(key)
            if old is None:
                self._keep(key, data)
            else:  # as `_keep` does it, without the call
                self._size += len(data) - len(old)
                self.data[key] = self._unfolded.changes[key] = data
            lent = self.lent
            if not atom or key in lent.hot or key in lent.objects:
                lent.lend(key, value)  # what nobody can change is not kept twice: it is made again if it is read
        finally:
            lock.release()

    def remove(self, key: str) -> None:
        """Delete `key`, also one that could not be read. Raises KeyError if there is neither, JournalFull."""
        with self.lock:
            if key not in self.data and key not in self.unreadable:
                raise KeyError(key)
            self._cast_out(key)
            self._append(self._number, key.encode(), None)
            self._forget(key)

    def _signed(self, key: str, data: bytes) -> bytes:
        """What the journal keeps for `data`."""
        if STACK_GLOBAL not in data or type(data) is Unsigned:
            return data
        self.lent.classed.add(key)
        return sealed(data, self._mac(key, data))

    def _keep(self, key: str, data: bytes) -> None:
        """Have `data` under `key`, and know that the table does not."""
        old = self.data.get(key)
        if old is None:
            if key in self.unreadable:
                self._displace(key)
            self._unfolded.bear(key)
            self._size += len(key) + len(data)
        else:
            self._size += len(data) - len(old)
        self.data[key] = self._unfolded.changes[key] = data

    def _cast_out(self, key: str) -> None:
        """Have what stands under `key` kept in quarantine if reading it has failed: the key is set anew, or deleted.

        It comes into the journal first, so that it is there for the next start as well.
        """
        data, reason = self._refused.get(key, (None, ""))
        if data is not None and self.data.get(key) is data:
            record = self._signed(key, data)
            self._append(self._number, key.encode(), cast_out(record))
            self._unfolded.outcasts.append(Outcast(self.owner, key, data, reason, mac=unsealed(record)[1]))
        self._refused.pop(key, None)

    def _displace(self, key: str) -> None:
        self.unreadable.remove(key)
        self._unfolded.displaced.add(key)

    def _forget(self, key: str) -> None:
        old = self.data.pop(key, None)
        if old is not None:
            self._size -= len(key) + len(old)
        else:
            self._displace(key)
        self._unfolded.bury(key)
        self.lent.forget(key)

    def _sound_alarm(self, key: str, data: bytes) -> None:
        """Warn of a store that gets large; StoreFullError if it would grow beyond its limit."""
        limit, used = self._limit // _MB, self._size / _MB
        old = self.data.get(key)
        grows = len(data) + (len(key) if old is None else -len(old))
        if grows > 0 and self._size + grows > self._limit:
            raise StoreFullError(
                f"key {key!r} has no room in the SimpleStore of module {self.owner}, which holds {used:,.1f} of "
                f"{limit:,} MB (aha.store.max_mb): delete what is not needed, allow more, or use a table of your own"
            )
        if self._size + grows > self._alarm:
            self._warn()

    def _warn(self) -> None:
        if self._alarm < self._limit:
            self._alarm = self._limit
            logger.warning(
                "SimpleStore of module %s: %.1f of %d MB (aha.store.max_mb) are in use; beyond, setting a value is an "
                "error; a table of its own has no such limit", self.owner, self._size / _MB, self._limit // _MB,
            )  # fmt: skip

    # --- changes in place ----------------------------------------------------------------------------------------

    def compare(self, key: str, value: V) -> None:
        """Save `value`, the object under `key`, if it is no longer as it is stored.

        An object that is not under `key` any more is of no interest. Raises StoreValueError, JournalFull.
        """
        while True:
            with self.lock:
                if self.lent.objects.get(key, _NONE) is not value:
                    return
                stored = self.data[key]
            data = pickled(key, value)
            if data == stored or self._orders.same(key, stored, data):
                return
            record = self._signed(key, data)
            with self.lock:
                if self.data.get(key) is stored:  # what another thread has set meanwhile is newer
                    self._append(self._number, key.encode(), record)
                    self._keep(key, data)
                    break
        if self._size > self._alarm:
            self._warn()  # what is there already takes no less room if it is not saved

    def notice(
        self, suspects: Iterable[tuple[str, V]], *, seconds: float = inf, failures: list[Exception] | None = None
    ) -> bool:
        """Save those of `suspects` that were changed, one at least; False if `seconds` were over before they ended.

        One that cannot be saved is reported once, and its error appended to `failures`; what was stored of it is kept,
        and it is tried again.
        """
        end = perf_counter() + seconds
        for key, value in suspects:
            try:
                self.compare(key, value)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not hide the others
                self._report(key, error)
                if failures is not None:
                    error.add_note(f"a change under key {key!r} of the SimpleStore of module {self.owner} is not saved")
                    failures.append(error)
            else:
                self.unsaved.discard(key)
            if perf_counter() > end:
                return False
        return True

    def failed(self) -> Iterator[tuple[str, V]]:
        """Yield what was changed in place and could not be saved, as far as is known when the first is taken."""
        for key in list(self.unsaved):
            value = self.lent.objects.get(key, _NONE)
            if value is not _NONE:
                yield key, value

    def _report(self, key: str, error: Exception) -> None:
        if key not in self.unsaved:
            self.unsaved.add(key)
            logger.warning(
                "SimpleStore of module %s: a change under key %r is not saved: %s; what was stored before is kept",
                self.owner, key, error,
            )  # fmt: skip

    def part(self, key: str, *, looked: bool = False) -> tuple[V, bytes] | None:
        """Save and forget the object under `key`, whose classes are about to go; return it, and what is stored of it.

        None if nobody has it. If all that was lent was `looked` at just now, what is no suspect is saved.
        """
        lent = self.lent
        value = lent.objects.get(key, lent.hot.get(key, _NONE))
        if value is _NONE:
            return None
        if not looked or lent.is_suspect(key) or key in self.unsaved:
            self.notice([(key, value)])
        with self.lock:
            lent.forget(key)
            data = self.data.get(key)
        return None if data is None else (value, data)

    def keep_lent(self, before: Entries[V]) -> None:
        """Have the objects that were lent by entries `before`, in whose place these are now."""
        before._successor = self
        self.lent = before.lent
        with self.lock:
            for key in self.unreadable:
                self.lent.forget(key)

    def lend_again(self, key: str, value: V, data: bytes) -> None:
        """Let `value` be the object under `key` again, unless that has become another, or is not `data` any more."""
        if self._successor is not None:
            self._successor.lend_again(key, value, data)  # what is set by now, these have not heard of
            return
        with self.lock:
            if self.data.get(key) == data and key not in self.lent.hot and key not in self.lent.objects:
                self.lent.lend(key, value)

    # --- what the table does not have ----------------------------------------------------------------------------

    @property
    def dirty(self) -> int:
        """How many keys the table does not have as they are, without those of batches that were taken."""
        return len(self._unfolded.changes)

    def replay(self, key: str, data: bytes | Outcast | None) -> None:
        """Do again what a record of the journal says; None deletes. For the start, before anyone has an object."""
        with self.lock:
            if isinstance(data, Outcast):
                self._unfolded.outcasts.append(replace(data, module=self.owner))
            elif data is not None:
                self._keep(key, data)
            elif key in self.data or key in self.unreadable:
                self._forget(key)

    def take(self) -> Batch:
        """Return all that the table does not have. If it cannot be written now, `give_back` is to follow."""
        with self.lock:
            return self._unfolded.take(self.journal.seq)

    def write_again(self, there: Mapping[str, bytes]) -> None:
        """Take note that the table has these values, by key, and no others, whatever was written before.

        Raises JournalFull; nothing has changed then.
        """
        with self.lock:
            missing = {key: data for key, data in self.data.items() if there.get(key) != data}
            for key in missing.keys() - self._unfolded.changes.keys():
                self.append_again(key)
            self._unfolded.changes = {**missing, **self._unfolded.changes}

    def give_back(self, batch: Batch) -> None:
        """Take back a batch that was not written, as older than all that has changed since."""
        with self.lock:
            self._unfolded.give_back(batch)

    def append_again(self, key: str) -> int:
        """Have what became of `key` in the journal once more, for whoever holds its lock; returns the record's number.

        Raises JournalFull.
        """
        data = self.data.get(key)
        return self._append(self._number, key.encode(), None if data is None else self._signed(key, data))
