"""The fingerprint of models: the same in every process and after any use, another one after any change."""

import copy
import enum
import subprocess
import sys

import pytest
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    Sequence,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    create_engine,
    func,
    select,
    text,
    types,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

from core.migration.schema.fingerprint import fingerprint


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


class Fewer(enum.Enum):
    RED = "r"


class Words(types.TypeDecorator):
    impl = String
    cache_ok = True


class OtherWords(types.TypeDecorator):
    impl = String
    cache_ok = True


def _values(cls):
    return [member.value for member in cls]


def _column(*args, **kw):
    """A table made anew each time: what belongs to a column can belong to one only."""

    def make():
        column = Column("a", *copy.deepcopy(args), **copy.deepcopy(kw))
        return Table("t", MetaData(), Column("id", Integer, primary_key=True), column)

    return make


def _part(part):
    columns = [Column("id", Integer, primary_key=True), Column("a", Integer), Column("b", Integer)]
    return lambda: Table("t", MetaData(), *[column._copy() for column in columns], part())


def _table(*args, **kw):
    return lambda: Table("t", MetaData(), Column("id", Integer), *args, **kw)


EACH_IS_ANOTHER = {
    "column": _column(Integer),
    "type": _column(BigInteger),
    "nullable": _column(Integer, nullable=False),
    "key": _column(Integer, primary_key=True),
    "no autoincrement": _column(Integer, autoincrement=False, primary_key=True),
    "unique": _column(Integer, unique=True),
    "index": _column(Integer, index=True),
    "text": _column(String),
    "length": _column(String(5)),
    "collation": _column(String(5, collation="C")),
    "precision": _column(Numeric(5, 2)),
    "scale": _column(Numeric(5, 1)),
    "time zone": _column(DateTime(timezone=True)),
    "no time zone": _column(DateTime),
    "variant": _column(Integer().with_variant(BigInteger(), "sqlite")),
    "other variant": _column(Integer().with_variant(BigInteger(), "postgresql")),
    "length of a variant": _column(Integer().with_variant(String(5), "postgresql")),
    "decorator": _column(Words(5)),
    "other decorator": _column(OtherWords(5)),
    "length in a decorator": _column(Words(6)),
    "enum": _column(Enum(Color)),
    "fewer members": _column(Enum(Fewer, name="color")),
    "enum by value": _column(Enum(Color, values_callable=_values)),
    "members in another order": _column(Enum("BLUE", "RED", name="color")),
    "not native": _column(Enum(Color, native_enum=False)),
    "checked enum": _column(Enum(Color, native_enum=False, create_constraint=True)),
    "bool": _column(Boolean),
    "checked bool": _column(Boolean(create_constraint=True)),
    "array": _column(ARRAY(Integer)),
    "array of texts": _column(ARRAY(String)),
    "domain": _column(postgresql.DOMAIN("d", Integer, check="VALUE > 0")),
    "other domain": _column(postgresql.DOMAIN("d", Integer, check="VALUE > 1")),
    "form": _column(sqlite.DATETIME(storage_format="%(year)d", regexp="x")),
    "other form": _column(sqlite.DATETIME(storage_format="%(month)d", regexp="x")),
    "default": _column(Integer, default=1),
    "other default": _column(Integer, default=2),
    "callable": _column(Integer, default=_values),
    "sequence": _column(Integer, Sequence("s")),
    "server default": _column(Integer, server_default="1"),
    "other server default": _column(Integer, server_default="2"),
    "expression": _column(Integer, server_default=text("1")),
    "function": _column(DateTime, server_default=func.now()),
    "next value": _column(Integer, server_default=Sequence("s").next_value()),
    "computed": _column(Integer, Computed("id + 1")),
    "other computed": _column(Integer, Computed("id + 2")),
    "stored": _column(Integer, Computed("id + 1", persisted=True)),
    "identity": _column(Integer, Identity()),
    "always": _column(Integer, Identity(always=True)),
    "start": _column(Integer, Identity(start=3)),
    "comment": _column(Integer, comment="a"),
    "other comment": _column(Integer, comment="b"),
    "was": _column(Integer, info={"was": "b"}),
    "was twice": _column(Integer, info={"was": ["b", "c"]}),
    "was a member": _column(Enum(Color), info={"was": {"RED": "ROT"}}),
    "key to": _column(ForeignKey("t.id")),
    "key to another": _column(ForeignKey("u.id")),
    "cascade": _column(ForeignKey("t.id", ondelete="CASCADE")),
    "deferred": _column(ForeignKey("t.id", deferrable=True, initially="DEFERRED")),
    "key with a name": _column(ForeignKey("t.id", name="fk")),
    "check": _part(lambda: CheckConstraint("a > 0")),
    "other check": _part(lambda: CheckConstraint("a > 1")),
    "check with a name": _part(lambda: CheckConstraint("a > 0", name="ck")),
    "check of an expression": _part(lambda: CheckConstraint(column("a") > 7)),
    "check of another": _part(lambda: CheckConstraint(column("a") > 8)),
    "unique of two": _part(lambda: UniqueConstraint("a", "b")),
    "the other way": _part(lambda: UniqueConstraint("b", "a")),
    "nulls": _part(lambda: UniqueConstraint("a", "b", postgresql_nulls_not_distinct=True)),
    "conflict": _part(lambda: UniqueConstraint("a", "b", sqlite_on_conflict="IGNORE")),
    "index of two": _part(lambda: Index("ix", "a", "b")),
    "unique index": _part(lambda: Index("ix", "a", "b", unique=True)),
    "index of text": _part(lambda: Index("ix", text("lower(a)"))),
    "partial index": _part(lambda: Index("ix", "a", "b", postgresql_where=text("a > 1"))),
    "other partial index": _part(lambda: Index("ix", "a", "b", postgresql_where=text("a > 2"))),
    "index with a method": _part(lambda: Index("ix", "a", "b", postgresql_using="gin")),
    "bare": _table(),
    "schema": _table(schema="s"),
    "table comment": _table(comment="c"),
    "table was": _table(info={"was": "u"}),
    "without rowid": _table(sqlite_with_rowid=False),
    "autoincrement": _table(sqlite_autoincrement=True),
    "strict": _table(sqlite_strict=True),
}


