"""The files of modules as they are on disk: read, compiled, and known again by size and time. It runs nothing."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import modules

from .discovery import Found
from .imports import PACKAGE, imports_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType

Stamp: TypeAlias = "tuple[int, int] | None"
"""When a file was written and how long it is, None for one that is not there."""


class Source:
    """A file of a module: its code, None if it is not Python's, and what the file was like when that was read.

    `registered_for` is the module that the running code registered something for, which was not its own; else None.
    """

    def __init__(self, path: str, code: CodeType | None, *, package: str, stamp: Stamp) -> None:
        self.path = path
        self.code = code
        self.registered_for: str | None = None
        self._package = package
        self._stamp = stamp

    @cached_property
    def imports(self) -> frozenset[str]:
        """What it imports below `modules`, see `imports_of`."""
        return imports_of(self.code, self._package) if self.code else frozenset()

    @property
    def is_changed(self) -> bool:
        """Whether the file on disk has other code by now, or is gone."""
        stamp = stamp_of(self.path)
        if stamp != self._stamp and not self.is_gone and self._has_same_code():
            self._stamp = stamp
        return stamp != self._stamp

    @property
    def is_gone(self) -> bool:
        """Whether there is no such file any more."""
        return stamp_of(self.path) is None

    def anew(self) -> Source:
        """The file as it is now; raises as `read` does."""
        return read(self.path, package=self._package)

    def _has_same_code(self) -> bool:
        try:
            return compile(Path(self.path).read_bytes(), self.path, "exec", dont_inherit=True) == self.code
        except (SyntaxError, ValueError, OSError):
            return False

    @property
    def where(self) -> str:
        """The path as a person writes it, seen from the folder that holds `modules`: `modules/notes/database.py`."""
        depth = self._package.count(".") + 2
        return "/".join(Path(self.path).parts[-depth:])


def stamp_of(path: str) -> Stamp:
    """What a file is known again by."""
    try:
        found = os.stat(path)  # noqa: PTH116 - every start does it for every file, and Path takes twice as long
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def read(path: str, *, package: str) -> Source:
    """Compile the file as it is now. Raises SyntaxError, OSError.

    What Python has remembered of it is removed: it goes by seconds and could take it for what is there by now.
    """
    stamp = stamp_of(path)
    try:
        code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        if getattr(error, "filename", None) is None:  # of what is no text at all Python does not say where
            raise SyntaxError(str(error), (path, 1, None, None)) from error
        raise
    with suppress(OSError):
        Path(cache_from_source(path)).unlink()
    return Source(path, code, package=package, stamp=stamp)


def read_all(module: Found, *, skip: Callable[[str], bool], parts: Iterable[str] = ()) -> dict[str, Source]:
    """Compile all files that the module may import of itself, by the names that it does so by; raises as `read` does.

    Those whose name, such as `notes.database`, is to be skipped are left out, and what only they import. `parts` are
    imported by others: `notes.words`, `notes.words.find`.
    """
    found: dict[str, Source] = {}
    new = [module.name, *(each for part in parts for each in _with_parents(part, module.name))]
    while new:
        name = new.pop()
        if name in found or skip(name) or (file := _file(module, name)) is None:
            continue
        found[name] = read(str(file), package=_package(name, file))
        new += [part for imported in found[name].imports for part in _with_parents(imported, module.name)]
    return found


def find_shared(name: str) -> Found | None:
    """Return where the file `name`, or package, is that modules share; None if it is nowhere."""
    folders = [Path(folder) for folder in modules.__path__]
    for folder in folders:
        if (folder / name / "__init__.py").is_file():
            return Found(name, folder / name)
        if (file := folder / f"{name}.py").is_file():
            return Found(name, file)
    bare = (folder / name for folder in folders if (folder / name).is_dir())  # it has no __init__.py
    return next((Found(name, path) for path in bare), None)


def _file(module: Found, name: str) -> Path | None:
    """The file of the part `name` of the module, None if it has no such part."""
    if not module.path.is_dir():
        return module.path if name == module.name else None
    folder = module.path.joinpath(*name.split(".")[1:])
    files = (folder / "__init__.py", folder.with_name(f"{folder.name}.py"))
    return next((file for file in files[: 1 if name == module.name else 2] if file.is_file()), None)


def _package(name: str, file: Path) -> str:
    whole = f"{PACKAGE}.{name}"
    return whole if file.name == "__init__.py" else whole.rpartition(".")[0]


def _with_parents(imported: str, module: str) -> Iterator[str]:
    """Yield the parts of `module` that are imported with one of them, its packages."""
    parts = imported.split(".")
    if parts[0] == module:
        yield from (".".join(parts[:depth]) for depth in range(1, len(parts) + 1))
