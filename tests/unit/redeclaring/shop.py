"""A module whose database.py stays while its other code comes again; and all that is known of what they declare."""

from __future__ import annotations

import sys
from types import ModuleType

from sqlalchemy.orm import configure_mappers

from core.context import entered
from core.database import metadata
from core.database.base import mapped_registry

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
