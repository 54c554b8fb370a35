"""The segments of a journal on the disk: how many there may be, which are removed. What is in them is not its business.

Everything here is done under the journal's lock, but `prepare`, which takes long and which the syncing thread calls.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

from models.exc import JournalFull
from services.data_store.journal.records import NAMES
from services.data_store.journal.segments import Finished, reserve, segment_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from services.data_store.journal.segments import Segment

# Of the room that there may be.
_MUCH: Final = 0.25


class Room:
    """The segments: those finished, `current` if one is being written, and a spare one for when that is full.

    `number` is the running number of the newest, apart from the spare one.
    """

    def __init__(
        self, folder: Path, finished: Iterable[Finished], *, number: int, max_bytes: int, segment_bytes: int
    ) -> None:
        self.folder = folder
        self.current: Segment | None = None
        self.finished = list(finished)
        self.wanted = False
        self._max_bytes = max_bytes
        self._segment_bytes = min(segment_bytes, max(max_bytes // 4, 1 << 16))
        # Full, but not on the disk yet as far as is known; the syncing thread closes them.
        self._full: list[Segment] = []
        self._spare: Segment | None = None
        # No number comes again, also not that of a segment which is being removed or was set aside.
        self.number = number
        self._reserving = Lock()

    @property
    def used(self) -> int:
        """Bytes on the disk."""
        mapped = [*self._full, self.current, self._spare]
        return sum(one.size for one in self.finished) + sum(one.size for one in mapped if one and not one.removed)

    @property
    def is_filling(self) -> bool:
        """Whether so much is used that it should soon be less."""
        return self.used > self._max_bytes * _MUCH

    @property
    def next_path(self) -> Path:
        """Where the next segment will be."""
        return segment_path(self.folder, self.number + 1)

    # --- getting room --------------------------------------------------------------------------------------------

    def advance(self, size: int, *, end: int) -> Segment:
        """Return the new current segment, with room for `size` bytes; the one before is written up to `end`.

        JournalFull if there is no room: nothing has changed.
        """
        with self._reserving:
            if self._spare is not None and self._spare.size < size:
                self._discard_spare()
            segment = self._spare or self._reserve(size)
            self._spare = None
            self.number += 1
        self.retire(end)
        self.current = segment
        return segment

    def retire(self, end: int) -> None:
        """Write no more to the current segment, in which there is something up to `end`."""
        if self.current is not None:
            self.current.end = end
            self._full.append(self.current)
            self.current = None

    def retire_large(self, end: int) -> bool:
        """Retire the current segment if it was made for one large change, as it would leave no room for another."""
        large = self.current is not None and self.current.size > self._segment_bytes
        if large:
            self.retire(end)
        return large

    def prepare(self) -> None:
        """Reserve the spare segment if it is wanted; if that cannot be now, it is wanted still."""
        if self.wanted:
            with self._reserving:
                try:
                    self._spare = self._spare or self._reserve(self._segment_bytes)
                except JournalFull:
                    return
            self.wanted = False

    def _reserve(self, size: int) -> Segment:
        size = max(size, self._segment_bytes)
        used = self.used
        if used + size > self._max_bytes:
            most = self._max_bytes - self._segment_bytes  # as the segment that is being written always stays
            if size > max(most, self._segment_bytes):
                raise JournalFull(
                    f"a change of {size >> 20} MB is too large for the journal in {self.folder}, which takes at most "
                    f"{most >> 20} MB at once (aha.store.journal_mb is {self._max_bytes >> 20}): allow more, or keep "
                    "it under several keys or in a file; nothing that was set before is lost"
                )
            raise JournalFull(
                f"the journal in {self.folder} is full: {used >> 20} of at most {self._max_bytes >> 20} MB wait for "
                "the database, which has to take them first; nothing that was set before is lost"
            )
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return reserve(self.next_path, size)
        except OSError as error:
            raise JournalFull(
                f"the journal in {self.folder} cannot grow by {size >> 10} kB ({error.strerror}): make room there, or "
                "make it writable; nothing that was set before is lost"
            ) from error

    # --- letting go ----------------------------------------------------------------------------------------------

    def unsynced(self, end: int) -> list[tuple[Segment, int]]:
        """Return the segments that have to be synced, and how far; the current one is written up to `end`."""
        segments = [(segment, segment.end) for segment in self._full if not segment.removed]
        if self.current is not None and self.current.synced < end:
            segments.append((self.current, end))
        return segments

    def shelve(self) -> None:
        """Close the full segments of which all is on the disk, or the file removed."""
        for segment in [full for full in self._full if full.removed or full.synced == full.end]:
            self._full.remove(segment)
            closed = segment.close()
            if not segment.removed:
                self.finished.append(closed)

    def folded(self, folded: Mapping[int, int]) -> list[Path]:
        """Return the segments, without the current one, of which all is folded: `folded` is how far, by store.

        One that follows a torn one stays as long as that does.
        """
        segments: list[Finished | Segment] = [*self.finished, *self._full]
        found: list[Path] = []
        needed = False
        for segment in segments:
            if needed or any(number != NAMES and seq > folded.get(number, 0) for number, seq in segment.last.items()):
                needed = isinstance(segment, Finished) and segment.torn
            else:
                found.append(segment.path)
        return found

    def forget(self, paths: Collection[Path]) -> None:
        """Take note that these segments are not there any more."""
        self.finished = [segment for segment in self.finished if segment.path not in paths]
        for segment in self._full:
            segment.removed = segment.removed or segment.path in paths

    def note_folds(self, folds: int) -> None:
        """Change the count of folds in the header of the current segment."""
        if self.current is not None:
            self.current.note_folds(folds)

    def leave(self) -> None:
        """Close all files, when the syncing thread has ended; the spare segment goes."""
        self._discard_spare()
        open_ones = [*self._full, self.current] if self.current is not None else self._full
        self.finished += [segment.close() for segment in open_ones]
        self._full, self.current = [], None

    def lose(self) -> None:
        """Have no segments any more, in a forked child; the files stay as they are, with what their parent writes."""
        for segment in filter(None, [*self._full, self.current, self._spare]):
            segment.map.close()  # its number is left open: it may be another file's by now, if this was being closed
        self.finished, self._full, self.current, self._spare, self.wanted = [], [], None, None, False

    def _discard_spare(self) -> None:
        if self._spare is not None:
            self._spare.close().path.unlink(missing_ok=True)
            self._spare = None
