"""kill -9 before and after every statement of a migration: no row is lost, and the next start does it all."""

from __future__ import annotations

import signal

import pytest

from tests.migration.faults.places import survived

# A change of each kind, and those that do many things at once.
STORIES = [
    "releases:releases-1-3",
    "releases:renamed-converted-checked-indexed-and-not-null-at-once",
    "releases:releases-3-1-3",
    "releases:two-modules-tied-by-a-foreign-key-change-together",
    "constraints:foreign-key-added-with-orphans",
    "keys:key-type-changed-and-children-follow",
    "keys:key-with-autoincrement-never-gives-a-number-twice",
    "renames:table-renamed-declared-a-release-late",
    "renames:module-renamed-with-indexes-enums-and-children",
    "enums:enum-native-members-renamed-added-and-removed-at-once",
    "shifted_names:enum-native-members-exchange-their-names-there-and-back",
    "shifted_names:enum-plain-members-renamed-in-a-chain-there-and-back",
    "types:type-text-to-integer-with-others",
    "constraints:unique-added-and-on-start-removes-duplicates",
    "callbacks:on-start-splits-a-column-in-two",
    "callbacks:on-start-once-does-its-work-once-per-database",
    "columns:column-removed-and-taken-up-again-with-another-type",
    "others:view-survives",
]


async def kill_at_each(scene, starts, *, parts):
    """Kill a start at every point of the change, or at about `parts` of them."""
    copy = scene.place.copy(scene.database)
    end = starts.one(copy, scene.modules)
    assert end["status"] == 0
    assert "error" not in end, end
    points = end["points"]
    assert points >= 4
    for point in range(1, points + 1, max(1, points // parts) if parts else 1):
        database = scene.place.copy(scene.database)
        assert starts.one(database, scene.modules, point=point, what="kill") == {"status": -signal.SIGKILL}, point
        try:
            await scene.go_on(database)
        except BaseException as error:
            error.add_note(f"after kill -9 at point {point} of {points}")
            raise
        scene.place.drop(database)
        survived("kill -9", database)


async def test_killed_at_some_points(scene, starts):
    await kill_at_each(await scene(STORIES[0]), starts, parts=3)


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", STORIES)
async def test_killed_before_and_after_every_statement(scene, starts, name):
    await kill_at_each(await scene(name), starts, parts=None)


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", STORIES[:3])
async def test_killed_again_and_again_until_it_is_through(scene, starts, name):
    played = await scene(name)
    database = played.place.copy(played.database)
    for point in range(1, 400):
        end = starts.one(database, played.modules, point=point, what="kill")
        if end["status"] == 0:
            break
        assert end == {"status": -signal.SIGKILL}
        survived("kill -9", database)
    assert end["status"] == 0
    await played.go_on(database)
