"""Several processes start at once on one database: one migrates, the others wait and find nothing to do."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from aha.testing import running_bot
from core.database import db_engine
from tests.migration.faults.places import survived

STORIES = [
    "releases:releases-1-3",
    "releases:two-modules-tied-by-a-foreign-key-change-together",
    "types:type-text-to-integer-with-others",
    "columns:column-added-not-null-callable-is-called-per-row",
]
COUNTS = [2, pytest.param(8, marks=pytest.mark.faults)]


async def migrations(database):
    """How many migrations the database remembers."""
    async with running_bot(modules=[], database=database), db_engine.connect() as connection:
        return await connection.scalar(text("SELECT count(*) FROM aha_history"))


async def start_at_once(scene, starts, count):
    alone = scene.place.copy(scene.database)
    assert starts.one(alone, scene.modules)["failures"] == {}
    together = scene.place.copy(scene.database)
    for end in starts.all(together, scene.modules, count=count):
        assert (end["status"], end.get("failures"), end.get("error")) == (0, {}, None)
    assert await migrations(together) == await migrations(alone)
    await scene.go_on(together)
    survived(f"{count} processes at once", together)


@pytest.mark.parametrize("count", COUNTS)
async def test_processes_that_start_at_once_migrate_once(scene, starts, count):
    await start_at_once(await scene(STORIES[0]), starts, count)


@pytest.mark.parametrize("count", COUNTS)
async def test_several_processes_may_be_the_first_ones(place, starts, scene, count):
    played = await scene(STORIES[0])
    database = place.empty()
    for end in starts.all(database, played.modules, count=count):
        assert (end["status"], end.get("failures"), end.get("error")) == (0, {}, None)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [2, 8])
@pytest.mark.parametrize("name", STORIES[1:])
async def test_processes_that_start_at_once_migrate_other_changes_once(scene, starts, name, count):
    await start_at_once(await scene(name), starts, count)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("point", [3, 9, 15])
async def test_one_of_them_is_killed_and_another_goes_on(scene, starts, point):
    played = await scene(STORIES[0])
    database = played.place.copy(played.database)
    ends = starts.all(database, played.modules, count=3, point=point, what="kill")
    assert {end["status"] for end in ends} <= {0, -9}
    await played.go_on(database)
