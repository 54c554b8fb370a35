"""Moving a database to the other kind: all values, keys and counters go along, and a start there plans nothing."""

from __future__ import annotations

import enum
import json
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pytest
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
    ForeignKey,
    Index,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    TypeDecorator,
    Uuid,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from core.backup import BackupError, copy_database
from core.context import entered
from core.database import close_database, db_engine, metadata, open_database
from core.migration.ledger import records as ledger
from core.migration.schema.read import table_names
from core.migration.start import expand, settle


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


def many(metadata_):
    return (
        Column("id", Integer, primary_key=True),
        Column("other", ForeignKey("everything.id", ondelete="CASCADE")),
        Column("text", Text),
        Index("ix_text", "text"),
    )


@pytest.fixture
def release(module):
    """Declares a release of a module: its tables, by name the columns. The one before of the same name is dropped."""
    running = {}

    def declare(name, **tables):
        if name in running:
            running.pop(name).drop()
        if not tables:
            return None
        record = running[name] = module(name)
        with entered(record):
            for table, columns in tables.items():
                Table(table, metadata, *columns)
        return record

    return declare


@pytest.fixture(autouse=True)
async def closes(sqlite_url, postgres_url):
    yield
    await close_database()


@pytest.fixture(params=["sqlite to postgresql", "postgresql to sqlite"])
def urls(request, sqlite_url, postgres_url):
    """From where to where."""
    return (sqlite_url, postgres_url) if request.param.startswith("sqlite") else (postgres_url, sqlite_url)


async def start(url, *modules):
    """Start on a database; the steps that were planned and not only postponed."""
    await open_database(url)
    outcome = await expand(modules)
    assert outcome.failures == {}
    settled = await settle(modules)
    assert settled.failures == {}
    return [planned for unit in (*outcome.units, *settled.units) if unit.acts for planned in unit.steps]


async def fill(table, *rows):
    async with db_engine.begin() as connection:
        for row in rows:
            await connection.execute(insert(table), row)


async def rows_of(table):
    async with db_engine.connect() as connection:
        key = list(table.primary_key) or list(table.c)
        return [row._asdict() for row in await connection.execute(select(table).order_by(*key))]


async def run(url, *statements):
    await open_database(url)
    async with db_engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await close_database()


async def test_every_value_is_the_same_afterwards_and_a_start_plans_nothing(urls, release):
    old, new = urls
    demo = release("demo", everything=everything(), many=many(None))
    await start(old, demo)
    await fill(demo.tables["everything"], *ROWS)
    await fill(demo.tables["many"], *({"other": number % 3 + 1, "text": f"row {number}"} for number in range(5)))
    before = {name: await rows_of(table) for name, table in demo.tables.items()}
    await close_database()
    copied = await copy_database(old, new)
    assert copied.tables["everything__demo"] == 3
    assert copied.tables["many__demo"] == 5
    assert await start(new, demo) == []
    after = {name: await rows_of(table) for name, table in demo.tables.items()}
    for rows in (before, after):
        for row in rows["everything"]:
            if row["at_zone"] is not None and row["at_zone"].tzinfo is None:
                row["at_zone"] = row["at_zone"].replace(tzinfo=UTC)  # SQLite keeps no zone
    assert after == before
    await fill(demo.tables["everything"], {"name": "next"})
    assert [row["id"] for row in await rows_of(demo.tables["everything"])] == [1, 2, 3, 4]


def small(*more):
    return (Column("id", Integer, primary_key=True), Column("text", Text), *more)


