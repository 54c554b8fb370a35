"""A change of tables from one release to the next, in tests: with its rows, what is planned, and what is found then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from core.database import db_engine
from tests.planned_releases import Releases

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection


def table(*parts: Any, name: str = "t__m", **kw: Any) -> Callable[[MetaData], Table]:
    """A table of the model; a part is a function, or a column as (name, type, ..., {options})."""
    return lambda metadata: Table(name, metadata, *map(_part, parts), **kw)


def _part(given: Any) -> Any:
    if not isinstance(given, tuple):
        return given()
    options = given[-1] if isinstance(given[-1], dict) else {}
    name, *rest = (part for part in given if not isinstance(part, dict))
    return Column(name, *(part if isinstance(part, type) or not callable(part) else part() for part in rest), **options)


ID = ("id", Integer, {"primary_key": True})
STRICT = {"nullable": False}


@dataclass(frozen=True)
class Story:
    """Releases of tables; `rows` are written under the first one.

    `planned` are the steps of the second one, `found` the rows that `query` finds then. `mended` makes room for what
    had to wait; another start then leaves nothing to wait for.
    """

    id: str
    releases: Sequence[Sequence[Callable[[MetaData], Table]]]
    rows: Sequence[str]
    planned: Sequence[str]
    query: str
    found: Sequence[tuple[Any, ...]]
    mended: Sequence[str] = field(default=())
    only: str = ""


async def play(database: str, story: Story) -> None:
    """Let both releases start, compare, make room for what waits, and start again: nothing is left to be done."""
    if not database.startswith(story.only):
        pytest.skip("the other database does not have this")
    async with db_engine.connect() as connection:
        planned, found, left = await connection.run_sync(_start, story)
    lines = {line.replace("'5'", "5") for line in planned if not line.startswith("apply RenameConstraint")}
    assert lines == set(story.planned)
    assert found == [*story.found]
    assert left == []


def _start(connection: Connection, story: Story) -> tuple[list[str], list[tuple[Any, ...]], list[str]]:
    releases = Releases(connection)
    first, second = story.releases
    releases.start(*first)
    for statement in story.rows:
        connection.exec_driver_sql(statement)
    connection.commit()
    planned = releases.start(*second)
    found = [tuple(row) for row in connection.exec_driver_sql(story.query)]
    for statement in story.mended:
        connection.exec_driver_sql(statement)
    connection.commit()
    releases.start(*second)
    return planned, found, releases.start(*second)
