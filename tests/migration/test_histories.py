"""Releases that nobody thought of, in any order: what one of them wrote, it shows whenever it runs again."""

from __future__ import annotations

from contextlib import AsyncExitStack
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.migration.histories import KINDS, History
from tests.migration.story import Put
from tests.migration.theatre import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.migration.histories import Column, Version
    from tests.migration.story import Act

FEW, MANY = range(2), range(100)
CASES = [
    *(("sqlite", seed) for seed in FEW),
    *(pytest.param("sqlite", seed, marks=pytest.mark.stories) for seed in MANY if seed not in FEW),
    *(pytest.param("postgresql", seed, marks=pytest.mark.stories) for seed in MANY if seed % 4 == 0),
]


@pytest.mark.parametrize(("make_database", "seed"), CASES, indirect=["make_database"])
async def test_what_a_release_wrote_it_shows_again(seed: int, make_database: Callable[[], str], tmp_path: Path) -> None:
    random, acts = Random(seed), []
    try:
        async with AsyncExitStack() as stack:
            stage = Stage(make_database(), make_database, tmp_path, stack)
            await follow(History(random).way, stage, random, acts)
    except BaseException as error:
        error.add_note("\n\n".join(map(repr, acts)))
        raise


async def follow(way: list[Version], stage: Stage, random: Random, acts: list[Act]) -> None:
    """Start one version after the other, each puts in a row; `acts` are added as they happen."""
    written: dict[tuple[int, int], tuple[str, Any]] = {}
    for key, version in enumerate(way, 1):
        acts.append(version.release())
        await stage.play(acts[-1])
        for row in await stage.bot.rows(version.table):
            compare(row, version, written)
        values = {column: random.choice(KINDS[column.kind][3]) for column in version.columns}
        acts.append(Put(version.table, {"id": key} | {column.name: value for column, value in values.items()}))
        await stage.play(acts[-1])
        written |= {(key, column.ids[0]): (column.kind, value) for column, value in values.items()}


def compare(row: dict[str, Any], version: Version, written: dict[tuple[int, int], tuple[str, Any]]) -> None:
    """The row shows what was written into it under the type that each column has."""
    for column in version.columns:
        kind, value = next((written[at] for at in places(row, column) if at in written), (None, None))
        if kind == column.kind:
            assert row[column.name] == value, f"{column.name} of {row['id']}"


def places(row: dict[str, Any], column: Column) -> list[tuple[int, int]]:
    """Where the value may have been written, the nearest first."""
    return [(row["id"], number) for number in column.ids]
