"""What all parts of a script for PostgreSQL are made from, and the order in which they run. It makes no statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import TYPE_CHECKING, TypeAlias

from core.migration.postgresql.ddl import Place
from core.migration.schema.meanings import meaning_of_text
from core.migration.steps import Fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.meaning import Meaning
    from core.migration.model import UnitPlan
    from core.migration.postgresql.catalogue import Catalogue, LiveColumn, NamedType
    from core.migration.state import ColumnState
    from core.migration.statements import Statement
    from core.migration.steps import Step


class Stage(IntEnum):
    """When a statement runs. Tables and columns have their new names before the first stage."""

    QUIET = auto()  # triggers
    DETACH = auto()  # what would be in the way, and what is to be dropped
    LOOSEN = auto()  # NOT NULL
    RENAME = auto()  # constraints, indexes, sequences
    TYPES = auto()
    KEEP = auto()
    CONVERT = auto()
    TYPES_DONE = auto()
    ADD = auto()
    COMPUTE = auto()
    FILL = auto()
    RESTORE = auto()
    DEFAULT = auto()
    NOT_NULL = auto()
    KEY = auto()
    INDEX = auto()
    CREATE = auto()
    MERGE = auto()
    FOREIGN = auto()
    VALIDATE = auto()
    COMMENT = auto()
    CLEAR = auto()  # types that nothing has any more; what filled rows once may be written with them
    ATTACH = auto()  # what others built on it
    LOUD = auto()


Work: TypeAlias = "Iterator[tuple[Stage, Statement]]"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A column whose values change. `type` and `collation` are those it gets; `moves`: it does not have them yet."""

    table: str
    column: str
    before: Meaning
    after: Meaning
    type: str
    collation: str | None = None
    moves: bool = True
    fill: Fill = field(default_factory=Fill)
    members: Mapping[str, str] = field(default_factory=dict)
    filled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remade:
    """An enum type or a domain that a column needs and that is not there as the model wants it.

    `name` is that of a ColumnState's type, `made` what the type consists of. `live` is the one that has the name now;
    then the new one is called `place` until all columns have it.
    """

    name: str
    made: str
    place: Place
    live: NamedType | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """The steps of one unit in one phase, and the catalogue as it is once tables and columns have their new names."""

    connection: Connection
    unit: UnitPlan
    steps: Sequence[Step]
    catalogue: Catalogue

    def place(self, table: str) -> Place:
        """Where a table is, or will be."""
        relation = self.catalogue.relations.get(table)
        return relation.place if relation else place_in_model(self.unit, table)

    def wanted(self, table: str, column: str) -> ColumnState | None:
        """The column as the model wants it; None if the model does not have it."""
        model = self.unit.wanted.get(table)
        return model.state.column(column) if model else None

    def live(self, table: str, column: str) -> LiveColumn | None:
        """The column as it is; None if it is not there."""
        return self.catalogue.columns.get((table, column))

    def meaning(self, table: str, column: str) -> Meaning:
        """What the column's values meant up to now."""
        record = self.unit.records.get(table)
        known = record.meanings.get(column) if record else None
        if known:
            return known
        shown = self.catalogue.columns[table, column].type
        named = self.catalogue.types.get(shown.removesuffix("[]"))
        return meaning_of_text(f"{shown} {named.made}" if named else shown, "postgresql")

    def is_known(self, table: str, column: str) -> bool:
        """Whether the column belongs to a module, now or once, and not to others."""
        record = self.unit.records.get(table)
        return self.wanted(table, column) is not None or (record is not None and column in record.meanings)

    def module(self, table: str) -> str:
        """The module that the table belongs to, as far as the unit knows."""
        known = self.unit.wanted.get(table) or self.unit.records.get(table)
        return known.module if known else ""

    def key(self, table: str) -> tuple[str, ...]:
        """The names of the primary key's columns, as the table is now."""
        return next((p.columns for p in self.catalogue.parts if p.table == table and p.kind == "p"), ())


def place_in_model(unit: UnitPlan, table: str) -> Place:
    """Where the model has the table."""
    declared = unit.wanted[table].table
    return Place(declared.schema, declared.name)
