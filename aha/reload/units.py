"""Which modules are reloaded together, all or none, and in which order. Pure: it decides from who imports whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

Imports: TypeAlias = "Mapping[str, Collection[str]]"
"""Each module with those that it imports."""


def with_importers(names: Iterable[str], imports: Imports) -> set[str]:
    """Return `names` and all that import one of them, or import one that does."""
    found: set[str] = set()
    new = set(names)
    while new:
        found |= new
        new = {name for name, imported in imports.items() if name not in found and not new.isdisjoint(imported)}
    return found


def units(names: Sequence[str], imports: Imports, *, running: Collection[str]) -> list[tuple[str, ...]]:
    """Divide `names` into units; an imported module stands in an earlier one than its importers, or before them in one.

    Of those that run, an importer and what it imports are one unit: it would have to do with old code of the other. One
    that does not run is a unit of its own, so that it keeps nobody from being reloaded, unless it is in a cycle.
    Members of a cycle are in the order of `names`.
    """
    order = {name: place for place, name in enumerate(name for group in _cycles(names, imports) for name in group)}
    joined = _joined([name for name in order if name in running], imports)
    block = {name: joined.get(name, name) for name in order}
    between: dict[str, set[str]] = {head: set() for head in block.values()}
    for name in order:
        between[block[name]].update(block[other] for other in imports.get(name, ()) if other in block)
    return [
        tuple(sorted((name for name in order if block[name] in group), key=order.__getitem__))
        for group in _cycles(list(between), between)
    ]


def _joined(names: Sequence[str], imports: Imports) -> dict[str, str]:
    """Give each of `names` the first of all those that it is tied to by imports, in either direction."""
    head = {name: name for name in names}
    for name in names:
        for other in imports.get(name, ()):
            if other in head and head[other] != head[name]:
                old, new = head[other], head[name]
                head = {each: new if its == old else its for each, its in head.items()}
    return head


def _cycles(names: Sequence[str], imports: Imports) -> list[list[str]]:
    """Group names that import each other, directly or not; a group stands behind all that it imports (Tarjan)."""
    place = {name: number for number, name in enumerate(names)}
    begun: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        begun[name] = lowest[name] = len(begun)
        path.append(name)
        for other in sorted(place.keys() & imports.get(name, ()), key=place.__getitem__):
            if other not in begun:
                visit(other)
            if other in path:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == begun[name]:
            at = path.index(name)
            found.append(sorted(path[at:], key=place.__getitem__))
            del path[at:]

    for name in names:
        if name not in begun:
            visit(name)
    return found
