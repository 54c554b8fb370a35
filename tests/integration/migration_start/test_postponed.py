"""What a start cannot do yet is asked about with one query, and done at the start that can."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer

from core.migration.start import expand, settle
from core.migration.upkeep.preview import plan_only
from tests.integration.migration_start.releases import columns_of, plain, priced, required, short, start, steps, unique
from tests.open_database import run

pytestmark = pytest.mark.usefixtures("forgets")


async def test_what_is_postponed_costs_one_query_and_is_done_when_it_can_be(database, release, statements):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'twice'), (2, 'twice')")
    demo = release("demo", note=unique)
    assert steps(await start(demo)) == [("AddConstraint", "postpone")]
    for _ in range(2):
        statements.clear()
        assert await start(demo) == []
        assert len(statements) == 2
    await run("UPDATE note__demo SET text = 'once' WHERE id = 2")
    assert steps(await start(demo)) == [("AddConstraint", "apply")]
    statements.clear()
    await start(demo)
    assert len(statements) == 1


async def test_what_waits_for_values_that_fit_costs_one_query(database, release, statements):
    await start(release("demo", note=priced(10)))
    await run("INSERT INTO note__demo (id, price) VALUES (1, 12345.67)")
    await start(release("demo", note=priced(4)))
    statements.clear()
    await start(release("demo", note=priced(4)))
    assert [sql for sql in statements if "FUNCTION" not in sql and "set_config" not in sql][2:] == []
    await run("UPDATE note__demo SET price = 12.34")
    assert steps(await start(release("demo", note=priced(4)))) == [("ConvertColumn", "apply")]


async def test_on_start_fills_what_the_settling_then_demands(database, release, statements):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    demo = release("demo", note=required)
    outcome = await expand([demo])
    assert steps(outcome.units) == [("AddColumn", "report"), ("SetNullable", "postpone")]
    await run("UPDATE note__demo SET size = 5")
    assert steps((await settle([demo])).units) == [("SetNullable", "apply")]
    assert (await columns_of("note__demo"))["size"] is False
    statements.clear()
    await start(demo)
    assert len(statements) == 1


async def test_a_column_that_is_not_filled_is_asked_about_once_per_start(database, release, statements):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    demo = release("demo", note=required)
    await start(demo)
    statements.clear()
    assert await start(demo) == []
    assert len(statements) == 2


async def test_a_key_that_is_kept_by_all_rows_at_last_is_remembered_so(database, release):
    def owned():
        return Column("id", Integer, primary_key=True), Column("text", Integer, ForeignKey("user.id"))

    def unowned():
        return Column("id", Integer, primary_key=True), Column("text", Integer)

    await start(release("demo", user=short, note=unowned))
    await run("INSERT INTO note__demo VALUES (1, 5)")
    demo = release("demo", user=short, note=owned)
    await start(demo)
    await run("INSERT INTO user__demo VALUES (5)")
    assert steps(await start(demo)) == [("ValidateConstraint", "apply")]
    assert (await plan_only([demo])).units == ()
