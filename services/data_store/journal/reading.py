"""Read all segments of a journal and tell what is in them. It changes no file and decides nothing."""

from __future__ import annotations

from errno import EIO
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from services.data_store.journal.found import Damage, Found
from services.data_store.journal.records import HEAD, NAMES, next_whole, record_at, run, seq_at, written
from services.data_store.journal.segments import HEADER_SIZE, Finished, headers_of, is_begun, number_of, segment_paths

if TYPE_CHECKING:
    from array import array
    from pathlib import Path

    from services.data_store.journal.segments import Header


class _File(NamedTuple):
    path: Path
    header: Header | None
    copies: int


def read_journal(folder: Path) -> Found:
    """Read the journal in `folder`, which need not exist; OSError if it may not be read. It may be in use meanwhile."""
    while True:
        try:
            return _read(folder)
        except FileNotFoundError:
            continue  # a segment was trimmed at this very moment


def _read(folder: Path) -> Found:
    files = [_file(path) for path in segment_paths(folder)]
    unused = [file.path for file in files if file.header is None and _is_unused(_content(file.path))]
    used = [file for file in files if file.path not in unused]
    found = Found(folder, segments=[_finished(path, {}) for path in unused])
    headers = [file.header for file in used if file.header is not None]
    if not headers:
        found.strangers = [file.path for file in used]
        return found
    newest = headers[-1]
    found.journal_id, found.database = newest.journal, newest.database
    found.folds = max(header.folds for header in headers if header.journal == newest.journal)
    own = [file for file in used if file.header is None or file.header.journal == newest.journal]
    found.strangers = [file.path for file in used if file not in own]
    for file, following in zip_longest(own, own[1:]):
        _Reading(found, file).read(newest.seed, following)
    return found


def _file(path: Path) -> _File:
    headers = headers_of(_content(path, HEADER_SIZE) or b"")
    return _File(path, headers[0] if headers else None, len(headers))


def _content(path: Path, size: int = -1) -> bytes | None:
    """Return what is in a file, or its beginning; None if the disk has lost it. OSError if that is not the reason."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        if error.errno == EIO:
            return None
        raise


def _is_unused(data: bytes | None) -> bool:
    """Say whether nothing ever came into a segment: a header that is not whole was being written at the end."""
    if data is None:
        return False
    return not written(data, 0) or (len(data) > HEADER_SIZE and written(data, HEADER_SIZE) == HEADER_SIZE)


def _finished(path: Path, last: dict[int, int], *, torn: bool = False) -> Finished:
    return Finished(path, path.stat().st_size, last, torn)


class _Reading:
    """The reading of one segment, which adds to what was found in those before."""

    def __init__(self, found: Found, file: _File) -> None:
        self._found = found
        self._path, self._header, self._copies = file
        self._data = b""
        self._starts: dict[int, array[int]] = {}
        self._gaps: list[tuple[int, int, int, int]] = []
        self._torn = False

    def read(self, seed: int, following: _File | None) -> None:
        """Read the segment, after which comes the segment `following`, or none."""
        data = _content(self._path)
        if data is None:
            self._found.damaged.append(Damage(self._path.name, 0, "the file, which the disk does not give back"))
        else:
            self._data = data
            self._read_records(seed, following)
        last = {number: seq_at(self._data, starts[-1]) for number, starts in self._starts.items()}
        if not last and self._path.name in {damage.segment for damage in self._found.damaged}:
            self._found.strangers.append(self._path)
        self._found.segments.append(_finished(self._path, last, torn=self._torn))

    def _read_records(self, seed: int, following: _File | None) -> None:
        start = HEADER_SIZE
        seq = seq_at(self._data, start) if self._header is None else self._header.first
        while True:
            start, seq = run(self._data, seed, start, seq, starts=self._starts)
            end = written(self._data, start)
            later = next_whole(self._data, seed, start, seq) if end > start else -1
            if later < 0:
                break
            self._gaps.append((start, later, seq, seq_at(self._data, later) - seq))
            start, seq = later, seq_at(self._data, later)
        self._found.seq = max(self._found.seq, seq - 1)
        self._torn = end > start
        self._take()
        self._tell(start, end, seq, following)

    def _take(self) -> None:
        """Learn the names of the stores, and keep where the records of each are."""
        for start in self._starts.pop(NAMES, ()):
            record = record_at(self._data, start)
            self._found.names[record.key.decode()] = int.from_bytes(record.value or b"", "little")
        for number, starts in self._starts.items():
            self._found.places.setdefault(number, {})[self._path] = starts

    def _tell(self, start: int, end: int, seq: int, following: _File | None) -> None:
        """Tell what is damaged. From `start` to `end` there is something, but not the number `seq` or a later one."""
        if self._copies < 2 and not is_begun(self._data):
            self._found.damaged.append(Damage(self._path.name, 0, "the header", raw=self._data[:HEADER_SIZE]))
        for gap in self._gaps:
            self._found.damaged.append(self._damage(*gap))
        last = self._last_number(following, seq)
        if last is not None and last >= seq:
            self._found.damaged.append(self._damage(start, end, seq, last - seq + 1))
        elif last is None and end > start:
            damage = self._damage(start, end, seq, 0)
            if following is None:
                self._found.torn = damage
            else:
                self._found.damaged.append(damage)

    def _last_number(self, following: _File | None, seq: int) -> int | None:
        """Return the number with which this segment ended, if a later one says so; None if nobody knows.

        Records from `seq` on, of which one that is not the next speaks, may have been in a segment between the two.
        """
        if following is None or following.header is None:
            return None
        previous = following.header.previous
        return previous if previous < seq or number_of(following.path) == number_of(self._path) + 1 else None

    def _damage(self, start: int, end: int, seq: int, records: int) -> Damage:
        raw = self._data[start:end]
        store = key = None
        if len(raw) >= HEAD.size:
            *_, number, size = HEAD.unpack_from(raw)
            store = next((name for name, known in self._found.names.items() if known == number), None)
            key = raw[HEAD.size : HEAD.size + size] if store is not None else None
        what = f"{records} record{'s' * (records != 1)}" if records else "the end"
        return Damage(self._path.name, start, what, seq, records, store, key, raw)
