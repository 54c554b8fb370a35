"""What the rows of an SQLite table get when columns are added, converted, filled or retired."""

from __future__ import annotations

from itertools import count

import pytest
from sqlalchemy import Column, Computed, Integer, String, Text

from core.migration.meaning import Kind, Meaning
from core.migration.steps import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    ChangeOptions,
    ConvertColumn,
    Fill,
    FillColumn,
    FillFromOld,
    Phase,
    Planned,
    RetireColumn,
    SetNullable,
    Source,
    Verdict,
)
from tests.integration.migration_sqlite.steps import (
    INTEGER,
    NOTHING,
    TEXT,
    key_of,
    rebuilds,
    table,
    value,
    wanted_state,
)


async def test_a_retired_column_keeps_its_values_and_asks_for_none(bot):
    await bot.sql(
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'd' REFERENCES p (id), b TEXT,"
        " UNIQUE (a, b), CHECK (a <> ''), CHECK (b <> ''))",
        "CREATE UNIQUE INDEX u ON t (a)",
        "CREATE INDEX i ON t (a)",
        "INSERT INTO p VALUES (1)",
        "INSERT INTO t VALUES (1, '1', 'y')",
    )
    model = table("t", Column("id", Integer, primary_key=True), Column("b", Text))
    await bot.migrate([model], RetireColumn("t", "a"))
    state = await bot.state("t")
    assert [c.definition for c in state.constraints] == ["CHECK (b <> '')", "PRIMARY KEY (id)"]
    assert [index.name for index in state.indexes] == ["i"]
    assert (state.column("a").nullable, state.column("a").default) == (True, "'d'")
    assert await bot.sql("SELECT * FROM t") == [(1, "1", "y")]


async def test_a_callable_default_is_called_once_per_row_before_the_one_rebuild(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    model = table("t", Column("id", Integer, primary_key=True), Column("n", Integer, nullable=False))
    numbers = count(10)
    fill = Fill(Source.CALLABLE, make=lambda: next(numbers))
    script = await bot.migrate([model], AddColumn("t", "n", fill, nullable=False))
    assert rebuilds(script) == 1
    assert await bot.sql("SELECT * FROM t") == [(1, 10), (2, 11)]
    assert not (await bot.state("t")).column("n").nullable
    assert next(numbers) == 12


async def test_a_callable_default_comes_before_the_server_default(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    model = table("t", Column("id", Integer, primary_key=True), Column("n", Text, nullable=False, server_default="s"))
    await bot.migrate([model], AddColumn("t", "n", Fill(Source.CALLABLE, make=lambda: "called"), nullable=False))
    assert await bot.sql("SELECT n FROM t") == [("called",), ("called",)]


async def test_a_callable_fills_what_is_null_and_what_does_not_convert(bot):
    await bot.sql(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)", "INSERT INTO t VALUES (1, NULL, '5'), (2, 'x', 'no')"
    )
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text, nullable=False))
    model.append_column(Column("b", Integer, nullable=False))
    script = await bot.migrate(
        [model],
        FillColumn("t", "a", Fill(Source.CALLABLE, make=lambda: "called")),
        SetNullable("t", "a", nullable=False),
        ConvertColumn("t", "b", TEXT, INTEGER, Fill(Source.CALLABLE, make=lambda: -1), {}),
        SetNullable("t", "b", nullable=False),
    )
    assert rebuilds(script) == 1
    assert await bot.sql("SELECT * FROM t") == [(1, "called", 5), (2, "x", -1)]
    assert await bot.kept() == [("t", "b", {"id": 2}, "no")]
    assert (await bot.state("t")).column_names == ("id", "a", "b")


async def test_what_does_not_convert_is_kept_and_gets_the_default(bot):
    await bot.sql(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t VALUES (1, '5'), (2, 'five'), (3, NULL)"
    )
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Integer))
    await bot.migrate([model], ConvertColumn("t", "a", TEXT, INTEGER, value("0"), {}))
    assert await bot.sql("SELECT * FROM t") == [(1, 5), (2, 0), (3, None)]
    assert await bot.kept() == [("t", "a", {"id": 2}, "five")]


@pytest.mark.parametrize(
    ("more", "rows"),
    [
        pytest.param((), [(1, 5), (2, None), (3, None)], id="no-fill"),
        pytest.param((FillColumn("t", "a", value("0")),), [(1, 5), (2, 0), (3, 0)], id="filled-afterwards"),
        pytest.param((FillFromOld("t", "a", "b", (), TEXT, INTEGER),), [(1, 5), (2, 8), (3, 9)], id="from-another"),
    ],
)
async def test_what_does_not_convert_is_kept_whatever_takes_its_place(bot, more, rows):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)")
    await bot.sql("INSERT INTO t VALUES (1, '5', '7'), (2, 'five', '8'), (3, NULL, '9')")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Integer), Column("b", Text))
    script = await bot.migrate([model], ConvertColumn("t", "a", TEXT, INTEGER, NOTHING, {}), *more)
    assert rebuilds(script) == 1
    assert await bot.sql("SELECT id, a FROM t") == rows
    assert await bot.kept() == [("t", "a", {"id": 2}, "five")]


