"""Whose tables there are: the modules that run, and which of them belong together. It asks no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.database.base import metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Sequence, Table

    from core.context import Module

FRAMEWORK = ""
"""The name under which the framework's own tables go."""


@dataclass(frozen=True, slots=True)
class Owned:
    """The tables of a module, or of the framework. `was` are the module's former names, the most recent first.

    `sequences` are all that the module declared, also those that no column uses.
    """

    name: str
    tables: tuple[Table, ...]
    was: tuple[str, ...] = ()
    sequences: tuple[Sequence, ...] = ()


def framework() -> Owned:
    """The framework's own tables."""
    tables = (table for table in metadata.tables.values() if metadata.owners.get(table.name) is None)
    return Owned(FRAMEWORK, tuple(tables))


def owned(module: Module) -> Owned:
    """The tables of `module`."""
    sequences = metadata.sequences.get(module, ())
    return Owned(module.name, tuple(module.tables.values()), module.was, tuple(sequences))


def running() -> set[str]:
    """The names of all that have tables in this process."""
    return {FRAMEWORK, *(module.name for module in metadata.owners.values() if module is not None)}


def linked(wanted: Iterable[Owned]) -> list[list[Owned]]:
    """`wanted` in groups that foreign keys, or a module's former names, tie to each other."""
    wanted = list(wanted)
    owner = {table.fullname: owned.name for owned in wanted for table in owned.tables}
    group = {owned.name: {owned.name} for owned in wanted}
    for owned in wanted:
        for name in {*_referred(owned, owner), *owned.was} & group.keys():
            joined = group[owned.name] | group[name]
            group |= dict.fromkeys(joined, joined)
    found = {min(names): names for names in group.values()}
    return [[owned for owned in wanted if owned.name in names] for names in found.values()]


def _referred(owned: Owned, owner: Mapping[str, str]) -> set[str]:
    targets = {key.target_fullname.rpartition(".")[0] for table in owned.tables for key in table.foreign_keys}
    return {owner[target] for target in targets if target in owner}


def selected(wanted: Iterable[Owned], changed: Collection[str]) -> list[Owned]:
    """Those of `wanted` that have to be planned when the tables of `changed` are not as they were."""
    wanted = list(wanted)
    names = {owned.name for group in linked(wanted) for owned in group if any(o.name in changed for o in group)}
    return [owned for owned in wanted if owned.name in names]
