"""The file that a backup is: a ZIP archive of the database, what belongs to it, and a manifest that says what it is.

ZIP and deflate, because whoever has lost everything else, Aha included, can still open it, on every system; they are in
Python itself. Nothing here knows what the members mean.
"""

from __future__ import annotations

import json
import os
import zlib
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from core.backup.parts import create
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

FORMAT = 1
_MANIFEST = "manifest.json"
_CHUNK = 2**20
_BINARY = getattr(os, "O_BINARY", 0)
# Of 100 MB of chat level 6 leaves 25, level 1 leaves 32 and takes less than a third of the time.
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `at` is in UTC; `tables` are their numbers of rows, `files` what came along.

    `form` is how the database is in there: "sqlite", "pg_dump" or "export". `sums` are the SHA-256 of all members.
    `schemas` and `extensions` are PostgreSQL's, the default schema first; `left_out` is what the export does not know.
    """

    dialect: str
    form: str
    at: str
    release: str
    tables: Mapping[str, int]
    server: str = ""
    schemas: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    sums: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT


class Writer:
    """A backup that is being written, under a name that shows that it is not one yet."""

    def __init__(self, part: Path) -> None:
        self.part = part
        self.sums: dict[str, str] = {}
        self._file = os.fdopen(create(part), "w+b")
        self._zip = ZipFile(self._file, "w", ZIP_DEFLATED, compresslevel=_LEVEL)

    @contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], object]]:
        """Add a member; the value writes to it. Only one can be written at a time."""
        digest = sha256()
        with self._zip.open(name, "w", force_zip64=True) as opened:

            def write(data: bytes) -> None:
                digest.update(data)
                opened.write(data)

            yield write
        self.sums[name] = digest.hexdigest()

    def add(self, name: str, file: Path, *, check: Callable[[], object] = lambda: None) -> None:
        """Add what is in `file`; `check` is called now and then, and may raise."""
        with self.member(name) as write, file.open("rb") as source:
            while chunk := source.read(_CHUNK):
                check()
                write(chunk)

    def finish(self, manifest: Manifest, target: Path) -> None:
        """Write the manifest, see to it that all is on the disk, and only then give the file its name."""
        self._zip.writestr(_MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self.part.rename(target)
        sync(target.parent)

    def close(self) -> None:
        """Forget what was written, unless it was finished."""
        if not self._file.closed:
            self._zip.close()
            self._file.close()
        self.part.unlink(missing_ok=True)


class Reader:
    """A backup that is there. What cannot be read raises BackupError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._readable():
            self._zip = ZipFile(path)
            self.manifest = _manifest(self._zip.read(_MANIFEST))

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Read a member as a file. That it is as it was written is only sure once `verify` has said so."""
        with self._readable(), self._zip.open(name) as opened:
            yield opened

    def chunks(self, name: str) -> Iterator[bytes]:
        """What is in a member, bit by bit; raises after the last if it is not what was written."""
        digest = sha256()
        with self.open(name) as opened:
            while chunk := opened.read(_CHUNK):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != self.manifest.sums.get(name):
            raise BackupError(f"the backup {self.path} is damaged: {name} is not what was written; take another backup")

    def size(self, name: str) -> int:
        """How many bytes a member has when it is unpacked."""
        with self._readable():
            return self._zip.getinfo(name).file_size

    def verify(self, check: Callable[[], object] = lambda: None) -> None:
        """Read everything; raises BackupError if anything is not what was written."""
        for name in self.manifest.sums:
            for _ in self.chunks(name):
                check()

    def extract(self, name: str, target: Path, *, check: Callable[[], object] = lambda: None) -> None:
        """Write a member to `target`, which must not exist, readable for its owner only."""
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600), "wb") as file:
            for chunk in self.chunks(name):
                check()
                file.write(chunk)
        sync(target)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise BackupError(f"there is no backup {self.path}: aha db backup makes one") from error
        except (BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, OSError) as error:
            said = getattr(error, "strerror", None) or error
            raise BackupError(f"{self.path} cannot be read as a backup: {said}; take another backup") from error


def _manifest(given: bytes) -> Manifest:
    data: dict[str, Any] = json.loads(given)
    if data["format"] > FORMAT:
        raise ValueError(f"a newer release of Aha wrote it ({data.get('release')})")
    known = {known.name for known in fields(Manifest)}
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
    return Manifest(**plain)


def sync(path: Path) -> None:
    """Wait until a file, or what a folder lists, is on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # folders cannot be opened there
    opened = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
