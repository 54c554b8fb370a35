"""A change of a table whose rows say what is possible, and short ways to write one down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Integer, MetaData, String, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def table(*parts: Any, name: str = "t__m", **kw: Any) -> Callable[[MetaData], Table]:
    """A table of the model, to be made on a MetaData of its own for each release."""
    return lambda metadata: Table(name, metadata, *(part() if callable(part) else part for part in parts), **kw)


def ident() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def column(name: str, *args: Any, **kw: Any) -> Callable[[], Column[Any]]:
    return lambda: Column(name, *(arg() if callable(arg) and not isinstance(arg, type) else arg for arg in args), **kw)


def fails() -> int:
    raise RuntimeError("not without an event")


@dataclass(frozen=True)
class Change:
    """A table before and after with its rows, and what is planned: "VERDICT Step what [rows [kept]] [keys]"."""

    id: str
    before: Callable[[MetaData], Table]
    after: Callable[[MetaData], Table]
    rows: Sequence[Mapping[str, Any]]
    planned: Sequence[str]
    others: Sequence[Callable[[MetaData], Table]] = field(default=())


T = table(ident, column("a", String(10)))
AB = ({"id": 1, "a": "x"}, {"id": 2, "a": None}, {"id": 3, "a": "x"})
NUMBERS = ({"id": 1, "a": "7"}, {"id": 2, "a": "no"}, {"id": 3, "a": "007"}, {"id": 4, "a": None})
PARENT = table(ident, name="p__m")
