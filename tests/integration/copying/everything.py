"""A table with columns of every type, and rows for it."""

from __future__ import annotations

import enum
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    Enum,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    Time,
    TypeDecorator,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


class Mood(enum.Enum):
    SAD = "sad"
    OK = "it's ok"


class Tags(TypeDecorator):
    """A list in a text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else "|".join(value)

    def process_result_value(self, value, dialect):
        return None if value is None else value.split("|")


def everything():
    return (
        Column("id", BigInteger, primary_key=True),
        Column("short", SmallInteger),
        Column("big", BigInteger),
        Column("text", Text),
        Column("name", String(20), unique=True),
        Column("yes", Boolean, nullable=False, server_default=text("'1'")),
        Column("at", DateTime),
        Column("at_zone", DateTime(timezone=True)),
        Column("day", Date),
        Column("clock", Time),
        Column("length", Interval),
        Column("uuid", Uuid),
        Column("uuid_text", Uuid(native_uuid=False)),
        Column("money", Numeric(12, 2)),
        Column("real", Double),
        Column("json", JSON),
        Column("jsonb", JSON().with_variant(JSONB(), "postgresql")),
        Column("mood", Enum(Mood, name="mood")),
        Column("plain_mood", Enum(Mood, name="plain_mood", native_enum=False, create_constraint=True)),
        Column("raw", LargeBinary),
        Column("tags", Tags),
        Column("double", Integer, Computed("short * 2", persisted=True)),
        CheckConstraint("short > 0", name="positive"),
    )


ROWS = [
    {
        "short": 7,
        "big": 2**63 - 1,
        "text": "tab\t, \\N, line\nend, 你好 🙂, 'quoted'",
        "name": "first",
        "yes": True,
        "at": datetime(2026, 11, 22, 10, 15, 0, 7),
        "at_zone": datetime(2026, 11, 22, 10, 15, tzinfo=UTC),
        "day": date(1, 1, 1),
        "clock": time(23, 59, 59, 999999),
        "length": timedelta(days=-3, microseconds=5),
        "uuid": uuid.UUID(int=1),
        "uuid_text": uuid.UUID(int=2**128 - 1),
        "money": Decimal("-1234567890.05"),
        "real": 0.1,
        "json": {"b": [1, 2.5, None], "a": "\u00e9"},
        "jsonb": {"b": {"c": 1e20}, "a": True},
        "mood": Mood.OK,
        "plain_mood": Mood.SAD,
        "raw": b"\x00\xff\\x",
        "tags": ["a", "b"],
    },
    {"short": 1, "name": "empty", "text": "", "json": 5, "raw": b"", "real": float("inf"), "tags": [""]},
    {"name": None, "yes": False},
]


def random_row(random):
    """A row with values from all over what both databases can hold."""
    moment = datetime(1, 1, 2) + timedelta(seconds=random.randrange(3 * 10**11), microseconds=random.randrange(10**6))
    return {
        "short": random.choice([None, 1, 2**14 - 1]),
        "big": random.randint(-(2**63), 2**63 - 1),
        "text": "".join(chr(random.choice([*range(1, 128), *range(0x4E00, 0x4F00), 0x1F642])) for _ in range(9)),
        "yes": random.random() < 0.5,
        "at": moment,
        "at_zone": moment.replace(tzinfo=UTC),
        "day": moment.date(),
        "clock": moment.time(),
        "length": timedelta(microseconds=random.randint(-(10**16), 10**16)),
        "uuid": uuid.UUID(int=random.getrandbits(128)),
        "uuid_text": uuid.UUID(int=random.getrandbits(128)),
        "money": Decimal(random.randint(-(10**11), 10**11)) / 100,
        "real": random.choice([random.random(), random.uniform(-1e300, 1e300), 5e-324, -0.0, float("-inf")]),
        "json": random.choice([None, random.random(), "text", [random.randint(0, 2**70)], {"a": {"b": "\ud83d"}}]),
        "jsonb": {"n": random.choice([1.5, 10**30, 1e-7]), "text": "\u2028"},
        "mood": random.choice([*Mood, None]),
        "raw": random.randbytes(9),
        "tags": random.choice([None, ["a"], ["b", "c\n"]]),
    }
