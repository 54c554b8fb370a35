"""Kept values: nothing of what was stored is lost, and it goes back to its own row, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.migration.casts.cast import cast_sql
from core.migration.kept import values as kept
from tests.kept_steps import BIGINT, TEXT, back, keep, rows, run, sql
from tests.stored_values import VALUES, from_database, into_database, meanings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from core.migration.meaning import Kind

pytestmark = pytest.mark.usefixtures("database")


async def test_what_cannot_follow_is_kept_and_comes_back_when_the_type_does() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        sql(connection, "INSERT INTO t VALUES (1, '5'), (2, 'five'), (3, NULL), (4, '007')")
        value = cast_sql(connection, "v", TEXT, BIGINT).value
        keep(connection, where=f"({value}) IS NULL")
        sql(connection, "ALTER TABLE t RENAME COLUMN v TO old", "ALTER TABLE t ADD COLUMN v BIGINT")
        sql(connection, f"UPDATE t SET v = {cast_sql(connection, 'old', TEXT, BIGINT).value}")
        assert rows(connection, "SELECT id, v FROM t ORDER BY id") == [(1, 5), (2, None), (3, None), (4, None)]
        assert [(entry.key, entry.value) for entry in kept.entries(connection)] == [
            ({"id": 2}, "five"),
            ({"id": 4}, "007"),
        ]
        assert back(connection, BIGINT) == 0
        sql(connection, "ALTER TABLE t RENAME COLUMN v TO number", "ALTER TABLE t ADD COLUMN v TEXT")
        sql(connection, f"UPDATE t SET v = {cast_sql(connection, 'number', BIGINT, TEXT).value}")
        assert back(connection, TEXT) == 2
        assert rows(connection, "SELECT id, v AS text FROM t ORDER BY id") == [
            (1, "5"),
            (2, "five"),
            (3, None),
            (4, "007"),
        ]
        assert list(kept.entries(connection)) == []

    await run(check)


@pytest.mark.parametrize("kind", list(VALUES), ids=str)
async def test_values_of_every_type_survive_being_kept(kind: Kind) -> None:
    def check(connection: Connection) -> None:
        for meaning in meanings(connection.dialect.name)[kind]:
            if meaning.length or meaning.precision or meaning.sql in {"INTEGER", "SMALLINT", "JSONB"}:
                continue
            sql(connection, "DROP TABLE IF EXISTS t", f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {meaning.sql})")
            into_database(connection, meaning, VALUES[kind])
            stored = from_database(connection, "v", meaning)
            keep(connection, before=meaning)
            sql(connection, "UPDATE t SET v = NULL")
            there = sum(value is not None for value in stored)
            assert back(connection, meaning) == there
            assert from_database(connection, "v", meaning) == stored

    await run(check)


SECRETS = ["it's", 'say "no"', "back\\slash", "%s :name {x}", "ü€😀", "\n", "", " ", "null", "5", "x" * 1_000_000]


async def test_keys_values_and_names_may_be_anything() -> None:
    def check(connection: Connection) -> None:
        quote = connection.dialect.identifier_preparer.quote_identifier
        table, key, column = 'it\'s "x".__m'.replace(".", "·"), "k'ey\\", 'va"l'
        name, k, v = quote(table), quote(key), quote(column)
        sql(connection, f"CREATE TABLE {name} ({k} TEXT, n INTEGER, {v} TEXT, PRIMARY KEY (n))")
        mark = "?" if connection.dialect.name == "sqlite" else "$1"
        for number, secret in enumerate(SECRETS):
            insert = f"INSERT INTO {name} VALUES ({mark}, {number}, {mark})"
            connection.exec_driver_sql(insert, (secret, secret)[: insert.count("?") or 1])
        how = {"module": "m", "column": column, "key": [key, "n"], "where": "true", "before": TEXT, "reason": "it's"}
        connection.exec_driver_sql(kept.keep_sql(connection, table, **how).text)
        found = list(kept.entries(connection, "m", table=table))
        assert [(entry.value, entry.key) for entry in found] == [
            (secret, {key: secret, "n": number}) for number, secret in enumerate(SECRETS)
        ]
        sql(connection, f"UPDATE {name} SET {v} = NULL")
        assert kept.restore(connection, table, column=column, key=[key, "n"], after=TEXT) == len(SECRETS)
        assert rows(connection, f"SELECT {v} FROM {name} ORDER BY n") == [(secret,) for secret in SECRETS]

    await run(check)


KEYS = {
    "bytes": ("BLOB", "BYTEA", "CAST('a' AS BLOB)", "'\\x00ff'::bytea"),
    "uuid": ("CHAR(32)", "UUID", f"'{'ab' * 16}'", f"'{'ab' * 16}'"),
    "moment": ("DATETIME", "TIMESTAMP", "'2024-01-01 00:00:00.123456'", "'2024-01-01 00:00:00.123456'"),
    "decimal": ("NUMERIC", "NUMERIC", "0.1", "0.10000000000000000000000000000001"),
    "float": ("FLOAT", "FLOAT", "0.30000000000000004", "0.30000000000000004"),
    "large": ("BIGINT", "BIGINT", "9223372036854775807", "9223372036854775807"),
    "boolean": ("BOOLEAN", "BOOLEAN", "1", "true"),
}


@pytest.mark.parametrize("types", list(KEYS.values()), ids=list(KEYS))
async def test_a_row_is_found_by_a_key_of_any_type(types: tuple[str, ...]) -> None:
    def check(connection: Connection) -> None:
        which = connection.dialect.name == "postgresql"
        sql(connection, f"CREATE TABLE t (id {types[which]} PRIMARY KEY, v TEXT)")
        sql(connection, f"INSERT INTO t VALUES ({types[2 + which]}, 'x')")
        keep(connection)
        sql(connection, "UPDATE t SET v = NULL")
        assert back(connection, TEXT) == 1
        assert rows(connection, "SELECT v FROM t") == [("x",)]

    await run(check)


async def test_a_row_without_primary_key_is_found_by_all_that_it_has() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (a TEXT, b FLOAT, v TEXT)")
        sql(
            connection,
            "INSERT INTO t VALUES ('x', 1.5, 'one'), ('x', NULL, 'two'), ('x', 1.5, 'three'), ('y', 1.5, NULL)",
        )
        keep(connection, key=[])
        assert [entry.key for entry in kept.entries(connection)][1] == {"a": "x", "b": None}
        sql(connection, "UPDATE t SET v = NULL")
        assert back(connection, TEXT, key=[]) == 3
        assert sorted(rows(connection, "SELECT v FROM t WHERE b = 1.5 AND a = 'x'")) == [("one",), ("three",)]
        assert rows(connection, "SELECT v FROM t WHERE b IS NULL") == [("two",)]

    await run(check)


async def test_a_row_that_was_written_since_keeps_its_value() -> None:
    def check(connection: Connection) -> None:
        sql(
            connection,
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)",
            "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')",
        )
        keep(connection)
        sql(connection, "UPDATE t SET v = CASE id WHEN 1 THEN 'filled' WHEN 2 THEN 'new' END")
        assert back(connection, TEXT, wrote=("'filled'",)) == 2
        assert rows(connection, "SELECT v FROM t ORDER BY id") == [("a",), ("new",), ("c",)]
        assert [entry.value for entry in kept.entries(connection)] == ["b"]

    await run(check)


async def test_of_two_values_of_a_row_the_newer_comes_back() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'older')")
        keep(connection)
        sql(connection, "UPDATE t SET v = 'newer'")
        keep(connection)
        sql(connection, "UPDATE t SET v = NULL")
        assert back(connection, TEXT) == 1
        assert rows(connection, "SELECT v FROM t") == [("newer",)]
        assert [entry.value for entry in kept.entries(connection)] == ["older"]

    await run(check)


async def test_kept_values_follow_their_table_columns_and_module() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (id INTEGER, v TEXT, PRIMARY KEY (id))", "INSERT INTO t VALUES (1, 'x')")
        keep(connection)
        kept.rename(connection, "t", table_to="u", columns={"id": "v", "v": "id"}, module_to="other")
        (entry,) = kept.entries(connection)
        assert (entry.module, entry.table, entry.column, entry.key) == ("other", "u", "id", {"v": 1})

    await run(check)


async def test_values_of_a_table_that_is_gone_stay_kept() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'x')")
        keep(connection)
        sql(connection, "DROP TABLE t")
        assert kept.fits(connection, "t", "v", TEXT) == 0
        assert kept.restore(connection, "t", column="v", key=["id"], after=TEXT) == 0
        assert len(list(kept.entries(connection))) == 1

    await run(check)


async def test_authors_see_what_is_kept_of_a_table() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (7, 'x')")
        keep(connection)

    await run(check)
    (entry,) = await kept.kept_values("t")
    assert (entry.key, entry.value, entry.meaning, entry.reason) == ({"id": 7}, "x", TEXT, "because")
    assert await kept.kept_values("u") == []


class TestSQLite:
    """What only SQLite has: values that are not of their column's type, and tables without rowid."""

    @pytest.fixture
    def database_url(self, sqlite_url: str) -> str:
        return sqlite_url

    async def test_what_is_not_of_its_columns_type_survives(self) -> None:
        odd = "(1, x'00ff'), (2, 'abc'), (3, 1.5), (4, 9e999), (5, 'a' || char(0)), (6, CAST(x'ff' AS TEXT)), (7, 5)"

        def check(connection: Connection) -> None:
            sql(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)", f"INSERT INTO t VALUES {odd}")
            stored = "SELECT id, typeof(v), hex(CAST(v AS BLOB)) FROM t ORDER BY id"
            before = rows(connection, stored)
            keep(connection, before=BIGINT)
            sql(connection, "UPDATE t SET v = NULL")
            assert back(connection, BIGINT) == 7
            assert rows(connection, stored) == before

        await run(check)

    async def test_a_table_without_rowid_gets_its_values_back(self) -> None:
        def check(connection: Connection) -> None:
            sql(
                connection,
                "CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID",
                "INSERT INTO t VALUES ('k', 'x')",
            )
            keep(connection)
            sql(connection, "UPDATE t SET v = NULL")
            assert kept.fits(connection, "t", "v", TEXT) == 1
            assert back(connection, TEXT) == 1
            assert rows(connection, "SELECT v FROM t") == [("x",)]

        await run(check)
