"""What a module is told of its migration, and can read of what was before it."""

from __future__ import annotations

import pytest

from core.context import entered
from core.database import db_engine, migrating, old_table
from core.migration.start import expand, settle
from tests.integration.migration_start.releases import plain, short, start, wider
from tests.open_database import run

pytestmark = pytest.mark.usefixtures("forgets")


async def test_a_module_is_told_of_its_migration_until_its_on_start_succeeds(database, release):
    await start(release("demo", note=plain))
    demo = release("demo", note=short)
    await expand([demo])
    for _ in range(2):  # the module's on_start failed: settle was not called
        await expand([demo])
        with entered(demo):
            told = migrating()
        assert list(told.old["note"]) == ["id", "text"]
        assert list(told.new["note"]) == ["id"]
    await settle([demo])
    for _ in range(2):
        with entered(demo):
            assert migrating() is None
        await start(demo)


async def test_a_second_release_goes_on_from_where_the_first_began(database, release):
    await start(release("demo", note=plain))
    await expand([release("demo", note=wider)])
    demo = release("demo", note=wider, more=plain)
    await expand([demo])
    with entered(demo):
        told = migrating()
    assert list(told.old) == ["note"]
    assert list(told.old["note"]) == ["id", "text"]
    assert list(told.new) == ["note", "more"]


@pytest.mark.parametrize("tables", [{}, {"other": plain}], ids=["new", "with others"])
async def test_a_module_with_new_tables_only_is_told_nothing(database, release, tables):
    demo = release("demo", note=plain)
    await expand([demo, *(release(name, note=columns) for name, columns in tables.items())])
    with entered(demo):
        assert migrating() is None


async def test_what_a_release_removed_can_be_read_at_each_start(database, release):
    await start(release("demo", note=plain, pet=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')", "INSERT INTO pet__demo VALUES (1, 'Tom')")
    demo = release("demo", note=short)
    for _ in range(2):
        await expand([demo])
        with entered(demo):
            note, pet = old_table("note"), old_table("pet")
        async with db_engine.connect() as connection:
            assert (await connection.execute(note.select())).all() == [(1, "hello")]
            assert (await connection.execute(pet.select())).all() == [(1, "Tom")]
        await settle([demo])
