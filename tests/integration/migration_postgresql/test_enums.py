"""How PostgreSQL's enum types and domains change: one new type for all columns that have it, in one transaction."""

from __future__ import annotations

from sqlalchemy import ARRAY, CheckConstraint, Column, Enum, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import DOMAIN

from tests.integration.migration_postgresql.releases import key


def color(*members, name="Color"):
    return Enum(*members, name=name)


TYPES = "SELECT typname FROM pg_type WHERE typtype IN ('e', 'd') AND typnamespace = 'public'::regnamespace ORDER BY 1"


async def test_members_come_and_go_and_the_values_of_those_that_went_are_kept(bot):
    def release(*members, **info):
        return lambda m: Table("t", m, key(), Column("a", color(*members), server_default=members[0], **info))

    await bot.release(release("red", "blue"))
    await bot.sql("INSERT INTO t (a) VALUES ('red'), ('blue'), (NULL)")
    await bot.release(release("red", "green"))
    await bot.sql("INSERT INTO t (a) VALUES ('green')")
    assert await bot.sql("SELECT a::text FROM t ORDER BY id") == [("red",), ("red",), (None,), ("green",)]
    assert await bot.one("SELECT value FROM aha_kept") == "blue"
    await bot.release(release("red", "green", "blue"))
    assert await bot.one("SELECT a::text FROM t WHERE id = 2") == "blue"
    assert await bot.sql(TYPES) == [("Color",)]


async def test_a_default_that_is_no_member_any_more_is_kept_like_other_values(bot):
    def release(*members, default):
        return lambda m: Table("t", m, key(), Column("a", color(*members), server_default=default))

    await bot.release(release("old", "default", default="default"))
    await bot.sql("INSERT INTO t (a) VALUES ('old'), ('default')")
    await bot.release(release("default", "new", default="default"))
    await bot.release(release("old", "new", default="new"))
    # The first row's 'default' only stood for its 'old', which is back; the second row's was its own.
    assert await bot.sql("SELECT a::text FROM t ORDER BY id") == [("old",), ("new",)]
    assert await bot.sql("SELECT value FROM aha_kept") == [("default",)]


async def test_a_member_is_renamed(bot):
    await bot.release(lambda m: Table("t", m, key(), Column("a", color("red", "blue"))))
    await bot.sql("INSERT INTO t (a) VALUES ('red'), ('blue')")
    renamed = {"was": {"crimson": "red"}}
    await bot.release(lambda m: Table("t", m, key(), Column("a", color("crimson", "blue"), info=renamed)))
    assert await bot.sql("SELECT a::text FROM t ORDER BY id") == [("crimson",), ("blue",)]
    assert await bot.sql("SELECT * FROM aha_kept") == []


async def test_all_columns_and_tables_that_share_a_type_change_with_it(bot):
    def release(*members):
        def declare(m):
            shared = color(*members)
            named = (
                CheckConstraint("a <> 'blue'", name="ck"),
                Index("ix", "b", postgresql_where=text("a = 'red'")),
            )
            Table("t", m, key(), Column("a", shared), Column("b", shared), Column("c", ARRAY(shared)), *named)
            Table("u", m, key(), Column("a", shared, default=members[0], nullable=False))

        return declare

    await bot.release(release("red", "blue"))
    await bot.sql("INSERT INTO t (a, b, c) VALUES ('red', 'blue', '{red,blue}')", "INSERT INTO u (a) VALUES ('blue')")
    await bot.release(release("red", "green", "blue"))
    assert await bot.sql("SELECT a::text, b::text, c::text FROM t") == [("red", "blue", "{red,blue}")]
    assert await bot.sql(TYPES) == [("Color",)]


async def test_what_still_has_the_old_type_keeps_it_under_another_name(bot):
    await bot.release(lambda m: Table("t", m, key(), Column("a", color("x", "y")), Column("b", color("x", "y"))))
    await bot.sql('CREATE TABLE others (a "Color")', "INSERT INTO others VALUES ('y')")
    await bot.sql("INSERT INTO t (a, b) VALUES ('x', 'y')")
    await bot.release(lambda m: Table("t", m, key(), Column("a", color("x", "z"))))
    assert await bot.sql("SELECT a::text FROM others UNION ALL SELECT b::text FROM t") == [("y",), ("y",)]
    assert await bot.sql(TYPES) == [("Color",), ("Color__aha_old",)]
    await bot.release(lambda m: Table("t", m, key(), Column("a", color("x", "z")), Column("b", color("x", "z"))))
    assert await bot.one("SELECT value FROM aha_kept") == "y"


async def test_text_becomes_an_enum_and_the_type_goes_with_its_last_column(bot):
    def release(type_):
        return lambda m: Table("t", m, key(), Column("a", type_, server_default="x"))

    await bot.release(release(Text))
    await bot.sql("INSERT INTO t (a) VALUES ('x'), ('other')")
    (unit,) = await bot.release(release(color("x", "y")))
    assert sum(planned.kept for planned in unit.steps) == 1
    await bot.release(release(Text))
    assert await bot.sql("SELECT a FROM t ORDER BY id") == [("x",), ("other",)]
    assert await bot.sql(TYPES) == []


async def test_a_type_of_63_bytes_changes_its_members_and_gives_way_to_another(bot):
    def release(*members, name="é" * 31):
        return lambda m: Table("t", m, key(), Column("a", color(*members, name=name)))

    await bot.release(release("x", "y"))
    await bot.sql("INSERT INTO t (a) VALUES ('x')")
    await bot.release(release("x", "y", "z"))
    assert await bot.sql(TYPES) == [("é" * 31,)]
    await bot.release(release("x", "y", "z", name="k" * 63))
    assert await bot.sql(TYPES) == [("k" * 63,)]


async def test_a_new_column_and_a_new_table_find_their_types(bot):
    def release(m):
        shared = color("x", "y")
        Table("t", m, key(), Column("a", shared, default="y", nullable=False))
        Table("u", m, key(), Column("a", shared), Column("b", color("z", name="other")))

    await bot.release(lambda m: Table("t", m, key()))
    await bot.sql("INSERT INTO t DEFAULT VALUES")
    await bot.release(release)
    assert await bot.one("SELECT a::text FROM t") == "y"


async def test_a_stale_type_of_the_same_name_is_not_in_the_way_of_a_new_table(bot):
    await bot.sql("CREATE TYPE \"Color\" AS ENUM ('old')")
    await bot.release(lambda m: Table("t", m, key(), Column("a", color("x", "y"))))
    await bot.sql("INSERT INTO t (a) VALUES ('y')")


async def test_a_domain_gets_another_check(bot):
    def release(check):
        domain = DOMAIN("small", Integer, check=check)
        return lambda m: Table("t", m, key(), Column("a", domain))

    await bot.release(release("VALUE < 10"))
    await bot.sql("INSERT INTO t (a) VALUES (3)")
    await bot.release(release("VALUE < 100"))
    await bot.sql("INSERT INTO t (a) VALUES (33)")
    assert await bot.sql("SELECT a FROM t ORDER BY id") == [(3,), (33,)]
    assert await bot.sql(TYPES) == [("small",)]
