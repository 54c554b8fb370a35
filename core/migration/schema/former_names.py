"""Which names tables, columns and enum members had, as their `info={"was": ...}` declares. It looks at no database."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import Enum, Table

from core.database.base import ModuleMetaData
from core.database.naming import physical_name
from models.exc import TableRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column


def tables_before(
    table: Table, module: str, former_modules: Sequence[str], *, default: str | None = None
) -> tuple[str, ...]:
    """The names under which `table` of `module` may have been stored, the most recent first.

    `default` is the schema that names leave out.
    """
    own = _authors_name(table, module)
    names = [own, *_names(table)]
    stored = (physical_name(name, owner or None) for owner in (module, *former_modules) for name in names)
    prefix = "" if table.schema in (None, default) else f"{table.schema}."
    return tuple(dict.fromkeys(prefix + name for name in stored if name != table.name))


def columns_before(table: Table) -> dict[str, tuple[str, ...]]:
    """The former names of those columns of `table` that declare any, the most recent first.

    Raises TableRefused, as do the others, if a declaration makes no sense.
    """
    return {column.name: names for column in table.columns if (names := _names(column))}


def members_before(table: Table) -> dict[str, dict[str, str]]:
    """By column: the former members of its enum, as they are stored, and what they are now."""
    return {column.name: members for column in table.columns if (members := _members(column))}


def _declared(part: Table | Column[Any]) -> list[Any]:
    """What `was` says, one or several."""
    was = part.info.get("was")
    if was is None:
        return []
    given = list(was) if isinstance(was, list | tuple) else [was]
    if not all(map(_is_name if isinstance(part, Table) else _is_former, given)):
        raise _nonsense(part, was)
    return given


def _is_name(given: object) -> bool:
    return isinstance(given, str) and bool(given)


def _is_former(given: object) -> bool:
    """Whether a column may have been that: a name, or members of its enum, new ones with what they were."""
    if not isinstance(given, Mapping):
        return _is_name(given)
    olds = (list(old) if isinstance(old, list | tuple) else [old] for old in given.values())
    return all(isinstance(new, str | enum.Enum) for new in given) and all(map(_is_name, chain.from_iterable(olds)))


def _nonsense(part: Table | Column[Any], was: object) -> TableRefused:
    if isinstance(part, Table):
        return _refusal(part, f'info={{"was": {was!r}}} is no former name: expected "old", or ["newer", "older"]')
    expected = 'expected "old", ["newer", "older"], or for the members of an enum {"new": "old"}'
    return _refusal(part.table, f'column {part.name}: info={{"was": {was!r}}} is no former name: {expected}')


def _refusal(table: Table, why: str) -> TableRefused:
    return TableRefused(f"table {table.fullname}: {why}; its data is untouched", table=table.fullname)


def _names(part: Table | Column[Any]) -> tuple[str, ...]:
    return tuple(name for name in _declared(part) if isinstance(name, str))


def _members(column: Column[Any]) -> dict[str, str]:
    """The former members and what they are now, whatever they were called in between.

    What is declared step by step has the latest first: a name that came up on the way may have been another's before.
    """
    found: dict[str, str] = {}
    for was in _declared(column):
        if isinstance(was, Mapping):
            found |= {old: found.get(new, new) for old, new in _renamed(column, was).items()}
    return found


def _renamed(column: Column[Any], was: Mapping[Any, Any]) -> dict[str, str]:
    """Old -> new member, as one mapping declares it."""
    found: dict[str, str] = {}
    for new, before in was.items():
        for old in [before] if isinstance(before, str) else before:
            stored = _stored(column, new)
            if found.setdefault(old, stored) != stored:
                both = f"column {column.name}: members {found[old]} and {stored}"
                why = f"{both} both declare that they were {old!r}: which of them is it? Keep it in that one only"
                raise _refusal(column.table, why)
    return found


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
