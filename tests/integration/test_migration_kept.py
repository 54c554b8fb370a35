"""Kept values: nothing of what was stored is lost, and it goes back to its own row, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.database import db_engine
from core.migration import kept
from core.migration.casts import cast_sql, prepare
from core.migration.kept_table import kept_table
from core.migration.meaning import Kind, Meaning
from tests.stored_values import VALUES, from_database, into_database, meanings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

pytestmark = pytest.mark.usefixtures("database")

TEXT, BIGINT = Meaning(Kind.TEXT, "TEXT"), Meaning(Kind.INTEGER, "BIGINT")


async def run(work: Callable[[Connection], Any]) -> Any:
    """Run `work` on a connection that is ready, with the table of kept values, in a transaction."""

    def prepared(connection: Connection) -> Any:
        kept_table.create(connection, checkfirst=True)
        prepare(connection)
        return work(connection)

    async with db_engine.begin() as connection:
        return await connection.run_sync(prepared)


def sql(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def rows(connection: Connection, query: str) -> list[Any]:
    return [tuple(row) for row in connection.exec_driver_sql(query)]


def keep(connection: Connection, where: str = "1 = 1", **given: Any) -> None:
    how = {"module": "m", "column": "v", "key": ["id"], "before": TEXT, "reason": "because", **given}
    connection.exec_driver_sql(kept.keep_sql(connection, "t", where=where, **how).text)


def back(connection: Connection, after: Meaning, **given: Any) -> int:
    """Restore column `v` of `t`, having asked before how many values that concerns."""
    key = given.pop("key", ["id"])
    expected = kept.fits(connection, "t", "v", after, key=key, **given)
    assert kept.restore(connection, "t", column="v", key=key, after=after, **given) == expected
    assert kept.fits(connection, "t", "v", after, key=key, **given) == 0
    return expected


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
