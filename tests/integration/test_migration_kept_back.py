"""Kept values and what happens afterwards: spellings come back, keys change their type, older values stay behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.migration.kept import values as kept
from core.migration.meaning import Kind, Meaning
from tests.kept_steps import BIGINT, BOOLEAN, TEXT, back, change, keep, reasons, rows, run, sql, texts

if TYPE_CHECKING:
    from sqlalchemy import Connection

pytestmark = pytest.mark.usefixtures("database")


class TestSpelling:
    """Values that follow, but would come back spelled in another way."""

    async def test_they_are_kept_and_come_back_as_they_were(self) -> None:
        def check(connection: Connection) -> None:
            texts(connection, "true", "NO", "maybe", "1")
            change(connection, TEXT, BOOLEAN)
            assert reasons(connection) == [("NO", "spelling"), ("maybe", "does not follow"), ("1", "spelling")]
            assert rows(connection, "SELECT v FROM t ORDER BY id") == [(True,), (False,), (None,), (True,)]
            assert back(connection, BOOLEAN) == 0
            assert kept.fits(connection, "t", "v", TEXT, key=["id"], present=BOOLEAN) == 3
            change(connection, BOOLEAN, TEXT)
            assert back(connection, TEXT) == 3
            assert rows(connection, "SELECT v AS text FROM t ORDER BY id") == [("true",), ("NO",), ("maybe",), ("1",)]
            assert reasons(connection) == []

        await run(check)

    async def test_a_row_that_was_written_since_keeps_its_value_and_they_stay_kept(self) -> None:
        def check(connection: Connection) -> None:
            texts(connection, "NO", "NO", "NO")
            change(connection, TEXT, BOOLEAN)
            sql(connection, "UPDATE t SET v = true WHERE id = 1", "UPDATE t SET v = NULL WHERE id = 2")
            assert kept.fits(connection, "t", "v", TEXT, key=["id"], present=BOOLEAN) == 1
            change(connection, BOOLEAN, TEXT)
            assert back(connection, TEXT) == 1
            assert rows(connection, "SELECT v FROM t ORDER BY id") == [("true",), (None,), ("NO",)]
            assert reasons(connection) == [("NO", "spelling"), ("NO", "spelling")]

        await run(check)

    async def test_they_come_back_by_way_of_other_types(self) -> None:
        def check(connection: Connection) -> None:
            texts(connection, "off", "yes")
            for before, after in ((TEXT, BOOLEAN), (BOOLEAN, BIGINT), (BIGINT, TEXT)):
                assert kept.fits(connection, "t", "v", after, key=["id"], present=before) == 2 * (after is TEXT)
                change(connection, before, after)
            assert back(connection, TEXT) == 2
            assert rows(connection, "SELECT v FROM t ORDER BY id") == [("off",), ("yes",)]

        await run(check)

    async def test_milliseconds_come_back_as_milliseconds(self) -> None:
        def check(connection: Connection) -> None:
            moment = Meaning(Kind.DATETIME, "DATETIME" if connection.dialect.name == "sqlite" else "TIMESTAMP")
            sql(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, v BIGINT)")
            sql(connection, "INSERT INTO t VALUES (1, 1700000000000), (2, 1700000000), (3, 1700000000123)")
            change(connection, BIGINT, moment)
            assert reasons(connection) == [(1700000000000, "spelling")]
            change(connection, moment, BIGINT)
            assert back(connection, BIGINT) == 1
            assert rows(connection, "SELECT v FROM t ORDER BY id") == [
                (1700000000000,),
                (1700000000,),
                (1700000000123,),
            ]

        await run(check)

    @pytest.mark.parametrize("length", [1, 3, 4, 9])
    async def test_they_come_back_although_the_usual_spelling_is_too_long(self, length: int) -> None:
        def check(connection: Connection) -> None:
            short = Meaning(Kind.TEXT, f"VARCHAR({length})", length=length)
            three = Meaning(Kind.TEXT, "VARCHAR(3)", length=3)
            texts(connection, "NO", "YES", "n", "y")
            change(connection, TEXT, BOOLEAN)
            sql(connection, "UPDATE t SET v = true WHERE id = 3", "UPDATE t SET v = NULL WHERE id = 4")
            fitting = 0 if length == 1 else 2
            assert kept.fits(connection, "t", "v", short, key=["id"], present=BOOLEAN) == fitting
            change(connection, BOOLEAN, short)
            assert back(connection, short) == fitting
            change(connection, short, three)
            back(connection, three)
            assert rows(connection, "SELECT v FROM t WHERE id < 3 ORDER BY id") == [("NO",), ("YES",)]
            assert rows(connection, "SELECT v FROM t WHERE id = 4") == [(None,)]
            assert {value for value, _ in reasons(connection)} >= {"n", "y"}

        await run(check)

    async def test_they_come_back_as_they_were_when_what_they_have_become_fits_too(self) -> None:
        def check(connection: Connection) -> None:
            short = Meaning(Kind.TEXT, "VARCHAR(1)", length=1)
            texts(connection, "NO")
            for before, after in ((TEXT, BOOLEAN), (BOOLEAN, short), (short, TEXT)):
                change(connection, before, after)
            assert back(connection, TEXT) == 1
            assert rows(connection, "SELECT v FROM t") == [("NO",)]
            assert reasons(connection) == []

        await run(check)

    async def test_a_key_keeps_what_it_has_become(self) -> None:
        def check(connection: Connection) -> None:
            texts(connection, "NO")
            change(connection, TEXT, BOOLEAN)
            change(connection, BOOLEAN, TEXT)
            assert kept.fits(connection, "t", "v", TEXT, key=["id"], spelled=False) == 0
            assert kept.restore(connection, "t", column="v", key=["id"], after=TEXT, spelled=False) == 0

        await run(check)


async def test_a_value_that_is_older_than_one_that_came_back_does_not_come_back_itself() -> None:
    def check(connection: Connection) -> None:
        texts(connection, "older", "other")
        keep(connection)
        sql(connection, "UPDATE t SET v = 'newer' WHERE id = 1")
        keep(connection, where="id = 1")
        sql(connection, "UPDATE t SET v = NULL")
        assert back(connection, TEXT) == 2
        sql(connection, "UPDATE t SET v = NULL")
        assert back(connection, TEXT) == 0
        (entry,) = kept.entries(connection)
        assert (entry.value, entry.stale is None) == ("older", False)

    await run(check)


async def test_a_value_whose_row_was_written_since_goes_back_only_when_the_owner_says_so() -> None:
    def check(connection: Connection) -> None:
        texts(connection, "one", "NO", "two", "gone")
        change(connection, TEXT, BIGINT)
        sql(connection, "UPDATE t SET v = 1 WHERE id < 3", "DELETE FROM t WHERE id = 4")
        change(connection, BIGINT, TEXT)
        assert back(connection, TEXT) == 1
        assert rows(connection, "SELECT v FROM t ORDER BY id") == [("1",), ("1",), ("two",)]
        stale = {entry.value: entry.stale is not None for entry in kept.entries(connection)}
        assert stale == {"one": True, "NO": True, "gone": False}
        sql(connection, "UPDATE t SET v = NULL WHERE id = 1")
        assert back(connection, TEXT) == 0
        assert kept.restore(connection, "t", column="v", key=["id"], after=TEXT, by_owner=True) == 1
        assert rows(connection, "SELECT v FROM t ORDER BY id") == [("one",), ("1",), ("two",)]

    await run(check)


async def test_a_row_that_only_looks_like_what_was_filled_in_was_written_since() -> None:
    def check(connection: Connection) -> None:
        collation = "COLLATE NOCASE" if connection.dialect.name == "sqlite" else ""
        sql(connection, f"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT {collation})")
        sql(connection, "INSERT INTO t VALUES (1, 'one'), (2, 'two')")
        keep(connection)
        sql(connection, "UPDATE t SET v = 'none' WHERE id = 1", "UPDATE t SET v = 'None' WHERE id = 2")
        assert back(connection, TEXT, wrote=("'none'",)) == 1
        assert rows(connection, "SELECT v FROM t ORDER BY id") == [("one",), ("None",)]

    await run(check)


async def test_what_does_not_fit_yet_waits_whatever_is_in_its_row() -> None:
    def check(connection: Connection) -> None:
        texts(connection, "one")
        change(connection, TEXT, BIGINT)
        sql(connection, "UPDATE t SET v = 1")
        change(connection, BIGINT, BOOLEAN)
        assert back(connection, BOOLEAN) == 0
        assert [entry.stale for entry in kept.entries(connection)] == [None]

    await run(check)


async def test_what_was_filled_in_is_looked_for_as_the_type_that_the_column_has() -> None:
    def check(connection: Connection) -> None:
        texts(connection, "none")
        real = Meaning(Kind.FLOAT, "FLOAT")
        sql(connection, "CREATE TABLE u (id INTEGER PRIMARY KEY, v FLOAT)", "INSERT INTO u VALUES (1, 1.5)")
        how: dict[str, Any] = {"column": "v", "key": ["id"], "where": "true", "before": real, "reason": "because"}
        sql(connection, kept.keep_sql(connection, "u", module="m", **how).text)
        kept.rename(connection, "u", table_to="v")
        sql(connection, "ALTER TABLE t RENAME TO v")
        assert kept.fits(connection, "v", "v", real, key=["id"], wrote=("'none'",), present=TEXT) == 1

    await run(check)


async def test_rows_are_found_when_their_key_has_another_type_and_when_it_goes_back() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (a TEXT, b TEXT, v TEXT, PRIMARY KEY (a, b))")
        sql(connection, "INSERT INTO t VALUES ('7', 'x', 'seven'), ('8', 'y', 'eight')")
        keep(connection, key=["a", "b"])
        sql(connection, kept.convert_keys_sql(connection, "t", "a", before=TEXT, after=BIGINT).text)
        assert [entry.key for entry in kept.entries(connection)] == [{"a": 7, "b": "x"}, {"a": 8, "b": "y"}]
        sql(connection, "ALTER TABLE t RENAME TO old", "CREATE TABLE t (a BIGINT, b TEXT, v TEXT, PRIMARY KEY (a, b))")
        sql(connection, "INSERT INTO t (a, b) SELECT CAST(a AS BIGINT), b FROM old")
        assert back(connection, TEXT, key=["a", "b"]) == 2
        assert rows(connection, "SELECT a, v FROM t ORDER BY a") == [(7, "seven"), (8, "eight")]

    await run(check)


async def test_a_key_that_cannot_follow_stays_as_it_was() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES ('seven', 'x')")
        keep(connection)
        sql(connection, kept.convert_keys_sql(connection, "t", "id", before=TEXT, after=BIGINT).text)
        assert [entry.key for entry in kept.entries(connection)] == [{"id": "seven"}]

    await run(check)


async def test_a_renamed_key_is_written_as_keys_are() -> None:
    def check(connection: Connection) -> None:
        texts(connection, "x")
        keep(connection)
        kept.rename(connection, "t", columns={"id": "k"})
        sql(connection, "ALTER TABLE t RENAME COLUMN id TO k", "UPDATE t SET v = NULL")
        assert back(connection, TEXT, key=["k"]) == 1

    await run(check)


async def test_a_table_of_one_column_and_no_key_gets_its_values_back() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (v TEXT)", "INSERT INTO t VALUES ('a'), ('b')")
        keep(connection, key=[])
        assert [entry.key for entry in kept.entries(connection)] == [{}, {}]
        sql(connection, "UPDATE t SET v = NULL")
        assert back(connection, TEXT, key=[]) == 2
        assert sorted(rows(connection, "SELECT v FROM t")) == [("a",), ("b",)]

    await run(check)


async def test_the_name_of_a_table_may_have_dots_and_so_may_that_of_one_in_a_schema() -> None:
    def check(connection: Connection) -> None:
        schema = "main"
        if connection.dialect.name == "postgresql":
            schema = "s"
            sql(connection, "CREATE SCHEMA s")
        for name, source in (
            ("a.b.c", '"a.b.c"'),
            (f"{schema}.x", f"{schema}.x"),
            (f"{schema}.x.y", f'{schema}."x.y"'),
        ):
            sql(connection, f"CREATE TABLE {source} (id INTEGER PRIMARY KEY, v TEXT)")
            sql(connection, f"INSERT INTO {source} VALUES (1, '{name}')")
            how: dict[str, Any] = {"column": "v", "key": ["id"], "where": "true", "before": TEXT, "reason": "because"}
            sql(connection, kept.keep_sql(connection, name, module="m", **how).text)
            sql(connection, f"UPDATE {source} SET v = NULL")
            assert kept.restore(connection, name, column="v", key=["id"], after=TEXT) == 1
            assert rows(connection, f"SELECT v FROM {source}") == [(name,)]

    await run(check)


async def test_names_and_members_may_have_any_letters() -> None:
    def check(connection: Connection) -> None:
        texts(connection, "x")
        keep(connection, before=Meaning(Kind.ENUM, "VARCHAR(9)", length=9, members=('say "no"', "back\\slash", "é")))
        kept.rename(connection, "t", columns={"id": "schlüssel", "other": "back\\slash"})
        (entry,) = kept.entries(connection)
        assert (entry.key, entry.meaning.members[1]) == ({"schlüssel": 1}, "back\\slash")

    await run(check)
