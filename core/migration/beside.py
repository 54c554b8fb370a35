"""What modules that run on can bear while the tables of others change. Pure.

Their code stays as it is. So a change that they would have to go along with, and cannot, is not made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.migration.owned import linked
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ForeignKey, Table

    from core.migration.model import UnitPlan
    from core.migration.owned import Owned
    from core.migration.planning import Planning


def spare(planning: Planning, beside: Collection[str]) -> Planning:
    """`planning` without what the modules named `beside` cannot go along with; those that want it fail."""
    failures: dict[str, Exception] = {}
    for group in linked(planning.owned) if beside else ():
        if (error := _obstacle(group, planning, beside)) is not None:
            failures |= {owned.name: error for owned in group if owned.name not in beside}
    if not failures:
        return planning
    units: list[UnitPlan] = []
    for unit in planning.units:
        errors = [failures[name] for name in unit.modules if name in failures]
        failures |= {name: errors[0] for name in unit.modules if errors and name not in {*failures, *beside}}
        units += [] if errors else [unit]
    return replace(planning, units=tuple(units), failures={**failures, **planning.failures})


def _obstacle(group: Sequence[Owned], planning: Planning, beside: Collection[str]) -> DatabaseError | None:
    """Why the tables of a group that foreign keys tie together cannot change while `beside` run; None if they can."""
    changed = {table.fullname: table for owned in group if owned.name not in beside for table in owned.tables}
    for owned in group if changed else ():
        if owned.name in beside:
            if (key := _dangling(owned, changed)) is not None:
                return DatabaseError(
                    f"{key.parent.table.name}.{key.parent.name} of module {owned.name}, which runs, refers to "
                    f"{key.target_fullname!r}, which would be gone: change that module, too, and start the bot again"
                )
            if (error := planning.failures.get(owned.name)) is not None:
                refusal = DatabaseError(
                    f"the tables of module {owned.name}, which runs, would have to go along with the change, and "
                    "cannot before it is loaded anew: start the bot again"
                )
                refusal.__cause__ = error
                return refusal
    return None


def _dangling(owned: Owned, changed: Mapping[str, Table]) -> ForeignKey | None:
    """A foreign key of `owned` to a column that the tables `changed`, by their names, do not have any more."""
    for key in (key for table in owned.tables for key in table.foreign_keys):
        table, _, column = key.target_fullname.rpartition(".")
        if table in changed and column not in changed[table].columns:
            return key
    return None
