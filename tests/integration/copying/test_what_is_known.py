"""Moving a database to the other kind: what is known of its migrations goes along, and counters go on."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Sequence, Table, Text, text

from core.backup import copy_database
from core.context import entered
from core.database import close_database, db_engine, metadata, open_database
from core.migration.ledger import records as ledger
from tests.integration.copying.bots import fill, rows_of, run, small, start, start_again


async def test_what_had_to_wait_still_waits(urls, release):
    old, new = urls
    await start(old, first := release("demo", note=small(Column("size", Integer)), other=small()))
    await fill(first.tables["note"], {"text": "same", "size": 1}, {"text": "same"})
    await close_database()
    strict = (
        Column("id", Integer, primary_key=True),
        Column("text", Text, unique=True),
        Column("size", Integer, nullable=False),
    )
    demo = release("demo", note=strict, other=small())
    await start(old, demo)
    await close_database()
    await copy_database(old, new)
    assert await start(new, demo) == []
    async with db_engine.begin() as connection:
        await connection.execute(text("UPDATE note__demo SET text = text || id, size = id"))
    await start_again(demo)
    with pytest.raises(Exception, match="(?i)unique|not.null"):
        await fill(demo.tables["note"], {"text": "same1"})


async def test_orphans_go_along_and_are_still_told_from_new_ones(urls, release):
    old, new = urls
    await start(old, first := release("demo", a=small(), b=small(Column("a_id", Integer))))
    await fill(first.tables["b"], {"a_id": 99})
    await close_database()
    demo = release("demo", a=small(), b=small(Column("a_id", ForeignKey("a.id"))))
    await start(old, demo)
    await close_database()
    await copy_database(old, new)
    assert await start(new, demo) == []
    with pytest.raises(Exception, match="(?i)foreign key"):
        await fill(demo.tables["b"], {"a_id": 98})


async def test_a_counter_goes_on_after_the_last_number_that_was_ever_given(urls, release):
    old, new = urls
    demo = release("demo", note=small())
    with entered(demo):
        table = Table(
            "strict", metadata, Column("id", Integer, primary_key=True), Column("text", Text), sqlite_autoincrement=True
        )
    await start(old, demo)
    await fill(table, {"text": "a"}, {"text": "b"})
    await close_database()
    await run(old, "DELETE FROM strict__demo WHERE id = 2")
    await copy_database(old, new)
    await start(new, demo)
    await fill(table, {"text": "c"})
    assert [row["id"] for row in await rows_of(table)] == [1, 3]


async def test_the_history_and_the_changes_under_way_are_remembered(urls, release):
    old, new = urls
    await start(old, first := release("demo", note=small(Column("old", Text))))
    await fill(first.tables["note"], {"text": "a", "old": "b"})
    await close_database()
    demo = release("demo", note=small(Column("new", Text, info={"was": "old"})))
    await start(old, demo)
    await close_database()
    await copy_database(old, new)
    await open_database(new)
    async with db_engine.connect() as connection:
        names = await connection.run_sync(lambda c: ledger.records(c, ["aha_schema"]))
        history = await connection.run_sync(lambda c: ledger.history(c, ["aha_history"]))
    assert "old" in names["note__demo"].renamed["new"]
    assert len(history) >= 2
    await close_database()
    # The release before finds its data again.
    back = release("demo", note=small(Column("old", Text)))
    await start(new, back)
    assert await rows_of(back.tables["note"]) == [{"id": 1, "text": "a", "old": "b"}]


async def test_a_sequence_of_the_model_goes_on(sqlite_url, postgres_url, release):
    numbers = Sequence("numbers")
    demo = release("demo", note=(Column("id", Integer, numbers, primary_key=True), Column("text", Text)))
    await start(sqlite_url, demo)
    await fill(demo.tables["note"], {"id": 41, "text": "a"})
    await close_database()
    await copy_database(sqlite_url, postgres_url)
    await start(postgres_url, demo)
    await fill(demo.tables["note"], {"text": "b"})
    assert [row["id"] for row in await rows_of(demo.tables["note"])] == [41, 42]


async def test_kept_values_go_along_and_come_back(urls, release):
    old, new = urls
    await start(old, first := release("demo", note=small()))
    await fill(first.tables["note"], {"text": "not a number"}, {"text": "5"})
    await close_database()
    numbers = Column("id", Integer, primary_key=True), Column("text", Integer)
    await start(old, release("demo", note=numbers))
    await close_database()
    await copy_database(old, new)
    again = release("demo", note=small())
    await start(new, again)
    assert [row["text"] for row in await rows_of(again.tables["note"])] == ["not a number", "5"]


async def test_what_the_migration_wrote_is_still_told_from_what_the_module_did(urls, release):
    old, new = urls
    await start(old, first := release("demo", note=small(Column("old", Text))))
    await fill(first.tables["note"], {"text": "a", "old": "x"}, {"text": "b", "old": "y"}, {"text": "c", "old": "z"})
    await close_database()
    second = release("demo", note=small(Column("new", Text, default="filled", nullable=False)))
    await start(old, second)
    await close_database()
    await run(old, "UPDATE note__demo SET new = 'written' WHERE id = 2")
    await start(old, release("demo", note=small(Column("new", Text))))
    await close_database()
    await run(old, "UPDATE note__demo SET new = NULL WHERE id = 3")
    await start(old, release("demo", note=small(Column("new", Text, default="otherwise", nullable=False))))
    await close_database()
    await copy_database(old, new)
    late = Column("new", Text, default="otherwise", nullable=False, info={"was": "old"})
    third = release("demo", note=small(late))
    await start(new, third)
    assert [row["new"] for row in await rows_of(third.tables["note"])] == ["x", "written", "z"]
