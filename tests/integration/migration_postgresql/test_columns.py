"""How a PostgreSQL table is changed in place: columns, types, defaults. Each release must leave nothing to do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    Float,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
    text,
)

from tests.integration.migration_postgresql.releases import Database, key


def table(*parts):
    """A release that has the table `t` with a key and `parts`; columns are made anew for each."""
    return lambda metadata: Table("t", metadata, key(), *(part() if callable(part) else part for part in parts))


async def change(bot: Database, before, after, *rows: str) -> list:
    """Release `before`, insert `rows` into column a, release `after`; return what column a holds then."""
    await bot.release(table(before))
    for row in rows:
        await bot.sql(f"INSERT INTO t (a) VALUES ({row})")
    await bot.release(table(after))
    return [value for (value,) in await bot.sql("SELECT a FROM t ORDER BY id")]


# --- columns that are added ---

ADDED = {
    "nothing": (lambda: Column("a", Text), [None, None]),
    "default": (lambda: Column("a", Text, default="x"), ["x", "x"]),
    "default, NOT NULL": (lambda: Column("a", Text, default="it's \\ %s :x", nullable=False), ["it's \\ %s :x"] * 2),
    "server default": (lambda: Column("a", Integer, server_default=text("7"), nullable=False), [7, 7]),
    "server default and comment": (lambda: Column("a", Text, server_default="'q'", comment="it's"), ["'q'", "'q'"]),
    "computed": (lambda: Column("a", Integer, Computed("id * 2")), [2, 4]),
    "identity": (lambda: Column("a", Integer, Identity(always=True, start=5)), [5, 6]),
    "collation": (lambda: Column("a", String(9, collation="C"), default="x"), ["x", "x"]),
    "NOT NULL without a default": (lambda: Column("a", Text, nullable=False), [None, None]),
}


@pytest.mark.parametrize(("column", "values"), ADDED.values(), ids=ADDED.keys())
async def test_a_column_is_added_with_what_its_rows_are_to_have(bot, column, values):
    await bot.release(table())
    await bot.sql("INSERT INTO t DEFAULT VALUES", "INSERT INTO t DEFAULT VALUES")
    await bot.release(table(column))
    assert [a for (a,) in await bot.sql("SELECT a FROM t ORDER BY id")] == values


async def test_a_default_that_is_called_gives_each_row_a_value_of_its_own(bot):
    made = count(1)
    await bot.release(table())
    await bot.sql("INSERT INTO t DEFAULT VALUES", "INSERT INTO t DEFAULT VALUES")
    await bot.release(table(lambda: Column("a", Integer, default=lambda: next(made), nullable=False)))
    assert await bot.one("SELECT count(DISTINCT a) FROM t") == 2


async def test_a_constant_default_does_not_rewrite_the_table(bot):
    await bot.release(table())
    before = await bot.one("SELECT relfilenode FROM pg_class WHERE relname = 't'")
    await bot.release(table(lambda: Column("a", Text, default="x", nullable=False)))
    assert await bot.one("SELECT relfilenode FROM pg_class WHERE relname = 't'") == before


async def test_a_removed_column_may_be_null_and_comes_back_with_its_values(bot):
    columns = (lambda: Column("a", Text, nullable=False, unique=True), lambda: CheckConstraint("a <> ''", name="ck_a"))
    await bot.release(table(*columns))
    await bot.sql("INSERT INTO t (a) VALUES ('x')")
    await bot.release(table())
    await bot.sql("INSERT INTO t DEFAULT VALUES", "INSERT INTO t (a) VALUES ('')")
    await bot.release(table(lambda: Column("a", Text)))
    assert await bot.sql("SELECT a FROM t ORDER BY id") == [("x",), (None,), ("",)]


async def test_a_removed_identity_column_does_not_keep_inserts_out(bot):
    await bot.release(table(lambda: Column("a", Integer, Identity())))
    await bot.release(table())
    await bot.sql("INSERT INTO t DEFAULT VALUES")
    assert await bot.one("SELECT a FROM t") is None


async def test_a_default_that_is_a_query_is_asked_for_the_rows_of_a_new_column_and_of_one_that_is_converted(bot):
    most = select(func.max(text("oid::int8"))).select_from(text("pg_class")).scalar_subquery()
    await bot.release(table(lambda: Column("a", Text, nullable=False)))
    await bot.sql("INSERT INTO t (a) VALUES ('x')")
    columns = (Column(name, BigInteger, default=most, nullable=False) for name in "ab")
    await bot.release(lambda m: Table("t", m, key(), *columns))
    assert await bot.one("SELECT a > 1 AND b > 1 FROM t")


# --- types ---

CONVERTED = {
    "text to integer": (Text, Integer, ["'12'", "NULL"], [12, None]),
    "integer to text": (Integer, Text, ["12", "NULL"], ["12", None]),
    "integer to bigint": (Integer, BigInteger, ["12"], [12]),
    "wider text": (lambda: String(5), lambda: String(50), ["'12345'"], ["12345"]),
    "narrower text that fits": (lambda: String(50), lambda: String(5), ["'12345'"], ["12345"]),
    "text to boolean": (Text, Boolean, ["'yes'", "'Off'"], [True, False]),
    "text to uuid": (Text, Uuid, [f"'{UUID(int=7)}'", f"'{UUID(int=8).hex}'"], [UUID(int=7), UUID(int=8)]),
    "float to numeric": (Float, Numeric, ["0.1"], [Decimal("0.1")]),
    "bytes to text": (LargeBinary, Text, ["'é'::bytea"], ["é"]),
    "text to bytes": (Text, LargeBinary, ["'é'"], ["é".encode()]),
    "naive to aware": (
        DateTime,
        lambda: DateTime(timezone=True),
        ["'2024-05-06 07:08:09'"],
        [datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)],
    ),
    "text to time": (Text, DateTime, ["'2024-05-06T07:08:09Z'"], [datetime(2024, 5, 6, 7, 8, 9)]),
    "text to json": (Text, JSON, ["'[1]'"], [[1]]),
}


@pytest.mark.parametrize(("before", "after", "rows", "values"), CONVERTED.values(), ids=CONVERTED.keys())
async def test_values_follow_their_type(bot, before, after, rows, values):
    found = await change(bot, lambda: Column("a", before()), lambda: Column("a", after()), *rows)
    assert found == values
    assert await bot.sql("SELECT * FROM aha_kept WHERE reason <> 'spelling'") == []


async def test_what_does_not_follow_is_kept_with_its_key_and_gets_the_default(bot):
    found = await change(
        bot,
        lambda: Column("a", Text, nullable=False, server_default="0"),
        lambda: Column("a", Integer, nullable=False, server_default=text("5")),
        *["'1'", "'x'", "'007'"],
    )
    assert found == [1, 5, 5]
    assert await bot.sql("SELECT row_key, value FROM aha_kept ORDER BY row_key") == [
        ('{"id": 2}', "x"),
        ('{"id": 3}', "007"),
    ]
    await bot.sql("INSERT INTO t DEFAULT VALUES")
    assert await bot.one("SELECT a FROM t ORDER BY id DESC LIMIT 1") == 5


async def test_what_does_not_follow_gets_what_the_default_returns_for_its_row(bot):
    made = count(100)
    found = await change(
        bot,
        lambda: Column("a", Text, nullable=False),
        lambda: Column("a", Integer, nullable=False, default=lambda: next(made)),
        *["'1'", "'x'", "'y'"],
    )
    assert found[0] == 1
    assert len(set(found)) == 3


async def test_what_does_not_follow_and_has_no_default_is_null_until_it_is_not(bot):
    found = await change(
        bot, lambda: Column("a", Text, nullable=False), lambda: Column("a", Integer, nullable=False), "'1'", "'x'"
    )
    assert found == [1, None]
    await bot.sql("UPDATE t SET a = 2 WHERE a IS NULL")
    await bot.release(table(lambda: Column("a", Integer, nullable=False)))
    assert await bot.one("SELECT attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'a'")


async def test_all_columns_of_a_table_change_with_one_rewrite(bot):
    await bot.release(table(lambda: Column("a", Text), lambda: Column("b", Text)))
    await bot.sql("INSERT INTO t (a, b) VALUES ('1', '2')")
    await bot.release(table(lambda: Column("a", Integer), lambda: Column("b", BigInteger)))
    assert sum(" TYPE " in statement for statement in bot.statements) == 1
    assert await bot.sql("SELECT a, b FROM t") == [(1, 2)]


async def test_a_wider_text_does_not_rewrite_the_table(bot):
    await bot.release(table(lambda: Column("a", String(5))))
    before = await bot.one("SELECT relfilenode FROM pg_class WHERE relname = 't'")
    await bot.release(table(lambda: Column("a", String(50))))
    assert await bot.one("SELECT relfilenode FROM pg_class WHERE relname = 't'") == before


async def test_checks_and_indexes_on_a_column_follow_its_type(bot):
    parts = (
        lambda: CheckConstraint("a IS NOT NULL", name="ck_a"),
        lambda: Index("ix_a", "a", unique=True, postgresql_where=text("a IS NOT NULL")),
        lambda: UniqueConstraint("a", name="uq_a"),
    )
    await bot.release(table(lambda: Column("a", Text), *parts))
    await bot.sql(
        "COMMENT ON CONSTRAINT ck_a ON t IS 'why'",
        "CREATE INDEX others ON t (a, id)",
        "ALTER TABLE t ADD CONSTRAINT others_ck CHECK (a IS NOT NULL OR id < 0) NOT VALID",
        "INSERT INTO t (a) VALUES ('1')",
    )
    await bot.release(table(lambda: Column("a", Integer), *parts))
    assert await bot.sql("SELECT obj_description(oid) FROM pg_constraint WHERE conname = 'ck_a'") == [("why",)]
    assert await bot.sql("SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1") == [
        ("ix_a",),
        ("others",),
        ("t_pkey",),
        ("uq_a",),
    ]


async def test_a_collation_comes_and_goes(bot):
    await change(bot, lambda: Column("a", Text), lambda: Column("a", Text(collation="C")), "'x'")
    await bot.release(table(lambda: Column("a", Text)))
    assert await bot.sql("SELECT a FROM t") == [("x",)]


async def test_members_that_are_no_type_of_the_database_change_in_place(bot):
    def release(*members, **info):
        kind = Enum(*members, native_enum=False, create_constraint=True, name="kind")
        return table(lambda: Column("a", kind, default="red", nullable=False, **info))

    await bot.release(release("red", "blue", "green"))
    await bot.sql("INSERT INTO t (a) VALUES ('red'), ('blue'), ('green')")
    await bot.release(release("red", "azure", info={"was": {"azure": "blue"}}))
    assert await bot.sql("SELECT a FROM t ORDER BY id") == [("red",), ("azure",), ("red",)]
    assert await bot.one("SELECT value FROM aha_kept") == "green"


# --- defaults and numbers ---

NUMBERED = {
    "plain": lambda: Column("id", Integer, primary_key=True, autoincrement=False),
    "serial": lambda: Column("id", Integer, primary_key=True),
    "small serial": lambda: Column("id", SmallInteger, primary_key=True, autoincrement=True),
    "big serial": lambda: Column("id", BigInteger, primary_key=True),
    "identity": lambda: Column("id", Integer, Identity(), primary_key=True),
    "identity, always": lambda: Column("id", BigInteger, Identity(always=True, increment=3), primary_key=True),
}


@pytest.mark.parametrize("before", NUMBERED)
async def test_a_key_numbers_itself_in_another_way_and_never_twice(bot, before):
    for after in NUMBERED:
        for kind in (before, after):
            await bot.release(lambda m, kind=kind: Table("t", m, NUMBERED[kind](), Column("a", Text)))
            given = await bot.one("SELECT coalesce(max(id), 0) + 1 FROM t") if kind == "plain" else "DEFAULT"
            await bot.sql(f"INSERT INTO t (id, a) VALUES ({given}, 'a')")


@pytest.mark.parametrize("after", [NUMBERED["serial"], NUMBERED["identity"]], ids=["serial", "identity"])
@pytest.mark.parametrize("before", [NUMBERED["big serial"], NUMBERED["identity, always"]], ids=["serial", "identity"])
async def test_the_numbers_of_deleted_rows_are_not_given_out_again(bot, before, after):
    await bot.release(lambda m: Table("t", m, before(), Column("a", Text)))
    await bot.sql(*["INSERT INTO t (a) VALUES ('a')"] * 5)
    last = await bot.one("SELECT max(id) FROM t")
    await bot.sql("DELETE FROM t")
    await bot.release(lambda m: Table("t", m, after(), Column("a", Text)))
    await bot.sql("INSERT INTO t (a) VALUES ('c')")
    assert await bot.one("SELECT id FROM t") > last


async def test_a_serial_key_that_becomes_larger_counts_beyond_what_fitted(bot):
    await bot.release(lambda m: Table("t", m, NUMBERED["serial"](), Column("a", Text)))
    await bot.release(lambda m: Table("t", m, NUMBERED["big serial"](), Column("a", Text)))
    await bot.sql("SELECT setval('t_id_seq', 3000000000)", "INSERT INTO t (a) VALUES ('c')")
    assert await bot.one("SELECT id FROM t") == 3000000001


DEFAULTS = {
    "set": (None, text("'x'")),
    "dropped": (text("'x'"), None),
    "changed": (text("'x'"), text("'y'")),
    "an expression": (text("'x'"), func.now().cast(Text)),
}


@pytest.mark.parametrize(("before", "after"), DEFAULTS.values(), ids=DEFAULTS.keys())
async def test_a_server_default_changes(bot, before, after):
    found = await change(
        bot, lambda: Column("a", Text, server_default=before), lambda: Column("a", Text, server_default=after), "'v'"
    )
    assert found == ["v"]


async def test_comments_come_change_and_go(bot):
    for comment in (None, "it's", "a \\ b", None):
        await bot.release(
            lambda m, comment=comment: Table("t", m, key(), Column("a", Text, comment=comment), comment=comment)
        )
        assert await bot.one("SELECT obj_description('t'::regclass)") == comment


# --- computed columns ---


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "virtual"])
async def test_a_computed_column_is_computed_otherwise(bot, stored):
    found = await change(
        bot,
        lambda: Column("a", Integer, Computed("id + 1", persisted=stored)),
        lambda: Column("a", Integer, Computed("id + 2", persisted=stored)),
        "DEFAULT",
    )
    assert found == [3]


async def test_a_computed_column_becomes_a_plain_one_of_another_type(bot):
    computed = lambda: Column("a", Integer, Computed("id + 1", persisted=True))  # noqa: E731
    assert await change(bot, computed, lambda: Column("a", Text), "DEFAULT") == ["2"]


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "virtual"])
async def test_a_computed_column_keeps_its_values_when_it_is_computed_no_more(bot, stored):
    computed = lambda: Column("a", Integer, Computed("id + 1", persisted=stored))  # noqa: E731
    assert await change(bot, computed, lambda: Column("a", Integer), "DEFAULT") == [2]


async def test_what_was_written_is_kept_when_a_column_becomes_a_computed_one(bot):
    found = await change(
        bot,
        lambda: Column("a", Integer, index=True),
        lambda: Column("a", Integer, Computed("id", persisted=True), index=True),
        "1",
        "7",
    )
    assert found == [1, 2]
    assert await bot.sql("SELECT row_key, value FROM aha_kept") == [('{"id": 2}', "7")]


async def test_a_computed_column_follows_the_type_of_what_it_is_computed_from(bot):
    def release(type_):
        return table(
            lambda: Column("b", type_),
            lambda: Column("a", Text, Computed("b || '!'", persisted=True), unique=True, comment="c"),
        )

    await bot.release(release(Text))
    await bot.sql("INSERT INTO t (b) VALUES ('1')")
    await bot.release(release(String(30)))
    await bot.release(release(Integer))
    assert await bot.sql("SELECT a, b FROM t") == [("1!", 1)]


# --- triggers of others ---


async def test_triggers_are_quiet_while_rows_are_migrated_and_as_before_afterwards(bot):
    await bot.release(table(lambda: Column("a", Text), lambda: Column("b", Text)))
    await bot.sql(
        "INSERT INTO t (a) VALUES ('x')",
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$",
        "CREATE TRIGGER one BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION no()",
        "CREATE TRIGGER two BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION no()",
        "CREATE TRIGGER three BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION no()",
        "ALTER TABLE t ENABLE ALWAYS TRIGGER one",
        "ALTER TABLE t DISABLE TRIGGER three",
    )
    states = "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    before = await bot.sql(states)
    await bot.release(
        table(lambda: Column("a", Integer), lambda: Column("b", Text, default="b", nullable=False)),
    )
    assert await bot.sql("SELECT a, b FROM t") == [(None, "b")]
    assert await bot.sql(states) == before
