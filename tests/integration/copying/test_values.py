"""Moving a database to the other kind: all values go along, and a start there plans nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from sqlalchemy import Column, DateTime, Enum, ForeignKey, Index, Integer, Numeric, Text, insert

from core.backup import copy_database
from core.database import close_database, db_engine, metadata
from tests.integration.copying.bots import fill, rows_of, small, start, start_again
from tests.integration.copying.everything import ROWS, Mood, everything, random_row


def many():
    return (
        Column("id", Integer, primary_key=True),
        Column("other", ForeignKey("everything.id", ondelete="CASCADE")),
        Column("text", Text),
        Index("ix_text", "text"),
    )


async def test_every_value_is_the_same_afterwards_and_a_start_plans_nothing(urls, release):
    old, new = urls
    demo = release("demo", everything=everything(), many=many())
    await start(old, demo)
    await fill(demo.tables["everything"], *ROWS)
    await fill(demo.tables["many"], *({"other": number % 3 + 1, "text": f"row {number}"} for number in range(5)))
    before = {name: await rows_of(table) for name, table in demo.tables.items()}
    await close_database()
    copied = await copy_database(old, new)
    assert copied.tables["everything__demo"] == 3
    assert copied.tables["many__demo"] == 5
    assert await start(new, demo) == []
    after = {name: await rows_of(table) for name, table in demo.tables.items()}
    for rows in (before, after):
        for row in rows["everything"]:
            if row["at_zone"] is not None and row["at_zone"].tzinfo is None:
                row["at_zone"] = row["at_zone"].replace(tzinfo=UTC)  # SQLite keeps no zone
    assert after == before
    await fill(demo.tables["everything"], {"name": "next"})
    assert [row["id"] for row in await rows_of(demo.tables["everything"])] == [1, 2, 3, 4]


async def test_what_no_model_has_any_more_goes_along(urls, release):
    old, new = urls
    gone = Column("size", Numeric(8, 3)), Column("at", DateTime(timezone=True)), Column("mood", Enum(Mood, name="m"))
    await start(old, first := release("demo", note=small(*gone), left=small()), release("off", thing=small()))
    values = {"size": Decimal("1.500"), "at": datetime(2026, 1, 1, tzinfo=UTC), "mood": Mood.OK}
    await fill(first.tables["note"], {"text": "a", **values})
    await fill(first.tables["left"], {"text": "b"})
    await fill(metadata.tables["thing__off"], {"text": "c"})
    await close_database()
    release("off")
    await start(old, release("demo", note=small()))
    await close_database()
    copied = await copy_database(old, new)
    assert {name: rows for name, rows in copied.tables.items() if "__" in name} == {
        "note__demo": 1,
        "left__demo": 1,
        "thing__off": 1,
    }
    # Taken up again, the columns and tables have their values.
    gone = Column("size", Numeric(8, 3)), Column("at", DateTime(timezone=True)), Column("mood", Enum(Mood, name="m"))
    again = release("demo", note=small(*gone), left=small())
    off = release("off", thing=small())
    await start(new, again, off)
    (row,) = await rows_of(again.tables["note"])
    assert {**row, "at": row["at"].replace(tzinfo=UTC)} == {"id": 1, "text": "a", **values}
    assert await rows_of(again.tables["left"]) == [{"id": 1, "text": "b"}]
    assert await rows_of(off.tables["thing"]) == [{"id": 1, "text": "c"}]
    await fill(off.tables["thing"], {"text": "d"})
    assert [row["id"] for row in await rows_of(off.tables["thing"])] == [1, 2]
    assert await start_again(again, off) == []


async def test_a_bot_that_writes_does_not_disturb_a_copy(sqlite_url, postgres_url, release):
    demo = release("demo", note=small())
    await start(sqlite_url, demo)
    await fill(demo.tables["note"], *({"text": str(number)} for number in range(10)))
    seen = []

    def write(progress):
        if progress.table == "note__demo" and not seen:
            seen.append(progress)
            path = sqlite_url.removeprefix("sqlite:///")
            with sqlite3.connect(path) as connection:
                connection.execute("INSERT INTO note__demo (text) VALUES ('late')")
            connection.close()

    copied = await copy_database(sqlite_url, postgres_url, progress=write)
    assert copied.tables["note__demo"] == 10
    assert seen
    assert len(await rows_of(demo.tables["note"])) == 11


async def test_there_and_back_every_stored_value_is_what_it_was(sqlite_url, postgres_url, tmp_path, release):
    demo = release("demo", everything=everything())
    await start(sqlite_url, demo)
    random = Random(3)
    async with db_engine.begin() as connection:
        await connection.execute(insert(demo.tables["everything"]), [random_row(random) for _ in range(300)])
    await close_database()
    await copy_database(sqlite_url, postgres_url)
    await copy_database(postgres_url, f"sqlite:///{tmp_path}/back.db")
    query = "SELECT *, typeof(money), typeof(real), typeof(json) FROM everything__demo ORDER BY id"
    old, new = (stored(path, query) for path in (sqlite_url.removeprefix("sqlite:///"), tmp_path / "back.db"))
    jsonb = [column.name for column in everything()].index("jsonb")
    for one, other in zip(old, new, strict=True):
        assert json.loads(one[jsonb]) == json.loads(other[jsonb])
        assert one[:jsonb] + one[jsonb + 1 :] == other[:jsonb] + other[jsonb + 1 :]


def stored(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()
