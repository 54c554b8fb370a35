"""What a database shows of a table, as values that are equal when the tables are. It runs no SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class ColumnState:
    """A column. `type`, `default` and `computed` are texts as the database itself writes them.

    `default` None means no server default; that a column numbers itself by a sequence of its own (PostgreSQL's SERIAL)
    is the default "serial". `computed` ends in STORED or VIRTUAL; `identity` is PostgreSQL's GENERATED ... AS IDENTITY.
    """

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    computed: str | None = None
    identity: str | None = None
    collation: str | None = None
    comment: str | None = None


class ConstraintKind(StrEnum):
    """The kinds of constraints that a table may have."""

    PRIMARY = "PRIMARY KEY"
    UNIQUE = "UNIQUE"
    FOREIGN = "FOREIGN KEY"
    CHECK = "CHECK"
    EXCLUDE = "EXCLUDE"


@dataclass(frozen=True, slots=True)
class ConstraintState:
    """A constraint. Two with the same `kind` and `definition` demand the same of the rows.

    `columns` are the table's own columns that it names. `definition` is the normalised text of the whole constraint
    without its name, ready to stand in DDL: `FOREIGN KEY(user) REFERENCES user__m (id) ON DELETE CASCADE`.
    `name` is None for one that has no name (SQLite). `target` and `target_columns` say what a foreign key refers to.
    `validated` is False for one that PostgreSQL enforces for new rows only.
    """

    kind: ConstraintKind
    columns: tuple[str, ...]
    definition: str
    name: str | None = None
    target: str | None = None
    target_columns: tuple[str, ...] = ()
    validated: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class IndexState:
    """An index that is none of a constraint. `definition` is normalised, without its name and its table's name.

    `columns` are the table's columns that it names anywhere, also in an expression or its WHERE. `sql` is the
    statement that made it, for making it again.
    """

    name: str
    columns: tuple[str, ...]
    definition: str
    unique: bool = False
    sql: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class TableState:
    """A table, its columns in their order. `name` is the name on disk, `schema.name` where a schema was given.

    `options` are those that its rows depend on: AUTOINCREMENT, WITHOUT ROWID, STRICT on SQLite.
    """

    name: str
    columns: tuple[ColumnState, ...]
    constraints: tuple[ConstraintState, ...] = ()
    indexes: tuple[IndexState, ...] = ()
    comment: str | None = None
    options: tuple[str, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The names of the columns of the primary key; empty if there is none."""
        return next((c.columns for c in self.constraints if c.kind is ConstraintKind.PRIMARY), ())

    def column(self, name: str) -> ColumnState | None:
        """The column of that name, None if there is none."""
        return next((column for column in self.columns if column.name == name), None)


def is_tied(table: TableState, column: str, others: Iterable[TableState]) -> bool:
    """Whether the column belongs to the primary key or to a foreign key, or one of `others` refers to it."""
    keys = (ConstraintKind.PRIMARY, ConstraintKind.FOREIGN)
    if any(c.kind in keys and column in c.columns for c in table.constraints):
        return True
    return any(c.target == table.name and column in c.target_columns for other in others for c in other.constraints)
