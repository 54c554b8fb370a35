"""Values that a start kept because they could not follow: a module can read them, and they come back."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer

from core.database import db_engine, kept_values
from core.migration.ledger import records as ledger
from core.migration.steps import RestoreKept
from core.migration.upkeep.preview import plan_only
from core.migration.upkeep.put_back import put_back
from models.exc import DatabaseError
from tests.integration.migration_start.releases import columns_of, moment, number, plain, start, steps
from tests.open_database import rows, run

pytestmark = pytest.mark.usefixtures("forgets")


async def test_what_the_owner_puts_back_in_another_spelling_is_still_kept(database, release):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'soon')")
    await start(release("demo", note=moment))
    await run("UPDATE aha_kept SET value = '2023-11-14T22:13:20Z'")
    ((_, went_back, still_kept),) = await put_back()
    assert (went_back, still_kept) == (1, 1)
    await start(release("demo", note=plain))
    assert await rows("SELECT id, text FROM note__demo") == [(1, "2023-11-14T22:13:20Z")]
    assert await put_back() == []


@pytest.mark.parametrize("known", [True, False], ids=["recorded", "record-lost"])
async def test_values_that_an_older_aha_kept_come_back(database, release, known):
    """Its table had neither `via` nor `stale`; `aha db plan` and `aha db kept` may be asked before the first start."""
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, '5'), (2, 'five')")
    await start(release("demo", note=number))
    await run("ALTER TABLE aha_kept DROP COLUMN via", "ALTER TABLE aha_kept DROP COLUMN stale")
    if not known:
        await run("DELETE FROM aha_schema WHERE name = 'aha_kept'")
    demo = release("demo", note=plain)
    (kept,) = await kept_values(demo.tables["note"])
    assert (kept.value, kept.via, kept.stale) == ("five", None, None)
    with pytest.raises(DatabaseError, match="aha db migrate"):
        await put_back()
    assert ("RestoreKept", "report") in steps((await plan_only([demo])).units)
    await start(demo)
    assert {"via", "stale"} <= set(await columns_of("aha_kept"))
    assert await rows("SELECT id, text FROM note__demo ORDER BY id") == [(1, "5"), (2, "five")]
    assert await kept_values(demo.tables["note"]) == []


async def test_a_start_says_how_many_values_really_went_back(database, release, monkeypatch):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, '5'), (2, 'five')")
    await start(release("demo", note=number))
    monkeypatch.setattr("core.migration.kept.values.fits", lambda *_, **__: 7)
    units = await start(release("demo", note=plain))
    assert [p.rows for unit in units for p in unit.steps if isinstance(p.step, RestoreKept)] == [1]
    assert [s["rows"] for s in await last_steps() if s["step"] == "RestoreKept"] == [1]


async def last_steps():
    async with db_engine.connect() as connection:
        return await connection.run_sync(lambda c: ledger.history(c, ["aha_history"])[-1].steps)


async def test_a_module_can_read_what_was_kept_of_its_values(database, release):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, '5'), (2, 'five')")
    demo = release("demo", note=lambda: (Column("id", Integer, primary_key=True), Column("text", Integer)))
    await start(demo)
    (kept,) = await kept_values(demo.tables["note"])
    assert (kept.column, kept.key, kept.value) == ("text", {"id": 2}, "five")
    assert await rows("SELECT * FROM note__demo ORDER BY id") == [(1, 5), (2, None)]
