"""What a migration knows of a table besides what the database shows: the model wanted now, the one recorded before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.migration.steps import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Table

    from core.migration.meaning import Meaning
    from core.migration.state import TableState
    from core.migration.steps import Planned


@dataclass(frozen=True, slots=True)
class WantedTable:
    """A table as the running modules declare it. `state` is what the database would show if it were created afresh.

    `module` is the owner's name, "" for the framework. `was`, `column_was` and `members_was` are the declared former
    names, as on disk, the most recent first; `members_was` maps, by column, old stored members to new ones.
    """

    table: Table
    module: str
    state: TableState
    meanings: Mapping[str, Meaning]
    was: tuple[str, ...] = ()
    column_was: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members_was: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableRecord:
    """A table as it was recorded in the database with the last migration that concerned it; travels as JSON.

    `state` is what was wanted then. `meanings` has all columns that the migration knows, the unused ones too: those
    that are not in `state`. `renamed` maps a column to the names that it had before, `was` has those of the table, the
    most recent first; they let an older release find its data again, as do `members`: by column, the former stored
    members of its enum and what they are now. `wrote` has the SQL literals that filled a column and may still be in it.
    `filled_from`, by column, and `merged`, of the table, are the former names whose late declaration was carried out.
    `unvalidated` are the definitions of constraints in `state` that old rows may violate.
    `used` is False when no model has the table any more.
    """

    name: str
    module: str
    state: TableState
    meanings: Mapping[str, Meaning]
    renamed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    was: tuple[str, ...] = ()
    wrote: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    filled_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    merged: tuple[str, ...] = ()
    used: bool = True
    unvalidated: tuple[str, ...] = ()
    members: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """All steps for modules that have to migrate in one transaction, in order; a value to print, test and execute.

    `live` are the tables that the steps concern as the database shows them, by the name they have there before the
    first step; `wanted` are those of the model, by the name they will have.
    """

    modules: tuple[str, ...]
    steps: tuple[Planned, ...]
    live: Mapping[str, TableState]
    wanted: Mapping[str, WantedTable]
    records: Mapping[str, TableRecord] = field(default_factory=dict)

    @property
    def acts(self) -> bool:
        """Whether any step is to be taken, and not only later."""
        return any(planned.verdict is not Verdict.POSTPONE for planned in self.steps)

    @property
    def is_unsure(self) -> bool:
        """Whether anything has to wait of which nobody can know yet which rows stand in its way."""
        return any(planned.verdict is Verdict.POSTPONE and not planned.rows for planned in self.steps)

    @property
    def is_refused(self) -> bool:
        """Whether the unit cannot be carried out, so that its modules are off."""
        return any(planned.verdict is Verdict.REFUSE for planned in self.steps)
