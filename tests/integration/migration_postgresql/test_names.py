"""How tables, columns and all that is named after them get new names on PostgreSQL, whatever the names are."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Enum,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.migration.postgresql.names import automatic_name, in_order
from tests.integration.migration_postgresql.releases import key, opened


async def test_a_table_is_renamed_with_all_that_is_named_after_it(bot):
    def release(name, **info):
        return lambda m: Table(
            name,
            m,
            key(),
            Column("a", Text, unique=True, index=True),
            Column("up", ForeignKey(f"{name}.id")),
            Column("kind", Enum("x", "y", name=f"kind_{name}")),
            **info,
        )

    await bot.release(release("old"))
    await bot.sql("INSERT INTO old (a, up, kind) VALUES ('a', 1, 'x')")
    await bot.release(release("new", info={"was": "old"}))
    assert await bot.sql("SELECT id, a, up, kind FROM new") == [(1, "a", 1, "x")]
    left = await bot.sql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "UNION ALL SELECT conname FROM pg_constraint WHERE contype <> 'n' UNION ALL SELECT typname FROM pg_type"
    )
    assert [name for (name,) in left if "old" in name] == []


async def test_a_column_is_renamed_that_numbers_itself_no_longer_and_back(bot):
    def release(name, was, *, numbers):
        key = Column(name, Integer, primary_key=True, autoincrement=numbers, info={"was": was})
        return lambda m: Table("t", m, key, Column("a", Text))

    await bot.release(release("id", (), numbers=True))
    await bot.sql("INSERT INTO t (a) VALUES ('a')")
    await bot.release(release("number", "id", numbers=False))
    await bot.sql("INSERT INTO t (number, a) VALUES (7, 'b')")
    await bot.release(release("id", (), numbers=True))
    await bot.sql("INSERT INTO t (a) VALUES ('c')")
    assert await bot.sql("SELECT id, a FROM t ORDER BY id") == [(1, "a"), (7, "b"), (8, "c")]


async def test_an_index_that_only_changes_its_name_is_not_made_anew(bot):
    await bot.release(lambda m: Table("old", m, key(), Column("a", Text, index=True)))
    before = await bot.one("SELECT oid::text FROM pg_class WHERE relname = 'ix_old_a'")
    await bot.release(lambda m: Table("new", m, key(), Column("a", Text, index=True), info={"was": "old"}))
    assert await bot.one("SELECT oid::text FROM pg_class WHERE relname = 'ix_new_a'") == before


async def test_a_column_is_renamed_wherever_it_is_named(bot):
    def release(name, **info):
        return lambda m: Table(
            "t",
            m,
            key(),
            Column(name, Integer, **info),
            Column("twice", Integer, Computed(f"{name} * 2", persisted=True)),
            CheckConstraint(f"{name} > 0", name="ck"),
            UniqueConstraint(name),
            Index("ix", name),
        )

    await bot.release(release("a"))
    await bot.sql("INSERT INTO t (a) VALUES (3)")
    await bot.release(release("b", info={"was": "a"}))
    assert await bot.sql("SELECT b, twice FROM t") == [(3, 6)]


async def test_two_columns_and_two_tables_change_their_names(bot):
    def release(first, second, a, b):
        def declare(m):
            for name, was, value in ((first, second, "1"), (second, first, "2")):
                columns = [Column(x, Text, info={"was": y} if a != "a" else {}) for x, y in ((a, b), (b, a))]
                Table(name, m, key(), *columns, info={"was": was} if a != "a" else {}, comment=value)

        return declare

    assert in_order({"a": "b", "b": "a"}) == [("a", "aha_aside_0"), ("b", "a"), ("aha_aside_0", "b")]
    assert in_order({"a": "b", "b": "c"}) == [("b", "c"), ("a", "b")]
    await bot.release(release("t", "u", "a", "b"))


async def test_a_renamed_column_changes_its_type_and_the_views_on_it_follow(bot):
    await bot.release(lambda m: Table("old", m, key(), Column("a", Text)))
    await bot.sql("INSERT INTO old (a) VALUES ('7')", "CREATE VIEW seen AS SELECT a FROM old WHERE a IS NOT NULL")
    await bot.release(lambda m: Table("new", m, key(), Column("b", Integer, info={"was": "a"}), info={"was": "old"}))
    assert await bot.sql("SELECT a FROM seen") == [(7,)]


async def test_a_late_rename_fills_what_nobody_wrote_since(bot):
    await bot.release(lambda m: Table("t", m, key(), Column("a", Text)))
    await bot.sql("INSERT INTO t (a) VALUES ('1'), ('2'), ('x')")
    await bot.release(lambda m: Table("t", m, key(), Column("b", Integer, default=0)))
    await bot.sql("UPDATE t SET b = 9 WHERE id = 2")
    await bot.release(lambda m: Table("t", m, key(), Column("b", Integer, default=0, info={"was": "a"})))
    assert await bot.sql("SELECT b FROM t ORDER BY id") == [(1,), (9,), (0,)]
    assert await bot.sql("SELECT a FROM t ORDER BY id") == [("1",), ("2",), ("x",)]


async def test_a_table_renamed_late_gets_the_rows_that_it_does_not_have(bot):
    await bot.release(lambda m: Table("old", m, key(), Column("a", Text)))
    await bot.sql("INSERT INTO old (a) VALUES ('1'), ('2')")
    await bot.release(lambda m: Table("new", m, key(), Column("a", Integer)))
    await bot.sql("INSERT INTO new (a) VALUES (9)")
    await bot.release(lambda m: Table("new", m, key(), Column("a", Integer), info={"was": "old"}))
    assert await bot.sql("SELECT id, a FROM new ORDER BY id") == [(1, 9), (2, 2)]
    await bot.sql("INSERT INTO new (a) VALUES (3)")
    assert await bot.one("SELECT count(*) FROM old") == 2


ODD = {
    "reserved": ("select", "user", "order"),
    "upper case": ("T", "User", "B"),
    "quotes": ("t\"'q", 'a"b', "c'd"),
    "percent and colon": ("t %s :x", "a %(b)s", ":c"),
    "emoji": ("t🐍", "a💾", "b🗝"),
    "63 bytes": ("t" * 63, "a" * 63, "b" * 63),
    "63 bytes, wide": ("é" * 31, "雪" * 21, "ü" * 31),
    "dot": ("t", "a.b", "c.d"),
}


@pytest.mark.parametrize(("table", "column", "new"), ODD.values(), ids=ODD.keys())
async def test_any_name_survives_every_kind_of_change(bot, table, column, new):
    def release(type_, name, **info):
        return lambda m: Table(table, m, key("Id"), Column(name, type_, **info), comment=table)

    quoted = '"' + table.replace('"', '""') + '"'
    await bot.release(release(Text, column, nullable=False))
    await bot.sql(f"INSERT INTO {quoted} VALUES (1, '7'), (2, 'x')")
    await bot.release(release(Integer, column, default=5, index=True))
    await bot.release(release(String(9), new, default="y", info={"was": column}, comment=new, unique=True))
    await bot.release(lambda m: Table(table, m, key("Id")))
    assert await bot.sql(f"SELECT * FROM {quoted} ORDER BY 1") == [(1, "7"), (2, "x")]


def test_a_sequence_is_named_as_postgresql_names_it():
    assert automatic_name("t", "id", "seq") == "t_id_seq"
    assert automatic_name("t" * 63, "id", "seq") == "t" * 56 + "_id_seq"
    assert automatic_name("t" * 63, "c" * 63, "seq") == "t" * 29 + "_" + "c" * 29 + "_seq"


async def test_a_bot_may_live_in_a_schema_of_its_own_and_its_tables_in_others(postgres_url, monkeypatch):
    async with opened(postgres_url) as bot:
        name = await bot.one("SELECT current_database()")
        await bot.sql('CREATE SCHEMA "Home"', "CREATE SCHEMA away", f'ALTER DATABASE "{name}" SET search_path = "Home"')
    async with opened(postgres_url) as bot:

        def release(type_, name, **info):
            def declare(m):
                Table("t", m, key(), Column(name, type_, **info), Column("kind", Enum("a", "b", name="kind")))
                Table("t", m, key(), Column("t", ForeignKey("t.id")), Column(name, type_, **info), schema="away")

            return declare

        await bot.release(release(Text, "a"))
        await bot.sql("INSERT INTO t (a) VALUES ('1')", "INSERT INTO away.t (a, t) VALUES ('2', 1)")
        await bot.release(release(Integer, "a"))
        await bot.release(release(Integer, "b", info={"was": "a"}, index=True, nullable=False))
        assert await bot.sql("SELECT b FROM t UNION SELECT b FROM away.t ORDER BY 1") == [(1,), (2,)]
