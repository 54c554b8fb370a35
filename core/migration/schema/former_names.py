"""Which names tables, columns and enum members had, as their `info={"was": ...}` declares. It looks at no database."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Enum

from core.database.base import ModuleMetaData
from core.database.naming import physical_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, Table


def tables_before(table: Table, module: str, former_modules: Sequence[str]) -> tuple[str, ...]:
    """The names under which `table` of `module` may have been stored, the most recent first."""
    own = _authors_name(table, module)
    names = [own, *_names(table)]
    stored = (physical_name(name, owner or None) for owner in (module, *former_modules) for name in names)
    prefix = f"{table.schema}." if table.schema else ""
    return tuple(dict.fromkeys(prefix + name for name in stored if name != table.name))


def columns_before(table: Table) -> dict[str, tuple[str, ...]]:
    """The former names of those columns of `table` that declare any, the most recent first."""
    return {column.name: names for column in table.columns if (names := _names(column))}


def members_before(table: Table) -> dict[str, dict[str, str]]:
    """By column: the former members of its enum, as they are stored, and what they are now."""
    return {column.name: members for column in table.columns if (members := _members(column))}


def _declared(part: Table | Column[Any]) -> list[Any]:
    was = part.info.get("was", ())
    return [was] if isinstance(was, str | Mapping) else list(was) if isinstance(was, Iterable) else []


def _names(part: Table | Column[Any]) -> tuple[str, ...]:
    return tuple(name for name in _declared(part) if isinstance(name, str))


def _members(column: Column[Any]) -> dict[str, str]:
    declared = [was for was in _declared(column) if isinstance(was, Mapping)]
    return {
        str(old): _stored(column, new)
        for was in declared
        for new, before in was.items()
        for old in ([before] if isinstance(before, str) else before)
    }


def _stored(column: Column[Any], member: Any) -> str:
    """How `member` is stored: it is given as what stands in Python, its name there, or as what is stored."""
    type_ = _enum(column.type)
    name = member.name if isinstance(member, enum.Enum) else str(member)
    if type_ is None or type_.enum_class is None or name in type_.enums:
        return name
    return dict(zip(type_.enum_class.__members__, type_.enums, strict=False)).get(name, name)


def _enum(type_: Any) -> Enum | None:
    while not isinstance(type_, Enum):
        type_ = getattr(type_, "item_type", None) or getattr(type_, "impl_instance", None)
        if type_ is None:
            return None
    return type_


def _authors_name(table: Table, module: str) -> str:
    """What `module` itself calls the table; a long name is not to be read off the stored one."""
    if isinstance(table.metadata, ModuleMetaData) and (owner := table.metadata.owners.get(table.name)):
        return next((name for name, own in owner.tables.items() if own is table), table.name)
    return table.name.removesuffix(f"__{module}") if module else table.name
