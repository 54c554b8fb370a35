"""How an SQLite table is changed in place or rebuilt: rows, and everything around them, are there afterwards."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.database import db_engine
from core.migration.meaning import Kind, Meaning
from core.migration.schema.scratch import wanted_tables
from core.migration.steps import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    ChangeOptions,
    ConvertColumn,
    CreateTable,
    DropIndex,
    Fill,
    FillColumn,
    Phase,
    Planned,
    SetNullable,
    Source,
    Verdict,
)
from tests.integration.migration_sqlite.steps import INTEGER, NOTHING, TEXT, rebuilds, table, value


async def test_a_nullable_column_is_added_in_place(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text))
    script = await bot.migrate([model], AddColumn("t", "a", NOTHING, nullable=True))
    assert [s.text for s in script.statements] == ['ALTER TABLE "t" ADD COLUMN "a" TEXT']
    assert await bot.sql("SELECT * FROM t") == [(1, None)]


async def test_a_column_with_a_constant_server_default_is_added_in_place(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text, server_default="x", nullable=False))
    script = await bot.migrate([model], AddColumn("t", "a", Fill(Source.SERVER, "'x'"), nullable=False))
    assert len(script.statements) == 1
    assert await bot.sql("SELECT * FROM t") == [(1, "x")]


async def test_a_nullable_column_gets_the_python_default_in_place(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text, default="x"))
    script = await bot.migrate([model], AddColumn("t", "a", value("'x'"), nullable=True))
    assert rebuilds(script) == 0
    assert await bot.sql("SELECT * FROM t") == [(1, "x"), (2, "x")]


async def test_an_index_is_added_and_another_dropped_in_place(bot):
    await bot.sql("CREATE TABLE t (a TEXT, b TEXT)", "CREATE INDEX ix ON t (a)", "CREATE INDEX other ON t (b)")
    model = table("t", Column("a", Text), Column("b", Text), Index("ix", "b", unique=True))
    old = (await bot.state("t")).indexes[0]
    async with db_engine.connect() as connection:
        new = (await connection.run_sync(wanted_tables, [model], {}, {}))["t"].state.indexes[0]
    script = await bot.migrate([model], DropIndex("t", old), AddIndex("t", new))
    assert rebuilds(script) == 0
    assert [(i.name, i.columns) for i in (await bot.state("t")).indexes] == [("ix", ("b",)), ("other", ("b",))]


async def test_a_table_is_created_and_nothing_else_is_touched(bot):
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text, index=True))
    script = await bot.migrate([model], CreateTable("t"))
    assert (script.before, script.after, script.check) == ((), (), ())
    assert (await bot.state("t")).indexes[0].name == "ix_t_a"


OLD = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT)"
MODEL = table("t", Column("id", Integer, primary_key=True), Column("a", Text), Column("b", Text))


async def test_a_rebuild_keeps_rows_order_and_row_numbers(bot):
    await bot.sql(OLD, "INSERT INTO t VALUES (7, 'seven', NULL), (3, 'three', 'b')")
    await bot.migrate([MODEL], SetNullable("t", "a", nullable=True))
    assert await bot.sql("SELECT * FROM t") == [(3, "three", "b"), (7, "seven", None)]
    assert (await bot.state("t")).column("a").nullable


async def test_new_columns_come_last_and_there_is_one_rebuild(bot):
    await bot.sql(OLD, "INSERT INTO t VALUES (1, 'x', NULL)")
    model = table(
        "t",
        Column("first", Integer, nullable=False, default=5),
        Column("id", Integer, primary_key=True),
        Column("a", Integer),
        Column("b", Text, nullable=False),
    )
    script = await bot.migrate(
        [model],
        AddColumn("t", "first", value("5"), nullable=False),
        ConvertColumn("t", "a", TEXT, INTEGER, NOTHING, {}),
        SetNullable("t", "a", nullable=True),
        FillColumn("t", "b", value("'?'")),
        SetNullable("t", "b", nullable=False),
    )
    assert rebuilds(script) == 1
    assert (await bot.state("t")).column_names == ("id", "a", "b", "first")
    assert await bot.sql("SELECT * FROM t") == [(1, None, "?", 5)]
    assert await bot.kept() == [("t", "a", {"id": 1}, "x")]


async def test_after_a_rebuild_the_table_is_what_a_fresh_one_is(bot):
    await bot.sql("CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)")
    model = table(
        "t",
        Column("id", Integer, primary_key=True),
        Column("a", String(20, collation="nocase"), nullable=False, server_default="it's"),
        Column("p", ForeignKey("p.id", ondelete="CASCADE")),
        Column("double", Float, Computed("id * 2.5", persisted=True)),
        CheckConstraint("a <> '%'", name="ck"),
        UniqueConstraint("a", "p"),
        sqlite_autoincrement=True,
    )
    Table("p", model.metadata, Column("id", Integer, primary_key=True))
    async with db_engine.connect() as connection:
        wanted = (await connection.run_sync(wanted_tables, [model], {}, {}))["t"].state
    await bot.migrate(
        [model],
        ConvertColumn("t", "a", TEXT, Meaning(Kind.TEXT, "VARCHAR(20)", 20), NOTHING, {}),
        *(AlterColumn("t", "a", what) for what in ("default", "collation")),
        SetNullable("t", "a", nullable=False),
        AddColumn("t", "p", NOTHING, nullable=True),
        AddColumn("t", "double", NOTHING, nullable=True),
        *(AddConstraint("t", c) for c in wanted.constraints if c.kind != "PRIMARY KEY"),
        ChangeOptions("t"),
    )
    state = await bot.state("t")
    assert state.columns == wanted.columns
    assert set(state.constraints) == set(wanted.constraints)
    assert state.options == wanted.options == ("AUTOINCREMENT",)


async def test_what_others_put_there_survives_a_rebuild(bot):
    await bot.sql(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, theirs DATETIMEISH DEFAULT (date('now')),"
        " CHECK (theirs <> 'x'), UNIQUE (a))",
        "CREATE INDEX theirs ON t (lower(a) DESC) WHERE a <> ''",
        "CREATE VIEW v AS SELECT id, a FROM t",
        "CREATE VIEW broken AS SELECT nonesuch FROM t",
        "CREATE TABLE log (a)",
        "CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (new.a); END",
        "CREATE TRIGGER refers AFTER INSERT ON log BEGIN DELETE FROM t WHERE a = new.a AND 0; END",
        "INSERT INTO t VALUES (1, 'x', 'yesterday')",
    )
    before = dict(await bot.sql("SELECT name, sql FROM sqlite_master WHERE type <> 'table'"))
    live = await bot.state("t")
    await bot.migrate([MODEL], SetNullable("t", "a", nullable=True), FillColumn("t", "a", value("'y'")))
    assert dict(await bot.sql("SELECT name, sql FROM sqlite_master WHERE type <> 'table'")) == before
    assert (await bot.state("t")).constraints == live.constraints
    assert (await bot.state("t")).column("theirs") == live.column("theirs")
    assert await bot.sql("SELECT * FROM v") == [(1, "x")]
    assert await bot.sql("SELECT * FROM log") == []
    await bot.sql("UPDATE t SET a = 'z'")
    assert await bot.sql("SELECT * FROM log") == [("z",)]


async def test_triggers_do_not_see_what_a_migration_writes(bot):
    await bot.sql(
        "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        "CREATE TRIGGER no BEFORE UPDATE ON t BEGIN SELECT RAISE(ABORT, 'read only'); END",
        "INSERT INTO t VALUES (1)",
    )
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text))
    await bot.migrate([model], AddColumn("t", "a", value("'x'"), nullable=True))
    assert await bot.sql("SELECT a FROM t") == [("x",)]
    assert await bot.sql("SELECT name FROM sqlite_master WHERE type = 'trigger'") == [("no",)]


@pytest.mark.parametrize("before", ["", " AUTOINCREMENT"], ids=["added", "kept"])
async def test_autoincrement_goes_on_where_it_was(bot, before):
    await bot.sql(
        f"CREATE TABLE t (id INTEGER PRIMARY KEY{before}, a TEXT NOT NULL)",
        "INSERT INTO t VALUES (41, 'x'), (99, 'y')",
        "DELETE FROM t WHERE id = 99",
    )
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text), sqlite_autoincrement=True)
    await bot.migrate([model], ChangeOptions("t"), SetNullable("t", "a", nullable=True))
    await bot.sql("INSERT INTO t (a) VALUES ('new')")
    assert await bot.sql("SELECT max(id) FROM t") == [(100 if before else 42,)]
    assert await bot.sql("SELECT name FROM sqlite_sequence") == [("t",)]


async def test_autoincrement_of_an_empty_table_goes_on_where_it_was(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL)")
    await bot.sql("INSERT INTO t VALUES (9, 'x')", "DELETE FROM t")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text), sqlite_autoincrement=True)
    await bot.migrate([model], SetNullable("t", "a", nullable=True))
    await bot.sql("INSERT INTO t (a) VALUES ('new')")
    assert await bot.sql("SELECT id FROM t") == [(10,)]


async def test_a_constraint_that_ignores_rows_loses_none_in_a_rebuild(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t VALUES (1, 'x'), (2, 'x')")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text))
    model.append_constraint(UniqueConstraint("a", sqlite_on_conflict="IGNORE"))
    async with db_engine.connect() as connection:
        unique = (await connection.run_sync(wanted_tables, [model], {}, {}))["t"].state.constraints[-1]
    with pytest.raises(Exception, match="UNIQUE constraint failed"):
        await bot.migrate([model], AddConstraint("t", unique))
    assert await bot.sql("SELECT * FROM t") == [(1, "x"), (2, "x")]


async def test_postponed_and_later_steps_are_left_out(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t VALUES (1, NULL)")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text, nullable=False))
    step = SetNullable("t", "a", nullable=False)
    script = await bot.migrate(
        [model], Planned(step, Phase.SETTLE), Planned(step, Phase.EXPAND, Verdict.POSTPONE), phase=Phase.EXPAND
    )
    assert script.statements == []


async def test_names_of_every_kind(bot):
    odd = 'or"der 😀'
    model = table(odd, Column("id", Integer, primary_key=True), Column("select", Text), Column("a b", Text))
    await bot.sql(
        'CREATE TABLE "or""der 😀" (id INTEGER PRIMARY KEY AUTOINCREMENT, "select" TEXT NOT NULL)',
        'CREATE INDEX "ix ""😀" ON "or""der 😀" ("select")',
        'CREATE TABLE child (p REFERENCES "or""der 😀" (id))',
        'INSERT INTO "or""der 😀" VALUES (1, \'x\')',
        "INSERT INTO child VALUES (1)",
    )
    await bot.migrate(
        [model], SetNullable(odd, "select", nullable=True), AddColumn(odd, "a b", value("'y'"), nullable=True)
    )
    assert await bot.sql('SELECT "select", "a b" FROM "or""der 😀"') == [("x", "y")]
    assert (await bot.state(odd)).indexes[0].name == 'ix "😀'
    assert (await bot.state("child")).constraints[0].target == odd


async def test_a_table_without_rowid(bot):
    await bot.sql(
        "CREATE TABLE t (a TEXT, b TEXT NOT NULL, PRIMARY KEY (a)) WITHOUT ROWID",
        "INSERT INTO t VALUES ('z', '1'), ('a', '2')",
    )
    model = table("t", Column("a", Text, primary_key=True), Column("b", Text), sqlite_with_rowid=False)
    await bot.migrate([model], SetNullable("t", "b", nullable=True))
    assert await bot.sql("SELECT * FROM t") == [("a", "2"), ("z", "1")]
    assert (await bot.state("t")).options == ("WITHOUT ROWID",)
