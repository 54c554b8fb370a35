"""Whose each table and mapped class is, whether it stays when its module is reloaded, and what ties the two kinds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Table

from core.database import _mappers as private
from core.database.engine import forget_statements
from models.exc import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.context import Entry, Module

Thing: TypeAlias = "Table | type[Any]"


@dataclass(frozen=True, slots=True)
class _Origin:
    module: Module
    kept: bool


_origins: WeakKeyDictionary[Thing, _Origin] = WeakKeyDictionary()
_sealed: frozenset[Thing] = frozenset()


def note(thing: Thing, module: Module, entry: Entry) -> None:
    """Take note of what `module` declares."""
    _origins[thing] = _Origin(module, entry.kept)


def stays(thing: Thing) -> bool:
    """Whether it was declared by code that a reload leaves as it is."""
    origin = _origins.get(thing)
    return origin is not None and origin.kept


def end(thing: Thing) -> None:
    """Forget what was declared, and whatever was remembered of it to be faster."""
    _origins.pop(thing, None)
    forget_statements()


@contextmanager
def sealed() -> Iterator[None]:
    """In the body, refuse to add columns, constraints and properties to what was declared before and outlives a reload.

    They could not be taken back when the code that adds them is replaced. Indexes can, and are not refused.
    """
    global _sealed
    before, _sealed = _sealed, frozenset(thing for thing, origin in _origins.items() if origin.kept)
    try:
        yield
    finally:
        _sealed = before


def check_addition(thing: Thing, what: str) -> None:
    """Raise UsageError if nothing may be added to a table or mapped class now."""
    if thing in _sealed:
        whole = f"table {thing.name}" if isinstance(thing, Table) else _place(thing)
        raise UsageError(
            f"{whole} stays as it is while the bot runs, without {what}: move that into database.py, too, or restart "
            "the bot"
        )


def enter_class(cls: type, names: private.Names, module: Module) -> None:
    """Enter a class that is about to be mapped, and that relationships will find among `names`."""
    entry = module.enter(
        partial(private.hide, cls, names), redo=partial(private.show, cls, names), end=partial(_end_class, cls)
    )
    note(cls, module, entry)


def _end_class(cls: type) -> None:
    private.dispose(cls)
    end(cls)


def crossing(module: Module, *, with_kept: bool = False) -> list[str]:
    """Say what keeps the module's classes and tables from being replaced: mapped classes that stay and refer to them.

    Those of its `database.py` stay, too, but not `with_kept`. Foreign keys are no hindrance.
    """

    def goes(thing: Thing | None) -> bool:
        origin = _origins.get(thing) if thing is not None else None
        return origin is not None and origin.module is module and (with_kept or not origin.kept)

    staying = [thing for thing, origin in _origins.items() if origin.kept and not goes(thing)]
    return sorted(tie for cls in staying if isinstance(cls, type) for tie in _ties(cls, goes))


def _ties(cls: type, goes: Callable[[Any], bool]) -> Iterator[str]:
    mapper = private.mapper_of(cls)
    if mapper is None:
        return
    if mapper.inherits is not None and goes(mapper.inherits.class_):
        yield f"{_place(cls)} stays and inherits from {_place(mapper.inherits.class_)}, which does not"
    for relation in private.relationships(mapper):
        if goes(relation.mapper.class_):
            target = _place(relation.mapper.class_)
            yield f"{_place(cls)} stays and has the relationship {relation.key!r} to {target}, which does not"
        elif isinstance(table := private.secondary_of(relation), Table) and goes(table):
            yield f"{_place(cls)} stays and has the relationship {relation.key!r} by table {table.name}, which does not"


def _place(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