async def test_what_no_model_has_any_more_goes_along(urls, release):
    old, new = urls
    gone = Column("size", Numeric(8, 3)), Column("at", DateTime(timezone=True)), Column("mood", Enum(Mood, name="m"))
    await start(old, first := release("demo", note=small(*gone), left=small()), release("off", thing=small()))
    values = {"size": Decimal("1.500"), "at": datetime(2026, 1, 1, tzinfo=UTC), "mood": Mood.OK}
    await fill(first.tables["note"], {"text": "a", **values})
    await fill(first.tables["left"], {"text": "b"})
    await fill(metadata.tables["thing__off"], {"text": "c"})
    await close_database()
    release("off")
    await start(old, release("demo", note=small()))
    await close_database()
    copied = await copy_database(old, new)
    assert {name: rows for name, rows in copied.tables.items() if "__" in name} == {
        "note__demo": 1,
        "left__demo": 1,
        "thing__off": 1,
    }
    # Taken up again, the columns and tables have their values.
    gone = Column("size", Numeric(8, 3)), Column("at", DateTime(timezone=True)), Column("mood", Enum(Mood, name="m"))
    again = release("demo", note=small(*gone), left=small())
    off = release("off", thing=small())
    await start(new, again, off)
    (row,) = await rows_of(again.tables["note"])
    assert {**row, "at": row["at"].replace(tzinfo=UTC)} == {"id": 1, "text": "a", **values}
    assert await rows_of(again.tables["left"]) == [{"id": 1, "text": "b"}]
    assert await rows_of(off.tables["thing"]) == [{"id": 1, "text": "c"}]
    await fill(off.tables["thing"], {"text": "d"})
    assert [row["id"] for row in await rows_of(off.tables["thing"])] == [1, 2]
    assert await start_again(again, off) == []


async def start_again(*modules):
    outcome = await expand(modules)
    settled = await settle(modules)
    return [planned for unit in (*outcome.units, *settled.units) if unit.acts for planned in unit.steps]


async def test_what_had_to_wait_still_waits(urls, release):
    old, new = urls
    await start(old, first := release("demo", note=small(Column("size", Integer)), other=small()))
    await fill(first.tables["note"], {"text": "same", "size": 1}, {"text": "same"})
    await close_database()
    strict = (
        Column("id", Integer, primary_key=True),
        Column("text", Text, unique=True),
        Column("size", Integer, nullable=False),
    )
    demo = release("demo", note=strict, other=small())
    await start(old, demo)
    await close_database()
    await copy_database(old, new)
    assert await start(new, demo) == []
    async with db_engine.begin() as connection:
        await connection.execute(text("UPDATE note__demo SET text = text || id, size = id"))
    await start_again(demo)
    with pytest.raises(Exception, match="(?i)unique|not.null"):
        await fill(demo.tables["note"], {"text": "same1"})


async def test_orphans_go_along_and_are_still_told_from_new_ones(urls, release):
    old, new = urls
    await start(old, first := release("demo", a=small(), b=small(Column("a_id", Integer))))
    await fill(first.tables["b"], {"a_id": 99})
    await close_database()
    demo = release("demo", a=small(), b=small(Column("a_id", ForeignKey("a.id"))))
    await start(old, demo)
    await close_database()
    await copy_database(old, new)
    assert await start(new, demo) == []
    with pytest.raises(Exception, match="(?i)foreign key"):
        await fill(demo.tables["b"], {"a_id": 98})


async def test_a_counter_goes_on_after_the_last_number_that_was_ever_given(urls, release):
    old, new = urls
    demo = release("demo", note=small())
    with entered(demo):
        table = Table(
            "strict", metadata, Column("id", Integer, primary_key=True), Column("text", Text), sqlite_autoincrement=True
        )
    await start(old, demo)
    await fill(table, {"text": "a"}, {"text": "b"})
    await close_database()
    await run(old, "DELETE FROM strict__demo WHERE id = 2")
    await copy_database(old, new)
    await start(new, demo)
    await fill(table, {"text": "c"})
    assert [row["id"] for row in await rows_of(table)] == [1, 3]


async def test_the_history_and_the_changes_under_way_are_remembered(urls, release):
    old, new = urls
    await start(old, first := release("demo", note=small(Column("old", Text))))
    await fill(first.tables["note"], {"text": "a", "old": "b"})
    await close_database()
    demo = release("demo", note=small(Column("new", Text, info={"was": "old"})))
    await start(old, demo)
    await close_database()
    await copy_database(old, new)
    await open_database(new)
    async with db_engine.connect() as connection:
        names = await connection.run_sync(lambda c: ledger.records(c, ["aha_schema"]))
        history = await connection.run_sync(lambda c: ledger.history(c, ["aha_history"]))
    assert "old" in names["note__demo"].renamed["new"]
    assert len(history) >= 2
    await close_database()
    # The release before finds its data again.
    back = release("demo", note=small(Column("old", Text)))
    await start(new, back)
    assert await rows_of(back.tables["note"]) == [{"id": 1, "text": "a", "old": "b"}]


