"""Tables and mapped classes of a module are taken back while `database.py` stays, declared anew, or put back."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, select

from core.context import entered
from core.database import metadata
from core.database.base import mapped_registry
from tests.unit.redeclaring.shop import CODE, KEPT, state


def test_what_is_put_back_at_once_is_as_it_was(shop):
    without = state(shop)
    shop.code()
    before = state(shop)
    taken = shop.record.take_back()
    assert state(shop) == without
    taken.put_back()
    assert state(shop) == before


def test_what_is_put_back_in_the_place_of_others_is_as_it_was(shop):
    shop.code()
    before = state(shop)
    taken = shop.record.take_back()
    shop.code()
    assert state(shop) != before
    shop.record.take_back().end()
    taken.put_back()
    assert state(shop) == before


def test_the_same_code_declares_the_same_again(shop):
    def names():
        tables = [table for table in metadata.tables.values() if table.name.endswith("__shop")]
        named = {part.name for table in tables for part in (*table.indexes, *table.constraints)}
        return named | {obj.name for obj in metadata._objects} | {table.name for table in tables}

    shop.code()
    before = names()
    taken = shop.record.take_back()
    shop.code()
    taken.end()
    assert names() == before


def test_a_table_may_come_again_with_another_shape(shop):
    old = shop.code().Note.__table__
    taken = shop.record.take_back()
    new = shop.code(CODE.replace("color: Mapped[Color]", 'color: Mapped[Color]\n    text = Column("said", Text)'))
    taken.end()
    assert metadata.tables["note__shop"] is new.Note.__table__ is not old
    assert "said" in new.Note.__table__.columns


def test_new_classes_are_related_to_each_other_and_to_those_that_stay(shop):
    old = shop.code()
    taken = shop.record.take_back()
    new = shop.code()
    taken.end()
    person = shop.database.Person
    assert new.Note.owner.property.mapper.class_ is person
    assert new.Tag.notes.property.mapper.class_ is new.Note is not old.Note
    assert new.Note.tags.property.secondary is new.marked
    assert new.Member.__mapper__.inherits is person.__mapper__
    assert list(person.__mapper__.polymorphic_map) == ["person", "member", "vip"]
    assert "member__shop" in str(select(person))
    assert [relation.prop.parent.class_ for relation in person.__mapper__._dependency_processors] == [new.Note]


def test_the_old_class_works_until_its_end(shop):
    old = shop.code()
    taken = shop.record.take_back()
    shop.code()
    note = old.Note(id=1, tags=[old.Tag(id=2)])
    assert note.tags[0].notes == [note]
    assert "FROM note__shop" in str(select(old.Note).join(old.Note.tags))
    taken.end()
    with pytest.raises(Exception, match="Note"):
        select(old.Note)


def refer_to_note(record):
    """A foreign key of another module."""
    with entered(record):
        table = Table("t", metadata, Column("id", Integer, primary_key=True), Column("n", ForeignKey("note__shop.id")))
    (key,) = table.foreign_keys
    return key


def test_a_foreign_key_of_another_module_finds_what_is_there(shop, module):
    old = shop.code()
    key = refer_to_note(module("other"))
    taken = shop.record.take_back()
    assert key.column is old.Note.__table__.c.id
    new = shop.code()
    assert key.column is new.Note.__table__.c.id
    shop.record.take_back().end()
    taken.put_back()
    assert key.column is old.Note.__table__.c.id


def test_a_foreign_key_that_was_given_as_a_column_finds_what_is_there(shop, module):
    old = shop.code()
    with entered(module("other")):
        column = Column("n", ForeignKey(old.Note.id))
        table = Table("t", metadata, Column("id", Integer, primary_key=True), column)
    (key,) = table.foreign_keys
    for _ in range(2):
        taken = shop.record.take_back()
        new = shop.code()
        taken.end()
        assert key.column is new.Note.__table__.c.id


def test_a_foreign_key_to_a_table_that_does_not_come_again_stays_as_it_is(shop, module):
    table = shop.code().Note.__table__
    key = refer_to_note(module("other"))
    shop.record.take_back().end()
    assert key.column is table.c.id


def test_a_class_whose_mapping_fails_is_taken_back_as_well(shop):
    shop.code()
    before = state(shop)
    taken = shop.record.take_back()
    with pytest.raises(Exception, match="primary key"):
        shop.code(CODE.replace("class Plain", 'class Bad(dbBase):\n    __tablename__ = "bad"\n\nclass Plain'))
    shop.record.take_back().end()
    taken.put_back()
    assert state(shop) == before


def test_a_class_that_was_not_used_before_it_was_put_back_is_related_then(shop):
    code = shop.run("", CODE)
    shop.record.take_back().put_back()
    assert code.Tag.notes.property.mapper.class_ is code.Note


def test_everything_goes_and_comes_with_the_database_file(shop):
    shop.code()
    taken = shop.record.take_back(with_kept=True)
    assert mapped_registry(shop.record) is None
    assert not shop.record.tables
    old, shop.database = shop.database, shop.run("database", KEPT, kept=True)
    new = shop.code()
    taken.end()
    assert new.Note.owner.property.mapper.class_ is shop.database.Person is not old.Person
