"""Conversions in SQL: both databases do what the model in Python says, whatever is stored."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from core.database import db_engine
from core.migration.casts.altered import is_altered
from core.migration.casts.cast import cast_sql, convert, prepare
from core.migration.casts.sqlite import lend
from core.migration.meaning import Kind, Meaning
from tests.stored_values import MEMBERS, VALUES, from_database, into_database, meanings

if TYPE_CHECKING:
    from collections.abc import Iterator

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
            cast = cast_sql(connection, "v", before, after)
            found = [] if cast.altered is None else rows_where(connection, cast.altered, stored)
            assert found == expected, f"{before.sql} -> {after.sql}"
            if not cast.total:
                kept = rows_where(connection, f"v IS NOT NULL AND ({cast.to_keep})", stored)
                lost = rows_where(connection, f"v IS NOT NULL AND ({cast.value}) IS NULL", stored)
                assert kept == [v for v in stored if v in lost or v in expected], f"{before.sql} -> {after.sql}"

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


_ZONES = ("", "", "Z", "+00:00", "-00:00", "+08:00", "-0330", "+14:00", "+14:01", "+23:59", "+1", "z")
_FRACTIONS = ("", "", ".5", ".123", ".120", ".123456", ".000000", ".000", ".1234560", ".1234567", ".", ".12 456")
_CLOCKS = ("00:00:00", "12:30:45", "23:59:59", "24:00:00", "12:60:00", "12:30:60", "12:30", "1:30:45", "12.30.45", "")
_DAYS = ("2024-02-29", "2023-02-29", "0001-01-01", "0000-12-31", "9999-12-31", "2024-13-01", "2024-1-1", "1969-12-31")
_MOMENTS = st.builds(
    "{}{}{}{}{}".format,
    *map(st.sampled_from, (_DAYS, ("T", "T", " ", "t", "  ", ""), _CLOCKS, _FRACTIONS, _ZONES)),
)
_EPOCHS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(("", "", "", "-", "+", " ", "0")),
    st.integers(0, 10**15)
    | st.integers(10**9, 2 * 10**9)
    | st.integers(10**12, 10**13)
    | st.sampled_from((2024022912, 20240229)),
    st.sampled_from(("", "", "", ".", ".5")) | st.integers(0, 10**10).map(".{}".format),
    st.sampled_from(("", "", "", "", " ", "\0", "e3", "Z")),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)
_DOCUMENTS = st.builds(json.dumps, _JSON, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 1]))
_BROKEN = st.builds(
    lambda document, at, sign: document[:at] + sign + document[at + 1 :],
    _DOCUMENTS,
    st.integers(0, 20),
    st.text("[]{}\",:01.eE+-\\u \t\n\0\x7fNaN'/*", max_size=2),
)
_TEXTS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.DATETIME: _MOMENTS | _EPOCHS,
    Kind.DATE: st.sampled_from(_DAYS) | _MOMENTS,
    Kind.TIME: st.builds("{}{}".format, st.sampled_from(_CLOCKS), st.sampled_from(_FRACTIONS)),
    Kind.JSON: _DOCUMENTS | _BROKEN,
}


@pytest.fixture
def memory() -> Iterator[Connection]:
    """A database in memory with an empty table `t`, whose column `v` takes whatever comes as it is."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        prepare(connection)
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, v)")
        yield connection
    engine.dispose()