def test_each_difference_makes_another_fingerprint():
    prints = {name: fingerprint([make()]) for name, make in EACH_IS_ANOTHER.items()}
    alike = {}
    for name, print_ in prints.items():
        alike.setdefault(print_, []).append(name)
    assert [names for names in alike.values() if len(names) > 1] == []


@pytest.mark.parametrize("make", EACH_IS_ANOTHER.values(), ids=EACH_IS_ANOTHER)
def test_the_same_declaration_has_the_same_fingerprint_whatever_was_done_with_it(make):
    table = make()
    before = fingerprint([table])
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        for used in table.columns:
            impl = used.type.dialect_impl(dialect)
            impl.bind_processor(dialect), hash(used.type._static_cache_key)
        str(select(table).where(table.c.id == 1).compile(dialect=dialect))
    assert fingerprint([table]) == before == fingerprint([make()])


def test_it_stays_when_tables_were_created_and_mapped():
    class Base(DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"
        __table_args__ = (Index("ix", "text"), CheckConstraint("id > 0"))
        id = Column(Integer, primary_key=True)
        text = Column(Words(5), default="x")
        color = Column(Enum(Color), server_default="RED")
        done = Column(Boolean(create_constraint=True))

    before = fingerprint(Base.metadata.tables.values())
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Note(id=1, color=Color.BLUE))
        session.commit()
        assert session.get(Note, 1).color is Color.BLUE
    engine.dispose()
    assert fingerprint(Base.metadata.tables.values()) == before


def _decorated(result):
    class Decorated(types.TypeDecorator):
        impl = String
        cache_ok = True

        def load_dialect_impl(self, dialect):
            return dialect.type_descriptor(result)

    return Decorated()


def _user_defined(text):
    class Own(types.UserDefinedType):
        cache_ok = True

        def get_col_spec(self, **kw):
            if text is None:
                raise ValueError
            return text

    return Own()


@pytest.mark.parametrize("make", [lambda: _decorated(JSON()), lambda: _user_defined("BOX")], ids=["decorator", "type"])
def test_what_the_code_of_a_type_says_counts(make):
    prints = [fingerprint([_column(type_)()]) for type_ in (make(), make(), _decorated(Text()), _user_defined(None))]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_neither_the_order_of_tables_nor_another_table_with_the_same_things_matters():
    models = MetaData()
    tables = [Table(name, models, Column("id", Integer)) for name in "abc"]
    assert fingerprint(tables) == fingerprint(tables[::-1]) != fingerprint(tables[:2])


PROGRAM = """
import enum
from sqlalchemy import *
from core.migration.schema.fingerprint import fingerprint
class Color(enum.Enum):
    RED = 1
    BLUE = 2
class Thing: pass
metadata = MetaData()
Table("t", metadata, Column("a", Enum(Color), default=Color.RED), Column("b", JSON, default=lambda: {}),
    Column("c", Integer, CheckConstraint("c > 0"), ForeignKey("u.id"), unique=True, index=True),
    Column("d", Integer, info={"was": {"z", "y", "x"}}), Column("e", PickleType, default=Thing()),
    UniqueConstraint("a", "b"), CheckConstraint("a = b"), ForeignKeyConstraint(["a", "b"], ["u.a", "u.b"]))
print(fingerprint(metadata.tables.values()))
"""


def test_it_is_the_same_in_every_process():
    prints = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1
