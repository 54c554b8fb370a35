"""What a module may ask of its own migration: from what to what it is, and its tables with all that is still on disk.

`core.migration` tells it; it asks nobody, neither the database nor the models of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, MetaData, Table, inspect
from sqlalchemy.orm import Mapper

from core.context import current_module
from core.database.base import metadata
from core.database.naming import physical_name
from models.exc import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from sqlalchemy.types import TypeEngine

    from core.context import Module


@dataclass(frozen=True, slots=True)
class Migration:
    """The change that a module's tables are in: table -> column -> type, as the module names them; the type as DDL."""

    module: str
    old: Mapping[str, Mapping[str, str]]
    new: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A column on disk that no model has. `key` says that it belongs to its table's primary key."""

    name: str
    type: TypeEngine[Any]
    key: bool = False


_migrations: dict[str, Migration] = {}
_leftovers: dict[str, tuple[Leftover, ...]] = {}
_readers: list[Callable[[Any], Awaitable[Any]]] = []


def tell(migrations: Mapping[str, Migration], leftovers: Mapping[str, tuple[Leftover, ...]]) -> None:
    """Replace what is known: the modules that are in a change, and by table the columns that no model has."""
    _migrations.clear()
    _migrations.update(migrations)
    _leftovers.clear()
    _leftovers.update(leftovers)


def end(module: str) -> None:
    """The module has done all that it wanted to do for the change of its tables."""
    _migrations.pop(module, None)


def migrating() -> Migration | None:
    """From what to what the running module's tables are being migrated; None if they are not, or are new.

    It is there until all of the module's `@on_start` functions have succeeded, if need be for several starts.
    """
    module = current_module.get()
    return None if module is None else _migrations.get(module.name)


def old_table(what: type[Any] | Table | str) -> Table:
    """The table as it is on disk, with the columns that the model no longer has: a Core table to select and write.

    `what` is a mapped class, a Table, or a name, as the module's author writes it, also of a table that no model has
    any more. Raises UsageError if there is no such table.
    """
    if isinstance(what, str):
        return _by_name(what)
    found = inspect(what, raiseerr=False)
    table = found.local_table if isinstance(found, Mapper) else found
    if not isinstance(table, Table):
        raise UsageError(f"old_table takes a mapped class, a Table or a table's name, not {what!r}")
    return _completed(table)


def _by_name(name: str) -> Table:
    module = current_module.get()
    if module is not None and name in module.tables:
        return _completed(module.tables[name])
    for stored in _stored_names(name, module):
        if stored in metadata.tables:
            return _completed(metadata.tables[stored])
        if stored in _leftovers:
            schema, _, plain = stored.rpartition(".")
            return Table(plain, MetaData(), *_columns(_leftovers[stored]), schema=schema or None)
    known = sorted({*(module.tables if module else ()), *_leftovers})
    raise UsageError(f"there is no table {name!r} in the database; there are {', '.join(known) or 'none'}")


def _stored_names(name: str, module: Module | None) -> Iterator[str]:
    if module is not None:
        yield from (physical_name(name, owner) for owner in (module.name, *module.was))
    yield name


def _completed(table: Table) -> Table:
    copy = table.to_metadata(MetaData())
    own = {column.name for column in table.columns}
    for column in _columns(_leftovers.get(table.fullname) or _leftovers.get(table.name, ())):
        if column.name not in own:
            copy.append_column(column)
    return copy


def _columns(leftovers: Sequence[Leftover]) -> Iterator[Column[Any]]:
    return (Column(left.name, left.type, primary_key=left.key) for left in leftovers)


def read_kept_with(reader: Callable[[Any], Awaitable[Any]]) -> None:
    """Let `kept_values` be answered by `reader`."""
    _readers[:] = [reader]


async def kept_values(what: type[Any] | Table | str) -> list[Any]:
    """The values of the table of `what` that could not follow a change of their column, and are kept: `Kept` records.

    See `core.migration.kept.values.Kept`. Raises UsageError where no migration runs, outside of a bot.
    """
    if not _readers:
        raise UsageError("kept values are there when a bot runs, from on_start on; import core.migration elsewhere")
    kept: list[Any] = await _readers[0](what)
    return kept
