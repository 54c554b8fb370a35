"""What the values of a column mean, of every type that SQLAlchemy ships, and of types that only a database knows."""

import enum

import pytest
from sqlalchemy import types
from sqlalchemy.dialects import postgresql, sqlite

from core.migration.meaning import Kind, Meaning
from core.migration.schema.meanings import meaning_of, meaning_of_text

DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


class Words(types.TypeDecorator):
    impl = types.String
    cache_ok = True


class Twice(types.TypeDecorator):
    impl = Words
    cache_ok = True


class ByDialect(types.TypeDecorator):
    impl = types.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect):
        return dialect.type_descriptor(postgresql.ARRAY(types.Integer) if dialect.name == "postgresql" else self.impl)


KINDS = {
    types.BIGINT: Kind.INTEGER,
    types.BINARY: Kind.BYTES,
    types.BLOB: Kind.BYTES,
    types.BOOLEAN: Kind.BOOLEAN,
    types.BigInteger: Kind.INTEGER,
    types.Boolean: Kind.BOOLEAN,
    types.CHAR: Kind.TEXT,
    types.CLOB: Kind.TEXT,
    types.DATE: Kind.DATE,
    types.DATETIME: Kind.DATETIME,
    types.DECIMAL: Kind.NUMERIC,
    types.DOUBLE: Kind.FLOAT,
    types.DOUBLE_PRECISION: Kind.FLOAT,
    types.Date: Kind.DATE,
    types.DateTime: Kind.DATETIME,
    types.Double: Kind.FLOAT,
    types.Enum: Kind.ENUM,
    types.FLOAT: Kind.FLOAT,
    types.Float: Kind.FLOAT,
    types.INT: Kind.INTEGER,
    types.INTEGER: Kind.INTEGER,
    types.Integer: Kind.INTEGER,
    types.Interval: Kind.INTERVAL,
    types.JSON: Kind.JSON,
    types.LargeBinary: Kind.BYTES,
    types.NCHAR: Kind.TEXT,
    types.NUMERIC: Kind.NUMERIC,
    types.NVARCHAR: Kind.TEXT,
    types.NullType: Kind.OTHER,
    types.Numeric: Kind.NUMERIC,
    types.PickleType: Kind.BYTES,
    types.REAL: Kind.FLOAT,
    types.SMALLINT: Kind.INTEGER,
    types.SmallInteger: Kind.INTEGER,
    types.String: Kind.TEXT,
    types.TEXT: Kind.TEXT,
    types.TIME: Kind.TIME,
    types.TIMESTAMP: Kind.DATETIME,
    types.Text: Kind.TEXT,
    types.Time: Kind.TIME,
    types.UUID: Kind.UUID,
    types.Unicode: Kind.TEXT,
    types.UnicodeText: Kind.TEXT,
    types.Uuid: Kind.UUID,
    types.VARBINARY: Kind.BYTES,
    types.VARCHAR: Kind.TEXT,
}
# Bases, which no column has by themselves, what only queries have, and the one that is made with an argument.
NOT_OF_COLUMNS = {
    "ARRAY",
    "Concatenable",
    "Emulated",
    "ExternalType",
    "Indexable",
    "MatchType",
    "NativeForEmulated",
    "NumericCommon",
    "SchemaType",
    "TupleType",
    "TypeDecorator",
    "TypeEngine",
    "UserDefinedType",
    "Variant",
}


def test_every_type_that_sqlalchemy_ships_has_its_kind():
    shipped = {
        type_ for type_ in vars(types).values() if isinstance(type_, type) and issubclass(type_, types.TypeEngine)
    }
    of_columns = {type_ for type_ in shipped if type_.__name__ not in NOT_OF_COLUMNS and type_.__name__[0] != "_"}
    assert of_columns == KINDS.keys()


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize(("type_", "kind"), KINDS.items(), ids=[type_.__name__ for type_ in KINDS])
def test_kind_is_the_same_on_both_databases(type_, kind, dialect):
    made = type_("a", name="letters") if type_ is types.Enum else type_()
    assert meaning_of(made, dialect).kind is kind