# --- what is refused ---


BAD = {
    "NUL": ("sqlite", "UPDATE note__demo SET text = 'a' || char(0) WHERE id = 2", r"note__demo.text \(key 2\).*NUL"),
    "not UTF-8": (
        "sqlite",
        "UPDATE note__demo SET text = CAST(x'eda080' AS TEXT) WHERE id = 2",
        r"text \(key 2\).*UTF-8",
    ),
    "too large": (
        "sqlite",
        "UPDATE note__demo SET number = 3000000000 WHERE id = 2",
        r"number \(key 2\).*out of the range",
    ),
    "no number": ("sqlite", "UPDATE note__demo SET number = 'x' WHERE id = 2", r"number \(key 2\): 'x' is no integer"),
    "no date": ("sqlite", "UPDATE note__demo SET day = '2026-02-31' WHERE id = 2", r"day \(key 2\).*is no date"),
    "too long": ("sqlite", "UPDATE note__demo SET name = 'abcdef' WHERE id = 2", r"name \(key 2\).*6 characters"),
    "too exact": ("sqlite", "UPDATE note__demo SET money = 1.005 WHERE id = 2", r"money \(key 2\).*more digits"),
    "no member": ("sqlite", "UPDATE note__demo SET mood = 'HAPPY' WHERE id = 2", r"mood \(key 2\).*HAPPY"),
    "NaN": ("postgresql", "UPDATE note__demo SET real = 'NaN' WHERE id = 2", r"real \(key 2\).*SQLite cannot hold"),
    "many digits": (
        "postgresql",
        "UPDATE note__demo SET exact = 12345678901234567890.123 WHERE id = 2",
        r"exact \(key 2\).*SQLite cannot hold",
    ),
    "year 44 BC": ("postgresql", "UPDATE note__demo SET day = '0044-03-15 BC' WHERE id = 2", r"day \(key 2\).*BC"),
    "a month": ("postgresql", "UPDATE note__demo SET length = '1 month' WHERE id = 2", r"length \(key 2\).*1 mon"),
}


@pytest.mark.parametrize(("kind", "change", "message"), BAD.values(), ids=BAD)
async def test_what_does_not_fit_is_named_and_the_target_stays_empty(
    kind, change, message, sqlite_url, postgres_url, release
):
    old, new = (sqlite_url, postgres_url) if kind == "sqlite" else (postgres_url, sqlite_url)
    demo = release(
        "demo",
        note=small(
            Column("number", Integer),
            Column("day", Date),
            Column("name", String(5)),
            Column("money", Numeric(8, 2)),
            Column("mood", Enum(Mood, name="m")),
            Column("real", Double),
            Column("exact", Numeric),
            Column("length", Interval),
        ),
    )
    await start(old, demo)
    await fill(demo.tables["note"], {"text": "a"}, {"text": "b"})
    await close_database()
    await run(old, change)
    with pytest.raises(BackupError, match=message):
        await copy_database(old, new)
    await open_database(new)
    async with db_engine.connect() as connection:
        assert await connection.run_sync(table_names) == set()


async def test_a_target_that_has_tables_of_a_bot_is_refused(urls, release):
    old, new = urls
    demo = release("demo", note=small())
    for url in (old, new):
        await start(url, demo)
        await close_database()
    with pytest.raises(BackupError, match="has tables of a bot already"):
        await copy_database(old, new)


async def test_a_source_that_has_to_migrate_first_is_refused(urls, release):
    old, new = urls
    await start(old, release("demo", note=small()))
    await close_database()
    release("demo", note=small(Column("size", Integer)))
    with pytest.raises(BackupError, match="not up to date.*AddColumn note__demo.size"):
        await copy_database(old, new)


async def test_a_copy_to_the_same_kind_is_refused(database_url):
    with pytest.raises(BackupError, match="aha db backup"):
        await copy_database(database_url, database_url)


async def test_a_source_that_is_not_there_is_not_made(sqlite_url, postgres_url, tmp_path):
    with pytest.raises(BackupError, match="there is no database"):
        await copy_database(sqlite_url, postgres_url)
    assert list(tmp_path.iterdir()) == []


