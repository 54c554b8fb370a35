"""Conversions in SQL: both databases do what the model in Python says, whatever is stored."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from core.database import db_engine
from core.migration.casts.altered import is_altered
from core.migration.casts.cast import cast_sql, convert, prepare
from core.migration.meaning import Kind, Meaning
from tests.stored_values import MEMBERS, VALUES, from_database, into_database, meanings

if TYPE_CHECKING:
    from sqlalchemy import Connection

pytestmark = pytest.mark.usefixtures("database")


async def run(work: Any, *args: Any) -> Any:
    """Run `work` on a connection that is ready to convert, in a transaction."""
    async with db_engine.begin() as connection:
        return await connection.run_sync(lambda sync: (prepare(sync), work(sync, *args))[1])


def fill(connection: Connection, kind: Kind, meaning: Meaning) -> list[Any]:
    """Make table `t` with all values of a kind, the n-th with the key n; return them as they are stored."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS t")
    connection.exec_driver_sql(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {meaning.sql})")
    into_database(connection, meaning, VALUES[kind])
    return from_database(connection, "v", meaning)


@pytest.mark.parametrize("old", [kind for kind in Kind if kind in VALUES], ids=str)
async def test_each_value_becomes_what_the_model_says(old: Kind) -> None:
    def check(connection: Connection) -> None:
        dialect = connection.dialect.name
        before = meanings(dialect)[old]
        stored = fill(connection, old, before[0])
        for after in [meaning for some in meanings(dialect).values() for meaning in some]:
            cast = cast_sql(connection, "v", before[0], after, members=MEMBERS)
            expected = [convert(value, before[0], after, members=MEMBERS, dialect=dialect) for value in stored]
            found = from_database(connection, cast.value, after)
            wrong = [(v, e, f) for v, e, f in zip(stored, expected, found, strict=True) if not alike(e, f, after)]
            assert wrong == [], f"{before[0].sql} -> {after.sql}"
            if cast.total:
                assert all(f is not None for v, f in zip(stored, found, strict=True) if v is not None), after

    await run(check)


@pytest.mark.parametrize("old", [kind for kind in Kind if kind in VALUES], ids=str)
async def test_what_would_come_back_in_another_spelling_is_told(old: Kind) -> None:
    def check(connection: Connection) -> None:
        dialect = connection.dialect.name
        before = meanings(dialect)[old][0]
        stored = fill(connection, old, before)
        for after in [meaning for some in meanings(dialect).values() for meaning in some if meaning.sql != "JSONB"]:
            known = [v for v in stored if not before.members or v in before.members]
            expected = [v for v in known if is_altered(v, before, after, dialect=dialect)]
            told = cast_sql(connection, "v", before, after).altered
            found = [] if told is None else rows_where(connection, told, stored)
            assert found == expected, f"{before.sql} -> {after.sql}"

    await run(check)


def rows_where(connection: Connection, condition: str, stored: list[Any]) -> list[Any]:
    ids = connection.exec_driver_sql(f"SELECT id FROM t WHERE {condition} ORDER BY id").scalars()
    return [stored[number - 1] for number in ids]


def documents(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def alike(expected: Any, found: Any, after: Meaning) -> bool:
    """Whether two stored values are the same; JSON documents are if they say the same."""
    if expected is None or found is None:
        return expected is found
    if after.kind is Kind.JSON and isinstance(expected, str) and isinstance(found, str):
        return documents(expected) == documents(found)
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(found, float) and math.isnan(found)
    return type(expected) is type(found) and bool(expected == found)


class TestSQLite:
    """What only SQLite has: values that are not of their column's type."""

    @pytest.fixture
    def database_url(self, sqlite_url: str) -> str:
        return sqlite_url

    @pytest.mark.parametrize("old", [kind for kind in Kind if kind in VALUES], ids=str)
    async def test_what_makes_no_sense_is_no_error(self, old: Kind) -> None:
        odd = [
            b"\xff",
            b"5",
            "abc",
            "5",
            1.5,
            5,
            2**62,
            math.inf,
            "a\0b",
            "5\0",
            "2024-01-01",
            "\ufffd",
            '"',
            -1,
            1e300,
        ]

        def check(connection: Connection) -> None:
            before = meanings("sqlite")[old][0]
            sql = f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {before.sql})"
            connection.exec_driver_sql(sql)
            into_database(connection, before, odd)
            stored = from_database(connection, "v", before)
            connection.exec_driver_sql("INSERT INTO t (v) VALUES (CAST(x'ff' AS TEXT))")
            for after in [meaning for some in meanings("sqlite").values() for meaning in some]:
                cast = cast_sql(connection, "v", before, after)
                found = connection.exec_driver_sql(f"SELECT CAST({cast.value} AS BLOB) IS NOT NULL FROM t").all()
                assert not cast.total or all(row[0] for row in found), after
                if not cast.total:
                    *values, not_utf8 = from_database(connection, cast.value, after)
                    expected = [convert(value, before, after) for value in stored]
                    assert list(zip(stored, values, strict=True)) == list(zip(stored, expected, strict=True)), after
                    assert not_utf8 is None

        await run(check)


