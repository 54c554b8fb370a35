"""One file of the journal: its header, and the file as it is being written. What is in it is for `records` to say."""

from __future__ import annotations

import errno
import mmap
import os
import sys
from dataclasses import dataclass, field, replace
from struct import Struct
from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX: Final = ".journal"
# The header takes a page and is in it twice, so that there is a whole one while the other is being written.
HEADER_SIZE: Final = 4096
_COPY_SIZE: Final = HEADER_SIZE // 2
_MAGIC: Final = b"ahajrnl1"
_FIELDS: Final = Struct("<I8s16sQQQH")
MAX_DATABASE_BYTES: Final = _COPY_SIZE - _FIELDS.size
# fdatasync takes pages along that were written through the mapping; only Linux says so.
_MAPPED_WITH_FILE: Final = sys.platform.startswith("linux")


@dataclass(frozen=True, slots=True)
class Header:
    """What stands at the head of a segment.

    `first` is the number of its first record. `previous` is that of the last one in the segment before, which says
    whether that one is complete. `folds` counts the commits of folded changes that the database had when this was
    written; `database` is the identity of that database.
    """

    journal: bytes
    database: str
    first: int
    previous: int
    folds: int = 0

    @property
    def seed(self) -> int:
        """What the checksum of every record of this journal begins with."""
        return crc32(self.journal)

    def packed(self) -> bytes:
        """Return the header page."""
        name = self.database.encode()
        fields = _FIELDS.pack(0, _MAGIC, self.journal, self.first, self.previous, self.folds, len(name))
        copy = (fields + name).ljust(_COPY_SIZE, b"\0")
        return 2 * (crc32(copy[4:]).to_bytes(4, "little") + copy[4:])


def headers_of(page: bytes) -> list[Header]:
    """Return what the header page says: twice if both copies are whole, the newer first; nothing if neither is."""
    copies = [_copy_of(page[:_COPY_SIZE]), _copy_of(page[_COPY_SIZE:HEADER_SIZE])]
    return sorted(filter(None, copies), key=lambda header: header.folds, reverse=True)


def _copy_of(data: bytes) -> Header | None:
    if len(data) < _COPY_SIZE:
        return None
    crc, magic, journal, first, previous, folds, size = _FIELDS.unpack_from(data)
    if magic != _MAGIC or crc != crc32(data[4:]):
        return None
    return Header(journal, data[_FIELDS.size : _FIELDS.size + size].decode(), first, previous, folds)


def is_begun(data: bytes) -> bool:
    """Whether nothing is in a segment but the first copy of its header, and perhaps the beginning of the second."""
    return _copy_of(data[:_COPY_SIZE]) is not None and data.startswith(data[_COPY_SIZE:].rstrip(b"\0"))


def segment_path(folder: Path, number: int) -> Path:
    """Return where the segment with this running number lies."""
    return folder / f"{number:012}{SUFFIX}"


def segment_paths(folder: Path) -> list[Path]:
    """Return the segments in `folder`, which need not exist, in their order; OSError if it may not be read."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - unlike glob, it says so if it may not
    except FileNotFoundError:
        return []
    paths = [folder / name for name in names if name.endswith(SUFFIX)]
    return sorted((path for path in paths if path.stem.isdecimal() and path.is_file()), key=number_of)


def number_of(path: Path) -> int:
    """Return the running number of a segment."""
    return int(path.stem)


def sync_folder(folder: Path) -> None:
    """Bring to the disk which files the folder has. Windows cannot, and does it by itself."""
    if os.name != "nt":
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


@dataclass(slots=True)
class Finished:
    """A segment to which nothing is added: where it is, its size and the last record of each store in it.

    `torn` says that there is something behind its last record; that none was lost there is known by the next segment.
    """

    path: Path
    size: int
    last: dict[int, int]
    torn: bool = False


@dataclass(eq=False, slots=True)
class Segment:
    """A segment with all its room on the disk, mapped: what is written to `map` is in the file, also after kill -9.

    `last` is the last record of each store; `end` is how far it is written, as of when someone last had to know, and
    `synced` how far it is certainly on the disk. A segment may be `removed` before it is closed.
    """

    path: Path
    size: int
    fd: int
    map: mmap.mmap
    last: dict[int, int] = field(default_factory=dict)
    end: int = 0
    synced: int = 0
    removed: bool = False
    _header: Header | None = None
    _refused: bool = False

    def begin(self, header: Header) -> None:
        """Write the header; from here on the segment belongs to the journal."""
        self._header = header
        page = header.packed()
        self.map[:_COPY_SIZE] = page[:_COPY_SIZE]
        self.map[_COPY_SIZE:HEADER_SIZE] = page[_COPY_SIZE:]

    def note_folds(self, folds: int) -> None:
        """Change the header's count of folds."""
        if self._header is not None:
            self.begin(replace(self._header, folds=folds))

    def sync(self, end: int) -> None:
        """Return when everything before `end` is on the disk; OSError if the disk refuses."""
        if self._refused:
            # The kernel has marked pages clean that it could not write, and would say that all is well.
            self.map[:HEADER_SIZE] = self.map[:HEADER_SIZE]
            self.map[self.synced : end] = self.map[self.synced : end]
        try:
            sync_file(self.fd, self.map)
        except OSError:
            self._refused = True
            raise
        self._refused = False
        self.synced = end

    def close(self) -> Finished:
        """Let go of the file."""
        self.map.close()
        os.close(self.fd)
        return Finished(self.path, self.size, self.last)


def sync_path(path: Path) -> None:
    """Bring a file to the disk that another process may have written."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def sync_file(fd: int, mapped: mmap.mmap) -> None:
    """Return when what was written through the mapping is on the disk."""
    if not _MAPPED_WITH_FILE:
        mapped.flush()
    getattr(os, "fdatasync", os.fsync)(fd)


def reserve(path: Path, size: int) -> Segment:
    """Make a segment of `size` bytes, all of which the disk has given; OSError if it does not, and nothing is left."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        _allocate(fd, size)
        os.fsync(fd)
        sync_folder(path.parent)
        return Segment(path, size, fd, mmap.mmap(fd, size))
    except BaseException:
        os.close(fd)
        path.unlink(missing_ok=True)
        raise


def write_mark(path: Path, header: Header) -> None:
    """Make a segment that is nothing but its header."""
    with path.open("xb") as file:
        path.chmod(0o600)
        file.write(header.packed())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _allocate(fd: int, size: int) -> None:
    """Have the disk give `size` bytes now, as a page that it refuses later would be a signal that kills the process."""
    try:
        os.posix_fallocate(fd, 0, size)
    except AttributeError:  # not on Windows and macOS
        _write_zeroes(fd, size)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        _write_zeroes(fd, size)


def _write_zeroes(fd: int, size: int) -> None:
    with os.fdopen(fd, "wb", closefd=False) as file:
        for start in range(0, size, 1 << 20):
            file.write(bytes(min(1 << 20, size - start)))
