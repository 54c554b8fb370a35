"""What an executor makes of steps: single statements in their order. They are printed by `aha db plan --sql` or run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement without parameters, just as the driver gets it. `rows`: it goes through the rows of `table`."""

    text: str
    table: str = ""
    rows: bool = False


@dataclass(frozen=True, slots=True)
class FillRows:
    """Every row of `table` gets in `column` what a call of `make` returns, one call per row, bound as the model does.

    With `only_null` just those whose column is NULL.
    """

    table: str
    column: str
    make: Callable[[], Any]
    only_null: bool = True


@dataclass(frozen=True, slots=True)
class Script:
    """All of one transaction: `before` and `after` run outside of it, on the same connection, even if it failed.

    `check` are queries whose rows mean that the transaction must not be committed: they are compared with what the
    same queries return before the first statement (SQLite's foreign_key_check).
    """

    statements: Sequence[Sql | FillRows]
    before: Sequence[Sql] = ()
    after: Sequence[Sql] = ()
    check: Sequence[Sql] = ()


Statement: TypeAlias = Sql | FillRows
