"""What the database remembers of its migrations is lost, or older than the modules: rows are worth more than memory."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from aha.testing import running_bot
from core.database import db_engine
from tests.migration.faults.places import survived
from tests.migration.faults.test_kill import STORIES
from tests.migration.story import Again, Rows

# What needs no memory. It is not known any more then which members a plain enum had, which foreign key of SQLite was
# never kept by all rows, and what was to be done once only.
FORGETFUL = [
    "releases:releases-1-3",
    "releases:renamed-converted-checked-indexed-and-not-null-at-once",
    "releases:two-modules-tied-by-a-foreign-key-change-together",
    "keys:key-type-changed-and-children-follow",
    "types:type-text-to-integer-with-others",
    "columns:column-added-not-null-python-default",
    "columns:column-removed",
    "constraints:unique-added-with-duplicates",
    "constraints:foreign-key-added-with-orphans",
    "renames:module-renamed",
    "shifted_names:enum-checked-member-renamed-to-the-former-name-of-another",
    "shifted_names:enum-plain-member-renamed-to-the-former-name-of-another",
    "others:view-survives",
]
NEEDS_MEMORY = {"constraints:foreign-key-added-with-orphans", "callbacks:on-start-once-does-its-work-once-per-database"}
UNCHANGED = Rows("note", (1, "low"), (2, "high"), (3, "low"))
AFTERWARDS = [name for name in STORIES if name not in NEEDS_MEMORY]


async def forget(database):
    """Drop every table in which migrations are remembered; what is kept is data, and stays."""
    async with running_bot(modules=[], database=database), db_engine.begin() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        for name in names:
            if name.startswith("aha_") and name != "aha_kept" and "identity" not in name:
                await connection.execute(text(f"DROP TABLE {name} CASCADE" if postgresql() else f"DROP TABLE {name}"))


def postgresql():
    """Whether the database that is open is PostgreSQL."""
    return db_engine.dialect.name == "postgresql"


@pytest.mark.parametrize(
    "name", [FORGETFUL[0], *(pytest.param(name, marks=pytest.mark.faults) for name in FORGETFUL[1:])]
)
async def test_memory_lost_before_the_change(scene, name):
    played = await scene(name)
    await forget(played.database)
    survived("memory lost", played.database)
    await played.go_on(played.database)


@pytest.mark.parametrize(
    "name", [AFTERWARDS[0], *(pytest.param(name, marks=pytest.mark.faults) for name in AFTERWARDS[1:])]
)
async def test_memory_lost_after_the_change(scene, starts, name):
    played = await scene(name)
    starts.one(played.database, played.modules)
    await forget(played.database)
    survived("memory lost", played.database)
    end = starts.one(played.database, played.modules)
    assert (end["failures"], end.get("error")) == ({}, None)
    await played.go_on(played.database)


EXCHANGE = "shifted_names:enum-{}-members-exchange-their-names"


@pytest.mark.parametrize("kind", ["native", pytest.param("plain", marks=pytest.mark.faults)])
async def test_members_exchange_their_names_not_at_all_if_nobody_knows_whether_they_have(scene, kind):
    played = await scene(EXCHANGE.format(kind))
    await forget(played.database)
    survived("memory lost", played.database)
    played.rest = [played.rest[0], UNCHANGED, Again(), UNCHANGED]
    await played.go_on(played.database)


@pytest.mark.parametrize("name", [STORIES[0], *(pytest.param(name, marks=pytest.mark.faults) for name in STORIES[1:])])
async def test_database_restored_from_an_old_backup(scene, name):
    played = await scene(name)
    backup = played.place.copy(played.database)
    await played.go_on(played.database)
    await played.go_on(backup)
    survived("old backup restored", played.database)