class TestSQLite:
    """What only SQLite has: values that are not of their column's type."""

    @pytest.fixture
    def database_url(self, sqlite_url: str) -> str:
        return sqlite_url

    @pytest.mark.parametrize(
        ("before", "after", "values"),
        [
            *(pytest.param(Kind.TEXT, kind, values, id=f"text-{kind}") for kind, values in _TEXTS.items()),
            *(
                pytest.param(kind, Kind.DATETIME, st.integers(-(10**15), 10**15), id=f"{kind}-datetime")
                for kind in (Kind.INTEGER, Kind.NUMERIC)
            ),
        ],
    )
    async def test_what_sql_does_itself_is_what_the_model_says(
        self, memory: Connection, before: Kind, after: Kind, values: st.SearchStrategy[Any]
    ) -> None:
        old = meanings("sqlite")[before][0]

        @given(st.lists(values, min_size=20, max_size=20), st.sampled_from(meanings("sqlite")[after]))
        @settings(max_examples=60)
        def check(stored: list[Any], new: Meaning) -> None:
            memory.exec_driver_sql("DELETE FROM t")
            memory.exec_driver_sql("INSERT INTO t (v) VALUES (?)", [(value,) for value in stored])
            cast = cast_sql(memory, "v", old, new)
            query = f"SELECT v, {cast.value}, {cast.altered or '0'}, {cast.to_keep} FROM t ORDER BY id"
            found = [tuple(row) for row in memory.exec_driver_sql(query)]
            become = [(v, convert(v, old, new), is_altered(v, old, new)) for v in stored]
            assert found == [(v, value, altered, value is None or altered) for v, value, altered in become]

        check()

    @pytest.mark.parametrize(
        ("before", "after", "value"),
        [
            (Kind.TEXT, Kind.INTEGER, "42"),
            (Kind.TEXT, Kind.FLOAT, "2.5"),
            (Kind.TEXT, Kind.BOOLEAN, "Yes"),
            (Kind.TEXT, Kind.DATE, "2024-02-29"),
            (Kind.TEXT, Kind.TIME, "12:30"),
            (Kind.TEXT, Kind.TIME, "12:30:45"),
            (Kind.TEXT, Kind.TIME, "12:30:45.123456"),
            (Kind.TEXT, Kind.DATETIME, "2024-02-29"),
            (Kind.TEXT, Kind.DATETIME, "2024-02-29 12:30:45"),
            (Kind.TEXT, Kind.DATETIME, "2024-02-29T12:30:45.123456"),
            (Kind.TEXT, Kind.DATETIME, "2024-02-29T12:30:45.123Z"),
            (Kind.TEXT, Kind.DATETIME, "2024-02-29T12:30:45+00:00"),
            (Kind.TEXT, Kind.DATETIME, "2024-02-29T12:30:45.123456+08:00"),
            (Kind.TEXT, Kind.DATETIME, "170000000"),
            (Kind.TEXT, Kind.DATETIME, "1700000000"),
            (Kind.TEXT, Kind.DATETIME, "1700000000123"),
            (Kind.TEXT, Kind.DATETIME, "1700000000.5"),
            (Kind.TEXT, Kind.DATETIME, "1699999999.9999995"),
            (Kind.TEXT, Kind.JSON, '{"a": [1.5, null], "b": "text"}'),
            (Kind.INTEGER, Kind.DATETIME, 1700000000),
            (Kind.INTEGER, Kind.DATETIME, 1700000000123),
            (Kind.NUMERIC, Kind.DATETIME, 1700000000),
        ],
    )
    async def test_what_is_usual_needs_no_call_of_python(
        self, memory: Connection, before: Kind, after: Kind, value: Any
    ) -> None:
        for function in ("aha_cast", "aha_altered", "aha_to_keep"):
            lend(memory, function, 3, lambda *_: "called")
        memory.exec_driver_sql("INSERT INTO t (v) VALUES (?)", (value,))
        old, new = meanings("sqlite")[before][0], meanings("sqlite")[after][0]
        cast = cast_sql(memory, "v", old, new)
        (found,) = memory.exec_driver_sql(f"SELECT {cast.value}, {cast.altered or '0'}, {cast.to_keep} FROM t")
        altered = is_altered(value, old, new)
        assert tuple(found) == (convert(value, old, new), altered, altered)

    @pytest.mark.parametrize("collation", ["NOCASE", "RTRIM"])
    async def test_what_a_column_takes_for_equal_is_not_the_same(self, collation: str) -> None:
        texts = [f"{text}{end}" for text in ("5", "1.5", "TRUE", "true", "2024-01-01", "12:30:45") for end in ("", " ")]

        def check(connection: Connection) -> None:
            connection.exec_driver_sql(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT COLLATE {collation})")
            before = meanings("sqlite")[Kind.TEXT][0]
            into_database(connection, before, texts)
            for after in [meaning for some in meanings("sqlite").values() for meaning in some]:
                cast = cast_sql(connection, "v", before, after)
                found = from_database(connection, cast.value, after)
                assert found == [convert(text, before, after) for text in texts], after
                altered = [] if cast.altered is None else rows_where(connection, cast.altered, texts)
                assert altered == [text for text in texts if is_altered(text, before, after)], after

        await run(check)

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
