"""Declaring tables: what a module's names become, and that two modules with the same names never meet."""

from __future__ import annotations

import enum
import gc
import weakref

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship
from sqlalchemy.schema import CreateTable

from core.context import entered
from core.database import dbBase, metadata
from core.database.base import known_modules
from models.exc import NameTaken


def forget(table):
    """Take back a table of the framework, which nothing else ever does."""
    metadata.remove(table)
    del metadata.owners[table.name], metadata._folded[table.name.casefold()]


class Color(enum.Enum):
    red = 1
    green = 2


def declare_shop():
    """A module's worth of declarations that name each other in every way there is."""

    class Test(dbBase):
        __tablename__ = "test"
        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("test.id", name="fk_parent"))
        color: Mapped[Color]
        parent: Mapped[Test | None] = relationship("Test", remote_side="Test.id")
        tags: Mapped[list[Tag]] = relationship("Tag", secondary="assoc", viewonly=False)
        same: Mapped[list[Tag]] = relationship(
            "Tag",
            secondary="assoc",
            primaryjoin="Test.id == assoc.c.test_id",
            secondaryjoin="assoc.c.tag_id == Tag.id",
            viewonly=True,
        )
        __table_args__ = (Index("ix_color", "color"), UniqueConstraint("parent_id", "color", name="uq"))

    class Tag(dbBase):
        __tablename__ = "tag"
        id = Column(Integer, Sequence("seq_tag"), primary_key=True)
        name = Column(Text, CheckConstraint("name <> ''", name="ck_name"), index=True)

    assoc = Table(
        "assoc",
        metadata,
        Column("test_id", BigInteger, primary_key=True),
        Column("tag_id", ForeignKey("tag.id"), primary_key=True),
        ForeignKeyConstraint(["test_id"], ["test.id"], name="fk_test"),
    )
    # Relationship annotations are looked up in the module that holds the class, which here is this function.
    globals().update(Test=Test, Tag=Tag)
    return Test, Tag, assoc


@pytest.fixture
def shops(module):
    declared = {}
    for name in ("one", "two"):
        with entered(module(name)):
            declared[name] = declare_shop()
    return declared


def test_two_modules_with_the_same_names_do_not_meet(shops):
    for name, (test, tag, assoc) in shops.items():
        assert [t.name for t in (test.__table__, tag.__table__, assoc)] == [
            f"{t}__{name}" for t in ("test", "tag", "assoc")
        ]
        assert {i.name for i in test.__table__.indexes} == {f"ix_color__{name}"}
        named = {c.name for t in (test.__table__, tag.__table__, assoc) for c in t.constraints if c.name}
        named |= {c.name for c in tag.__table__.c.name.constraints}
        assert named == {f"{c}__{name}" for c in ("uq", "fk_parent", "ck_name", "fk_test")}
        assert test.__table__.c.color.type.name == f"color__{name}"
        assert tag.__table__.c.id.default.name == f"seq_tag__{name}"


def test_names_inside_a_module_mean_its_own(shops):
    for test, tag, assoc in shops.values():
        assert next(iter(test.__table__.c.parent_id.foreign_keys)).column is test.__table__.c.id
        assert next(iter(assoc.c.tag_id.foreign_keys)).column is tag.__table__.c.id
        assert next(iter(assoc.c.test_id.foreign_keys)).column is test.__table__.c.id
        assert test.tags.property.mapper.class_ is tag
        assert test.tags.property.secondary is assoc
        assert test.same.property.secondary is assoc
        assert test.parent.property.mapper.class_ is test


@pytest.mark.parametrize("dialect", [postgresql.dialect(), sqlite.dialect()], ids=["postgresql", "sqlite"])
def test_the_sql_of_a_module_names_only_its_own(shops, dialect):
    for name, (test, tag, assoc) in shops.items():
        for table in (test.__table__, tag.__table__, assoc):
            sql = str(CreateTable(table).compile(dialect=dialect))
            assert f"__{name}" in sql
            assert ("__two" if name == "one" else "__one") not in sql


