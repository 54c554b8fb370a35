"""`upsert` and `insert_ignore` write what they are given and leave everything else alone, on both databases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text, UniqueConstraint, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, synonym

from core.context import entered
from core.database import db_engine, db_sessionmaker, dbBase, metadata
from core.migration.start import expand
from utils.sqlalchemy import insert_ignore, upsert


def declare():
    class Note(dbBase):
        __tablename__ = "note"
        user: Mapped[int] = mapped_column("user_id", BigInteger, primary_key=True)
        slot: Mapped[int] = mapped_column(primary_key=True, default=0)
        text: Mapped[str] = mapped_column(Text, default="empty")
        code: Mapped[str | None] = mapped_column("code_column", Text, unique=True)
        edits: Mapped[int] = mapped_column(default=0, onupdate=7)
        touched: Mapped[str | None] = mapped_column(onupdate=lambda: "called")
        shouted: Mapped[str | None] = mapped_column(onupdate=func.upper("sql"))
        words = synonym("text")

    class Pet(dbBase):
        __tablename__ = "pet"
        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        kind: Mapped[str]
        name: Mapped[str | None]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "pet"}  # noqa: RUF012

    class Cat(Pet):
        __mapper_args__ = {"polymorphic_identity": "cat"}  # noqa: RUF012

    plain = Table(
        "plain",
        metadata,
        Column("a", Integer, primary_key=True),
        Column("b", Integer),
        Column("c", Integer),
        UniqueConstraint("b"),
    )
    Table("keyless", metadata, Column("a", Integer, unique=True), Column("b", Integer))
    return Note, Pet, Cat, plain


@pytest.fixture
async def tables(database, module):
    record = module("demo")
    with entered(record):
        declared = declare()
    assert (await expand([record])).failures == {}
    return declared


async def run(*statements):
    async with db_sessionmaker() as session:
        results = [(await session.execute(statement)) for statement in statements]
        rows = [None if getattr(result, "returns_rows", True) is False else result.all() for result in results]
        await session.commit()
    return rows[-1]


async def rows(entity):
    async with db_sessionmaker() as session:
        return (await session.scalars(select(entity).order_by(*entity.__mapper__.primary_key))).all()


async def test_a_new_row_gets_its_defaults_and_no_onupdate(tables):
    note = tables[0]
    await run(upsert(note, user=1))
    assert repr(await rows(note)) == (
        "[Note(user=1, slot=0, text='empty', code=None, edits=0, touched=None, shouted=None)]"
    )


async def test_an_existing_row_keeps_what_was_not_given_and_runs_its_onupdates(tables):
    note = tables[0]
    await run(upsert(note, user=1, text="hello", code="c"), upsert(note, user=1, slot=0, code="d"))
    assert repr(await rows(note)) == (
        "[Note(user=1, slot=0, text='hello', code='d', edits=7, touched='called', shouted='SQL')]"
    )


async def test_a_value_that_is_given_wins_over_onupdate(tables):
    note = tables[0]
    await run(upsert(note, user=1, slot=0), upsert(note, user=1, slot=0, edits=3, touched=None))
    [row] = await rows(note)
    assert (row.edits, row.touched) == (3, None)


async def test_what_the_session_has_not_written_yet_goes_first(tables):
    note = tables[0]
    async with db_sessionmaker() as session:
        session.add(note(user=1, slot=0, text="added"))
        await session.execute(upsert(note, user=1, slot=0, text="upserted"))
        await session.commit()
    assert [row.text for row in await rows(note)] == ["upserted"]


async def test_the_second_time_is_as_the_first_whatever_is_named_and_in_whatever_order(tables):
    note, pet, cat, plain = tables
    for text in ("first", "second"):
        await run(upsert(note, words=text, slot=0, user=1))
        await run(upsert(cat, id=1, kind="pet", name=text))
        await run(upsert(cat, name=text, id=2))
        await run(upsert(plain, c=len(text), a=1))
        assert [row.text for row in await rows(note)] == [text]
        assert [(row.id, row.kind, row.name) for row in await rows(pet)] == [(1, "pet", text), (2, "cat", text)]
        assert await run(select(plain)) == [(1, None, len(text))]


async def test_a_value_may_be_an_expression(tables):
    note = tables[0]
    await run(upsert(note, user=1, slot=0, text=func.upper("loud")))
    await run(upsert(note, user=2, slot=0, text=literal("plain")))
    assert [row.text for row in await rows(note)] == ["LOUD", "plain"]


async def test_one_statement_may_run_more_than_once_and_through_a_connection_too(tables):
    note = tables[0]
    statement = upsert(note, user=1, slot=0, text="a")
    await run(statement, statement)
    async with db_engine.begin() as connection:
        await connection.execute(statement)
        await connection.execute(upsert(note.__table__, user_id=2, text="b"))
    assert [row.text for row in await rows(note)] == ["a", "b"]


@pytest.mark.parametrize("values", [{}, {"text": "x"}], ids=["only the key", "with a value"])
async def test_returning_answers_for_new_and_existing_rows(tables, values):
    note = tables[0]
    for _ in range(2):
        [(row,)] = await run(upsert(note, user=1, slot=0, **values).returning(note))
        assert (type(row), row.user, row.text) == (note, 1, values.get("text", "empty"))
    assert await run(upsert(note, user=1, slot=0, text="y").returning(note.user, note.text)) == [(1, "y")]


async def test_many_rows_at_once_the_last_of_the_same_key_wins(tables):
    note = tables[0]
    await run(upsert(note, user=1, slot=0, text="old"))
    await run(upsert(note, [{"user": u, "slot": 0, "text": t} for u, t in [(1, "a"), (2, "b"), (2, "c")]]))
    assert [(row.user, row.text) for row in await rows(note)] == [(1, "a"), (2, "c")]


async def test_values_that_all_rows_share(tables):
    note = tables[0]
    await run(upsert(note, [{"user": 1}, {"user": 2}], slot=4, text="same"))
    assert [(row.user, row.slot, row.text) for row in await rows(note)] == [(1, 4, "same"), (2, 4, "same")]


@pytest.mark.parametrize("how", ["name", "column name", "attribute", "column"])
async def test_another_unique_key(tables, how):
    note = tables[0]
    key = {
        "name": "code",
        "column name": "code_column",
        "attribute": note.code,
        "column": note.__table__.c.code_column,
    }[how]
    await run(upsert(note, user=1, code="k", text="a"), upsert(note, user=2, code="k", text="b", index_elements=[key]))
    assert [(row.user, row.text) for row in await rows(note)] == [(2, "b")]


async def test_names_may_be_attributes_columns_or_synonyms(tables):
    note = tables[0]
    await run(upsert(note, {"user_id": 1, note.slot: 2, note.__table__.c.code_column: "k", "words": "w"}))
    [row] = await rows(note)
    assert (row.user, row.slot, row.code, row.text) == (1, 2, "k", "w")


async def test_a_plain_table(tables):
    plain = tables[3]
    await run(upsert(plain, a=1, b=2, c=3), upsert(plain, a=1, c=4))
    assert await run(select(plain)) == [(1, 2, 4)]
    assert await run(upsert(plain, a=9, b=2, index_elements=["b"]).returning(plain)) == [(9, 2, 4)]


async def test_a_table_without_a_primary_key_needs_index_elements(tables):
    keyless = metadata.tables["keyless__demo"]
    await run(upsert(keyless, a=1, b=1, index_elements=["a"]), upsert(keyless, a=1, b=2, index_elements=["a"]))
    assert await run(select(keyless)) == [(1, 2)]
    with pytest.raises(TypeError, match="no primary key: name a unique key with index_elements"):
        upsert(keyless, a=1)


async def test_a_subclass_in_the_same_table_keeps_its_kind(tables):
    _, pet, cat, _ = tables
    await run(upsert(cat, id=1, name="Mimi"), upsert(pet, id=2))
    assert [type(row) for row in await rows(pet)] == [cat, pet]


async def test_insert_ignore_leaves_existing_rows_and_returns_new_ones_only(tables):
    note = tables[0]
    assert await run(insert_ignore(note, user=1, slot=0, text="a").returning(note.text)) == [("a",)]
    assert await run(insert_ignore(note, user=1, slot=0, text="b").returning(note.text)) == []
    await run(insert_ignore(note, [{"user": 1, "slot": 0}, {"user": 2, "slot": 0}]))
    assert [(row.user, row.text) for row in await rows(note)] == [(1, "a"), (2, "empty")]
    await run(insert_ignore(note, user=3, code="k"), insert_ignore(note, user=4, code="k", index_elements=["code"]))
    with pytest.raises(IntegrityError):
        await run(insert_ignore(note, user=5, code="k"))


@pytest.fixture
def note(module):
    with entered(module("demo")):
        return declare()[0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        pytest.param(lambda note: upsert(note), TypeError, "no values for Note", id="nothing"),
        pytest.param(lambda note: upsert(note, []), TypeError, "no values for Note", id="no rows"),
        pytest.param(
            lambda note: upsert(note, usr=1), ValueError, "no column 'usr'; it has user, slot, text", id="typo"
        ),
        pytest.param(
            lambda note: upsert(note, [{"user": 1}, {"slot": 1}]), ValueError, "different columns", id="ragged"
        ),
        pytest.param(
            lambda note: upsert(note, user=1, index_elements=["x"]), ValueError, "no column 'x'", id="key typo"
        ),
        pytest.param(
            lambda note: upsert(note(), user=1), TypeError, "pass the class that inherits dbBase", id="an instance"
        ),
        pytest.param(lambda note: upsert("note", user=1), TypeError, "neither a mapped class nor a Table", id="a name"),
    ],
)
def test_wrong_use_is_an_error_that_says_what_to_write(note, call, error, message):
    with pytest.raises(error, match=message):
        call(note)


def test_a_class_in_two_tables_is_refused(module):
    with entered(module("demo")):

        class Base(dbBase):
            __tablename__ = "base"
            id: Mapped[int] = mapped_column(primary_key=True)

        class Joined(Base):
            __tablename__ = "joined"
            id: Mapped[int] = mapped_column(ForeignKey("base.id"), primary_key=True)

    with pytest.raises(TypeError, match="spread over the tables joined__demo, base__demo|base__demo, joined__demo"):
        upsert(Joined, id=1)


@pytest.mark.parametrize("dialect", [postgresql.dialect(), sqlite.dialect()], ids=["postgresql", "sqlite"])
@given(names=st.sets(st.sampled_from(["text", "code", "edits", "touched", "shouted"])))
def test_the_statement_is_the_same_for_both_databases_and_writes_only_what_was_given(dialect, names):
    sql = str(upsert(TEXTS, user=1, **dict.fromkeys(names, "v")).compile(dialect=dialect))
    written = sql.split("DO UPDATE SET", 1)[1]
    assert {
        name for name in ("text", "code", "edits", "touched", "shouted") if f"{name} = excluded.{name}" in written
    } == names


TEXTS = Table(
    "property",
    type(metadata)(),
    Column("user", BigInteger, primary_key=True),
    *(Column(name, Text) for name in ("text", "code", "edits", "touched", "shouted")),
)