POSTGRESQL = {
    "JSONB": Kind.JSON,
    "UUID": Kind.UUID,
    "BYTEA": Kind.BYTES,
    "INTERVAL": Kind.INTERVAL,
    "TIMESTAMP": Kind.DATETIME,
    "TIME": Kind.TIME,
    "CITEXT": Kind.TEXT,
    "DOUBLE_PRECISION": Kind.FLOAT,
    "INET": Kind.OTHER,
    "CIDR": Kind.OTHER,
    "MACADDR": Kind.OTHER,
    "TSVECTOR": Kind.OTHER,
    "HSTORE": Kind.OTHER,
    "BIT": Kind.OTHER,
    "OID": Kind.OTHER,
    "MONEY": Kind.OTHER,
    "INT4RANGE": Kind.OTHER,
    "TSTZMULTIRANGE": Kind.OTHER,
    "JSONPATH": Kind.OTHER,
}


@pytest.mark.parametrize(("name", "kind"), POSTGRESQL.items(), ids=POSTGRESQL)
def test_types_of_postgresql(name, kind):
    assert meaning_of(getattr(postgresql, name)(), DIALECTS["postgresql"]).kind is kind


VARCHAR_4 = Meaning(Kind.ENUM, "VARCHAR(4)", length=4, members=("RED", "BLUE"))
MEANINGS = {
    "length": (types.String(20), Meaning(Kind.TEXT, "VARCHAR(20)", length=20), ...),
    "precision": (types.Numeric(10, 2), Meaning(Kind.NUMERIC, "NUMERIC(10, 2)", precision=10, scale=2), ...),
    "time zone": (
        types.DateTime(timezone=True),
        Meaning(Kind.DATETIME, "DATETIME", timezone=True),
        Meaning(Kind.DATETIME, "TIMESTAMP WITH TIME ZONE", timezone=True),
    ),
    "precision of a time": (
        postgresql.TIMESTAMP(precision=3),
        Meaning(Kind.DATETIME, "TIMESTAMP", precision=3),
        Meaning(Kind.DATETIME, "TIMESTAMP(3) WITHOUT TIME ZONE", precision=3),
    ),
    "Enum": (
        types.Enum(Color, name="color"),
        VARCHAR_4,
        Meaning(Kind.ENUM, "color", length=4, members=("RED", "BLUE"), native=True),
    ),
    "Enum that is not native": (types.Enum(Color, native_enum=False), VARCHAR_4, ...),
    "Enum of values": (
        types.Enum(Color, native_enum=False, values_callable=lambda cls: [member.value for member in cls]),
        Meaning(Kind.ENUM, "VARCHAR(1)", length=1, members=("r", "b")),
        ...,
    ),
    "array of an Enum": (
        postgresql.ARRAY(types.Enum("a", "b", name="letter")),
        Meaning(Kind.ARRAY, "", members=("a", "b")),
        Meaning(Kind.ARRAY, "letter[]", members=("a", "b"), native=True),
    ),
    "Uuid": (types.Uuid(), Meaning(Kind.UUID, "CHAR(32)"), Meaning(Kind.UUID, "UUID")),
    "Interval": (types.Interval(), Meaning(Kind.INTERVAL, "DATETIME"), Meaning(Kind.INTERVAL, "INTERVAL")),
    "variant": (
        types.BigInteger().with_variant(types.String(5), "sqlite"),
        Meaning(Kind.TEXT, "VARCHAR(5)", length=5),
        Meaning(Kind.INTEGER, "BIGINT"),
    ),
    "TypeDecorator": (Words(3), Meaning(Kind.TEXT, "VARCHAR(3)", length=3, decorator=f"{__name__}:Words"), ...),
    "TypeDecorator of one": (Twice(3), Meaning(Kind.TEXT, "VARCHAR(3)", length=3, decorator=f"{__name__}:Twice"), ...),
    "TypeDecorator by dialect": (
        ByDialect(),
        Meaning(Kind.JSON, "JSON", decorator=f"{__name__}:ByDialect"),
        Meaning(Kind.ARRAY, "INTEGER[]", decorator=f"{__name__}:ByDialect"),
    ),
    "TypeDecorator as a variant": (
        types.Integer().with_variant(Words(9), "postgresql"),
        Meaning(Kind.INTEGER, "INTEGER"),
        Meaning(Kind.TEXT, "VARCHAR(9)", length=9, decorator=f"{__name__}:Words"),
    ),
    "PickleType": (
        types.PickleType(),
        Meaning(Kind.BYTES, "BLOB", decorator="sqlalchemy.sql.sqltypes:PickleType"),
        Meaning(Kind.BYTES, "BYTEA", decorator="sqlalchemy.sql.sqltypes:PickleType"),
    ),
    "a text form of its own": (
        sqlite.DATETIME(storage_format="%(year)04d", regexp="(.*)"),
        Meaning(Kind.DATETIME, "DATETIME_CHAR", decorator="sqlalchemy.dialects.sqlite.base:DATETIME 2001"),
        Meaning(Kind.DATETIME, "TIMESTAMP WITHOUT TIME ZONE"),
    ),
    "the usual text form": (
        sqlite.DATETIME(),
        Meaning(Kind.DATETIME, "DATETIME"),
        Meaning(Kind.DATETIME, "TIMESTAMP WITHOUT TIME ZONE"),
    ),
    "a type of one database only": (postgresql.INET(), Meaning(Kind.OTHER, ""), Meaning(Kind.OTHER, "INET")),
    "domain": (postgresql.DOMAIN("d", types.Integer()), Meaning(Kind.INTEGER, ""), Meaning(Kind.INTEGER, "d")),
}


