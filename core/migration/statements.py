"""What an executor makes of steps: single statements in their order. They are printed by `aha db plan --sql` or run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.migration.meaning import Meaning


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement without parameters, just as the driver gets it. `rows`: it goes through the rows of `table`.

    `remedy` is what the owner is told to do, with the database's own words, if it fails; "" if nothing special.
    """

    text: str
    table: str = ""
    rows: bool = False
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class FillRows:
    """Every row of `table` gets in `column` what a call of `make` returns, one call per row, bound as the model does.

    With `only_null` just those whose column is NULL. `into` is what the column is called meanwhile, "" if that is its
    name: a column whose type changes is filled beside the old one. `key` are the columns by which a row is found where
    it has no number of its own (SQLite's WITHOUT ROWID), as they are now.
    """

    table: str
    column: str
    make: Callable[[], Any]
    only_null: bool = True
    into: str = ""
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreRows:
    """Values of `column` that were kept go back to their rows, found by `key`: see `kept.restore`.

    `wrote` are the SQL literals of what was filled in meanwhile and may be replaced, as NULL may. With `spelled`,
    values get the spelling back that they had before they were converted.
    """

    table: str
    column: str
    key: tuple[str, ...]
    after: Meaning
    wrote: tuple[str, ...] = ()
    spelled: bool = True


@dataclass(frozen=True, slots=True)
class Script:
    """All of one transaction: `before` and `after` run outside of it, on the same connection, even if it failed.

    `check` are queries whose rows mean that the transaction must not be committed: they are compared with what the
    same queries return before the first statement (SQLite's foreign_key_check).
    """

    statements: Sequence[Sql | FillRows | RestoreRows]
    before: Sequence[Sql] = ()
    after: Sequence[Sql] = ()
    check: Sequence[Sql] = ()


Statement: TypeAlias = Sql | FillRows | RestoreRows
