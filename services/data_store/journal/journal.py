"""The journal of all stores: what is appended survives the process at once and the machine after `sync`.

It knows bytes, numbers and files; nothing of pickles, tables and modules.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING, Final
from weakref import WeakSet
from zlib import crc32

from models.exc import JournalFull, StoreError
from services.data_store.journal.aside import put_aside
from services.data_store.journal.forks import IN_A_CHILD
from services.data_store.journal.found import Found
from services.data_store.journal.reading import read_journal
from services.data_store.journal.records import DELETED, HEAD_SIZE, NAMES, pack_rest
from services.data_store.journal.room import Room
from services.data_store.journal.segments import HEADER_SIZE, Header, number_of, segment_paths, sync_path, write_mark
from services.data_store.journal.syncing import Syncing
from utils.forks import after_fork

if TYPE_CHECKING:
    from collections.abc import Mapping
    from mmap import mmap
    from pathlib import Path

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 1 << 30
SEGMENT_BYTES: Final = 16 << 20
JUMP: Final = 1 << 32
"""Numbers jump by so much at each opening. A power cut may take records that the database has; their numbers must not
come again, or the new records would pass for folded. Nothing near as many are ever appended between two syncs."""
_NOWHERE: Final[mmap] = None  # type: ignore[assignment]  # nothing is written where no room is


class Journal:
    """Changes of all stores in the order in which they were made, until the database has them.

    Whoever appends holds `lock`; nothing else here may be called with it. `found` is what was there at the opening.
    `broken` says why nothing can be appended now, or is None. `lost` says so of a copy in a forked child.
    """

    __slots__ = (
        "__weakref__", "_belongs_to", "_closed", "_database", "_end", "_folded", "_folds", "_id", "_last", "_limit",
        "_map", "_numbers", "_room", "_seed", "_seq", "_settings", "_synced", "_syncing", "broken", "folder", "found",
        "lock", "lost",
    )  # fmt: skip

    def __init__(self, folder: Path, *, database: str, max_bytes: int, segment_bytes: int) -> None:
        self.folder = folder
        self.lock = RLock()
        self.broken: str | None = None
        self.lost = False
        self.found = _read(folder)
        self._database = database
        self._settings = max_bytes, segment_bytes
        self._closed = False
        self._syncing = Syncing(self._sync, self._tend)
        self._adopt(self.found, number=max(map(number_of, segment_paths(folder)), default=0))
        _journals.add(self)

    @classmethod
    def open(
        cls, folder: Path, *, database: str, max_bytes: int = MAX_BYTES, segment_bytes: int = SEGMENT_BYTES
    ) -> Journal:
        """Open the journal in `folder`, which is made if need be; StoreError if what is there cannot be read.

        `database` is the identity of the database to which a new journal belongs; one that is there belongs to
        `found.database`, until it is set aside. If nothing can be written, `broken` says why. Starts nothing.
        """
        journal = cls(folder, database=database, max_bytes=max_bytes, segment_bytes=segment_bytes)
        with journal.lock:
            journal._begin()
        journal._settle()
        return journal

    def _adopt(self, found: Found, *, number: int) -> None:
        """Go on where `found` ends, after the segment with that running number; begin anew if nothing was found."""
        max_bytes, segment_bytes = self._settings
        self._room = Room(self.folder, found.segments, number=number, max_bytes=max_bytes, segment_bytes=segment_bytes)
        self._id = found.journal_id or os.urandom(16)
        self._seed = crc32(self._id)
        self._belongs_to = found.database or self._database
        self._folds = found.folds
        self._numbers = dict(found.names)
        self._seq = self._synced = found.seq
        self._map, self._end, self._limit = _NOWHERE, 0, 0
        self._last: dict[int, int] = {}
        self._folded: dict[int, int] = {}

    def _begin(self) -> None:
        """Begin a segment of this process's own; `broken` says why if that cannot be."""
        try:
            self._put_strangers_aside()
            self._advance(0, jump=JUMP)
        except JournalFull as error:
            self.broken = str(error)
        except OSError as error:
            self.broken = f"the journal in {self.folder} cannot be written ({error.strerror})"

    def _put_strangers_aside(self) -> None:
        strangers = self.found.strangers
        if strangers:
            place = put_aside(self.folder, strangers, name="strange", reason="they are not of the journal beside them")
            self._room.forget(strangers)
            self.found.strangers = []
            logger.warning(
                "the journal has %d files that cannot be read or are another's: see %s", len(strangers), place
            )

    def _settle(self) -> None:
        """Bring to the disk what a process left that was killed; then segments in which nothing is can go."""
        with suppress(OSError):
            self._sync()
            self._remove_folded()
            for segment in self._room.finished:
                sync_path(segment.path)

    # --- appending -----------------------------------------------------------------------------------------------

    def append(self, number: int, key: bytes, value: bytes | None) -> int:
        """Append that `key` of the store `number` is `value`, or deleted if that is None; returns the record's number.

        The caller holds `lock`. Keys have up to 65,535 bytes. JournalFull if there is no room: nothing has changed.
        """
        # This is done for each change of each store: a few names more, and a few calls less.
        if value is None:
            size, body = DELETED, key
        else:
            size, body = len(value), key + value
        start = self._end
        end = start + HEAD_SIZE + len(body)
        if end > self._limit:
            self._make_room(end - start)
            return self.append(number, key, value)
        # Number and place are taken first: what follows may free an object whose last words are set in a store.
        self._end = end
        self._seq = seq = self._seq + 1
        self._last[number] = seq
        try:
            rest = pack_rest(size, seq, number, len(key)) + body
            self._map[start:end] = crc32(rest, self._seed).to_bytes(4, "little") + rest
        except BaseException:  # there is no memory for it
            if self._seq == seq:
                self._end, self._seq = start, seq - 1  # else the gap would pass for damage at the next start
            raise
        return seq

    def register(self, name: str) -> int:
        """Return the number of the store `name`, which is the same as long as the journal is."""
        with self.lock:
            number = self._numbers.get(name)
            if number is None:
                number = self._numbers[name] = max(self._numbers.values(), default=NAMES) + 1
                try:
                    self._name(name, number)
                except JournalFull:
                    # Nothing may come into this segment any more that it could not say the store of.
                    self._room.retire(self._end)
                    self._limit = 0
            return number

    def _name(self, name: str, number: int) -> None:
        """Append which number a store has; twice, so that one damaged record does not cost all of its others."""
        for _ in range(2):
            self.append(NAMES, name.encode(), number.to_bytes(2, "little"))

    def _make_room(self, size: int) -> None:
        """Let there be room for `size` bytes more. JournalFull if that cannot be."""
        if self.lost:
            raise StoreError(IN_A_CHILD)
        if self._closed:
            raise StoreError(f"the journal in {self.folder} is closed: the bot is stopping")
        self._syncing.start()
        whole = self._room.current.size if self._room.current is not None else 0
        if self._limit < whole and self._end + size <= whole:
            # At first only one half may be filled, so that the next segment is ready when the other is full.
            half = whole // 2
            self._limit = half if self._end + size <= half else whole
            if self._limit == whole:
                self._room.wanted = True
                self._syncing.wake()
            return
        if self._room.retire_large(self._end):
            self._limit = 0
            self._remove_folded()
        self._advance(size)

    def _advance(self, size: int, *, jump: int = 0) -> None:
        """Go on in a new segment that has room for `size` bytes and begins with the names of the stores."""
        names = sum(2 * (HEAD_SIZE + len(name.encode()) + 2) for name in self._numbers)
        segment = self._room.advance(HEADER_SIZE + names + size, end=self._end)
        self.broken = None
        segment.begin(self._header(self._seq + jump + 1))
        self._seq += jump
        self._map, self._end, self._last = segment.map, HEADER_SIZE, segment.last
        self._limit = segment.size
        for name, number in self._numbers.items():
            self._name(name, number)
        self._limit = 0

    # --- to the disk ---------------------------------------------------------------------------------------------

    @property
    def id(self) -> bytes:
        """The identity of the journal, for good or until it is set aside."""
        return self._id

    @property
    def seq(self) -> int:
        """The number of the last record."""
        return self._seq

    @property
    def synced(self) -> int:
        """The number of the last record that is certainly on the disk."""
        return self._synced

    @property
    def is_filling(self) -> bool:
        """Whether the database should take what waits here before long."""
        with self.lock:
            return self._room.is_filling

    def start(self) -> None:
        """Start the thread that brings what is appended to the disk; the first append does so too."""
        if not self.lost:
            self._syncing.start()

    async def sync(self) -> None:
        """Return when all that was appended by now is on the disk. StoreError if the disk refuses."""
        if self.lost:
            raise StoreError(IN_A_CHILD)
        seq = self._seq
        if self._synced < seq:
            await asyncio.sleep(0)  # whoever else has something to append now shares the trip to the disk
        if self._synced < seq and not self._syncing.sync_at_once():
            await self._syncing.wait()

    def _sync(self) -> bool:
        """Bring to the disk what is not there; whether there was anything."""
        with self.lock:
            seq = self._seq
            unsynced = self._room.unsynced(self._end)
        for segment, end in unsynced:
            segment.sync(end)
        with self.lock:
            self._synced = seq
            self._room.shelve()
        return bool(unsynced)

    def _tend(self) -> None:
        """Have the next segment ready, and try again to have one at all."""
        self._room.prepare()
        if self.broken is not None:
            with self.lock:
                self._begin()

    # --- folding -------------------------------------------------------------------------------------------------

    def note_folds(self, folds: int) -> None:
        """Write down how many commits of folded changes the database has seen, so that an older one is noticed."""
        with self.lock:
            self._folds = folds
            self._room.note_folds(folds)

    def trim(self, folded: Mapping[str, int]) -> None:
        """Remove segments of which the database has everything; `folded` is the last number that it has, by store."""
        with self.lock:
            self._folded = {number: folded.get(name, 0) for name, number in self._numbers.items()}
        self._remove_folded()

    def _remove_folded(self) -> None:
        with self.lock:
            paths = self._room.folded(self._folded)
        # Without the lock: a file system may take its time.
        removed = [path for path in paths if _removed(path)]
        with self.lock:
            self._room.forget(removed)

    # --- the end -------------------------------------------------------------------------------------------------

    def set_aside(self, reason: str) -> Path:
        """Move all segments to a folder, which is returned, and begin a new journal. StoreError if that cannot be.

        `reason` is for the owner, to be read after "because". `found` is empty then, and the stores keep their numbers.
        """
        if self.lost:
            raise StoreError(IN_A_CHILD)
        running = self._syncing.running
        self._syncing.stop()
        with self.lock:
            name, numbers = self._id.hex()[:8], self._numbers
            self._room.leave()
            self._map, self._limit = _NOWHERE, 0
            try:
                place = put_aside(self.folder, segment_paths(self.folder), name=name, reason=reason)
            except OSError as error:
                raise StoreError(f"the journal in {self.folder} cannot be set aside ({error.strerror})") from error
            self.found = Found(self.folder, seq=self._seq)
            self._adopt(self.found, number=self._room.number)
            self._numbers = numbers
            self._begin()
        if running:
            self._syncing.start()
        return place

    def close(self) -> None:
        """Bring everything to the disk and let go of the files; StoreError if the disk refuses. May be called again."""
        with self.lock:
            closed, self._closed, self._limit = self._closed, True, 0
        if closed:
            return
        error = self._syncing.end()
        with self.lock:
            self._room.leave()
        if self.broken is None:
            with suppress(OSError):
                # A last segment, of a header only, says that those before are complete; then what is folded can go.
                write_mark(self._room.next_path, self._header(self._seq + 1))
                self._remove_folded()
        if error is not None:
            raise error

    def lose(self) -> None:
        """Have no part in the files from here on: this is a forked child, and they are its parent's."""
        self.lost = self._closed = True
        self._map, self._limit = _NOWHERE, 0
        # A thread may have held it that is not here; there is no other way, logging and threading do it so, too.
        self.lock._at_fork_reinit()  # type: ignore[attr-defined]  # noqa: SLF001
        self._room.lose()

    def _header(self, first: int) -> Header:
        return Header(self._id, self._belongs_to, first, self._seq, self._folds)


_journals: Final[WeakSet[Journal]] = WeakSet()


@after_fork
def _lose_all() -> None:
    for journal in list(_journals):
        journal.lose()


def _removed(path: Path) -> bool:
    """Remove a file; False if that cannot be now."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _read(folder: Path) -> Found:
    try:
        return read_journal(folder)
    except OSError as error:
        raise StoreError(
            f"the journal in {folder} cannot be read ({error.strerror}): the bot must own it, and may read it"
        ) from error