def test_outside_a_module_names_stay_plain():
    table = Table("aha_plain", metadata, Column("id", Integer, primary_key=True), Index("ix_plain", "id"))
    try:
        assert table.name == "aha_plain"
        assert {index.name for index in table.indexes} == {"ix_plain"}
    finally:
        forget(table)


def test_tables_of_another_metadata_are_left_alone(module):
    class Own(DeclarativeBase):
        pass

    with entered(module("one")):

        class Thing(Own):
            __tablename__ = "thing"
            id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
            other: Mapped[int | None] = mapped_column(ForeignKey("thing.id", name="fk"))

        table = Table("t", MetaData(), Column("id", Integer, ForeignKey("u.id")), Index("ix", "id"))
    assert Thing.__table__.name == "thing"
    assert next(iter(Thing.other.property.columns[0].foreign_keys)).column is Thing.__table__.c.id
    assert (table.name, {i.name for i in table.indexes}) == ("t", {"ix"})


@pytest.mark.parametrize("later", ["later", "a__later"])
def test_the_physical_name_of_another_module_is_accepted_before_and_after_it_is_declared(module, later):
    with entered(module("user")):
        users = Table("account", metadata, Column("id", Integer, primary_key=True))
    known_modules.add(later)
    try:
        with entered(module("one")):
            notes = Table(
                "note",
                metadata,
                Column("user", ForeignKey("account__user.id")),
                Column("late", ForeignKey(f"thing__{later}.id")),
                Column("mine", ForeignKey("note__one.id2")),
                Column("id2", Integer, primary_key=True),
            )
        with entered(module(later)):
            things = Table("thing", metadata, Column("id", Integer, primary_key=True))
    finally:
        known_modules.discard(later)
    targets = [next(iter(notes.c[name].foreign_keys)).column for name in ("user", "late", "mine")]
    assert targets == [users.c.id, things.c.id, notes.c.id2]


def test_a_relationship_to_an_imported_class_of_another_module(module):
    with entered(module("user")):

        class Account(dbBase):
            __tablename__ = "account"
            id: Mapped[int] = mapped_column(primary_key=True)

    with entered(module("one")):

        class Note(dbBase):
            __tablename__ = "note"
            id: Mapped[int] = mapped_column(primary_key=True)
            owner_id: Mapped[int] = mapped_column(ForeignKey(Account.id))
            owner = relationship(Account)

    assert Note.owner.property.mapper.class_ is Account


class Stamped:
    made_by: Mapped[str] = mapped_column(String(20))

    @declared_attr
    @classmethod
    def parent(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("base.id"))


def test_mixins_abstract_bases_and_both_kinds_of_inheritance(module):
    with entered(module("one")):

        class Abstract(dbBase):
            __abstract__ = True
            id: Mapped[int] = mapped_column(BigInteger, primary_key=True)

        class Base(Stamped, Abstract):
            __tablename__ = "base"
            kind: Mapped[str]
            __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "base"}  # noqa: RUF012

        class Single(Base):
            __mapper_args__ = {"polymorphic_identity": "single"}  # noqa: RUF012

        class Joined(Base):
            __tablename__ = "joined"
            id: Mapped[int] = mapped_column(ForeignKey("base.id"), primary_key=True)
            __mapper_args__ = {"polymorphic_identity": "joined"}  # noqa: RUF012

    assert Base.__table__.name == "base__one"
    assert Single.__table__ is Base.__table__
    assert Joined.__table__.name == "joined__one"
    assert Joined.__mapper__.inherits is Base.__mapper__
    assert next(iter(Base.__table__.c.parent.foreign_keys)).column is Base.__table__.c.id


@pytest.mark.parametrize(
    ("existing", "wanted", "message"),
    [
        pytest.param(("a__b", "c"), ("a", "b__c"), "belongs to module c", id="another pair with the same sum"),
        pytest.param(
            ("Test", "one"), ("test", "one"), "belongs to module one", id="SQLite ignores upper and lower case"
        ),
        pytest.param(("aha_taken", None), ("aha_taken", "one"), "reserved for the framework", id="reserved name"),
    ],
)
def test_a_name_that_is_taken_is_refused(module, existing, wanted, message):
    owner = module(existing[1]) if existing[1] else None
    with entered(owner):
        table = Table(existing[0], metadata, Column("id", Integer, primary_key=True))
    asking = owner if existing[1] == wanted[1] else module(wanted[1])
    with entered(asking), pytest.raises(NameTaken, match=message):
        Table(wanted[0], metadata, Column("id", Integer, primary_key=True))
    assert [t for t in metadata.tables.values() if t.name.casefold() == table.name.casefold()] == [table]
    if owner is None:
        forget(table)


