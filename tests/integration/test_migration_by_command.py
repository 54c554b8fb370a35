"""What an owner does with a database by command: see whose all is, remove what is unused, put kept values back."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Enum, ForeignKey, Integer, String, Table, Text

from core.context import entered
from core.database import db_engine, metadata
from core.migration.ledger import records as ledger
from core.migration.start import expand, settle
from core.migration.upkeep import inventory
from core.migration.upkeep.inventory import Left, Owned
from core.migration.upkeep.preview import plan_only
from core.migration.upkeep.prune import prune
from core.migration.upkeep.put_back import put_back
from models.exc import DatabaseError
from tests.open_database import rows, run

pytestmark = pytest.mark.usefixtures("database", "forgets")

ROWS = "INSERT INTO note__demo VALUES (1, 'seven', 'a'), (2, '8', NULL)"


@pytest.fixture
def release(module):
    """Starts a release of module demo with these tables: name -> columns besides the key."""
    running = []

    async def start(name="demo", **tables):
        while running:
            running.pop().drop()
        running.append(record := module(name))
        with entered(record):
            for table, columns in tables.items():
                Table(table, metadata, Column("id", Integer, primary_key=True), *columns)
        assert not (await expand([record])).failures
        assert not (await settle([record])).failures
        return record

    return start


async def ask(read, *arguments):
    async with db_engine.connect() as connection:
        return await connection.run_sync(read, *arguments)


@pytest.fixture
async def changed(release):
    """A database whose module has let go of a column and a table, and changed the type of a column."""
    await release(note=[Column("text", Text), Column("nick", String(9))], old=[Column("n", Integer)])
    await run(ROWS, "INSERT INTO old__demo VALUES (1, 5)")
    return await release(note=[Column("text", Integer)])


async def test_owners_are_told_for_every_table_also_those_that_nobody_of_ours_made(changed):
    await run("CREATE TABLE foreign_one (x INTEGER)")
    found = await ask(inventory.owners)
    assert [owned for owned in found if owned.module != ""] == [
        Owned("note__demo", "demo", used=True, rows=2),
        Owned("old__demo", "demo", used=False, rows=1),
        Owned("foreign_one", None, used=True, rows=0),
    ]
    assert {owned.table for owned in found if owned.module == ""} >= {"aha_schema", "aha_kept"}


async def test_what_is_unused_are_tables_and_columns_with_their_values_counted(changed):
    found = await ask(inventory.unused, {"demo"})
    assert found == [Left("demo", "note__demo", "nick", 1), Left("demo", "old__demo", None, 1)]
    assert [left.name for left in found] == ["note__demo.nick", "old__demo"]


async def test_all_tables_of_a_module_that_is_gone_are_unused(changed):
    assert await ask(inventory.unused, set()) == [
        Left("demo", "note__demo", None, 2),
        Left("demo", "old__demo", None, 1),
    ]


async def test_kept_values_have_a_name_of_their_own(changed):
    [left] = await ask(inventory.kept)
    assert (left.name, left.rows) == ("kept:note__demo.text", 1)


async def test_what_is_pruned_is_gone_from_tables_and_ledger_and_stands_in_the_history(changed):
    await prune([*await ask(inventory.unused, {"demo"}), *await ask(inventory.kept)])
    assert await ask(inventory.unused, {"demo"}) == await ask(inventory.kept) == []
    assert await rows("SELECT * FROM note__demo ORDER BY id") == [(1, None), (2, 8)]
    entries = await ask(lambda connection: ledger.history(connection, {"aha_history"}))
    assert [step["step"] for step in entries[-1].steps] == ["PruneColumn", "PruneTable", "PruneKept"]
    assert (await plan_only([changed])).units == ()


async def test_the_next_start_finds_nothing_to_do_after_a_prune(changed):
    await prune(await ask(inventory.unused, {"demo"}))
    assert (await expand([changed])).units == ()


async def test_only_what_is_named_goes(changed):
    [column, _] = await ask(inventory.unused, {"demo"})
    await prune([column])
    assert [left.name for left in await ask(inventory.unused, {"demo"})] == ["old__demo"]


async def test_a_table_that_rows_of_others_refer_to_is_not_removed_and_no_row_goes(release):
    await release(old=[])
    await run(
        "INSERT INTO old__demo VALUES (1)",
        "CREATE TABLE other (x INTEGER REFERENCES old__demo (id) ON DELETE CASCADE)",
        "INSERT INTO other VALUES (1)",
    )
    await release()
    with pytest.raises(DatabaseError, match="old__demo cannot be removed: rows of other refer to it"):
        await prune(await ask(inventory.unused, {"demo"}))
    assert await rows("SELECT x FROM other") == [(1,)]
    assert len(await ask(inventory.unused, {"demo"})) == 1


async def test_tables_that_refer_to_each_other_go_together(release):
    await release(parent=[], child=[Column("p", Integer, ForeignKey("parent.id"))])
    await run("INSERT INTO parent__demo VALUES (1)", "INSERT INTO child__demo VALUES (1, 1)")
    await release()
    await prune(sorted(await ask(inventory.unused, {"demo"}), key=lambda left: left.name, reverse=True))
    assert await ask(inventory.unused, {"demo"}) == []


@pytest.mark.parametrize("name", ["old__demo", "note__demo.nick"])
async def test_what_a_view_of_others_needs_stays(changed, name):
    await run("CREATE VIEW seen AS SELECT note__demo.nick, old__demo.n FROM note__demo, old__demo")
    [left] = [left for left in await ask(inventory.unused, {"demo"}) if left.name == name]
    with pytest.raises(DatabaseError, match="cannot be removed.*seen.*remove"):
        await prune([left])
    assert len(await ask(inventory.unused, {"demo"})) == 2


async def test_kept_values_go_back_by_command_once_they_fit_and_their_place_is_free(changed):
    assert [(left.name, n, still) for left, n, still in await put_back()] == [("kept:note__demo.text", 0, 1)]
    await run("UPDATE aha_kept SET value = '7' WHERE value = 'seven'")
    assert await put_back("other") == []
    assert [(n, still) for _, n, still in await put_back("demo")] == [(1, 0)]
    assert await rows("SELECT id, text FROM note__demo ORDER BY id") == [(1, 7), (2, 8)]
    entries = await ask(lambda connection: ledger.history(connection, {"aha_history"}))
    assert (entries[-1].phase, entries[-1].steps[0]["step"]) == ("command", "RestoreKept")


async def test_the_type_of_a_pruned_column_goes_with_it_unless_another_needs_it(release):
    mood = Enum("good", "bad", name="mood")
    await release(note=[Column("now", mood), Column("then", mood), Column("text", Text)])
    await release(note=[Column("now", mood), Column("text", Text)])
    await prune(await ask(inventory.unused, {"demo"}))
    await run("INSERT INTO note__demo (id, now) VALUES (1, 'good')")
    await release(note=[Column("text", Text)])
    await prune(await ask(inventory.unused, {"demo"}))
    await release(note=[Column("text", Text), Column("now", Enum("good", "other", name="mood"))])
    await run("INSERT INTO note__demo (id, now) VALUES (2, 'other')")
    assert await rows("SELECT now FROM note__demo ORDER BY id") == [(None,), ("other",)]