async def test_a_conversion_that_keeps_nothing_looks_at_each_value_once(bot, monkeypatch):
    asked = []
    monkeypatch.setattr("core.migration.casts.sqlite._cast", lambda _, value, __: asked.append(value) or value)
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)", "INSERT INTO t VALUES (1, X'61'), (2, X'62')")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text))
    await bot.migrate([model], ConvertColumn("t", "a", Meaning(Kind.BYTES, "BLOB"), TEXT, NOTHING, {}))
    assert asked == [b"a", b"b"]


async def test_values_are_converted_in_place_where_the_type_stays(bot):
    before = Meaning(Kind.ENUM, "VARCHAR(3)", 3, members=("old", "b"))
    after = Meaning(Kind.ENUM, "VARCHAR(3)", 3, members=("new", "b"))
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(3))", "INSERT INTO t VALUES (1, 'old'), (2, 'b')")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", String(3)))
    script = await bot.migrate([model], ConvertColumn("t", "a", before, after, NOTHING, {"old": "new"}))
    assert rebuilds(script) == 0
    assert await bot.sql("SELECT * FROM t") == [(1, "new"), (2, "b")]


async def test_what_a_collation_takes_for_the_same_is_another_value(bot):
    before = Meaning(Kind.ENUM, "VARCHAR(3)", 3, members=("old", "b"))
    after = Meaning(Kind.ENUM, "VARCHAR(3)", 3, members=("OLD", "b"))
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(3) COLLATE NOCASE, o TEXT)")
    await bot.sql("INSERT INTO t VALUES (1, 'old', NULL), (2, 'B', 'x')")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", String(3, "NOCASE")), Column("o", Text))
    late = FillFromOld("t", "a", "o", ("'b'",), TEXT, Meaning(Kind.TEXT, "VARCHAR(3)", 3))
    await bot.migrate([model], late)
    assert await bot.sql("SELECT a FROM t") == [("old",), ("B",)]
    script = await bot.migrate(
        [model], ConvertColumn("t", "a", before, after, NOTHING, {"old": "OLD"}, filled=("'b'",))
    )
    assert rebuilds(script) == 0
    assert await bot.sql("SELECT a FROM t") == [("OLD",), (None,)]
    assert await bot.kept() == [("t", "a", {"id": 2}, "B")]


async def test_a_late_rename_fills_what_is_null_or_was_written_by_the_migration(bot):
    await bot.sql(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, old TEXT, new INTEGER)",
        "INSERT INTO t VALUES (1, '10', NULL), (2, '20', 0), (3, '30', 7), (4, 'x', 0), (5, NULL, NULL)",
    )
    model = table("t", Column("id", Integer, primary_key=True), Column("new", Integer))
    script = await bot.migrate([model], FillFromOld("t", "new", "old", ("0",), TEXT, INTEGER))
    assert rebuilds(script) == 0
    assert await bot.sql("SELECT new FROM t") == [(10,), (20,), (7,), (0,), (None,)]
    assert await bot.sql("SELECT old FROM t WHERE id = 1") == [("10",)]


async def test_a_column_that_becomes_computed_has_its_values_kept(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)", "INSERT INTO t VALUES (1, 5), (2, NULL)")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Integer, Computed("id + 1")))
    await bot.migrate([model], AlterColumn("t", "a", "computed"))
    assert await bot.sql("SELECT * FROM t") == [(1, 2), (2, 3)]
    assert await bot.kept() == [("t", "a", {"id": 1}, 5)]
    plain = table("t", Column("id", Integer, primary_key=True), Column("a", Integer))
    await bot.migrate([plain], AlterColumn("t", "a", "computed"))
    assert await bot.sql("SELECT * FROM t") == [(1, 2), (2, 3)]
    assert (await bot.state("t")).column("a").computed is None


async def test_a_callable_fills_rows_without_numbers_although_the_new_table_has_them(bot):
    await bot.sql(
        "CREATE TABLE t (a TEXT NOT NULL, b TEXT, PRIMARY KEY (a)) WITHOUT ROWID",
        "INSERT INTO t VALUES ('x', 'no'), ('y', '5')",
    )
    model = table("t", Column("a", Text, primary_key=True), Column("b", Integer, nullable=False))
    fill = Fill(Source.CALLABLE, make=lambda: -1)
    await bot.migrate(
        [model],
        ConvertColumn("t", "b", TEXT, INTEGER, fill, {}),
        FillColumn("t", "b", fill),
        SetNullable("t", "b", nullable=False),
        ChangeOptions("t"),
    )
    assert await bot.sql("SELECT * FROM t") == [("x", -1), ("y", 5)]
    assert (await bot.state("t")).options == ()


async def test_a_column_that_becomes_computed_has_no_default_any_more(bot):
    await bot.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'd')", "INSERT INTO t VALUES (1, NULL)")
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Integer, Computed("id + 1")))
    await bot.migrate([model], AlterColumn("t", "a", "computed"))
    assert (await bot.state("t")).columns == (await wanted_state(model)).columns


async def test_an_option_waits_for_the_key_that_it_needs(bot):
    await bot.sql("CREATE TABLE t (a TEXT)", "INSERT INTO t VALUES (NULL)")
    model = table("t", Column("a", Text, primary_key=True), sqlite_with_rowid=False)
    key = key_of(await wanted_state(model))
    await bot.migrate([model], Planned(AddConstraint("t", key), Phase.SETTLE, Verdict.POSTPONE), ChangeOptions("t"))
    assert await bot.sql("SELECT * FROM t") == [(None,)]
