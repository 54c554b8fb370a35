"""Tables for which a schema is given: the default one, another one, and one that is not there."""

from __future__ import annotations

from aha.testing import release, running_bot
from core.database import db_engine, kept_values, metadata
from tests.migration import product
from tests.migration.sources import module, note, table


def bot(url: str, folder, *parts: str, **others: str):
    paths = [release("notes", module(*parts), folder=folder)]
    paths += [release(name, module(code), folder=folder) for name, code in others.items()]
    return running_bot(modules=paths, database=url, strict=False)


def schema(url: str) -> str:
    return "main" if url.startswith("sqlite") else "public"


async def test_the_default_schema_may_be_given(database_url: str, tmp_path) -> None:
    given = {"schema": schema(database_url)}
    one = note("text: str", **given), table("memo", "note: int | None", **given)
    async with bot(database_url, tmp_path, *one) as running:
        assert running.failures == {}
        await running.insert("note", {"id": 1, "text": "5"}, {"id": 2, "text": "5"})
    two = (
        note("body: str = column(index=True, info={'was': 'text'})", "stars: int = column(default=3)", **given),
        table("memo", f"note: int | None = column(ForeignKey('{given['schema']}.note.id'))", **given),
    )
    for _ in range(2):
        async with bot(database_url, tmp_path, *two) as running:
            assert running.failures == {}
            assert [tuple(row.values()) for row in await running.rows("note")] == [(1, "5", 3), (2, "5", 3)]
            assert product.planned(await product.plan(running._loaded())) == []
    async with bot(database_url, tmp_path, note("body: str", "stars: int = column(default=3)")) as running:
        assert [tuple(row.values()) for row in await running.rows("note")] == [(1, "5", 3), (2, "5", 3)]


async def test_what_is_kept_of_a_table_is_found_whether_or_not_the_default_schema_is_given(
    database_url: str, tmp_path
) -> None:
    given = {"schema": schema(database_url)}
    async with bot(database_url, tmp_path, note("v: str", **given)) as running:
        await running.insert("note", {"id": 1, "v": "five"})
    async with bot(database_url, tmp_path, note("v: int = column(default=0)", **given)) as running:
        found = metadata.tables[f"{given['schema']}.note__notes"]
        assert [kept.value for kept in await kept_values(found)] == ["five"]


async def test_a_schema_that_is_not_there_costs_its_own_module_only(database_url: str, tmp_path) -> None:
    other = table("memo", "text: str")
    for _ in range(2):
        async with bot(database_url, tmp_path, note("text: str", schema="elsewhere"), other=other) as running:
            assert running.failures.keys() == {"notes"}
            assert "elsewhere" in str(running.failures["notes"])
            expected = "SQLite has no schemas" if database_url.startswith("sqlite") else "CREATE SCHEMA elsewhere"
            assert expected in str(running.failures["notes"])
            await running.rows("memo")


async def test_another_schema_has_its_own_tables(postgres_url: str, tmp_path) -> None:
    async with bot(postgres_url, tmp_path, table("memo", "text: str")), db_engine.begin() as connection:
        await connection.exec_driver_sql("CREATE SCHEMA elsewhere")
    releases = [
        note("text: str", schema="elsewhere"),
        note("text: int", "n: int = column(default=1)", schema="elsewhere"),
    ]
    for code in (releases[0], releases[1], releases[1]):
        async with bot(postgres_url, tmp_path, code) as running:
            assert running.failures == {}
            assert product.planned(await product.plan(running._loaded())) == []


async def test_hand_made_partitions_and_heirs_are_left_alone(postgres_url: str, tmp_path) -> None:
    parted = [
        note("day: int = column(primary_key=True)", "text: str", *more, postgresql_partition_by="RANGE (day)")
        for more in ((), ("n: int = column(default=7, index=True)",), ("n: str = column(index=True)",))
    ]
    made = (
        "CREATE TABLE low PARTITION OF note__notes FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE low__notes PARTITION OF note__notes FOR VALUES FROM (10) TO (20)",
        "CREATE TABLE heir (extra int) INHERITS (memo__notes)",
        "CREATE VIEW seen AS SELECT day, text FROM note__notes",
        "INSERT INTO note__notes (day, text) VALUES (1, 'a'), (11, 'b')",
        "INSERT INTO heir (id, t, extra) VALUES (1, 'h', 1)",
    )
    async with bot(postgres_url, tmp_path, parted[0], table("memo", "t: str")) as running:
        assert running.failures == {}
        async with db_engine.begin() as connection:
            for statement in made:
                await connection.exec_driver_sql(statement)
    for number, code in enumerate((parted[0], parted[1], parted[1], parted[2], parted[2])):
        async with bot(postgres_url, tmp_path, code, table("memo", "t: str", "m: int = column(default=1)")) as running:
            assert running.failures == {}, number
            rows = [tuple(row.values())[:2] for row in await running.rows("note")]
            assert rows == [(1, "a"), (11, "b")]
            assert product.planned(await product.plan(running._loaded())) == []
            async with db_engine.connect() as connection:
                assert (await connection.exec_driver_sql("SELECT count(*) FROM seen")).scalar() == 2
                assert (await connection.exec_driver_sql("SELECT count(*) FROM low")).scalar() == 1
                assert (await connection.exec_driver_sql("SELECT t, m, extra FROM heir")).one() == ("h", 1, 1)
