"""A table that was just created, of every type that SQLAlchemy ships, is read as what the models want."""

import enum

import pytest
from sqlalchemy import (
    ARRAY,
    BIGINT,
    BINARY,
    BLOB,
    BOOLEAN,
    CHAR,
    CLOB,
    DATE,
    DATETIME,
    DECIMAL,
    DOUBLE,
    DOUBLE_PRECISION,
    FLOAT,
    INT,
    INTEGER,
    JSON,
    NCHAR,
    NUMERIC,
    NVARCHAR,
    REAL,
    SMALLINT,
    TEXT,
    TIME,
    TIMESTAMP,
    VARBINARY,
    VARCHAR,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    PickleType,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    Unicode,
    UnicodeText,
    Uuid,
    types,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects import postgresql, sqlite

from core.database import db_engine
from tests.integration.migration_read.reading import live_and_wanted

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


class Words(types.TypeDecorator):
    impl = String
    cache_ok = True


class WordsOrNumbers(types.TypeDecorator):
    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect):
        return dialect.type_descriptor(postgresql.JSONB() if dialect.name == "postgresql" else Text())


class Twice(types.TypeDecorator):
    impl = Words
    cache_ok = True


class Decorated(types.TypeDecorator):
    """A decorator of whatever it is given."""

    impl = String
    cache_ok = False

    def __init__(self, impl):
        super().__init__()
        self.impl = impl


class Own(types.UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **kw):
        return "VARCHAR(7)"


GENERIC = {
    "BigInteger": BigInteger(),
    "Boolean": Boolean(),
    "Date": Date(),
    "DateTime": DateTime(),
    "DateTime zone": DateTime(timezone=True),
    "Double": Double(),
    "Float": Float(),
    "Float(5)": Float(5),
    "Integer": Integer(),
    "Interval": Interval(),
    "Interval emulated": Interval(native=False),
    "Interval precision": Interval(second_precision=3, day_precision=2),
    "JSON": JSON(),
    "LargeBinary": LargeBinary(),
    "LargeBinary(9)": LargeBinary(9),
    "Numeric": Numeric(),
    "Numeric(10, 2)": Numeric(10, 2),
    "Numeric float": Numeric(asdecimal=False),
    "PickleType": PickleType(),
    "SmallInteger": SmallInteger(),
    "String": String(),
    "String(20)": String(20),
    "Text": Text(),
    "Time": Time(),
    "Time zone": Time(timezone=True),
    "Unicode": Unicode(),
    "Unicode(5)": Unicode(5),
    "UnicodeText": UnicodeText(),
    "Uuid": Uuid(),
    "Uuid text": Uuid(as_uuid=False),
    "Uuid emulated": Uuid(native_uuid=False),
    "SQL BIGINT": BIGINT(),
    "SQL BOOLEAN": BOOLEAN(),
    "SQL CHAR": CHAR(),
    "SQL CHAR(3)": CHAR(3),
    "SQL DATE": DATE(),
    "SQL DECIMAL": DECIMAL(),
    "SQL DECIMAL(5, 1)": DECIMAL(5, 1),
    "SQL DOUBLE_PRECISION": DOUBLE_PRECISION(),
    "SQL FLOAT": FLOAT(),
    "SQL FLOAT(53)": FLOAT(53),
    "SQL INT": INT(),
    "SQL INTEGER": INTEGER(),
    "SQL JSON type": types.JSON(none_as_null=True),
    "SQL NUMERIC": NUMERIC(),
    "SQL NUMERIC(9, 3)": NUMERIC(9, 3),
    "SQL REAL": REAL(),
    "SQL SMALLINT": SMALLINT(),
    "SQL TEXT": TEXT(),
    "SQL TIME": TIME(),
    "SQL TIMESTAMP": TIMESTAMP(),
    "SQL TIMESTAMP zone": TIMESTAMP(timezone=True),
    "SQL VARCHAR": VARCHAR(),
    "SQL VARCHAR(8)": VARCHAR(8),
    "Enum of texts": Enum("a", "b'c", name="letters"),
    "Enum of a class": Enum(Color),
    "Enum of values": Enum(Color, values_callable=lambda cls: [member.value for member in cls], name="by_value"),
    "Enum, no type": Enum(Color, native_enum=False),
    "Enum, no type, length": Enum(Color, native_enum=False, length=30),
    "Enum, no type, checked": Enum(Color, native_enum=False, create_constraint=True, name="checked"),
    "Enum, checked on SQLite": Enum(Color, create_constraint=True, name="half_checked"),
    "Boolean, checked": Boolean(create_constraint=True),
    "Boolean, checked by name": Boolean(create_constraint=True, name="ck_b"),
    "TypeDecorator": Words(20),
    "TypeDecorator by dialect": WordsOrNumbers(),
    "TypeDecorator twice": Twice(9),
    "UserDefinedType": Own(),
    "variant": BigInteger().with_variant(Integer(), "sqlite"),
    "variant decorated": Words(3).with_variant(Text(), "postgresql"),
    "variant JSON": JSON().with_variant(postgresql.JSONB(), "postgresql"),
    "variant ARRAY": JSON().with_variant(postgresql.ARRAY(Integer), "postgresql"),
    "String, collated": String(5, collation="C").with_variant(String(5, collation="NOCASE"), "sqlite"),
}