async def test_what_others_made_is_listed_and_left(sqlite_url, postgres_url, release):
    demo = release("demo", note=small())
    await start(sqlite_url, demo)
    await close_database()
    await run(sqlite_url, "CREATE TABLE other (id INTEGER)", "CREATE VIEW seen AS SELECT text FROM note__demo")
    copied = await copy_database(sqlite_url, postgres_url)
    assert copied.left_out == ("table other, which is none of the bot's", "view seen")


async def test_a_bot_that_writes_does_not_disturb_a_copy(sqlite_url, postgres_url, release):
    demo = release("demo", note=small())
    await start(sqlite_url, demo)
    await fill(demo.tables["note"], *({"text": str(number)} for number in range(10)))
    seen = []

    def write(progress):
        if progress.table == "note__demo" and not seen:
            seen.append(progress)
            path = sqlite_url.removeprefix("sqlite:///")
            with sqlite3.connect(path) as connection:
                connection.execute("INSERT INTO note__demo (text) VALUES ('late')")
            connection.close()

    copied = await copy_database(sqlite_url, postgres_url, progress=write)
    assert copied.tables["note__demo"] == 10
    assert seen
    assert len(await rows_of(demo.tables["note"])) == 11


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


async def test_there_and_back_every_stored_value_is_what_it_was(sqlite_url, postgres_url, tmp_path, release):
    demo = release("demo", everything=everything())
    await start(sqlite_url, demo)
    random = Random(3)
    async with db_engine.begin() as connection:
        await connection.execute(insert(demo.tables["everything"]), [random_row(random) for _ in range(300)])
    await close_database()
    await copy_database(sqlite_url, postgres_url)
    await copy_database(postgres_url, f"sqlite:///{tmp_path}/back.db")
    query = "SELECT *, typeof(money), typeof(real), typeof(json) FROM everything__demo ORDER BY id"
    old, new = (stored(path, query) for path in (sqlite_url.removeprefix("sqlite:///"), tmp_path / "back.db"))
    jsonb = [column.name for column in everything()].index("jsonb")
    for one, other in zip(old, new, strict=True):
        assert json.loads(one[jsonb]) == json.loads(other[jsonb])
        assert one[:jsonb] + one[jsonb + 1 :] == other[:jsonb] + other[jsonb + 1 :]


def stored(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def test_a_sequence_of_the_model_goes_on(sqlite_url, postgres_url, release):
    numbers = Sequence("numbers")
    demo = release("demo", note=(Column("id", Integer, numbers, primary_key=True), Column("text", Text)))
    await start(sqlite_url, demo)
    await fill(demo.tables["note"], {"id": 41, "text": "a"})
    await close_database()
    await copy_database(sqlite_url, postgres_url)
    await start(postgres_url, demo)
    await fill(demo.tables["note"], {"text": "b"})
    assert [row["id"] for row in await rows_of(demo.tables["note"])] == [41, 42]


async def test_kept_values_go_along_and_come_back(urls, release):
    old, new = urls
    await start(old, first := release("demo", note=small()))
    await fill(first.tables["note"], {"text": "not a number"}, {"text": "5"})
    await close_database()
    numbers = Column("id", Integer, primary_key=True), Column("text", Integer)
    await start(old, release("demo", note=numbers))
    await close_database()
    await copy_database(old, new)
    again = release("demo", note=small())
    await start(new, again)
    assert [row["text"] for row in await rows_of(again.tables["note"])] == ["not a number", "5"]


async def test_what_the_migration_wrote_is_still_told_from_what_the_module_did(urls, release):
    old, new = urls
    await start(old, first := release("demo", note=small(Column("old", Text))))
    await fill(first.tables["note"], {"text": "a", "old": "x"}, {"text": "b", "old": "y"})
    await close_database()
    second = release("demo", note=small(Column("new", Text, default="filled", nullable=False)))
    await start(old, second)
    await close_database()
    await run(old, "UPDATE note__demo SET new = 'written' WHERE id = 2")
    await copy_database(old, new)
    late = Column("new", Text, default="filled", nullable=False, info={"was": "old"})
    third = release("demo", note=small(late))
    await start(new, third)
    assert [row["new"] for row in await rows_of(third.tables["note"])] == ["x", "written"]
