"""Reads the files of modules as they are by now, and says who imports whom by them. It runs none."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aha.imports import PACKAGE, is_kept, modules_among
from aha.sources import find_shared, read_all

from .tried import look
from .units import with_importers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from aha.discovery import Found
    from aha.loader import Loader
    from aha.sources import Source
    from models.exc import DatabaseError

    from .means import Means
    from .units import Imports


@dataclass(frozen=True, slots=True)
class Read:
    """What files say: `concerned` are the modules, and files that they share, that are to be run anew.

    `sources` are their files, by module and name, and those of shared files that have never run; `errors` is what
    cannot be compiled. `imports` says who imports whom by these and by what runs. `database` is what is wrong with the
    database, for all of them.
    """

    concerned: Collection[str]
    sources: Mapping[str, Mapping[str, Source]]
    errors: Mapping[str, Exception]
    imports: Imports
    database: DatabaseError | None = None


def read_files(names: Collection[str], means: Means, *, with_database: Collection[str]) -> Read:
    """Read `names`, all that import them, and all changed or new files that these share; take note of them as tried."""
    loader = means.loader
    reading = _Reading(loader, with_database)
    concerned: set[str] = set()
    while new := _concerned({*names, *concerned}, reading.imports(), loader) - concerned:
        concerned |= new
        means.tried.update(look(new, loader))
        reading.read(new)
    return Read(concerned, reading.sources, reading.errors, reading.imports())


def _concerned(names: Collection[str], imports: Imports, loader: Loader) -> set[str]:
    """`names`, the files that they share and that are not on disk what they were, and all importers of these."""
    changed = [
        name
        for name, files in dict(loader.finder.ran).items()
        if name.startswith("_")
        and any(source.is_changed for source in files.values())
        and not with_importers([name], imports).isdisjoint(names)
    ]
    return with_importers({*names, *changed}, imports)


class _Reading:
    """Files that are read, module by module. Those of what runs on are read as far as others newly import them."""

    def __init__(self, loader: Loader, with_database: Collection[str]) -> None:
        self.sources: dict[str, dict[str, Source]] = {}
        self.errors: dict[str, Exception] = {}
        self._beside: dict[str, dict[str, Source]] = {}
        self._loader = loader
        self._with_database = with_database
        # What does not run has no database.py that could stay.
        self._anew = {*with_database, *(loader.wanted.keys() - loader.loaded.keys())}
        self._ran = dict(loader.finder.ran)
        self._running = loader.imports(with_database=self._anew)

    def read(self, names: Iterable[str]) -> None:
        """Read all files of `names`, and what they import of others that nobody has read yet."""
        for name in names:
            self.sources[name] = {}
        for name in names:
            if (found := self._place(name)) is not None:
                self._compile(found, () if name in self._loader.wanted else self._ran.get(name, ()))
        looked_at: set[str] = set()
        while new := self._imported() - looked_at:
            looked_at |= new
            by_module: dict[str, list[str]] = {}
            for part in new:
                by_module.setdefault(part.partition(".")[0], []).append(part)
            for name, parts in sorted(by_module.items()):
                if name not in self.errors and (found := self._place(name)) is not None:
                    self._compile(found, parts)

    def imports(self) -> dict[str, set[str]]:
        """What modules import by the code that runs, together with what they do by the files that were read."""
        found = dict(self._running)
        for name, sources in (*self.sources.items(), *self._beside.items()):
            files = sources.values()
            needed = {other for each in files for other in modules_among(each.imports, with_database=self._anew)}
            found[name] = (found.get(name, set()) | needed) - {name}
        return found

    def _place(self, name: str) -> Found | None:
        """Where a module is that is read or runs on, or a file that modules share."""
        if name.startswith("_"):
            return find_shared(name)
        return self._loader.wanted.get(name) if name in self.sources or name in self._loader.loaded else None

    def _compile(self, found: Found, parts: Iterable[str]) -> None:
        name = found.name
        runs_on = name in self._ran and name not in self.sources
        known = (self._beside if runs_on else self.sources).setdefault(name, {})

        def skip(part: str) -> bool:
            return part in known or self._stays(part) or (runs_on and part in self._ran[name])

        try:
            known.update(read_all(found, parts=parts, skip=skip))
        except (SyntaxError, ValueError, OSError) as error:
            if not runs_on:  # else who imports it will be told
                self.errors[name] = error

    def _stays(self, part: str) -> bool:
        whose = part.partition(".")[0]
        return is_kept(part) and whose not in self._with_database and f"{PACKAGE}.{part}" in sys.modules

    def _imported(self) -> set[str]:
        read = (*self.sources.values(), *self._beside.values())
        return {imported for files in read for source in files.values() for imported in source.imports}
