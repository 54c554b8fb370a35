"""Primary and foreign keys of SQLite tables that change, and the tables on the other side."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text

from core.migration.meaning import Kind, Meaning
from core.migration.steps import AddColumn, AddConstraint, ConvertColumn, DropConstraint, SetNullable
from tests.integration.migration_sqlite.steps import NOTHING, TEXT, key_of, table, wanted_state


@pytest.mark.parametrize("kind", ["INTEGER", "BIGINT"])
async def test_a_new_surrogate_key_numbers_the_rows_in_their_order(bot, kind):
    await bot.sql(
        "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT)",
        "CREATE INDEX i ON t (b, a)",
        "INSERT INTO t VALUES ('z', '1'), ('a', '2'), ('m', '0')",
    )
    model = table("t", Column("id", Integer, primary_key=True), Column("a", Text), Column("b", Text))
    if kind == "BIGINT":
        from sqlalchemy import BigInteger

        model = table("t", Column("id", BigInteger, primary_key=True), Column("a", Text), Column("b", Text))
    wanted = await wanted_state(model)
    await bot.migrate(
        [model],
        AddColumn("t", "id", NOTHING, nullable=False),
        DropConstraint("t", key_of(await bot.state("t"))),
        AddConstraint("t", key_of(wanted)),
    )
    assert await bot.sql("SELECT id, a FROM t ORDER BY id") == [(1, "z"), (2, "a"), (3, "m")]
    assert (await bot.state("t")).primary_key == ("id",)


async def test_a_key_that_changes_its_type_takes_children_along(bot):
    await bot.sql(
        "CREATE TABLE p (id TEXT PRIMARY KEY)",
        "CREATE TABLE known (id INTEGER PRIMARY KEY, p TEXT REFERENCES p (id))",
        "CREATE TABLE unknown (id INTEGER PRIMARY KEY, p TEXT REFERENCES p)",
        "INSERT INTO p VALUES ('00000000-0000-0000-0000-00000000000a'), ('0000000000000000000000000000000B')",
        "INSERT INTO known SELECT rowid, id FROM p",
        "INSERT INTO unknown SELECT rowid, id FROM p",
    )
    from sqlalchemy import Uuid

    metadata = MetaData()
    parent = Table("p", metadata, Column("id", Uuid, primary_key=True))
    known = Table("known", metadata, Column("id", Integer, primary_key=True), Column("p", ForeignKey("p.id")))
    uuid = Meaning(Kind.UUID, "CHAR(32)")
    await bot.migrate(
        [parent, known],
        ConvertColumn("p", "id", TEXT, uuid, NOTHING, {}),
        ConvertColumn("known", "p", TEXT, uuid, NOTHING, {}),
    )
    for name in ("p", "known", "unknown"):
        column = "id" if name == "p" else "p"
        assert await bot.sql(f"SELECT {column} FROM {name} ORDER BY rowid") == [("0" * 31 + "a",), ("0" * 31 + "b",)]
    assert (await bot.state("unknown")).column("p").type == "TEXT"


async def test_tables_that_refer_to_each_other_and_themselves_are_rebuilt(bot):
    await bot.sql(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b REFERENCES b (id), me REFERENCES a (id), x TEXT NOT NULL)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a (id) ON DELETE CASCADE, x TEXT NOT NULL)",
        "INSERT INTO b VALUES (1, NULL, '')",
        "INSERT INTO a VALUES (1, 1, 1, '')",
        "UPDATE b SET a = 1",
    )
    models = [table(n, Column("id", Integer, primary_key=True), Column("x", Text)) for n in ("a", "b")]
    before = [(await bot.state(n)).constraints for n in ("a", "b")]
    await bot.migrate(models, SetNullable("a", "x", nullable=True), SetNullable("b", "x", nullable=True))
    assert [(await bot.state(n)).constraints for n in ("a", "b")] == before
    await bot.sql("DELETE FROM a")
    assert await bot.sql("SELECT * FROM b") == []


ORPHANS = [
    "CREATE TABLE p (id INTEGER PRIMARY KEY)",
    "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER, x TEXT NOT NULL)",
    "INSERT INTO c VALUES (1, 8, ''), (2, 9, '')",
]


def _child() -> tuple[Table, Table]:
    metadata = MetaData()
    parent = Table("p", metadata, Column("id", Integer, primary_key=True))
    parts = Column("p", Integer, ForeignKey("p.id")), Column("x", Text)
    return parent, Table("c", metadata, Column("id", Integer, primary_key=True), *parts)


@pytest.mark.parametrize("validate", [True, False])
async def test_new_violations_show_unless_the_key_is_for_new_rows_only(bot, validate):
    await bot.sql(*ORPHANS)
    models = _child()
    key = next(c for c in (await wanted_state(models[1])).constraints if c.kind == "FOREIGN KEY")
    if validate:
        with pytest.raises(AssertionError):
            await bot.migrate(models, AddConstraint("c", key, validate=True))
        return
    await bot.migrate(models, AddConstraint("c", key, validate=False))
    with pytest.raises(Exception, match="FOREIGN KEY"):
        await bot.sql("INSERT INTO c VALUES (3, 7, '')")


async def test_violations_that_were_there_do_not_count(bot):
    await bot.sql(*ORPHANS, "PRAGMA foreign_keys=ON")
    models = _child()
    key = next(c for c in (await wanted_state(models[1])).constraints if c.kind == "FOREIGN KEY")
    await bot.migrate(models, AddConstraint("c", key, validate=False))
    script = await bot.migrate(models, SetNullable("c", "x", nullable=True))
    assert len(await bot.sql(script.check[0].text)) == 2


async def test_a_key_that_makes_no_sense_stops_nothing(bot):
    await bot.sql(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT, x TEXT NOT NULL)",
        "CREATE TABLE c (a REFERENCES p (a))",
        "CREATE TABLE d (a REFERENCES nowhere (a))",
        "INSERT INTO p VALUES (1, 'a', '')",
    )
    model = table("p", Column("id", Integer, primary_key=True), Column("a", Text), Column("x", Text))
    await bot.migrate([model], SetNullable("p", "x", nullable=True))
    assert (await bot.state("c")).constraints[0].target == "p"


async def test_a_key_that_loses_what_it_refers_to_stops_nothing(bot):
    await bot.sql("CREATE TABLE p (a TEXT PRIMARY KEY)", "CREATE TABLE c (a TEXT REFERENCES p (a))")
    model = table("p", Column("a", Text), Column("id", Integer, primary_key=True))
    await bot.migrate(
        [model], AddColumn("p", "id", NOTHING, nullable=False), AddConstraint("p", key_of(await wanted_state(model)))
    )
    assert (await bot.state("p")).primary_key == ("id",)