def test_declaring_a_table_twice_says_whose_and_what_to_do_and_extending_it_works(module):
    with entered(module("one")):
        table = Table("t", metadata, Column("id", Integer, primary_key=True))
        with pytest.raises(NameTaken, match="^table 't' of module one is declared twice: .*extend_existing=True"):
            Table("t", metadata, Column("id", Integer, primary_key=True))
        with pytest.raises(NameTaken, match="^table 't' of module one is declared twice: "):

            class Again(dbBase):
                __tablename__ = "t"
                id: Mapped[int] = mapped_column(primary_key=True)

        assert Table("t", metadata) is Table("t", metadata, Column("id", Integer), keep_existing=True) is table
        again = Table("t", metadata, Column("more", Integer), extend_existing=True)
    assert again is table
    assert list(table.c.keys()) == ["id", "more"]


def test_the_same_table_in_two_schemas_is_refused_for_only_one_could_be_made(module):
    with entered(module("one")):
        table = Table("t", metadata, Column("id", Integer, primary_key=True))
        with pytest.raises(NameTaken, match="^table 't' of module one is declared twice: "):
            Table("t", metadata, Column("id", Integer, primary_key=True), schema="other")
    assert [each for each in metadata.tables.values() if each.name == "t__one"] == [table]


def test_a_dropped_module_leaves_nothing_behind(module):
    record = module("one")
    with entered(record):
        classes = declare_shop()
    watch = [weakref.ref(c) for c in classes]
    classes[0](id=1)  # maps everything for good
    record.drop()
    globals().update(Test=None, Tag=None)
    del classes
    gc.collect()
    assert not [name for name in metadata.tables if name.endswith("__one")]
    assert not [obj for obj in metadata._objects if str(obj.name).endswith("__one")]
    assert not record.tables
    assert [ref() for ref in watch[:2]] == [None, None]
    with entered(module("one")):
        assert declare_shop()[0].__table__.name == "test__one"


def test_repr_shows_what_is_loaded_and_loads_nothing(module):
    with entered(module("one")):

        class Test(dbBase):
            __tablename__ = "test"
            user: Mapped[int] = mapped_column(BigInteger, primary_key=True)
            data: Mapped[str] = mapped_column("data_column", Text)

    assert repr(Test(user=3, data="hello")) == "Test(user=3, data='hello')"
    assert repr(Test(data="hello")) == "Test(data='hello')"


def test_one_enum_type_used_by_two_tables_is_renamed_once(module):
    with entered(module("one")):
        color = Enum(Color, name="color")
        tables = [Table(t, metadata, Column("id", Integer, primary_key=True), Column("c", color)) for t in "ab"]
    assert [table.c.c.type.name for table in tables] == ["color__one", "color__one"]


@pytest.mark.parametrize("kind", [BigInteger(), BigInteger().with_variant(Integer, "sqlite")], ids=["plain", "variant"])
def test_a_key_numbers_itself_however_its_author_wrote_it_and_however_often_the_table_is_extended(module, kind):
    with entered(module("one")):
        table = Table("t", metadata, Column("id", kind, primary_key=True))
        Table("t", metadata, Column("more", Integer), extend_existing=True)
    assert "id INTEGER NOT NULL" in str(CreateTable(table).compile(dialect=sqlite.dialect()))
    assert "id BIGSERIAL NOT NULL" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_a_sequence_without_a_column_is_forgotten_with_its_module(module):
    record = module("one")
    with entered(record):
        sequence = Sequence("lonely", metadata=metadata)
        Table("t", metadata, Column("id", Integer, primary_key=True))
    assert sequence.name == "lonely__one"
    record.drop()
    assert sequence not in metadata._objects
    assert "lonely__one" not in metadata._sequences