POSTGRESQL = {
    **{
        name: getattr(postgresql, name)()
        for name in (
            "BIT",
            "BYTEA",
            "CIDR",
            "CITEXT",
            "DATERANGE",
            "DATEMULTIRANGE",
            "INET",
            "INT4MULTIRANGE",
            "INT4RANGE",
            "INT8MULTIRANGE",
            "INT8RANGE",
            "INTERVAL",
            "JSON",
            "JSONB",
            "JSONPATH",
            "MACADDR",
            "MACADDR8",
            "MONEY",
            "NUMMULTIRANGE",
            "NUMRANGE",
            "OID",
            "REGCLASS",
            "REGCONFIG",
            "TIME",
            "TIMESTAMP",
            "TSMULTIRANGE",
            "TSQUERY",
            "TSRANGE",
            "TSTZMULTIRANGE",
            "TSTZRANGE",
            "TSVECTOR",
            "UUID",
            "DOUBLE_PRECISION",
            "REAL",
            "HSTORE",
        )
    },
    "BIT(3)": postgresql.BIT(3),
    "BIT VARYING": postgresql.BIT(varying=True),
    "BIT VARYING(4)": postgresql.BIT(4, varying=True),
    "INTERVAL fields": postgresql.INTERVAL(fields="DAY TO SECOND", precision=2),
    "TIME(2)": postgresql.TIME(precision=2),
    "TIMESTAMP(3)": postgresql.TIMESTAMP(precision=3, timezone=True),
    "ARRAY": postgresql.ARRAY(String(5)),
    "ARRAY, two dimensions": postgresql.ARRAY(Integer, dimensions=2),
    "generic ARRAY": ARRAY(Numeric(5, 2)),
    "ARRAY of an Enum": postgresql.ARRAY(Enum("a", "b", name="of_array")),
    "ARRAY of a TypeDecorator": postgresql.ARRAY(Words(4)),
    "ENUM": postgresql.ENUM("x", "y", name="letter"),
    "DOMAIN": postgresql.DOMAIN("positive", Integer(), check="VALUE > 0", not_null=True, default="1"),
    "DOMAIN collated": postgresql.DOMAIN("plain", String(9), collation="C"),
}

SQLITE = {
    **{f"sqlite.{name}": getattr(sqlite, name)() for name in ("DATE", "DATETIME", "JSON", "TIME", "BLOB", "NUMERIC")},
    "sqlite.DATETIME, formed": sqlite.DATETIME(storage_format="%(year)04d-%(month)02d", regexp="(.*)-(.*)"),
    "BINARY": BINARY(3),
    "VARBINARY": VARBINARY(3),
    "BLOB": BLOB(),
    "CLOB": CLOB(),
    "NCHAR": NCHAR(3),
    "NVARCHAR": NVARCHAR(9),
    "DATETIME": DATETIME(),
    "DOUBLE": DOUBLE(),
    "sqlite.JSONB": sqlite.JSONB(),
}
# Of a type that PostgreSQL does not have, or not without an extension, nothing is to be shown there.
EXTENSIONS = {"HSTORE": "hstore", "CITEXT": "citext"}


def _of_types(types_):
    metadata = MetaData()
    Table("t", metadata, *(Column(name, type_) for name, type_ in types_.items()))
    return metadata


async def test_generic_types_read_as_wanted(database):
    live, wanted = await live_and_wanted(_of_types(GENERIC))
    assert live == wanted


async def test_decorated_types_read_as_wanted(database):
    live, wanted = await live_and_wanted(_of_types({name: Decorated(type_) for name, type_ in GENERIC.items()}))
    assert live == wanted


@on_postgresql
async def test_types_of_postgresql_read_as_wanted(database):
    async with db_engine.connect() as connection:
        offered = set((await connection.execute(sql_text("SELECT name FROM pg_available_extensions"))).scalars())
    left_out = {name for name, extension in EXTENSIONS.items() if extension not in offered}
    types_ = {name: type_ for name, type_ in POSTGRESQL.items() if name not in left_out}
    extensions = [f"CREATE EXTENSION {EXTENSIONS[name]}" for name in EXTENSIONS.keys() - left_out]
    live, wanted = await live_and_wanted(_of_types(types_), before=extensions)
    assert live == wanted
    assert live["t"].column("ENUM").type == "letter ENUM('x','y')"
    assert live["t"].column("ARRAY of an Enum").type == "of_array[] ENUM('a','b')"
    assert live["t"].column("DOMAIN").type == "positive DOMAIN(integer DEFAULT 1 NOT NULL CHECK ((VALUE > 0)))"


@on_sqlite
async def test_types_of_sqlite_read_as_wanted(database):
    live, wanted = await live_and_wanted(_of_types(SQLITE))
    assert live == wanted
