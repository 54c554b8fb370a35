"""What else changes when a table or column is renamed on SQLite."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Text

from core.migration.steps import (
    ConvertColumn,
    CreateTable,
    DropIndex,
    MergeTable,
    RenameColumn,
    RenameTable,
    RestoreKept,
    SetNullable,
)
from tests.integration.migration_sqlite.steps import INTEGER, NOTHING, TEXT, rebuilds, table


async def test_a_rename_is_followed_by_all_that_names_it(bot):
    await bot.sql(
        "CREATE TABLE old (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL CHECK (a <> ''), UNIQUE (a))",
        "CREATE TABLE c (p REFERENCES old (a))",
        "CREATE VIEW v AS SELECT a FROM old",
        "CREATE TRIGGER tr AFTER INSERT ON c BEGIN UPDATE old SET a = a; END",
        "CREATE TRIGGER own AFTER INSERT ON old BEGIN DELETE FROM c WHERE p = new.a AND 0; END",
        "INSERT INTO old VALUES (5, 'x')",
        "INSERT INTO c VALUES ('x')",
    )
    model = table("new", Column("id", Integer, primary_key=True), Column("b", Text), sqlite_autoincrement=True)
    script = await bot.migrate(
        [model],
        RenameTable("new", "old"),
        RenameColumn("new", "b", "a"),
        SetNullable("new", "b", nullable=True),
    )
    assert rebuilds(script) == 1
    assert await bot.sql("SELECT * FROM new") == [(5, "x")]
    assert await bot.sql("SELECT * FROM v") == [("x",)]
    state = await bot.state("new")
    assert [c.definition for c in state.constraints] == ["CHECK (b <> '')", "PRIMARY KEY (id)", "UNIQUE (b)"]
    assert [(c.target, c.target_columns) for c in (await bot.state("c")).constraints] == [("new", ("b",))]
    await bot.sql("INSERT INTO new (b) VALUES ('y')", "INSERT INTO c VALUES ('y')")
    assert await bot.sql("SELECT id FROM new") == [(5,), (6,)]
    assert await bot.sql("SELECT name FROM sqlite_sequence") == [("new",)]


async def test_views_and_triggers_that_do_not_compile_stop_no_rename(bot):
    await bot.sql(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        "CREATE VIEW good AS SELECT a FROM t",
        "CREATE VIEW broken AS SELECT nonesuch FROM t",
        "CREATE VIEW on_broken AS SELECT * FROM broken",
        "CREATE TRIGGER instead INSTEAD OF INSERT ON broken BEGIN SELECT 1; END",
        "CREATE TRIGGER fails AFTER INSERT ON t BEGIN INSERT INTO gone VALUES (1); END",
    )
    broken = ("broken", "fails", "instead", "on_broken")
    select = "SELECT name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY 1"
    before = dict(await bot.sql(select))
    model = table("t", Column("id", Integer, primary_key=True), Column("b", Text))
    await bot.migrate([model], RenameColumn("t", "b", "a"))
    after = dict(await bot.sql(select))
    assert {name: after[name] for name in broken} == {name: before[name] for name in broken}
    assert await bot.sql("SELECT * FROM good") == []


async def test_names_that_are_swapped_or_differ_in_case_only(bot):
    await bot.sql(
        "CREATE TABLE Notes (id INTEGER PRIMARY KEY, a TEXT, b TEXT, Upper TEXT)",
        "CREATE TABLE c (p REFERENCES Notes (id))",
        "INSERT INTO Notes VALUES (1, 'was a', 'was b', 'u')",
    )
    model = table("notes", *(Column(n, Text) for n in ("b", "a", "upper")), Column("id", Integer, primary_key=True))
    await bot.migrate(
        [model],
        RenameTable("notes", "Notes"),
        RenameColumn("notes", "a", "b"),
        RenameColumn("notes", "b", "a"),
        RenameColumn("notes", "upper", "Upper"),
    )
    assert (await bot.state("notes")).column_names == ("id", "b", "a", "upper")
    assert await bot.sql("SELECT a, b FROM notes") == [("was b", "was a")]
    assert (await bot.state("c")).constraints[0].target == "notes"


async def test_an_index_may_go_to_a_table_that_takes_the_old_name(bot):
    await bot.sql("CREATE TABLE t (a TEXT)", "CREATE INDEX ix_t_a ON t (a)", "INSERT INTO t VALUES ('x')")
    moved = table("moved", Column("a", Text))
    fresh = table("t", Column("a", Text, index=True))
    index = (await bot.state("t")).indexes[0]
    await bot.migrate([moved, fresh], RenameTable("moved", "t"), DropIndex("moved", index), CreateTable("t"))
    assert await bot.sql("SELECT * FROM moved") == [("x",)]
    assert [i.name for i in (await bot.state("t")).indexes] == ["ix_t_a"]


async def test_a_late_table_rename_copies_rows_whose_keys_are_new(bot):
    await bot.sql(
        "CREATE TABLE old (id INTEGER PRIMARY KEY, a TEXT)",
        "INSERT INTO old VALUES (1, '10'), (2, '20'), (3, 'x')",
        "CREATE TABLE new (id INTEGER PRIMARY KEY, b INTEGER, c TEXT DEFAULT 'd')",
        "INSERT INTO new VALUES (1, 7, 'c')",
    )
    model = table("new", Column("id", Integer, primary_key=True), Column("b", Integer), Column("c", Text))
    await bot.migrate([model], MergeTable("new", "old", {"id": "id", "b": "a"}))
    assert await bot.sql("SELECT * FROM new") == [(1, 7, "c"), (2, 20, "d"), (3, None, "d")]
    assert len(await bot.sql("SELECT * FROM old")) == 3


async def test_kept_values_go_by_the_new_names(bot):
    await bot.sql("CREATE TABLE old (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO old VALUES (1, 'x')")
    before = table("old", Column("id", Integer, primary_key=True), Column("a", Integer))
    await bot.migrate([before], ConvertColumn("old", "a", TEXT, INTEGER, NOTHING, {}))
    model = table("new", Column("key", Integer, primary_key=True), Column("b", Integer))
    steps = RenameTable("new", "old"), RenameColumn("new", "b", "a"), RenameColumn("new", "key", "id")
    await bot.migrate([model], *steps)
    assert await bot.kept() == [("new", "b", {"key": 1}, "x")]
    back = table("new", Column("key", Integer, primary_key=True), Column("b", Text))
    await bot.migrate([back], ConvertColumn("new", "b", INTEGER, TEXT, NOTHING, {}), RestoreKept("new", "b", TEXT))
    assert await bot.sql("SELECT * FROM new") == [(1, "x")]
    assert await bot.kept() == []
