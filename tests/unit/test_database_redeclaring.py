"""Tables and mapped classes of a module are taken back while `database.py` stays, declared anew, or put back."""

from __future__ import annotations

import gc
import sys
import weakref
from types import ModuleType

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, event, select
from sqlalchemy.orm import Mapper, configure_mappers

from core.context import entered
from core.database import metadata
from core.database.base import mapped_registry
from core.database.declared import crossing

KEPT = """
from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship
from core.database import dbBase

class Person(dbBase):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}
"""

CODE = """
import enum
from sqlalchemy import CheckConstraint, Column, Enum, ForeignKey, Index, Integer, Sequence, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, registry, relationship
from core.database import dbBase, metadata
from modules.shop.database import Person

class Color(enum.Enum):
    red = 1

class Member(Person):
    __tablename__ = "member"
    id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "member", "polymorphic_load": "inline"}

class Vip(Member):
    __mapper_args__ = {"polymorphic_identity": "vip"}

class Note(dbBase):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    color: Mapped[Color]
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id", name="fk_owner"), index=True)
    owner: Mapped[Person] = relationship("Person")
    tags: Mapped[list["Tag"]] = relationship("Tag", secondary="marked", back_populates="notes")
    __table_args__ = (Index("ix_color", "color"), CheckConstraint("id > 0", name="ck"))

class Tag(dbBase):
    __tablename__ = "tag"
    id = Column(Integer, Sequence("seq_tag"), primary_key=True)
    shade = Column(Enum("light", "dark", name="shade"))
    notes: Mapped[list[Note]] = relationship(secondary="marked", back_populates="tags")

marked = Table(
    "marked", metadata,
    Column("note", ForeignKey("note.id"), primary_key=True), Column("tag", ForeignKey("tag.id"), primary_key=True),
)

class Plain:
    pass

plain = Table("plain", metadata, Column("id", Integer, primary_key=True))
dbBase.registry.map_imperatively(Plain, plain)
Index("ix_late", Person.kind)
"""


class Shop:
    """A module whose database.py was imported, and whose other code may be, again and again."""

    def __init__(self, record, kept=KEPT):
        self.record = record
        self.database = self.run("database", kept, kept=True)

    def run(self, part, source, *, kept=False):
        name = f"modules.{self.record.name}{part and '.'}{part}"
        code = sys.modules[name] = ModuleType(name)
        with entered(self.record), self.record.keeping(kept=kept):
            exec(source, vars(code))
        return code

    def code(self, source=CODE):
        code = self.run("", source)
        configure_mappers()
        return code


@pytest.fixture
def shop(module):
    yield Shop(module("shop"))
    for name in [name for name in sys.modules if name.startswith("modules.shop")]:
        del sys.modules[name]


def state(shop):
    """All that SQLAlchemy and we know of what is declared, but for the order of tables."""
    registry, person = mapped_registry(shop.record), shop.database.Person
    return {
        "tables": dict(metadata.tables),
        "keys": {key.column for table in metadata.tables.values() for key in table.foreign_keys},
        "memos": {at: set(keys) for at, keys in metadata._fk_memos.items() if keys},
        "owners": dict(metadata.owners),
        "folded": dict(metadata._folded),
        "issued": set(metadata._issued),
        "objects": set(metadata._objects),
        "sequences": {module: list(each) for module, each in metadata.sequences.items()},
        "sequence names": dict(metadata._sequences),
        "own tables": dict(shop.record.tables),
        "classes": {name: cls for name, cls in registry._class_registry.items() if isinstance(cls, type)},
        "mappers": registry.mappers,
        "persons": dict(person.__mapper__.polymorphic_map),
        "heirs": list(person.__mapper__.self_and_descendants),
        "inline": person.__mapper__.with_polymorphic,
        "tables of persons": set(person.__mapper__._all_tables),
        "indexes": set(person.__table__.indexes),
    }


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


RELATED = {
    "relationship": (
        'notes = relationship("Note", viewonly=True)',
        "modules.shop.database.Person stays and has the relationship 'notes' to modules.shop.Note, which does not",
    ),
    "table between": (
        """friends = relationship("Person", secondary="marked", viewonly=True,
            primaryjoin="Person.id == marked.c.note", secondaryjoin="Person.id == foreign(marked.c.tag)")""",
        "modules.shop.database.Person stays and has the relationship 'friends' by table marked__shop, which does not",
    ),
}


@pytest.mark.parametrize(("line", "said"), RELATED.values(), ids=RELATED)
def test_what_stays_and_refers_to_what_goes_is_named(module, line, said):
    shop = Shop(module("shop"), f"{KEPT}    {line}\n")
    shop.code()
    assert crossing(shop.record) == [said]
    assert crossing(shop.record, with_kept=True) == []


def test_a_relationship_that_the_code_gave_to_a_class_that_stays_is_named(shop):
    shop.code(CODE.replace('relationship("Person")', 'relationship("Person", backref="notes")'))
    assert crossing(shop.record) == [RELATED["relationship"][1]]


