"""What a start costs when nothing has changed, or next to nothing: one query, and no backup."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from core.database import db_engine, transition
from core.migration.ledger import stamp
from core.migration.start import expand
from core.migration.upkeep.preview import plan_only
from tests.integration.migration_start.releases import plain, short, start, steps, wider
from tests.open_database import rows, run

pytestmark = pytest.mark.usefixtures("forgets")


async def test_a_start_on_which_nothing_changed_is_one_query(database, release, statements):
    modules = [release(f"m{n}", a=plain, b=wider) for n in range(10)]
    await start(*modules)
    statements.clear()
    assert await start(*modules) == []
    assert len(statements) == 1


async def test_a_module_that_is_off_for_a_while_costs_nothing(database, release, statements):
    one, two = release("one", note=plain), release("two", note=plain)
    await start(one, two)
    for modules in ([one], [one, two], [], [two]):
        statements.clear()
        await start(*modules)
        assert len(statements) == 1


async def test_a_schema_that_others_changed_is_compared_again(database, release):
    demo = release("demo", note=plain)
    await start(demo)
    await run("ALTER TABLE note__demo DROP COLUMN text")
    assert steps(await start(demo)) == [("AddColumn", "apply")]
    assert await start(demo) == []


async def test_what_others_changed_while_a_module_was_off_is_found_when_it_is_on_again(database, release):
    one, two = release("one", note=plain), release("two", note=plain)
    await start(one, two)
    await run("ALTER TABLE note__two DROP COLUMN text")
    assert await start(one) == []
    assert steps(await start(one, two)) == [("AddColumn", "apply")]


async def test_a_table_without_rows_or_changes_needs_no_backup(database, release):
    async def backup():
        raise AssertionError("a backup was made")

    await start(release("demo", note=plain), backup=backup)
    await start(release("demo", note=wider), backup=backup)
    await run("INSERT INTO note__demo VALUES (1, 'hello', 2)")
    await start(release("demo", note=wider, more=plain), backup=backup)


async def test_a_stamp_that_another_process_makes_while_it_is_looked_for_is_read(database, monkeypatch):
    await start()
    async with db_engine.connect() as connection:
        there = (await connection.run_sync(stamp.read))[0]
        hidden = iter([text("SELECT * FROM not_yet")])
        asked = Connection.execute
        monkeypatch.setattr(Connection, "execute", lambda self, query, *args: asked(self, next(hidden, query), *args))
        assert (await connection.run_sync(stamp.read))[0] == there


async def test_what_other_processes_have_written_into_the_stamp_stays(database):
    before = stamp.Stamp(models={"a": "1", "b": "1", "c": "1"}, postponed={"a": ("SELECT 1",)}, live="7")
    theirs = replace(before, models={"a": "1", "b": "2", "c": "1"}, pending={"b": transition.Migration("b", {}, {})})
    ours = replace(before, models={"a": "2", "b": "1"}, postponed={})
    await start()
    async with db_engine.connect() as connection:
        await connection.run_sync(stamp.unsettle, theirs)
        left = await connection.run_sync(lambda c: stamp.write(c, ours, base=before))
    assert left.models == {"a": "2", "b": "2"}
    assert left.postponed == {}
    assert left.pending == theirs.pending


@pytest.mark.parametrize("lost", ["aha_schema", "aha_stamp", "aha_history", "all"])
async def test_a_lost_ledger_is_made_again_and_loses_nothing(database, release, statements, lost):
    demo = release("demo", note=wider)
    await start(demo)
    await run("INSERT INTO note__demo VALUES (1, 'hello', 2)")
    names = ["aha_schema", "aha_stamp", "aha_history", "aha_once", "aha_kept"] if lost == "all" else [lost]
    await run(*(f"DROP TABLE {name}" for name in names))
    await start(demo)
    statements.clear()
    await start(demo)
    assert len(statements) == 1
    await start(release("demo", note=short))
    assert await rows("SELECT id, text, size FROM note__demo") == [(1, "hello", 2)]


async def test_a_stamp_that_cannot_be_read_is_no_reason_to_stop(database, release):
    demo = release("demo", note=plain)
    await start(demo)
    for value in ("", "[]", "{}", json.dumps({"models": 1, "postponed": {}, "unused": {}, "pending": {}})):
        await run(f"UPDATE aha_stamp SET value = '{value}'")
        await start(demo)
    assert await plan_only([demo]) == await expand([demo])
