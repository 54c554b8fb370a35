"""What a wish to run new code comes to: which modules it concerns, whether their files can be run, and in which units.

Whatever cannot be run is found out before anything is touched, as far as that can be known.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import TYPE_CHECKING

from sqlalchemy.exc import NoReferenceError

from aha.imports import PACKAGE, is_kept, modules_among
from aha.reports import NO_TABLES
from core.database.declared import crossing
from core.migration.start import reach
from models.exc import DatabaseError

from .reading import read_files
from .tried import settle
from .unit import Failure, Unit, bring, replace
from .units import units

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from aha.loader import Loader

    from .means import Means
    from .reading import Read
    from .units import Imports


@dataclass(frozen=True, slots=True)
class Changed:
    """Modules that were to be changed together, and what failed of them, the cause first.

    `done` are those that run new code now.
    """

    names: Collection[str]
    failures: list[Failure]
    done: Collection[str]


async def change(names: Collection[str], means: Means, *, with_database: Collection[str]) -> list[Changed]:
    """Run new code of these modules and of all that import them; one that is off comes on.

    `names` are modules, or files that they share. Files that they share are run anew if they have changed.
    """
    if not names:
        return []
    read = await asyncio.to_thread(read_files, names, means, with_database=with_database)
    read = replaced(read, database=await _fault_of_database())
    done = await _change_all(means, read, with_database)
    for members, changed in done.items():
        _note_who_is_behind(members, changed, read.imports, means)
    await asyncio.to_thread(settle, read.concerned, means)
    return list(done.values())


async def _fault_of_database() -> DatabaseError | None:
    try:
        await reach()
    except DatabaseError as error:
        return error
    return None


def _divided(names: Collection[str], imports: Imports, loader: Loader) -> list[tuple[str, ...]]:
    """Divide `names` into units, in the order in which these can be changed."""
    # Who began first when they were last imported, did so also in a cycle.
    order = [name for name in dict.fromkeys([*loader.finder.ran, *loader.wanted, *sorted(names)]) if name in names]
    running = [name for name in order if name in loader.loaded or name not in loader.wanted]
    return units(order, imports, running=running)


async def _change_all(means: Means, read: Read, with_database: Collection[str]) -> dict[tuple[str, ...], Changed]:
    """Change units, one after another; what refers to tables that came only after it is tried once more."""
    loader = means.loader
    done: dict[tuple[str, ...], Changed] = {}
    before = set(loader.loaded)
    due = _divided(read.concerned | read.sources.keys() | read.errors.keys(), read.imports, loader)
    while due:
        left = due
        while left:
            members, *left = left
            others = loader.loaded.keys() - members
            if loader.loaded.keys() - before >= set(members):  # come along with another that imports them
                done[members] = Changed(members, [], members)
            else:
                done[members] = await _change(members, means, read, with_database)
            if loader.loaded.keys() - members - others:  # they run now, so they go together with what they import
                left = _divided({name for unit in left for name in unit}, read.imports, loader)
        in_vain = [members for members, changed in done.items() if _refers_in_vain(changed)]
        due = in_vain if len(in_vain) < len(due) else []
    return done


def _refers_in_vain(changed: Changed) -> bool:
    return any(isinstance(failure.error.__cause__, NoReferenceError) for failure in changed.failures)


def _note_who_is_behind(members: tuple[str, ...], changed: Changed, imports: Imports, means: Means) -> None:
    due_to = _with_imported(members, imports)
    for name in members:
        means.behind.pop(name, None)
        if name not in changed.done and name in means.loader.wanted:
            means.behind[name] = due_to


def _with_imported(names: Collection[str], imports: Imports) -> set[str]:
    """Return `names` and what they import, also through files that they share."""
    found: set[str] = set()
    new = set(names)
    while new:
        found |= new
        through = [name for name in new if name in names or name.startswith("_")]
        new = {other for name in through for other in imports.get(name, ())} - found
    return found


async def _change(members: tuple[str, ...], means: Means, read: Read, with_database: Collection[str]) -> Changed:
    sources = {part: source for name in members for part, source in read.sources.get(name, {}).items()}
    unit = Unit(members, sources, {name for name in members if name in with_database})
    loader = means.loader
    if loader.loaded.keys().isdisjoint(members):
        failures = await bring(unit, means)
        return Changed(members, failures, [name for name in members if name in loader.loaded])
    if objections := list(_objections(unit, loader, read, with_database)):
        for name in members:
            if name in loader.wanted and name not in loader.loaded:
                loader.off[name] = f"module {objections[0].name} failed to {objections[0].what}"
        return Changed(members, objections, ())
    failures = await replace(unit, means)
    return Changed(members, failures, () if failures else [name for name in members if name in loader.loaded])


def _objections(unit: Unit, loader: Loader, read: Read, with_database: Collection[str]) -> Iterator[Failure]:
    """Yield what is known beforehand to keep the unit from being replaced."""
    needed = {other for source in unit.sources.values() for other in modules_among(source.imports)}
    for name in unit.names:
        if name not in loader.wanted:
            if name in read.errors and name in needed:
                yield Failure(name, "import", read.errors[name], is_off=False)
            continue
        is_off = name not in loader.loaded
        if error := read.errors.get(name):
            yield Failure(name, "import", error, is_off=is_off)
        elif not is_off and (ties := _ties(name, loader, with_database)):
            yield Failure(name, "be replaced", DatabaseError("; ".join(ties)), is_off=False)
        elif not is_off and read.database is not None:
            yield Failure(name, NO_TABLES, read.database, is_off=False)


def _ties(name: str, loader: Loader, with_database: Collection[str]) -> list[str]:
    """Say what holds classes or tables of a module that would have to go."""
    also_go = tuple(f"{PACKAGE}.{other}." for other in with_database)
    ties = [
        tie for tie in crossing(loader.loaded[name], with_kept=name in with_database) if not tie.startswith(also_go)
    ]
    if ties:
        remedy = "restart the bot" if name in with_database else "move that into database.py, too, or restart the bot"
        return [*ties, remedy]
    return _holders(name, loader, with_database) if name in with_database else []


def _holders(name: str, loader: Loader, with_database: Collection[str]) -> list[str]:
    """Say which files that stay import what stays of a module otherwise."""
    found = [
        f"{source.where} stays and imports it"
        for other, files in dict(loader.finder.ran).items()
        if other not in with_database and other in loader.loaded
        for part, source in files.items()
        if is_kept(part) and name in modules_among(source.imports, with_database=[name])
    ]
    return [*found, "replace that with it (--with-database names several), or restart the bot"] if found else []
