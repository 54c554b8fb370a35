"""The server goes away in the middle of a migration: nothing is lost, and when it is there again the change is made."""

from __future__ import annotations

import asyncio

import pytest

from aha.testing.databases import Postgres
from tests.migration.faults.places import Scene, Server, survived
from tests.migration.scenarios import releases

[STORY] = [story for story in releases.STORIES if story.name == "releases-1-3"]


async def disconnect_at_each(scene, starts, *, parts):
    """Let the server end the connection at every point of the change, or at about `parts` of them."""
    points = starts.one(scene.place.copy(scene.database), scene.modules)["points"]
    for point in range(1, points + 1, max(1, points // parts) if parts else 1):
        database = scene.place.copy(scene.database)
        end = starts.one(database, scene.modules, point=point, what="disconnect")
        assert end["status"] == 0, (point, end)
        try:
            await scene.go_on(database)
        except BaseException as error:
            error.add_note(f"after the server ended the connection at point {point} of {points}: {end}")
            raise
        scene.place.drop(database)
        survived("connection ended by the server", database)


@pytest.mark.parametrize("parts", [3, pytest.param(None, marks=[pytest.mark.faults, pytest.mark.timeout(3600)])])
async def test_connection_ended_by_the_server(starts, postgres, tmp_path, parts):
    place = Server(postgres)
    try:
        await disconnect_at_each(await Scene(STORY, place, tmp_path).begin(), starts, parts=parts)
    finally:
        place.close()


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.95])
async def test_server_that_crashes_in_the_middle(starts, own_postgres, tmp_path, share):
    info = own_postgres.get_postmaster_info()
    postgres = Postgres(f"postgresql://postgres@/postgres?host={info.socket_dir}")
    place = Server(postgres)
    scene = await Scene(STORY, place, tmp_path).begin()
    points = starts.one(place.copy(scene.database), scene.modules)["points"]
    postgres.execute("CHECKPOINT")
    point = max(1, int(points * share))
    end = starts.one(scene.database, scene.modules, point=point, what="stop", server=info.pid)
    assert end["status"] == 0
    while info.is_running():
        await asyncio.sleep(0)
    own_postgres.ensure_postgres_running()
    postgres = Postgres(postgres.url)
    scene.place.postgres = postgres
    await scene.go_on(scene.database)
    survived("server crashed", scene.database)
    postgres.close()
