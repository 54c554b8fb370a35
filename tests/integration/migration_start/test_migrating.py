"""What a start does with a database: migrates what has changed, once, and writes down what it did."""

from __future__ import annotations

import pytest
from sqlalchemy import Sequence, inspect, select

from core.context import entered
from core.database import db_engine, metadata
from core.migration.ledger import records as ledger
from core.migration.start import expand
from core.migration.upkeep.preview import plan_only
from tests.integration.migration_start.releases import plain, start, steps, wider
from tests.open_database import rows, run

pytestmark = pytest.mark.usefixtures("forgets")


async def test_the_first_start_makes_all_tables(database, release):
    await start(release("demo", note=plain))
    async with db_engine.connect() as connection:
        names = await connection.run_sync(lambda c: set(inspect(c).get_table_names()))
    assert {"note__demo", "aha_schema", "aha_history", "aha_stamp", "aha_once", "aha_kept"} <= names


async def test_a_release_with_a_new_column_keeps_the_rows(database, release):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    await start(release("demo", note=wider))
    assert await rows("SELECT id, text, size FROM note__demo") == [(1, "hello", None)]


async def test_after_a_migration_there_is_nothing_to_do(database, release):
    await start(release("demo", note=plain, pet=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    new = release("demo", note=wider)
    assert steps((await plan_only([new])).units) == [("AddColumn", "apply"), ("RetireTable", "report")]
    await start(new)
    assert await plan_only([new]) == await expand([new])


async def test_what_was_done_is_in_the_history(database, release):
    await start(release("demo", note=plain))
    await start(release("demo", note=wider))
    async with db_engine.connect() as connection:
        entries = await connection.run_sync(ledger.history, ["aha_history"])
    assert [(entry.modules, entry.phase) for entry in entries] == [
        (("",), "expand"),
        (("demo",), "expand"),
        (("demo",), "expand"),
    ]
    (step,) = entries[-1].steps
    assert (step["step"], step["table"], step["column"], step["verdict"]) == (
        "AddColumn",
        "note__demo",
        "size",
        "apply",
    )
    assert entries[-1].at.tzinfo is not None


async def test_each_table_has_its_owner(database, release):
    await start(release("demo", note=plain))
    async with db_engine.connect() as connection:
        owners = await connection.run_sync(ledger.owners, ["aha_schema"])
    assert owners["note__demo"] == "demo"
    assert owners["aha_schema"] == ""


async def test_a_module_that_was_renamed_finds_its_tables(database, release):
    old = release("old", note=plain)
    await start(old)
    await run("INSERT INTO note__old VALUES (1, 'hello')")
    old.drop()
    await start(release("new", was=("old",), note=plain))
    assert await rows("SELECT * FROM note__new") == [(1, "hello")]


async def test_a_module_says_late_that_it_was_renamed(database, release):
    old = release("old", note=plain)
    await start(old)
    await run("INSERT INTO note__old VALUES (1, 'hello')")
    old.drop()
    await start(release("new", note=plain))
    await start(release("new", was=("old",), note=plain))
    assert await rows("SELECT * FROM note__new") == [(1, "hello")]


async def test_a_sequence_that_no_column_uses_is_made(database, module):
    record = module("demo")
    await start(record)
    with entered(record):
        numbers = Sequence("numbers", metadata=metadata)
    await start(record)
    if database.startswith("postgresql"):
        async with db_engine.connect() as connection:
            assert await connection.scalar(select(numbers.next_value())) == 1


async def test_a_module_that_goes_back_to_its_former_name_takes_its_tables_along(database, release):
    old = release("old", note=plain)
    await start(old)
    await run("INSERT INTO note__old VALUES (1, 'hello')")
    old.drop()
    new = release("new", was=("old",), note=plain)
    await start(new)
    new.drop()
    await start(release("old", note=plain))
    assert await rows("SELECT * FROM note__old") == [(1, "hello")]