def test_classes_that_go_may_refer_to_those_that_stay(shop):
    shop.code()
    assert crossing(shop.record) == []


def test_another_modules_database_that_refers_to_this_ones_is_named_when_that_goes(shop, module):
    other = Shop(module("other"), "from modules.shop.database import Person\n" + KEPT.replace("Person(", "Friend(")
                 + '    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))\n'
                 + '    person = relationship(Person)\n')  # fmt: skip
    configure_mappers()
    assert crossing(shop.record) == crossing(other.record) == []
    (said,) = crossing(shop.record, with_kept=True)
    assert said.startswith("modules.other.database.Friend stays and has the relationship 'person' to modules.shop.data")


def test_everything_goes_and_comes_with_the_database_file(shop):
    shop.code()
    taken = shop.record.take_back(with_kept=True)
    assert mapped_registry(shop.record) is None
    assert not shop.record.tables
    old, shop.database = shop.database, shop.run("database", KEPT, kept=True)
    new = shop.code()
    taken.end()
    assert new.Note.owner.property.mapper.class_ is shop.database.Person is not old.Person


LISTENER = """
@event.listens_for({target}, "{occasion}"{how})
def listen(*given):
    heard.append(version)
"""
PARTIAL = """
import functools

event.listen({target}, "{occasion}", functools.partial(lambda how, *given: heard.append(version), "how"){how})
"""
LISTENED = {
    "a class that stays": (LISTENER, "Person", "init", ""),
    "and its heirs": (LISTENER, "Person", "init", ", propagate=True"),
    "once": (LISTENER, "Person", "init", ", once=True"),
    "an attribute that stays": (LISTENER, "Person.kind", "set", ""),
    "its own class": (LISTENER, "Note", "init", ""),
    "all mappers": (LISTENER, "Mapper", "before_configured", ""),
    "by a partial": (PARTIAL, "Person", "init", ""),
}


@pytest.mark.parametrize(("listener", "target", "occasion", "how"), LISTENED.values(), ids=LISTENED)
@pytest.mark.parametrize("fails", [False, True], ids=["replaced", "put back"])
def test_a_listener_is_called_as_often_as_it_would_be_without_reloads(shop, fails, listener, target, occasion, how):
    heard = sys.modules["modules.shop.database"].heard = []

    def code(version):
        head = f"from sqlalchemy import event\nfrom sqlalchemy.orm import Mapper\n{CODE}\nversion = {version}\n"
        listens = listener.format(target=target, occasion=occasion, how=how)
        return shop.code(f"{head}from modules.shop.database import heard\n{listens}")

    def heard_by(code):
        heard.clear()
        shop.database.Person(kind="person")
        code.Note()
        Mapper.dispatch._for_class(Mapper).before_configured()
        return list(heard)

    last = code(0)
    without, counts = heard_by(last), []
    for version in (1, 2, 3):
        taken, old = shop.record.take_back(), last
        last = code(version)
        if fails:
            shop.record.take_back().end()
            taken.put_back()
            last = old
        else:
            taken.end()
        gc.collect()
        counts.append(len(event.registry._key_to_collection))
    again = [0 if fails else 3] * len(without)
    assert heard_by(last) == ([] if fails and "once" in how else again)
    assert counts[1] == counts[2]


def counted(shop):
    """How much there is of everything that might be left behind."""
    gc.collect()
    registries = (mapped_registry(shop.record), shop.database.dbBase.registry)
    return (
        [len(registry.mappers) for registry in registries],
        [len(registry._class_registry) for registry in registries],
        [sum(isinstance(each, kind) for each in gc.get_objects()) for kind in (Mapper, Table, Column, type)],
        [len(each) for each in (metadata.tables, metadata._objects, metadata._issued, metadata._sequences)],
        sum(map(len, metadata._fk_memos.values())),
        [len(getattr(metadata.dispatch, occasion)) for occasion in ("before_create", "after_drop")],
        len(event.registry._key_to_collection),
        len(shop.record._entries),
    )


@pytest.mark.parametrize("fails", [False, True], ids=["replaced", "put back"])
def test_after_many_reloads_there_is_as_much_as_after_the_first(shop, fails):
    shop.code()
    before = None
    for _ in range(8):
        taken = shop.record.take_back()
        shop.code()
        if fails:
            shop.record.take_back().end()
            taken.put_back()
        else:
            taken.end()
        before = before or counted(shop)
    assert counted(shop) == before


def test_nothing_of_the_old_code_is_left_after_its_end(shop):
    old = shop.code()
    parts = (old.Color, old.Member, old.Vip, old.Note, old.Tag, old.Plain)
    gone = [weakref.ref(part) for part in (*parts, old.marked, old.plain, old)]
    gone += [weakref.ref(each) for cls in parts[1:] for each in (cls.__mapper__, cls.__table__)]
    old.Note(tags=[old.Tag()])
    str(select(old.Note).join(old.Note.tags))
    taken = shop.record.take_back()
    shop.code()
    taken.end()
    del old, parts
    gc.collect()
    assert [reference() for reference in gone if reference() is not None] == []
