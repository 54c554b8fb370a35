"""Tables of one module change while the others run: these are neither looked at nor disturbed."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, Table, Text, inspect
from sqlalchemy.exc import IntegrityError

from core.context import entered
from core.database import db_engine, metadata, migrating, old_table
from core.migration import start as start_of_bot
from core.migration.start import expand, forget, settle, waiting
from tests.open_database import rows, run

pytestmark = pytest.mark.usefixtures("forgets")


def note(*more):
    return lambda: (Column("id", Integer, primary_key=True), Column("text", Text), *(make() for make in more))


def size(**options):
    return lambda: Column("size", BigInteger, **options)


def unique():
    return Column("text", Text, unique=True)


def name():
    return Column("name", Text)


def of_user(*types):
    return lambda: (Column("id", Integer, primary_key=True), Column("user", *types, ForeignKey("user__demo.id")))


@pytest.fixture
def release(module):
    """Declares a release of a module: its tables, by name the columns. Those of the one before are taken back."""
    running, taken = {}, []

    def declare(name, *, was=MappingProxyType({}), **tables):
        record = running.get(name) or running.setdefault(name, module(name))
        taken.append(record.take_back())
        with entered(record):
            for table, columns in tables.items():
                Table(table, metadata, *columns(), info={"was": was.get(table)})
        return record

    yield declare
    for each in taken:
        each.end()


async def columns_of(table):
    async with db_engine.connect() as connection:
        return await connection.run_sync(lambda c: [column["name"] for column in inspect(c).get_columns(table)])


async def start(*modules, **options):
    """A start, or a change of code, that goes well, without what on_start does."""
    outcome = await expand(modules, **options)
    assert outcome.failures == {}
    assert (await settle(modules)).failures == {}
    return outcome


# --- those that run beside ---


async def test_a_change_of_code_that_changes_no_table_is_one_query(database, release, statements, monkeypatch):
    beside = [release(f"m{n}", note=note()) for n in range(20)]
    await start(release("demo", note=note()), *beside)
    demo, looked_at = release("demo", note=note()), []
    prints = start_of_bot.fingerprint_of
    monkeypatch.setattr(start_of_bot, "fingerprint_of", lambda given: looked_at.append(given.name) or prints(given))
    statements.clear()
    await start(demo, beside=beside)
    assert len(statements) == 1
    assert looked_at == ["", "demo"]


async def test_only_the_tables_of_the_changed_module_change(database, release):
    other = release("other", note=note())
    await start(release("demo", note=note()), other)
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    other = release("other", note=note(size()))
    await start(release("demo", note=note(size())), beside=[other])
    assert await rows("SELECT * FROM note__demo") == [(1, "hello", None)]
    assert await columns_of("note__other") == ["id", "text"]


async def test_what_others_changed_in_the_database_is_no_reason_to_look_at_those_that_run(database, release):
    demo, other = release("demo", note=note()), release("other", note=note())
    await start(demo, other)
    await run("ALTER TABLE note__other DROP COLUMN text")
    assert (await start(demo, beside=[other])).units == ()
    assert len((await start(demo, other)).units) == 1


async def test_a_module_that_is_new_comes_beside_the_others(database, release, statements):
    other = release("other", note=note())
    await start(other)
    demo = release("demo", note=note())
    assert len((await start(demo, beside=[other])).units) == 1
    statements.clear()
    await start(demo, other)
    assert len(statements) == 1


async def test_what_others_can_read_of_their_old_tables_stays(database, release):
    await start(release("other", note=note(size())), release("demo", note=note()))
    await run("INSERT INTO note__other VALUES (1, 'hello', 7)")
    other = release("other", note=note())
    await start(other, release("demo", note=note()))
    await expand([release("demo", note=note(size()))], beside=[other])
    with entered(other):
        note_of_other = old_table("note")
        assert migrating() is None
    async with db_engine.connect() as connection:
        assert (await connection.execute(note_of_other.select())).all() == [(1, "hello", 7)]


async def test_what_others_wait_for_is_known_until_they_run_no_more(database, release):
    await start(release("other", note=note()), release("demo", note=note()))
    await run("INSERT INTO note__other VALUES (1, 'same'), (2, 'same')")
    other = release("other", note=lambda: (Column("id", Integer, primary_key=True), unique()))
    await start(other, release("demo", note=note()))
    await start(release("demo", note=note(size())), beside=[other])
    assert waiting() == ("other",)
    forget([other])
    assert waiting() == ()


# --- all or nothing ---


async def test_the_old_code_can_insert_again_and_going_forward_brings_the_values_back(database, release):
    other = release("other", note=note())
    await start(release("demo", note=note()), other)
    await run("INSERT INTO note__demo VALUES (1, 'hello')")
    for found in ([(1, 5)], [(1, 6), (2, 5)]):
        demo = release("demo", note=note(size(nullable=False, default=5)))
        assert (await expand([demo], beside=[other])).failures == {}
        assert await rows("SELECT id, size FROM note__demo ORDER BY id") == found
        # Its on_start fails, and the old code is put back.
        await start(release("demo", note=note()), beside=[other])
        await run("UPDATE note__demo SET size = 6 WHERE id = 1")
        if len(found) == 1:
            await run("INSERT INTO note__demo (id, text) VALUES (2, 'old code')")


async def test_the_old_code_finds_nothing_to_do_where_the_new_one_could_not_migrate(database, release, monkeypatch):
    await start(release("demo", note=note()))
    await run("INSERT INTO note__demo VALUES (1, 'hello')")

    async def backup():
        raise OSError("no room")

    demo = release("demo", note=note(size()))
    assert list((await expand([demo], beside=[], backup=backup)).failures) == [demo]
    assert (await start(release("demo", note=note()), backup=backup)).units == ()


async def test_the_old_code_is_in_no_change_when_it_is_put_back(database, release):
    await start(release("demo", note=note()))
    for new in ({"note": note(size())}, {"note": note(), "pet": note()}):
        demo = release("demo", **new)
        await expand([demo])
        with entered(demo):
            assert migrating().new.keys() == new.keys()
        await expand([release("demo", note=note())])
        with entered(demo):
            assert migrating() is None


async def test_a_change_that_no_type_shows_is_one_until_on_start_has_succeeded(database, release):
    await start(release("demo", note=note()))
    demo = release("demo", note=note(lambda: CheckConstraint("id > 0", name="positive")))
    await expand([demo])
    await expand([release("demo", note=note(lambda: CheckConstraint("id > 1", name="positive")))])
    with entered(demo):
        assert migrating() is not None


# --- foreign keys ---


def user(type_=Integer, *more):
    return lambda: (Column("id", type_, primary_key=True, autoincrement=False), *(make() for make in more))


@pytest.fixture
async def tied(database, release):
    """The module `other`, whose rows refer to those of `demo`; both run."""
    demo = release("demo", user=user(Integer, name))
    other = release("other", note=of_user())
    await start(demo, other)
    await run("INSERT INTO user__demo VALUES (1, 'Ann')", "INSERT INTO note__other VALUES (1, 1)")
    return other


async def test_a_table_that_others_refer_to_gets_a_column(tied, release):
    demo = release("demo", user=user(Integer, name, size(nullable=False, default=0)))
    await start(demo, beside=[tied])
    assert await rows("SELECT * FROM user__demo") == [(1, "Ann", 0)]
    await only_known_users()


async def test_a_key_that_others_refer_to_gets_a_wider_type(tied, release):
    demo = release("demo", user=user(BigInteger, name))
    await start(demo, beside=[tied])
    assert await rows("SELECT * FROM user__demo") == [(1, "Ann")]
    await only_known_users()


async def test_tables_that_refer_to_each_other_across_modules(tied, release):
    demo = release("demo", user=user(Integer, lambda: Column("note", ForeignKey("note__other.id"))))
    await start(demo, beside=[tied])
    await run("UPDATE user__demo SET note = 1")
    await only_known_users()


async def test_a_table_that_others_refer_to_is_no_longer_declared(tied, release):
    await start(release("demo", note=note()), beside=[tied])
    assert await rows("SELECT * FROM user__demo") == [(1, "Ann")]
    await only_known_users()


async def test_a_table_that_others_refer_to_is_renamed(tied, release):
    await start(release("demo", person=user(Integer, name), was={"person": "user"}), beside=[tied])
    assert await rows("SELECT * FROM person__demo") == [(1, "Ann")]
    await only_known_users()
    await start(release("demo", user=user(Integer, name)), beside=[tied])
    assert await rows("SELECT * FROM user__demo") == [(1, "Ann")]
    await only_known_users()


async def test_a_key_is_not_renamed_that_others_refer_to_by_its_name(tied, release):
    def renamed():
        return Column("number", Integer, primary_key=True, autoincrement=False, info={"was": "id"}), name()

    demo = release("demo", user=renamed)
    outcome = await expand([demo], beside=[tied])
    assert str(outcome.failures.pop(demo)).startswith(
        "note__other.user of module other, which runs, refers to 'user__demo.id', which would be gone: "
    )
    assert outcome.failures == {}
    assert await columns_of("user__demo") == ["id", "name"]
    await only_known_users()


async def test_a_key_gets_no_type_that_those_of_others_do_not_have(tied, release, database):
    """SQLite does not mind: what looks like the same number is the same there."""
    demo = release("demo", user=user(Text, name))
    outcome = await expand([demo], beside=[tied])
    if database.startswith("sqlite"):
        assert outcome.failures == {}
    else:
        assert str(outcome.failures.pop(demo)).startswith("the tables of module other, which runs, ")
        assert outcome.failures == {}
        assert await rows("SELECT * FROM user__demo") == [(1, "Ann")]
    await only_known_users()
    await start(release("demo", user=user(Integer, name)), beside=[tied])
    assert await rows("SELECT * FROM user__demo") == [(1, "Ann")]
    await only_known_users()


async def only_known_users():
    assert await rows("SELECT * FROM note__other") == [(1, 1)]
    with pytest.raises(IntegrityError):
        await run("INSERT INTO note__other VALUES (2, 2)")
