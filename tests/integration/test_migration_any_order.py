"""Releases in any order: what was written is there again wherever a release has the column, in the form it can take.

A table's history is drawn, columns renamed, dropped, retyped and added from release to release; then releases are
started in any order, each writing a row. What must be found is told by a model that knows nothing of migrations.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from core.database import close_database, db_engine, open_database
from tests.planned_releases import Releases

if TYPE_CHECKING:
    from sqlalchemy import Connection

TEXTS = [None, "7", "-3", "007", "x", ""]
NUMBERS = [None, 0, 7, -3]


@dataclass(frozen=True)
class Kept:
    """A column of one release. `key` says which column of another release it is."""

    key: int
    name: str
    is_number: bool = False
    was: tuple[str, ...] = ()


@dataclass
class History:
    """The releases of a table, each with its columns."""

    releases: list[list[Kept]] = field(default_factory=lambda: [[Kept(0, "a"), Kept(1, "b"), Kept(2, "c")]])
    names: int = 0

    def next(self, draw: Any) -> None:
        columns: list[Kept] = []
        for column in self.releases[-1]:
            change = draw(st.sampled_from(["stay", "stay", "rename", "retype", "both", "drop"]))
            after = column
            if change in ("rename", "both"):
                after = replace(after, name=self.fresh(), was=(column.name, *column.was))
            if change in ("retype", "both"):
                after = replace(after, is_number=not column.is_number)
            if change != "drop":
                columns.append(after)
        if draw(st.booleans()):
            columns.append(Kept(100 + self.names, self.fresh()))
        self.releases.append(columns)

    def fresh(self) -> str:
        self.names += 1
        return f"n{self.names}"


@st.composite
def stories(draw: Any) -> tuple[History, list[tuple[int, list[Any]]]]:
    """A history, and which release is started when, with what its row has in each column."""
    history = History()
    for _ in range(draw(st.integers(1, 3))):
        history.next(draw)
    starts = draw(st.lists(st.integers(0, len(history.releases) - 1), min_size=2, max_size=5))
    written = [
        [draw(st.sampled_from(NUMBERS if column.is_number else TEXTS)) for column in history.releases[start]]
        for start in starts
    ]
    return history, list(zip(starts, written, strict=True))


def declared(columns: list[Kept], metadata: MetaData) -> Table:
    made = (Column(c.name, Integer if c.is_number else String, info={"was": list(c.was)}) for c in columns)
    return Table("t__m", metadata, Column("id", Integer, primary_key=True), *made)


def shown(value: Any, *, is_number: bool) -> Any:
    """What a value that was once written looks like in a column of this type; None if it cannot be there."""
    if value is None or not is_number:
        return value if value is None else str(value)
    return int(value) if str(value) in {"0", "7", "-3"} else None


def play(connection: Connection, history: History, starts: list[tuple[int, list[Any]]]) -> None:
    releases = Releases(connection)
    rows: dict[int, dict[int, Any]] = {}
    for number, (start, values) in enumerate(starts, 1):
        columns = history.releases[start]
        releases.start(lambda metadata, columns=columns: declared(columns, metadata))
        table = declared(columns, MetaData())
        found = {row.id: row[1:] for row in connection.execute(select(table))}
        assert found == {
            row: tuple(shown(known.get(column.key), is_number=column.is_number) for column in columns)
            for row, known in rows.items()
        }
        named = {column.name: value for column, value in zip(columns, values, strict=True)}
        connection.execute(insert(table), [{"id": number, **named}])
        connection.commit()
        rows[number] = {column.key: value for column, value in zip(columns, values, strict=True)}


@settings(max_examples=25)
@given(story=stories())
async def test_values_are_found_again_in_whatever_order_releases_run(story: Any) -> None:
    history, starts = story
    await open_database("sqlite://")
    try:
        async with db_engine.connect() as connection:
            await connection.run_sync(play, history, starts)
    finally:
        await close_database()
