"""What a start does with a database: migrates what has changed, once, and asks one question when nothing has."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    Integer,
    Numeric,
    Sequence,
    Table,
    Text,
    event,
    inspect,
    select,
    text,
)

from core.context import entered
from core.database import db_engine, kept_values, metadata, migrating, old_table, transition
from core.migration.ledger import records as ledger
from core.migration.ledger import stamp
from core.migration.start import expand, settle
from core.migration.steps import RestoreKept
from core.migration.upkeep.preview import plan_only
from core.migration.upkeep.put_back import put_back
from models.exc import DatabaseError
from tests.open_database import rows, run

pytestmark = pytest.mark.usefixtures("forgets")


def plain():
    return Column("id", Integer, primary_key=True), Column("text", Text)


def wider():
    return *plain(), Column("size", BigInteger)


def unique():
    return Column("id", Integer, primary_key=True), Column("text", Text, unique=True)


def required():
    return *plain(), Column("size", BigInteger, nullable=False)


def priced(precision):
    return lambda: (Column("id", Integer, primary_key=True), Column("price", Numeric(precision, 2)))


def number():
    return Column("id", Integer, primary_key=True), Column("text", Integer)


def moment():
    return Column("id", Integer, primary_key=True), Column("text", DateTime)


def short():
    return (Column("id", Integer, primary_key=True),)


class Unrenderable(Text):
    """A type that no database knows."""

    __visit_name__ = "unrenderable"


def strange():
    return Column("id", Integer, primary_key=True), Column("text", Unrenderable)


@pytest.fixture
def release(module):
    """Declares a release of a module: its tables, by name the columns. The one before of the same name is dropped."""
    running = {}

    def declare(name, *, was=(), **tables):
        if name in running:
            running.pop(name).drop()
        record = running[name] = module(name)
        record.was = was
        with entered(record):
            for table, columns in tables.items():
                Table(table, metadata, *columns())
        return record

    return declare


async def columns_of(table):
    async with db_engine.connect() as connection:
        return await connection.run_sync(
            lambda c: {col["name"]: col["nullable"] for col in inspect(c).get_columns(table)}
        )


async def start(*modules, **options):
    """Both phases of a start that goes well, without what on_start does between them."""
    outcome = await expand(modules, **options)
    assert outcome.failures == {}
    settled = await settle(modules)
    assert settled.failures == {}
    return [*outcome.units, *settled.units]


def steps(units):
    return [(type(planned.step).__name__, str(planned.verdict)) for unit in units for planned in unit.steps]


# --- what is done ---


async def test_the_first_start_makes_all_tables(database, release):
    await start(release("demo", note=plain))
    async with db_engine.connect() as connection:
        names = await connection.run_sync(lambda c: set(inspect(c).get_table_names()))
    assert {"note__demo", "aha_schema", "aha_history", "aha_stamp", "aha_once", "aha_kept"} <= names


async def test_a_release_with_a_new_column_keeps_the_rows(database, release):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    await start(release("demo", note=wider))
    assert await rows("SELECT id, text, size FROM note__demo") == [(1, "hello", None)]


async def test_after_a_migration_there_is_nothing_to_do(database, release):
    await start(release("demo", note=plain, pet=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    new = release("demo", note=wider)
    assert steps((await plan_only([new])).units) == [("AddColumn", "apply"), ("RetireTable", "report")]
    await start(new)
    assert await plan_only([new]) == await expand([new])


async def test_what_was_done_is_in_the_history(database, release):
    await start(release("demo", note=plain))
    await start(release("demo", note=wider))
    async with db_engine.connect() as connection:
        entries = await connection.run_sync(ledger.history, ["aha_history"])
    assert [(entry.modules, entry.phase) for entry in entries] == [
        (("",), "expand"),
        (("demo",), "expand"),
        (("demo",), "expand"),
    ]
    (step,) = entries[-1].steps
    assert (step["step"], step["table"], step["column"], step["verdict"]) == (
        "AddColumn",
        "note__demo",
        "size",
        "apply",
    )
    assert entries[-1].at.tzinfo is not None


async def test_each_table_has_its_owner(database, release):
    await start(release("demo", note=plain))
    async with db_engine.connect() as connection:
        owners = await connection.run_sync(ledger.owners, ["aha_schema"])
    assert owners["note__demo"] == "demo"
    assert owners["aha_schema"] == ""


async def test_a_module_that_was_renamed_finds_its_tables(database, release):
    old = release("old", note=plain)
    await start(old)
    await run("INSERT INTO note__old VALUES (1, 'hello')")
    old.drop()
    await start(release("new", was=("old",), note=plain))
    assert await rows("SELECT * FROM note__new") == [(1, "hello")]


async def test_a_module_says_late_that_it_was_renamed(database, release):
    old = release("old", note=plain)
    await start(old)
    await run("INSERT INTO note__old VALUES (1, 'hello')")
    old.drop()
    await start(release("new", note=plain))
    await start(release("new", was=("old",), note=plain))
    assert await rows("SELECT * FROM note__new") == [(1, "hello")]


# --- what it costs ---


async def test_a_start_on_which_nothing_changed_is_one_query(database, release, statements):
    modules = [release(f"m{n}", a=plain, b=wider) for n in range(10)]
    await start(*modules)
    statements.clear()
    assert await start(*modules) == []
    assert len(statements) == 1


async def test_a_module_that_is_off_for_a_while_costs_nothing(database, release, statements):
    one, two = release("one", note=plain), release("two", note=plain)
    await start(one, two)
    for modules in ([one], [one, two], [], [two]):
        statements.clear()
        await start(*modules)
        assert len(statements) == 1


async def test_a_schema_that_others_changed_is_compared_again(database, release):
    demo = release("demo", note=plain)
    await start(demo)
    await run("ALTER TABLE note__demo DROP COLUMN text")
    assert steps(await start(demo)) == [("AddColumn", "apply")]
    assert await start(demo) == []


async def test_what_others_changed_while_a_module_was_off_is_found_when_it_is_on_again(database, release):
    one, two = release("one", note=plain), release("two", note=plain)
    await start(one, two)
    await run("ALTER TABLE note__two DROP COLUMN text")
    assert await start(one) == []
    assert steps(await start(one, two)) == [("AddColumn", "apply")]


async def test_a_table_without_rows_or_changes_needs_no_backup(database, release):
    async def backup():
        raise AssertionError("a backup was made")

    await start(release("demo", note=plain), backup=backup)
    await start(release("demo", note=wider), backup=backup)
    await run("INSERT INTO note__demo VALUES (1, 'hello', 2)")
    await start(release("demo", note=wider, more=plain), backup=backup)


# --- what is postponed ---


async def test_what_is_postponed_costs_one_query_and_is_done_when_it_can_be(database, release, statements):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'twice'), (2, 'twice')")
    demo = release("demo", note=unique)
    assert steps(await start(demo)) == [("AddConstraint", "postpone")]
    for _ in range(2):
        statements.clear()
        assert await start(demo) == []
        assert len(statements) == 2
    await run("UPDATE note__demo SET text = 'once' WHERE id = 2")
    assert steps(await start(demo)) == [("AddConstraint", "apply")]
    statements.clear()
    await start(demo)
    assert len(statements) == 1


async def test_what_waits_for_values_that_fit_costs_one_query(database, release, statements):
    await start(release("demo", note=priced(10)))
    await run("INSERT INTO note__demo (id, price) VALUES (1, 12345.67)")
    await start(release("demo", note=priced(4)))
    statements.clear()
    await start(release("demo", note=priced(4)))
    assert [sql for sql in statements if "FUNCTION" not in sql and "set_config" not in sql][2:] == []
    await run("UPDATE note__demo SET price = 12.34")
    assert steps(await start(release("demo", note=priced(4)))) == [("ConvertColumn", "apply")]


async def test_a_stamp_that_another_process_makes_while_it_is_looked_for_is_read(database, monkeypatch):
    await start()
    async with db_engine.connect() as connection:
        there = (await connection.run_sync(stamp.read))[0]
        hidden = iter([text("SELECT * FROM not_yet")])
        asked = Connection.execute
        monkeypatch.setattr(Connection, "execute", lambda self, query, *args: asked(self, next(hidden, query), *args))
        assert (await connection.run_sync(stamp.read))[0] == there


async def test_what_other_processes_have_written_into_the_stamp_stays(database):
    before = stamp.Stamp(models={"a": "1", "b": "1", "c": "1"}, postponed={"a": ("SELECT 1",)}, live="7")
    theirs = replace(before, models={"a": "1", "b": "2", "c": "1"}, pending={"b": transition.Migration("b", {}, {})})
    ours = replace(before, models={"a": "2", "b": "1"}, postponed={})
    await start()
    async with db_engine.connect() as connection:
        await connection.run_sync(stamp.unsettle, theirs)
        left = await connection.run_sync(lambda c: stamp.write(c, ours, base=before))
    assert left.models == {"a": "2", "b": "2"}
    assert left.postponed == {}
    assert left.pending == theirs.pending


async def test_on_start_fills_what_the_settling_then_demands(database, release, statements):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    demo = release("demo", note=required)
    outcome = await expand([demo])
    assert steps(outcome.units) == [("AddColumn", "report"), ("SetNullable", "postpone")]
    await run("UPDATE note__demo SET size = 5")
    assert steps((await settle([demo])).units) == [("SetNullable", "apply")]
    assert (await columns_of("note__demo"))["size"] is False
    statements.clear()
    await start(demo)
    assert len(statements) == 1


async def test_a_column_that_is_not_filled_is_asked_about_once_per_start(database, release, statements):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    demo = release("demo", note=required)
    await start(demo)
    statements.clear()
    assert await start(demo) == []
    assert len(statements) == 2


# --- what the module is told ---


async def test_a_module_is_told_of_its_migration_until_its_on_start_succeeds(database, release):
    await start(release("demo", note=plain))
    demo = release("demo", note=short)
    await expand([demo])
    for _ in range(2):  # the module's on_start failed: settle was not called
        await expand([demo])
        with entered(demo):
            told = migrating()
        assert list(told.old["note"]) == ["id", "text"]
        assert list(told.new["note"]) == ["id"]
    await settle([demo])
    for _ in range(2):
        with entered(demo):
            assert migrating() is None
        await start(demo)


async def test_a_second_release_goes_on_from_where_the_first_began(database, release):
    await start(release("demo", note=plain))
    await expand([release("demo", note=wider)])
    demo = release("demo", note=wider, more=plain)
    await expand([demo])
    with entered(demo):
        told = migrating()
    assert list(told.old) == ["note"]
    assert list(told.old["note"]) == ["id", "text"]
    assert list(told.new) == ["note", "more"]


@pytest.mark.parametrize("tables", [{}, {"other": plain}], ids=["new", "with others"])
async def test_a_module_with_new_tables_only_is_told_nothing(database, release, tables):
    demo = release("demo", note=plain)
    await expand([demo, *(release(name, note=columns) for name, columns in tables.items())])
    with entered(demo):
        assert migrating() is None


async def test_what_a_release_removed_can_be_read_at_each_start(database, release):
    await start(release("demo", note=plain, pet=plain))
    await run("INSERT INTO note__demo VALUES (1, 'hello')", "INSERT INTO pet__demo VALUES (1, 'Tom')")
    demo = release("demo", note=short)
    for _ in range(2):
        await expand([demo])
        with entered(demo):
            note, pet = old_table("note"), old_table("pet")
        async with db_engine.connect() as connection:
            assert (await connection.execute(note.select())).all() == [(1, "hello")]
            assert (await connection.execute(pet.select())).all() == [(1, "Tom")]
        await settle([demo])


# --- what fails ---


async def test_a_module_that_cannot_be_compared_is_off_and_costs_no_other_anything(database, release):
    good, bad, late = release("good", t=plain), release("bad", t=strange), release("late")
    with entered(late):
        Table("t", metadata, Column("id", ForeignKey("t__good.id"), primary_key=True))
    outcome = await expand([bad, late, good])
    assert list(outcome.failures) == [bad]
    assert "t__bad" in str(outcome.failures[bad])
    assert set(await columns_of("t__late")) == {"id"}


async def test_a_unit_that_fails_is_rolled_back_and_the_others_go_on(database, release, monkeypatch):
    await start(release("bad", note=plain), release("good", note=plain))
    await run("INSERT INTO note__bad VALUES (1, 'hello')")

    def fails(*args):
        if "note__bad" in args[2] and "ALTER TABLE" in args[2]:
            raise RuntimeError("no such luck")

    event.listen(db_engine.sync_engine, "before_cursor_execute", fails)
    bad, good = release("bad", note=wider), release("good", note=wider)
    outcome = await expand([bad, good])
    assert list(outcome.failures) == [bad]
    assert "no such luck" in str(outcome.failures[bad])
    assert set(await columns_of("note__bad")) == {"id", "text"}
    assert set(await columns_of("note__good")) == {"id", "text", "size"}
    event.remove(db_engine.sync_engine, "before_cursor_execute", fails)
    await start(bad, good)
    assert set(await columns_of("note__bad")) == {"id", "text", "size"}


async def test_a_plan_that_is_refused_puts_the_module_off_at_each_start(database, release):
    def pair():
        return Column("a", Integer, primary_key=True), Column("b", Integer, primary_key=True)

    def one():
        return Column("a", Integer, primary_key=True), Column("b", Integer)

    await start(release("demo", note=pair))
    await run("INSERT INTO note__demo VALUES (1, 1), (1, 2)")
    demo = release("demo", note=one)
    for _ in range(2):
        outcome = await expand([demo])
        assert "note__demo" in str(outcome.failures[demo])
    assert await rows("SELECT count(*) FROM note__demo") == [(2,)]
    await run("DELETE FROM note__demo WHERE b = 2")
    await start(demo)


async def test_a_backup_that_fails_puts_off_those_who_need_it(database, release):
    made = []

    async def backup():
        made.append(1)
        raise OSError("the disk is full")

    await start(release("old", note=plain), release("empty", note=plain))
    await run("INSERT INTO note__old VALUES (1, 'hello')")
    old, empty, new = release("old", note=wider), release("empty", note=wider), release("new", note=plain)
    outcome = await expand([old, empty, new], backup=backup)
    assert list(outcome.failures) == [old]
    assert "no backup could be made before: the disk is full" in str(outcome.failures[old])
    assert made == [1]
    assert set(await columns_of("note__old")) == {"id", "text"}


async def test_a_backup_is_made_once_and_before_anything_is_changed(database, release):
    seen = []

    async def backup():
        seen.append((set(await columns_of("note__one")), set(await columns_of("note__two"))))

    await start(release("one", note=plain), release("two", note=plain))
    await run("INSERT INTO note__one VALUES (1, 'hello')", "INSERT INTO note__two VALUES (1, 'hello')")
    await start(release("one", note=wider), release("two", note=wider), backup=backup)
    assert seen == [({"id", "text"}, {"id", "text"})]


@pytest.mark.parametrize("lost", ["aha_schema", "aha_stamp", "aha_history", "all"])
async def test_a_lost_ledger_is_made_again_and_loses_nothing(database, release, statements, lost):
    demo = release("demo", note=wider)
    await start(demo)
    await run("INSERT INTO note__demo VALUES (1, 'hello', 2)")
    names = ["aha_schema", "aha_stamp", "aha_history", "aha_once", "aha_kept"] if lost == "all" else [lost]
    await run(*(f"DROP TABLE {name}" for name in names))
    await start(demo)
    statements.clear()
    await start(demo)
    assert len(statements) == 1
    await start(release("demo", note=short))
    assert await rows("SELECT id, text, size FROM note__demo") == [(1, "hello", 2)]


async def test_a_stamp_that_cannot_be_read_is_no_reason_to_stop(database, release):
    demo = release("demo", note=plain)
    await start(demo)
    for value in ("", "[]", "{}", json.dumps({"models": 1, "postponed": {}, "unused": {}, "pending": {}})):
        await run(f"UPDATE aha_stamp SET value = '{value}'")
        await start(demo)
    assert await plan_only([demo]) == await expand([demo])


async def test_a_sequence_that_no_column_uses_is_made(database, module):
    record = module("demo")
    await start(record)
    with entered(record):
        numbers = Sequence("numbers", metadata=metadata)
    await start(record)
    if database.startswith("postgresql"):
        async with db_engine.connect() as connection:
            assert await connection.scalar(select(numbers.next_value())) == 1


async def test_what_the_owner_puts_back_in_another_spelling_is_still_kept(database, release):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, 'soon')")
    await start(release("demo", note=moment))
    await run("UPDATE aha_kept SET value = '2023-11-14T22:13:20Z'")
    ((_, went_back, still_kept),) = await put_back()
    assert (went_back, still_kept) == (1, 1)
    await start(release("demo", note=plain))
    assert await rows("SELECT id, text FROM note__demo") == [(1, "2023-11-14T22:13:20Z")]
    assert await put_back() == []


@pytest.mark.parametrize("known", [True, False], ids=["recorded", "record-lost"])
async def test_values_that_an_older_aha_kept_come_back(database, release, known):
    """Its table had neither `via` nor `stale`; `aha db plan` and `aha db kept` may be asked before the first start."""
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, '5'), (2, 'five')")
    await start(release("demo", note=number))
    await run("ALTER TABLE aha_kept DROP COLUMN via", "ALTER TABLE aha_kept DROP COLUMN stale")
    if not known:
        await run("DELETE FROM aha_schema WHERE name = 'aha_kept'")
    demo = release("demo", note=plain)
    (kept,) = await kept_values(demo.tables["note"])
    assert (kept.value, kept.via, kept.stale) == ("five", None, None)
    with pytest.raises(DatabaseError, match="aha db migrate"):
        await put_back()
    assert ("RestoreKept", "report") in steps((await plan_only([demo])).units)
    await start(demo)
    assert {"via", "stale"} <= set(await columns_of("aha_kept"))
    assert await rows("SELECT id, text FROM note__demo ORDER BY id") == [(1, "5"), (2, "five")]
    assert await kept_values(demo.tables["note"]) == []


async def test_a_start_says_how_many_values_really_went_back(database, release, monkeypatch):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, '5'), (2, 'five')")
    await start(release("demo", note=number))
    monkeypatch.setattr("core.migration.kept.values.fits", lambda *_, **__: 7)
    units = await start(release("demo", note=plain))
    assert [p.rows for unit in units for p in unit.steps if isinstance(p.step, RestoreKept)] == [1]
    assert [s["rows"] for s in await last_steps() if s["step"] == "RestoreKept"] == [1]


async def last_steps():
    async with db_engine.connect() as connection:
        return await connection.run_sync(lambda c: ledger.history(c, ["aha_history"])[-1].steps)


async def test_a_module_can_read_what_was_kept_of_its_values(database, release):
    await start(release("demo", note=plain))
    await run("INSERT INTO note__demo VALUES (1, '5'), (2, 'five')")
    demo = release("demo", note=lambda: (Column("id", Integer, primary_key=True), Column("text", Integer)))
    await start(demo)
    (kept,) = await kept_values(demo.tables["note"])
    assert (kept.column, kept.key, kept.value) == ("text", {"id": 2}, "five")
    assert await rows("SELECT * FROM note__demo ORDER BY id") == [(1, 5), (2, None)]


async def test_a_module_that_goes_back_to_its_former_name_takes_its_tables_along(database, release):
    old = release("old", note=plain)
    await start(old)
    await run("INSERT INTO note__old VALUES (1, 'hello')")
    old.drop()
    new = release("new", was=("old",), note=plain)
    await start(new)
    new.drop()
    await start(release("old", note=plain))
    assert await rows("SELECT * FROM note__old") == [(1, "hello")]


async def test_a_key_that_is_kept_by_all_rows_at_last_is_remembered_so(database, release):
    def owned():
        return Column("id", Integer, primary_key=True), Column("text", Integer, ForeignKey("user.id"))

    def unowned():
        return Column("id", Integer, primary_key=True), Column("text", Integer)

    await start(release("demo", user=short, note=unowned))
    await run("INSERT INTO note__demo VALUES (1, 5)")
    demo = release("demo", user=short, note=owned)
    await start(demo)
    await run("INSERT INTO user__demo VALUES (5)")
    assert steps(await start(demo)) == [("ValidateConstraint", "apply")]
    assert (await plan_only([demo])).units == ()
