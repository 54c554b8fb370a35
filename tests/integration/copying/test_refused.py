"""Databases that cannot be copied are left as they are, and so is the target; and what is left out is said."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Date, Double, Enum, Integer, Interval, Numeric, String

from core.backup import BackupError, copy_database
from core.database import close_database, db_engine, open_database
from core.migration.schema.read import table_names
from tests.integration.copying.bots import fill, run, small, start
from tests.integration.copying.everything import Mood

BAD = {
    "NUL": ("sqlite", "UPDATE note__demo SET text = 'a' || char(0) WHERE id = 2", r"note__demo.text \(key 2\).*NUL"),
    "not UTF-8": (
        "sqlite",
        "UPDATE note__demo SET text = CAST(x'eda080' AS TEXT) WHERE id = 2",
        r"text \(key 2\).*UTF-8",
    ),
    "too large": (
        "sqlite",
        "UPDATE note__demo SET number = 3000000000 WHERE id = 2",
        r"number \(key 2\).*out of the range",
    ),
    "no number": ("sqlite", "UPDATE note__demo SET number = 'x' WHERE id = 2", r"number \(key 2\): 'x' is no integer"),
    "no date": ("sqlite", "UPDATE note__demo SET day = '2026-02-31' WHERE id = 2", r"day \(key 2\).*is no date"),
    "too long": ("sqlite", "UPDATE note__demo SET name = 'abcdef' WHERE id = 2", r"name \(key 2\).*6 characters"),
    "too exact": ("sqlite", "UPDATE note__demo SET money = 1.005 WHERE id = 2", r"money \(key 2\).*more digits"),
    "no member": ("sqlite", "UPDATE note__demo SET mood = 'HAPPY' WHERE id = 2", r"mood \(key 2\).*HAPPY"),
    "NaN": ("postgresql", "UPDATE note__demo SET real = 'NaN' WHERE id = 2", r"real \(key 2\).*SQLite cannot hold"),
    "many digits": (
        "postgresql",
        "UPDATE note__demo SET exact = 12345678901234567890.123 WHERE id = 2",
        r"exact \(key 2\).*SQLite cannot hold",
    ),
    "year 44 BC": ("postgresql", "UPDATE note__demo SET day = '0044-03-15 BC' WHERE id = 2", r"day \(key 2\).*BC"),
    "a month": ("postgresql", "UPDATE note__demo SET length = '1 month' WHERE id = 2", r"length \(key 2\).*1 mon"),
}


@pytest.mark.parametrize(("kind", "change", "message"), BAD.values(), ids=BAD)
async def test_what_does_not_fit_is_named_and_the_target_stays_empty(
    kind, change, message, sqlite_url, postgres_url, release
):
    old, new = (sqlite_url, postgres_url) if kind == "sqlite" else (postgres_url, sqlite_url)
    demo = release(
        "demo",
        note=small(
            Column("number", Integer),
            Column("day", Date),
            Column("name", String(5)),
            Column("money", Numeric(8, 2)),
            Column("mood", Enum(Mood, name="m")),
            Column("real", Double),
            Column("exact", Numeric),
            Column("length", Interval),
        ),
    )
    await start(old, demo)
    await fill(demo.tables["note"], {"text": "a"}, {"text": "b"})
    await close_database()
    await run(old, change)
    with pytest.raises(BackupError, match=message):
        await copy_database(old, new)
    await open_database(new)
    async with db_engine.connect() as connection:
        assert await connection.run_sync(table_names) == set()


async def test_a_target_that_has_tables_of_a_bot_is_refused(urls, release):
    old, new = urls
    demo = release("demo", note=small())
    for url in (old, new):
        await start(url, demo)
        await close_database()
    with pytest.raises(BackupError, match="has tables of a bot already"):
        await copy_database(old, new)


async def test_a_source_that_has_to_migrate_first_is_refused(urls, release):
    old, new = urls
    await start(old, release("demo", note=small()))
    await close_database()
    release("demo", note=small(Column("size", Integer)))
    with pytest.raises(BackupError, match="not up to date.*AddColumn note__demo.size"):
        await copy_database(old, new)


async def test_a_copy_to_the_same_kind_is_refused(database_url):
    with pytest.raises(BackupError, match="aha db backup"):
        await copy_database(database_url, database_url)


async def test_a_source_that_is_not_there_is_not_made(sqlite_url, postgres_url, tmp_path):
    with pytest.raises(BackupError, match="there is no database"):
        await copy_database(sqlite_url, postgres_url)
    assert list(tmp_path.iterdir()) == []


async def test_what_others_made_is_listed_and_left(sqlite_url, postgres_url, release):
    demo = release("demo", note=small())
    await start(sqlite_url, demo)
    await close_database()
    await run(sqlite_url, "CREATE TABLE other (id INTEGER)", "CREATE VIEW seen AS SELECT text FROM note__demo")
    copied = await copy_database(sqlite_url, postgres_url)
    assert copied.left_out == ("table other, which is none of the bot's", "view seen")