class TestPostgreSQL:
    """What only PostgreSQL has: types of its own, and settings that change how values are written."""

    @pytest.fixture
    def database_url(self, postgres_url: str) -> str:
        return postgres_url

    async def test_a_column_is_converted_in_place_whatever_the_settings(self) -> None:
        def check(connection: Connection) -> None:
            for setting in ("TimeZone = 'Asia/Shanghai'", "DateStyle = 'SQL, DMY'", "IntervalStyle = 'sql_standard'"):
                connection.exec_driver_sql(f"SET LOCAL {setting}")
            text, aware = Meaning(Kind.TEXT, "TEXT"), Meaning(Kind.DATETIME, "TIMESTAMP WITH TIME ZONE", timezone=True)
            connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
            connection.exec_driver_sql("INSERT INTO t VALUES (1, '2024-03-02T01:02:03Z'), (2, 'soon')")
            for before, after in ((text, aware), (aware, text)):
                value = cast_sql(connection, "v", before, after).value
                connection.exec_driver_sql(f"ALTER TABLE t ALTER COLUMN v TYPE {after.sql} USING {value}")
            assert from_database(connection, "v", text) == ["2024-03-02T01:02:03+00:00", None]

        await run(check)

    TYPES = (
        ("mood", "sad", Meaning(Kind.ENUM, "mood", members=("sad", "it's"), native=True)),
        ("inet", "10.0.0.1", Meaning(Kind.OTHER, "INET")),
        ("integer[]", "{1,2}", Meaning(Kind.ARRAY, "INTEGER[]")),
        ("timetz", "12:00:00+02", Meaning(Kind.TIME, "TIME WITH TIME ZONE", timezone=True)),
        ("char(5)", "ab", Meaning(Kind.TEXT, "CHAR(5)", length=5)),
        ("real", "0.1", Meaning(Kind.FLOAT, "REAL")),
        ("timestamp(0)", "2024-01-01T00:00:01", Meaning(Kind.DATETIME, "TIMESTAMP(0) WITHOUT TIME ZONE")),
    )

    @pytest.mark.parametrize(("type_", "value", "meaning"), TYPES, ids=[given[0] for given in TYPES])
    async def test_types_of_its_own_come_from_text_and_go_back(self, type_: str, value: str, meaning: Meaning) -> None:
        def check(connection: Connection) -> None:
            text = Meaning(Kind.TEXT, "TEXT")
            connection.exec_driver_sql("CREATE TYPE mood AS ENUM ('sad', 'it''s')")
            connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
            connection.exec_driver_sql(f"INSERT INTO t VALUES (1, '{value}'), (2, 'nonsense')")
            for before, after in ((text, meaning), (meaning, text)):
                cast = cast_sql(connection, "v", before, after)
                connection.exec_driver_sql(f"ALTER TABLE t ALTER COLUMN v TYPE {after.sql} USING {cast.value}")
            assert from_database(connection, "v", text) == [value, None]

        await run(check)

    async def test_what_python_has_no_word_for_is_not_converted(self) -> None:
        rows = (
            ("timestamp", "infinity", Kind.DATETIME, "TIMESTAMP WITHOUT TIME ZONE"),
            ("timestamp", "0044-03-15 BC", Kind.DATETIME, "TIMESTAMP WITHOUT TIME ZONE"),
            ("date", "-infinity", Kind.DATE, "DATE"),
            ("date", "20000-01-01", Kind.DATE, "DATE"),
            ("interval", "1 month", Kind.INTERVAL, "INTERVAL"),
            ("float8", "NaN", Kind.FLOAT, "DOUBLE PRECISION"),
            ("numeric", "NaN", Kind.NUMERIC, "NUMERIC"),
        )

        def check(connection: Connection) -> None:
            for type_, value, kind, sql in rows:
                connection.exec_driver_sql(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {type_})")
                connection.exec_driver_sql(f"INSERT INTO t VALUES (1, '{value}')")
                for after in [meaning for some in meanings("postgresql").values() for meaning in some]:
                    if after.kind is not kind:
                        cast = cast_sql(connection, "v", Meaning(kind, sql), after)
                        assert connection.exec_driver_sql(f"SELECT {cast.value} FROM t").scalar() is None, after
                connection.exec_driver_sql("DROP TABLE t")

        await run(check)