@pytest.mark.parametrize(("type_", "on_sqlite", "on_postgresql"), MEANINGS.values(), ids=MEANINGS)
def test_meaning_of_a_type(type_, on_sqlite, on_postgresql):
    assert meaning_of(type_, DIALECTS["sqlite"]) == on_sqlite
    assert meaning_of(type_, DIALECTS["postgresql"]) == (on_sqlite if on_postgresql is ... else on_postgresql)


TEXTS = {
    ("VARCHAR(20)", "sqlite"): Meaning(Kind.TEXT, "VARCHAR(20)", length=20),
    ("character varying(20)", "postgresql"): Meaning(Kind.TEXT, "character varying(20)", length=20),
    ("NUMERIC(10, 2)", "sqlite"): Meaning(Kind.NUMERIC, "NUMERIC(10, 2)", precision=10, scale=2),
    ("numeric(10,-2)", "postgresql"): Meaning(Kind.NUMERIC, "numeric(10,-2)", precision=10, scale=-2),
    ("timestamp(3) with time zone", "postgresql"): Meaning(
        Kind.DATETIME, "timestamp(3) with time zone", precision=3, timezone=True
    ),
    ("time without time zone", "postgresql"): Meaning(Kind.TIME, "time without time zone"),
    ("interval day to second(3)", "postgresql"): Meaning(Kind.INTERVAL, "interval day to second(3)", precision=3),
    ("double precision", "postgresql"): Meaning(Kind.FLOAT, "double precision"),
    ("integer[]", "postgresql"): Meaning(Kind.ARRAY, "integer[]"),
    ("mood__m ENUM('a','it''s, )')", "postgresql"): Meaning(
        Kind.ENUM, "mood__m ENUM('a','it''s, )')", members=("a", "it's, )"), native=True
    ),
    ("mood[] ENUM('a')", "postgresql"): Meaning(Kind.ARRAY, "mood[] ENUM('a')", members=("a",), native=True),
    ("d DOMAIN(integer NOT NULL CHECK ((VALUE > 0)))", "postgresql"): Meaning(
        Kind.INTEGER, "d DOMAIN(integer NOT NULL CHECK ((VALUE > 0)))"
    ),
    ("inet", "postgresql"): Meaning(Kind.OTHER, "inet"),
    ("unknown", "postgresql"): Meaning(Kind.OTHER, "unknown"),
    ("UNSIGNED BIG INT", "sqlite"): Meaning(Kind.INTEGER, "UNSIGNED BIG INT"),
    ("NATIVE CHARACTER(70)", "sqlite"): Meaning(Kind.TEXT, "NATIVE CHARACTER(70)", length=70),
    ("DATETIME", "sqlite"): Meaning(Kind.DATETIME, "DATETIME"),
    ("", "sqlite"): Meaning(Kind.OTHER, ""),
    ("FLOATING", "sqlite"): Meaning(Kind.FLOAT, "FLOATING"),
}


@pytest.mark.parametrize(("given", "meaning"), TEXTS.items(), ids=[sql for sql, _ in TEXTS])
def test_meaning_of_a_text(given, meaning):
    assert meaning_of_text(*given) == meaning
