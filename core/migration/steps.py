"""The steps that a migration is made of, as values. Which are taken is decided in `plan`, how in the executors."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.migration.meaning import Meaning
    from core.migration.state import ConstraintState, IndexState


class Phase(StrEnum):
    """When a step is taken: before any code of the module sees the database, or after its on_start."""

    EXPAND = "expand"
    SETTLE = "settle"


class Verdict(StrEnum):
    """What becomes of a step. REPORT: it is taken, and the owner should know what it did to rows."""

    APPLY = "apply"
    REPORT = "report"
    POSTPONE = "postpone"
    REFUSE = "refuse"


class Source(StrEnum):
    """Where the value comes from that existing rows get in a column."""

    NOTHING = "nothing"
    SERVER = "server default"
    VALUE = "default"
    CALLABLE = "default, called per row"


@dataclass(frozen=True, slots=True)
class Fill:
    """What existing rows get. `sql` is the literal or expression for SERVER and VALUE, `make` the call for CALLABLE.

    `usual` is the literal of what `make` returned each time that it was tried; None if that was not always the same.
    """

    source: Source = Source.NOTHING
    sql: str | None = None
    make: Callable[[], Any] | None = None
    usual: str | None = None

    @property
    def written(self) -> str | None:
        """What a row that was filled holds, as a literal, so that it is told from what was written since."""
        return self.sql if self.sql is not None else self.usual


@dataclass(frozen=True, slots=True)
class CreateTable:
    """The table is not there. The foreign keys `without` which it is made are added when what they refer to allows."""

    table: str
    without: tuple[ConstraintState, ...] = ()


@dataclass(frozen=True, slots=True)
class RenameTable:
    """The table is there under its old name `old`."""

    table: str
    old: str


@dataclass(frozen=True, slots=True)
class MergeTable:
    """The table is there, and so is the one of its old name: rows with keys it does not have are copied. `old` stays.

    `columns` maps the table's columns to those of `old` that they come from, `members` by column the stored names of
    renamed enum members, old to new.
    """

    table: str
    old: str
    columns: Mapping[str, str]
    members: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetireTable:
    """The model no longer has the table: it stays, unused."""

    table: str


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """The column is there under its old name `old`."""

    table: str
    column: str
    old: str


@dataclass(frozen=True, slots=True)
class AddColumn:
    """The column is not there; existing rows get `fill`. With `nullable` it may be NULL, whatever the model says.

    With `plain` it is not computed, as the model wants it, but empty: it cannot be computed yet.
    """

    table: str
    column: str
    fill: Fill
    nullable: bool
    plain: bool = False


@dataclass(frozen=True, slots=True)
class RetireColumn:
    """The model no longer has the column: it stays, unused, and may be NULL from now on."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class FillColumn:
    """Rows whose column is NULL get `fill`."""

    table: str
    column: str
    fill: Fill


@dataclass(frozen=True, slots=True)
class FillFromOld:
    """Rows whose column is NULL, or still holds one of the SQL literals `wrote`, get the value of `old`, converted.

    `members` maps the stored names of renamed enum members, old to new. With `stale`, what the column holds is of a
    release before there was `old`: it makes room and is kept.
    """

    table: str
    column: str
    old: str
    wrote: tuple[str, ...]
    before: Meaning
    after: Meaning
    members: Mapping[str, str] = field(default_factory=dict)
    stale: bool = False


@dataclass(frozen=True, slots=True)
class ConvertColumn:
    """The column changes its type or meaning. Values that cannot follow are kept; their rows get `fill`, else NULL.

    `members` maps the stored names of renamed enum members, old to new. `wrote` are the SQL literals that
    migrations once filled the column with, as they are after the conversion. `filled` are the same as they are before:
    where one stands for a value that is kept already, it is not kept itself.
    """

    table: str
    column: str
    before: Meaning
    after: Meaning
    fill: Fill
    members: Mapping[str, str]
    wrote: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreKept:
    """Values of the column that were kept fit it again and go back to their rows.

    These are rows whose column is NULL or holds one of `wrote`, SQL expressions of the column's new type. With
    `spelled` also rows whose values were converted, but come back in another spelling.
    """

    table: str
    column: str
    after: Meaning
    wrote: tuple[str, ...] = ()
    spelled: bool = True


