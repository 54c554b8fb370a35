"""A module that cannot be migrated is off, with its data as it was, and costs no other anything."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, event

from core.context import entered
from core.database import db_engine, metadata
from core.migration.start import expand
from tests.integration.migration_start.releases import columns_of, plain, start, strange, wider
from tests.open_database import rows, run

pytestmark = pytest.mark.usefixtures("forgets")


async def test_a_module_that_cannot_be_compared_is_off_and_costs_no_other_anything(database, release):
    good, bad, late = release("good", t=plain), release("bad", t=strange), release("late")
    with entered(late):
        Table("t", metadata, Column("id", ForeignKey("t__good.id"), primary_key=True))
    outcome = await expand([bad, late, good])
    assert list(outcome.failures) == [bad]
    assert "t__bad" in str(outcome.failures[bad])
    assert set(await columns_of("t__late")) == {"id"}


async def test_a_unit_that_fails_is_rolled_back_and_the_others_go_on(database, release, monkeypatch):
    await start(release("bad", note=plain), release("good", note=plain))
    await run("INSERT INTO note__bad VALUES (1, 'hello')")

    def fails(*args):
        if "note__bad" in args[2] and "ALTER TABLE" in args[2]:
            raise RuntimeError("no such luck")

    event.listen(db_engine.sync_engine, "before_cursor_execute", fails)
    bad, good = release("bad", note=wider), release("good", note=wider)
    outcome = await expand([bad, good])
    assert list(outcome.failures) == [bad]
    assert "no such luck" in str(outcome.failures[bad])
    assert set(await columns_of("note__bad")) == {"id", "text"}
    assert set(await columns_of("note__good")) == {"id", "text", "size"}
    event.remove(db_engine.sync_engine, "before_cursor_execute", fails)
    await start(bad, good)
    assert set(await columns_of("note__bad")) == {"id", "text", "size"}


async def test_a_plan_that_is_refused_puts_the_module_off_at_each_start(database, release):
    def pair():
        return Column("a", Integer, primary_key=True), Column("b", Integer, primary_key=True)

    def one():
        return Column("a", Integer, primary_key=True), Column("b", Integer)

    await start(release("demo", note=pair))
    await run("INSERT INTO note__demo VALUES (1, 1), (1, 2)")
    demo = release("demo", note=one)
    for _ in range(2):
        outcome = await expand([demo])
        assert "note__demo" in str(outcome.failures[demo])
    assert await rows("SELECT count(*) FROM note__demo") == [(2,)]
    await run("DELETE FROM note__demo WHERE b = 2")
    await start(demo)


async def test_a_backup_that_fails_puts_off_those_who_need_it(database, release):
    made = []

    async def backup():
        made.append(1)
        raise OSError("the disk is full")

    await start(release("old", note=plain), release("empty", note=plain))
    await run("INSERT INTO note__old VALUES (1, 'hello')")
    old, empty, new = release("old", note=wider), release("empty", note=wider), release("new", note=plain)
    outcome = await expand([old, empty, new], backup=backup)
    assert list(outcome.failures) == [old]
    assert "no backup could be made before: the disk is full" in str(outcome.failures[old])
    assert made == [1]
    assert set(await columns_of("note__old")) == {"id", "text"}


async def test_a_backup_is_made_once_and_before_anything_is_changed(database, release):
    seen = []

    async def backup():
        seen.append((set(await columns_of("note__one")), set(await columns_of("note__two"))))

    await start(release("one", note=plain), release("two", note=plain))
    await run("INSERT INTO note__one VALUES (1, 'hello')", "INSERT INTO note__two VALUES (1, 'hello')")
    await start(release("one", note=wider), release("two", note=wider), backup=backup)
    assert seen == [({"id", "text"}, {"id", "text"})]
