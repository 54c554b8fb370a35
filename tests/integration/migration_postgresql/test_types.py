"""Types, keys and indexes that only PostgreSQL has: they change with their data, and a second start plans nothing."""

from __future__ import annotations

import pytest

from aha.testing import release, running_bot
from core.database import db_engine
from tests.migration import product
from tests.migration.sources import module, note

ONLY_HERE = "from sqlalchemy.dialects.postgresql import *\nfrom sqlalchemy import Identity, Index\n"

SEARCHED = """v: str = column({type})
    s: str = column(TSVECTOR, Computed("to_tsvector('simple', {what})", persisted=True))
    __table_args__ = (Index('ix_s', 's', postgresql_using='gin'),)"""
BOTH = "v: int\n    w: int | None\n    __table_args__ = ("
INDEX = "v: str\n    __table_args__ = (Index('i', "

# The releases, what is put into the first, and what a query shows after each of the others.
CHANGES = {
    "array of text to numbers and back": (
        [
            "v: list[str] = column(ARRAY(Text))",
            "v: list[int] | None = column(ARRAY(Integer))",
            "v: list[str] = column(ARRAY(Text))",
        ],
        "(1, ARRAY['1', '2']), (2, ARRAY['x'])",
        "SELECT id, v::text FROM note__notes ORDER BY id",
        [None, [(1, "{1,2}"), (2, "{x}")]],
    ),
    "array of an enum that loses a member and gets it back": (
        [
            "v: list[str] | None = column(ARRAY(ENUM('a', 'b', name='ab')))",
            "v: list[str] | None = column(ARRAY(ENUM('a', 'c', name='ab')))",
            "v: list[str] | None = column(ARRAY(ENUM('a', 'b', 'c', name='ab')))",
        ],
        "(1, ARRAY['a']::ab__notes[]), (2, ARRAY['b', 'a']::ab__notes[])",
        "SELECT id, v::text FROM note__notes ORDER BY id",
        [[(1, "{a}"), (2, None)], [(1, "{a}"), (2, "{b,a}")]],
    ),
    "array of an enum that loses a member and has to have a value": (
        [
            "v: list[str] = column(ARRAY(ENUM('a', 'b', name='ab')))",
            "v: list[str] = column(ARRAY(ENUM('a', 'c', name='ab')))",
            "v: list[str] = column(ARRAY(ENUM('a', 'b', 'c', name='ab')))",
        ],
        "(1, ARRAY['a', NULL]::ab__notes[]), (2, ARRAY['b', 'a']::ab__notes[])",
        "SELECT id, v::text FROM note__notes ORDER BY id",
        [[(1, "{a,NULL}"), (2, None)], [(1, "{a,NULL}"), (2, "{b,a}")]],
    ),
    "array of an enum with a member that is renamed": (
        [
            "v: list[str] = column(ARRAY(ENUM('a', 'b', name='ab')))",
            "v: list[str] = column(ARRAY(ENUM('a', 'c', name='ab')), info={'was': {'c': 'b'}})",
        ],
        "(1, ARRAY['a']::ab__notes[]), (2, ARRAY[['b', 'a']]::ab__notes[])",
        "SELECT id, v::text FROM note__notes ORDER BY id",
        [[(1, "{a}"), (2, "{{c,a}}")]],
    ),
    "array of an enum whose members are renamed in a chain, and back": (
        [
            "v: list[str] = column(ARRAY(ENUM('a', 'b', name='ab')))",
            "v: list[str] = column(ARRAY(ENUM('b', 'c', name='ab')), info={'was': {'b': 'a', 'c': 'b'}})",
            "v: list[str] = column(ARRAY(ENUM('a', 'b', name='ab')))",
        ],
        "(1, ARRAY['a', 'b', NULL]::ab__notes[]), (2, ARRAY[['b', 'a']]::ab__notes[])",
        "SELECT id, v::text FROM note__notes ORDER BY id",
        [[(1, "{b,c,NULL}"), (2, "{{c,b}}")], [(1, "{a,b,NULL}"), (2, "{{b,a}}")]],
    ),
    "array of an enum whose members exchange their names, while one that is kept comes back": (
        [
            "v: list[str] = column(ARRAY(ENUM('a', 'b', 'x', name='ab')))",
            "v: list[str] | None = column(ARRAY(ENUM('a', 'b', name='ab')))",
            "v: list[str] | None = column(ARRAY(ENUM('a', 'b', 'x', name='ab')), info={'was': {'a': 'b', 'b': 'a'}})",
            "v: list[str] | None = column(ARRAY(ENUM('a', 'b', 'x', name='ab')))",
        ],
        "(1, ARRAY['a', 'b']::ab__notes[]), (2, ARRAY['b', 'x']::ab__notes[])",
        "SELECT id, v::text FROM note__notes ORDER BY id",
        [[(1, "{a,b}"), (2, None)], [(1, "{b,a}"), (2, "{a,x}")], [(1, "{a,b}"), (2, "{b,x}")]],
    ),
    "text to jsonb and back": (
        ["v: str", "v: dict = column(JSONB, default={})", "v: str"],
        """(1, '{"a": 1}'), (2, 'x')""",
        "SELECT id, v::text FROM note__notes ORDER BY id",
        [[(1, '{"a": 1}'), (2, "{}")], [(1, '{"a": 1}'), (2, "x")]],
    ),
    "json to jsonb, with an index on it": (
        ["v: dict = column(JSON)", "v: dict = column(JSONB, index=True)", "v: dict = column(JSONB)"],
        """(1, '{"a":1}')""",
        "SELECT id, v::text FROM note__notes ORDER BY id",
        [[(1, '{"a": 1}')], [(1, '{"a": 1}')]],
    ),
    "a computed text search vector with its index": (
        ["v: str", SEARCHED.format(type="Text", what="v"), SEARCHED.format(type="String(50)", what="v || '!'")],
        "(1, 'hello')",
        "SELECT id, v FROM note__notes",
        [[(1, "hello")], [(1, "hello")]],
    ),
    "a computed column that raises an error when what it is computed from is smaller, and no more when it is not": (
        [
            "n: int = column(BigInteger)\n    size: int = column(BigInteger, Computed('abs(n)', persisted=True))",
            "n: int\n    size: int = column(BigInteger, Computed('abs(n)', persisted=True))",
            "n: int = column(BigInteger)\n    size: int = column(BigInteger, Computed('abs(n)', persisted=True))",
        ],
        "(1, 5), (2, -2147483648)",
        "SELECT id, n, size FROM note__notes ORDER BY id",
        [[(1, 5, None), (2, -2147483648, None)], [(1, 5, 5), (2, -2147483648, 2147483648)]],
    ),
    "interval to text and back": (
        ["v: timedelta = column(INTERVAL)", "v: str", "v: timedelta = column(INTERVAL)"],
        "(1, '1 day 02:00')",
        "SELECT id, CAST(v AS interval) = '26 hours' FROM note__notes",
        [None, [(1, True)]],
    ),
    "an identity that is always generated": (
        [
            "v: int",
            "v: int\n    n: int = column(Identity(always=True, start=5))",
            "v: int\n    n: int = column(Identity(start=5, cycle=True))",
        ],
        "(1, 1), (2, 2)",
        "SELECT id, v, n FROM note__notes ORDER BY id",
        [[(1, 1, 5), (2, 2, 6)], [(1, 1, 5), (2, 2, 6)]],
    ),
    "unique constraints with all that they may say": (
        [
            "v: int\n    w: int | None",
            BOTH + "UniqueConstraint('w', postgresql_nulls_not_distinct=True, name='u'),)",
            BOTH + "UniqueConstraint('w', 'v', initially='DEFERRED', postgresql_include=['id'], name='u'),)",
        ],
        "(1, 1, NULL), (2, 2, 5)",
        "SELECT id, v, w FROM note__notes ORDER BY id",
        [[(1, 1, None), (2, 2, 5)]] * 2,
    ),
    "indexes with all that they may say": (
        [
            "v: str",
            INDEX + "text('lower(v) text_pattern_ops'), postgresql_where=text('id > 0')),)",
            INDEX + "'v', postgresql_with={'fillfactor': 50}, postgresql_using='hash'),)",
            INDEX + "text('lower(v) DESC NULLS LAST'), postgresql_include=['id'], unique=True),)",
        ],
        "(1, 'x'), (2, 'Y')",
        "SELECT id, v FROM note__notes ORDER BY id",
        [[(1, "x"), (2, "Y")]] * 3,
    ),
    "a domain, a range and a network address": (
        [
            "v: str\n    w: str",
            "v: str = column(DOMAIN('short', Text, check='length(VALUE) < 5'))\n    w: str | None = column(INET)",
            "v: str\n    w: str",
        ],
        "(1, 'x', '10.0.0.1'), (2, 'y', 'no')",
        "SELECT id, v FROM note__notes ORDER BY id",
        [[(1, "x"), (2, "y")]] * 2,
    ),
    "a column that refers to its own table, deferred, and a primary key that is deferrable": (
        [
            "v: int",
            "v: int | None = column(ForeignKey('note.id', deferrable=True, initially='DEFERRED', ondelete='SET NULL'))",
            "v: int | None = column(BigInteger, ForeignKey('note.id', ondelete='RESTRICT', match='FULL'))",
        ],
        "(1, 2), (2, 1)",
        "SELECT id, v FROM note__notes ORDER BY id",
        [[(1, 2), (2, 1)]] * 2,
    ),
}


@pytest.mark.parametrize(("releases", "rows", "query", "shown"), CHANGES.values(), ids=CHANGES.keys())
async def test_it_changes_with_its_data(postgres_url: str, tmp_path, releases, rows, query, shown) -> None:
    for columns, expected in zip(releases, [None, *shown], strict=True):
        path = release("notes", module(ONLY_HERE, note(*columns.split("\n    "))), folder=tmp_path)
        for _ in ("first", "again"):
            async with running_bot(modules=[path], database=postgres_url, strict=False) as bot:
                assert bot.failures == {}
                async with db_engine.begin() as connection:
                    if not (await connection.exec_driver_sql("SELECT count(*) FROM note__notes")).scalar():
                        await connection.exec_driver_sql(f"INSERT INTO note__notes VALUES {rows}")
                assert product.planned(await product.plan(bot._loaded())) == []
                if expected is not None:
                    async with db_engine.connect() as connection:
                        assert [tuple(row) for row in await connection.exec_driver_sql(query)] == expected