@dataclass(frozen=True, slots=True)
class AlterColumn:
    """The column gets what the model says of `what`: "default", "comment", "computed", "identity" or "collation".

    With `plain`, what is "computed" is a plain and empty column for now.
    """

    table: str
    column: str
    what: str
    plain: bool = False


@dataclass(frozen=True, slots=True)
class SetNullable:
    """The column may be NULL from now on, or may not."""

    table: str
    column: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class AddConstraint:
    """The constraint is not there. A primary key is one too. `validate` False: enforced for new rows only."""

    table: str
    constraint: ConstraintState
    validate: bool = True


@dataclass(frozen=True, slots=True)
class ValidateConstraint:
    """The constraint is there and enforced for new rows; the old ones are said to keep it, too."""

    table: str
    constraint: ConstraintState


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """The constraint is ours and no longer in the model, or it names a column that is unused now."""

    table: str
    constraint: ConstraintState


@dataclass(frozen=True, slots=True)
class RenameConstraint:
    """The constraint `old` demands what the model's `new` does and has another name."""

    table: str
    old: ConstraintState
    new: ConstraintState


@dataclass(frozen=True, slots=True)
class AddIndex:
    """The index is not there."""

    table: str
    index: IndexState


@dataclass(frozen=True, slots=True)
class DropIndex:
    """The index is ours and no longer in the model, or it is unique and names a column that is unused now."""

    table: str
    index: IndexState


@dataclass(frozen=True, slots=True)
class CommentTable:
    """The table gets the model's comment."""

    table: str


@dataclass(frozen=True, slots=True)
class ChangeOptions:
    """The table gets the model's options (AUTOINCREMENT, WITHOUT ROWID, STRICT)."""

    table: str


@dataclass(frozen=True, slots=True)
class PruneTable:
    """The owner had the table removed, which no module used: such steps are in no plan, but in the history."""

    table: str


@dataclass(frozen=True, slots=True)
class PruneColumn:
    """The owner had the column removed, which no module used."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class PruneKept:
    """The owner had the kept values of the column removed."""

    table: str
    column: str


Step: TypeAlias = (
    CreateTable
    | RenameTable
    | MergeTable
    | RetireTable
    | RenameColumn
    | AddColumn
    | RetireColumn
    | FillColumn
    | FillFromOld
    | ConvertColumn
    | RestoreKept
    | AlterColumn
    | SetNullable
    | AddConstraint
    | ValidateConstraint
    | DropConstraint
    | RenameConstraint
    | AddIndex
    | DropIndex
    | CommentTable
    | ChangeOptions
    | PruneTable
    | PruneColumn
    | PruneKept
)

KINDS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(Step)}
"""The kinds of steps by their names."""


RAISES = "/* raises */"


@dataclass(frozen=True, slots=True)
class Planned:
    """A step with its verdict: `rows` existing rows are concerned, `keys` are those of a few of them.

    For POSTPONE and REFUSE these are the rows that stand in the way; for a conversion `kept` of the rows are kept.
    `remedy` is a key of the report's texts, "" if there is nothing to be done. `probe` of what is postponed is a query
    whose one value is how many rows stand in the way: it is asked again at every start, and 0 means to plan anew. One
    that starts with RAISES fails as long as rows stand in the way.
    """

    step: Step
    phase: Phase
    verdict: Verdict = Verdict.APPLY
    rows: int = 0
    kept: int = 0
    keys: tuple[str, ...] = ()
    remedy: str = ""
    probe: str = ""
