"""A change of a module as a story: releases that start one after the other on one database, and what is seen then.

    Story(
        "column-added-not-null-python-default",
        Release(note("text: str")),
        Put("note", (1, "a")),
        Release(note("text: str", "stars: int = column(default=3)")),
        Rows("note", (1, "a", 3)),
    )

Every release but the first is also started a second time, which has to plan and write nothing, must have lost no row,
and has to leave the tables that a fresh start of it makes, but for what is unused. `theatre` carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.migration.sources import HEADER, module

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


class _Shown:
    """Shows itself as it is written, for the message of a failure."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


class Release(_Shown):
    """The bot starts with these modules: `parts` are those of module notes, `others` those of modules by their names.

    `postponed` says what has to wait, and the keys of the rows in its way; `off` which modules do not run, and what
    their errors say. `deletes`: its on_start deletes rows. `differs`: tables that do not become as fresh ones are.
    """

    def __init__(
        self,
        *parts: str,
        postponed: Mapping[str, Collection[Any]] | None = None,
        off: Mapping[str, str] | None = None,
        deletes: bool = False,
        differs: Collection[str] = (),
        **others: str | Sequence[str],
    ) -> None:
        self.modules: dict[str, str] = {"notes": module(*parts)} if parts else {}
        for name, code in others.items():
            self.modules[name] = module(*([code] if isinstance(code, str) else code))
        self.postponed = postponed or {}
        self.off = off or {}
        self.deletes = deletes
        self.differs = differs

    def __repr__(self) -> str:
        return "\n".join(f"# {name}{code.removeprefix(HEADER)}" for name, code in self.modules.items())


@dataclass(frozen=True, slots=True)
class Again:
    """The last release starts once more; what has to wait and what is off may be others than the last time."""

    postponed: Mapping[str, Collection[Any]] = field(default_factory=dict)
    off: Mapping[str, str] = field(default_factory=dict)


class Put(_Shown):
    """Rows are inserted by the running release: tuples with a value for each column, or dicts with some."""

    def __init__(self, table: str, *rows: tuple[Any, ...] | dict[str, Any]) -> None:
        self.table = table
        self.rows = rows


class Refused(Put):
    """The database refuses each of these rows."""


class Rows(_Shown):
    """All rows of the table, as the running release sees them, in the order of its key."""

    def __init__(self, table: str, *rows: tuple[Any, ...]) -> None:
        self.table = table
        self.rows = rows


class Sql(_Shown):
    """Somebody runs SQL by hand, the same on both databases or other ones."""

    def __init__(self, *both: str, sqlite: Sequence[str] = (), postgresql: Sequence[str] = ()) -> None:
        self.statements = {"sqlite": (*both, *sqlite), "postgresql": (*both, *postgresql)}


class Query(_Shown):
    """What a query returns: rows as tuples, or plain values if it has one column."""

    def __init__(self, sql: str, *expected: Any) -> None:
        self.sql = sql
        self.expected = expected


class Kept(_Shown):
    """Values of a column that are kept, by key, maybe among others; no values means that nothing of it is kept."""

    def __init__(self, column: str, values: Mapping[Any, str] | None = None) -> None:
        self.column = column
        self.values = values or {}


Act: TypeAlias = Release | Again | Put | Rows | Sql | Query | Kept


class Story:
    """What happens, in its order. `name` is the id of the test."""

    def __init__(self, name: str, *acts: Act) -> None:
        self.name = name
        self.acts = acts
