"""How keys, what refers to them, and constraints change on PostgreSQL, also where tables are nobody's any more."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from models.exc import DatabaseError
from tests.integration.migration_postgresql.releases import key

CONSTRAINTS = """
SELECT conname, convalidated FROM pg_constraint
WHERE contype IN ('f', 'c', 'u', 'p') AND conrelid <> 'aha_kept'::regclass AND conrelid <> 0
  AND connamespace = 'public'::regnamespace
ORDER BY 1
"""


def parent(type_, **info):
    return lambda m: Table("parent", m, Column("id", type_, primary_key=True, autoincrement=False, **info))


def family(type_):
    def declare(m):
        parent(type_)(m)
        Table("child", m, key(), Column("up", ForeignKey("parent.id", ondelete="CASCADE"), index=True))

    return declare


@pytest.mark.parametrize(("before", "after"), [(Text, Integer), (Integer, Text), (Integer, BigInteger)])
async def test_a_key_changes_its_type_with_the_tables_that_refer_to_it(bot, before, after):
    await bot.release(family(before))
    await bot.sql("INSERT INTO parent VALUES (7)", "INSERT INTO child (up) VALUES (7), (NULL)")
    await bot.release(family(after))
    value = "7" if after is Text else 7
    assert await bot.sql("SELECT up FROM child ORDER BY id") == [(value,), (None,)]
    await bot.sql("DELETE FROM parent")
    assert await bot.one("SELECT count(*) FROM child WHERE up IS NOT NULL") == 0


async def test_children_that_no_model_has_follow_their_key(bot):
    await bot.release(parent(Text))
    await bot.sql(
        "CREATE TABLE grandchild (id int, up text UNIQUE DEFAULT '7')",
        "ALTER TABLE grandchild ADD FOREIGN KEY (up) REFERENCES parent DEFERRABLE NOT VALID",
        "CREATE TABLE last (id int, up text REFERENCES grandchild (up))",
        "COMMENT ON CONSTRAINT grandchild_up_fkey ON grandchild IS 'why'",
        "INSERT INTO parent VALUES ('7'), ('8')",
        "INSERT INTO grandchild VALUES (1, '7')",
        "INSERT INTO last VALUES (1, '7')",
    )
    before = await bot.sql(CONSTRAINTS)
    await bot.release(parent(Integer))
    assert await bot.sql("SELECT up FROM grandchild UNION ALL SELECT up FROM last") == [(7,), (7,)]
    await bot.sql("DELETE FROM last", "DELETE FROM grandchild", "INSERT INTO grandchild DEFAULT VALUES")
    assert await bot.one("SELECT up FROM grandchild") == 7
    assert await bot.sql(CONSTRAINTS) == before
    assert await bot.sql("SELECT obj_description(oid) FROM pg_constraint WHERE conname LIKE 'grandchild%'") != []


async def test_a_key_of_another_kind_keeps_what_does_not_follow_nowhere(bot):
    await bot.release(family(Text))
    value = "12345678-1234-5678-1234-567812345678"
    await bot.sql(f"INSERT INTO parent VALUES ('{value}')", f"INSERT INTO child (up) VALUES ('{value}')")
    await bot.release(family(Uuid))
    assert str(await bot.one("SELECT up FROM child")) == value
    assert await bot.sql("SELECT * FROM aha_kept") == []


async def test_a_table_gets_a_surrogate_key_and_its_rows_get_numbers(bot):
    await bot.release(lambda m: Table("t", m, Column("name", Text, primary_key=True)))
    await bot.sql("INSERT INTO t VALUES ('a'), ('b')", "CREATE TABLE other (t text REFERENCES t)")
    await bot.release(lambda m: Table("t", m, key(), Column("name", Text, nullable=False, unique=True)))
    assert await bot.sql("SELECT id FROM t ORDER BY 1") == [(1,), (2,)]
    assert await bot.one("SELECT count(*) FROM pg_constraint WHERE conname = 'other_t_fkey'") == 1


async def test_a_key_becomes_wider_and_narrower_again(bot):
    def release(*names):
        return lambda m: Table(
            "t", m, Column("a", Integer), Column("b", Integer, nullable=False), PrimaryKeyConstraint(*names)
        )

    await bot.release(release("a"))
    await bot.sql("INSERT INTO t VALUES (1, 1), (2, 1)", "CREATE TABLE other (t integer REFERENCES t)")
    await bot.release(release("a", "b"))
    assert await bot.one("SELECT count(*) FROM pg_constraint WHERE conrelid = 'other'::regclass") == 0
    await bot.release(release("a"))


async def test_constraints_come_go_and_change_their_names(bot):
    def release(*parts):
        return lambda m: Table("t", m, key(), Column("a", Integer), Column("b", Integer), *parts)

    await bot.release(release())
    await bot.sql("INSERT INTO t (a, b) VALUES (1, 2)")
    await bot.release(release(CheckConstraint("a < b", name="one"), UniqueConstraint("a", name="two")))
    await bot.release(release(CheckConstraint("a < b", name="uno"), UniqueConstraint("a", name="dos")))
    assert await bot.sql(CONSTRAINTS) == [("dos", True), ("t_pkey", True), ("uno", True)]
    # Each takes the name that the other one has.
    await bot.release(release(CheckConstraint("a < b", name="dos"), UniqueConstraint("a", name="uno")))
    await bot.release(release(CheckConstraint("a <> b", name="dos")))
    assert await bot.sql(CONSTRAINTS) == [("dos", True), ("t_pkey", True)]


async def test_a_foreign_key_with_orphans_is_validated_when_they_are_gone(bot):
    def release(*parts):
        def declare(m):
            parent(Integer)(m)
            Table("child", m, key(), Column("up", Integer, *parts))

        return declare

    await bot.release(release())
    await bot.sql("INSERT INTO child (up) VALUES (7)")
    await bot.release(release(ForeignKey("parent.id")))
    assert ("child_up_fkey", False) in await bot.sql(CONSTRAINTS)
    await bot.sql("UPDATE child SET up = NULL")
    await bot.release(release(ForeignKey("parent.id")))
    assert ("child_up_fkey", True) in await bot.sql(CONSTRAINTS)


async def test_a_foreign_key_leads_to_a_key_that_comes_with_it(bot):
    def before(m):
        Table("parent", m, key(), Column("a", Integer), Column("b", Integer))
        Table("child", m, key(), Column("a", Integer), Column("b", Integer))

    def after(m):
        Table("parent", m, key(), Column("a", Integer), Column("b", Integer), Index("ix", "a", "b", unique=True))
        to_parent = ForeignKeyConstraint(["a", "b"], ["parent.a", "parent.b"])
        Table("child", m, key(), Column("a", Integer), Column("b", Integer), to_parent)
        Table("new", m, Column("id", ForeignKey("child.id"), primary_key=True))

    await bot.release(before)
    await bot.sql("INSERT INTO parent (a, b) VALUES (1, 2)", "INSERT INTO child (a, b) VALUES (1, 2)")
    await bot.release(after)


async def test_two_new_tables_refer_to_each_other_and_to_one_that_is_changed(bot):
    def release(m):
        parent(Integer)(m)
        Table("one", m, key(), Column("two", ForeignKey("two.id")), Column("up", ForeignKey("parent.id")))
        Table("two", m, key(), Column("one", ForeignKey("one.id")))

    await bot.release(parent(Text))
    await bot.sql("INSERT INTO parent VALUES ('1')")
    await bot.release(release)


async def test_deferred_checks_do_not_keep_a_table_from_being_altered(bot):
    def release(type_, **default):
        def declare(m):
            parent(Integer)(m)
            up = Column("up", ForeignKey("parent.id", deferrable=True, initially="DEFERRED"), **default)
            Table("child", m, key(), up, Column("a", type_))

        return declare

    await bot.release(release(Text))
    await bot.sql("INSERT INTO parent VALUES (1)", "INSERT INTO child (up) VALUES (1), (NULL)")
    await bot.release(release(Integer, default=1, nullable=False))
    assert await bot.sql("SELECT up FROM child") == [(1,), (1,)]


async def test_an_index_of_others_that_does_not_fit_stops_the_change_and_is_named(bot):
    await bot.release(lambda m: Table("t", m, key(), Column("a", Text)))
    await bot.sql("INSERT INTO t (a) VALUES ('1')", "CREATE INDEX others ON t (lower(a) text_pattern_ops)")
    with pytest.raises(DatabaseError, match="others on t does not fit the new columns: drop it"):
        await bot.release(lambda m: Table("t", m, key(), Column("a", Integer)))
    assert await bot.one("SELECT a FROM t") == "1"
