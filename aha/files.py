"""Which files count as part of a module, and what they are like: what was seen once is known again. It runs nothing."""

from __future__ import annotations

import os
import stat
from hashlib import blake2b
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final, TypeAlias

from .discovery import DISABLED

if TYPE_CHECKING:
    from collections.abc import Iterator

Contents: TypeAlias = "dict[str, tuple[int, int, bytes]]"
"""When each file of a module was written, how long it is, and a digest of what is in it."""

# Longer files, which are no code, are known again by their time and length.
_LONGEST: Final = 1024 * 1024

_NO_CODE: Final = {"__pycache__"}
_DATA: Final = "data"
_DATABASES: Final = {".db", ".db3", ".sqlite", ".sqlite3"}
_NO_SUFFIX: Final = {".pyc", ".swp", ".swx", ".tmp", ".bak", ".orig", ".rej", ".log", ".lock", ".pid", *_DATABASES}
# What SQLite has beside a database, whatever that is called.
_BESIDE_DATABASES: Final = ("-journal", "-wal", "-shm")


def module_of(path: PurePath, folder: PurePath) -> str | None:
    """Return the name of the module that a file or folder below `folder` belongs to; None if it is no part of any.

    What editors, version control and Python leave behind is none, nor is what lies in a module's folder called data.
    """
    parts = path.relative_to(folder).parts if path.is_relative_to(folder) else ()
    if not parts or _is_dropping(parts[0]) or any(map(_counts_for_nothing, parts[1:])):
        return None
    if len(parts) == 1 and path.suffix not in ("", ".py"):  # README.md beside the modules
        return None
    name = parts[0].removesuffix(".py")
    return name.removeprefix(DISABLED).lstrip("_-. ") if name.startswith(DISABLED) else name


def is_of_texts(path: str) -> bool:
    """Whether a file of a module is one of its texts in a language, which no module writes itself."""
    return PurePath(path).parent.name == "locales"


def contents_of(place: Path) -> Contents:
    """Look at all files of the module that stands at `place`; those that cannot be read are as if they were empty."""
    found: Contents = {}
    for path in _files(place):
        try:
            status = os.stat(path)  # noqa: PTH116 - there are many, and Path takes twice as long
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            found[path] = (status.st_mtime_ns, status.st_size, _digest(path, status.st_size))
    return found


def linked_files(folder: Path) -> list[str]:
    """The paths of all files of the modules in `folder` that are links, wherever these lead; none if it is gone."""
    try:
        places = [place for place in folder.iterdir() if module_of(place, folder)]
    except OSError:
        return []
    # os.path, as above.
    return [path for place in places for path in _files(place) if os.path.islink(path) and not os.path.isdir(path)]  # noqa: PTH112, PTH114


def _files(place: Path) -> Iterator[str]:
    """Yield the paths of everything at `place` that counts, by way of links as well, each folder once."""
    seen: set[str] = set()
    yield str(place)
    for folder, names, files in os.walk(place, followlinks=True):
        real = os.path.realpath(folder)
        names[:] = [] if real in seen else [name for name in names if not _counts_for_nothing(name)]
        yield from (os.path.join(folder, name) for name in files if real not in seen and not _counts_for_nothing(name))  # noqa: PTH118
        seen.add(real)


def _digest(path: str, length: int) -> bytes:
    if length > _LONGEST:
        return b""
    try:
        return blake2b(Path(path).read_bytes(), digest_size=16).digest()
    except OSError:
        return b""


def _counts_for_nothing(part: str) -> bool:
    """Whether a module does not have a file or folder of that name for a part of its own."""
    return part == _DATA or _is_dropping(part)


def _is_dropping(part: str) -> bool:
    return (
        part in _NO_CODE
        or part.startswith((".", "#"))
        or part.endswith(("~", "___", *_BESIDE_DATABASES))
        or part.isdecimal()  # vim tries with a file called 4913 whether it may write
        or PurePath(part).suffix in _NO_SUFFIX
    )
