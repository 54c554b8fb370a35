"""`old_table` and `migrating`: what a module may ask of its tables as they still are on disk."""

from __future__ import annotations

import enum

import pytest
from sqlalchemy import BigInteger, Column, Enum, ForeignKey, Integer, Table, Text, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from core.context import entered
from core.database import (
    Migration,
    db_engine,
    db_sessionmaker,
    dbBase,
    metadata,
    migrating,
    old_table,
    transition,
)
from core.migration.start import expand
from models.exc import UsageError


class Color(enum.Enum):
    red = 1
    blue = 2


@pytest.fixture
def record(module):
    record = module("demo")
    record.was = ("former",)
    return record


@pytest.fixture
def note(record):
    with entered(record):

        class Note(dbBase):
            __tablename__ = "note"
            id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
            color: Mapped[Color] = mapped_column(Enum(Color))
            owner: Mapped[int | None] = mapped_column(ForeignKey("note.id"))

    return Note


def tell():
    """What a migration would: an unused column of note, and tables that no model has any more."""
    transition.tell(
        {"demo": Migration("demo", {"note": {"text": "TEXT"}}, {"note": {"color": "VARCHAR"}})},
        {
            "note__demo": (transition.Leftover("text", Text()),),
            "pets__demo": (transition.Leftover("id", Integer(), key=True), transition.Leftover("name", Text())),
            "tags__former": (transition.Leftover("tag", Text()),),
        },
    )


@pytest.fixture(autouse=True)
def told(note):
    tell()
    yield
    transition.tell({}, {})


async def test_unused_columns_can_be_read_and_written_beside_the_models_own(database, record, note):
    assert (await expand([record])).failures == {}
    tell()
    async with db_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE note__demo ADD COLUMN text TEXT"))
    with entered(record):
        table = old_table(note)
    async with db_sessionmaker() as session:
        await session.execute(insert(table).values(id=1, color=Color.blue, text="old"))
        await session.commit()
        assert (await session.execute(select(table))).one()._asdict() == {
            "id": 1,
            "color": Color.blue,
            "owner": None,
            "text": "old",
        }


async def test_a_table_that_no_model_has_is_found_by_its_name(database, record):
    async with db_engine.begin() as connection:
        await connection.execute(text("CREATE TABLE pets__demo (id INTEGER PRIMARY KEY, name TEXT)"))
        with entered(record):
            pets = old_table("pets")
        await connection.execute(insert(pets).values(id=1, name="Tom"))
        assert (await connection.execute(select(pets))).all() == [(1, "Tom")]
    assert [column.name for column in pets.primary_key] == ["id"]


@pytest.mark.parametrize("how", ["entity", "table", "name", "stored name"])
def test_a_table_is_named_in_four_ways(record, note, how):
    what = {"entity": note, "table": note.__table__, "name": "note", "stored name": "note__demo"}[how]
    with entered(record):
        assert list(old_table(what).c.keys()) == ["id", "color", "owner", "text"]


def test_a_table_of_the_modules_former_name_is_found(record):
    with entered(record):
        assert old_table("tags").name == "tags__former"


def test_it_is_no_table_of_the_bot(record, note):
    before, objects = set(metadata.tables), len(metadata._objects)
    with entered(record):
        assert old_table(note).metadata is not metadata
    assert set(metadata.tables) == before
    assert len(metadata._objects) == objects


def test_a_column_that_the_model_took_up_again_is_the_models(record):
    with entered(record):
        table = Table("pets", metadata, Column("id", BigInteger, primary_key=True))
        assert isinstance(old_table(table).c.id.type, BigInteger)
        assert list(old_table(table).c.keys()) == ["id", "name"]


def test_a_name_that_is_no_tables_says_what_there_is(record):
    with (
        entered(record),
        pytest.raises(UsageError, match="no table 'nope' in the database; there are note, note__demo"),
    ):
        old_table("nope")


def test_anything_else_is_refused():
    with pytest.raises(UsageError, match="takes a mapped class, a Table or a table's name, not 7"):
        old_table(7)


def test_only_the_module_that_is_migrated_is_told_so(record, module):
    with entered(record):
        assert migrating().old == {"note": {"text": "TEXT"}}
    with entered(module("other")):
        assert migrating() is None
    assert migrating() is None
    transition.end("demo")
    with entered(record):
        assert migrating() is None
