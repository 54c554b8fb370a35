"""Kept values of columns whose type changes several times: they are what they were in the end, and kept but once."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from core.migration.casts.cast import cast_sql
from core.migration.kept import values as kept
from core.migration.kept.values import MISFIT, SPELLING
from core.migration.meaning import Kind, Meaning
from tests.kept_steps import BIGINT, BOOLEAN, TEXT, back, change, reasons, rows, run, sql, texts
from tests.stored_values import VALUES, from_database, into_database, meanings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

pytestmark = pytest.mark.usefixtures("database")

Z, QUARTER, PLAIN = "2023-11-14T22:13:20Z", "1700000000.25", "2023-11-14T22:13:20"


def moment(connection: Connection) -> Meaning:
    return meanings(connection.dialect.name)[Kind.DATETIME][0]


def go(connection: Connection, *types: Meaning) -> int:
    """Let the column have one type after the other; return how many values went back when it got the last one."""
    done = 0
    for before, after in pairwise(types):
        change(connection, before, after)
        done = back(connection, after)
    return done


def shown(connection: Connection) -> list[Any]:
    return [value for (value,) in rows(connection, "SELECT v FROM t ORDER BY id")]


async def test_what_goes_back_in_another_spelling_stays_kept_for_it() -> None:
    def check(connection: Connection) -> None:
        texts(connection, Z, PLAIN, "soon")
        assert go(connection, TEXT, BIGINT) == 0
        assert go(connection, BIGINT, moment(connection)) == 2
        assert reasons(connection) == [(Z, SPELLING), ("soon", MISFIT)]
        assert [entry.via for entry in kept.entries(connection)] == [moment(connection), None]
        assert go(connection, moment(connection), TEXT) == 2
        assert shown(connection) == [Z, PLAIN, "soon"]
        assert reasons(connection) == []

    await run(check)


async def test_it_does_not_go_back_into_a_row_that_was_written_since() -> None:
    def check(connection: Connection) -> None:
        texts(connection, Z, Z)
        go(connection, TEXT, BIGINT, moment(connection))
        sql(connection, "UPDATE t SET v = '2021-02-03 00:00:00.000000' WHERE id = 1")
        assert go(connection, moment(connection), TEXT) == 1
        assert shown(connection) == ["2021-02-03T00:00:00", Z]
        assert [(entry.value, entry.stale is None) for entry in kept.entries(connection)] == [(Z, False)]

    await run(check)


async def test_milliseconds_come_back_as_milliseconds_by_way_of_a_type_that_cannot_hold_them() -> None:
    def check(connection: Connection) -> None:
        sql(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, v BIGINT)", "INSERT INTO t VALUES (1, 1700000000000)")
        assert go(connection, BIGINT, BOOLEAN, moment(connection)) == 1
        assert reasons(connection) == [(1700000000000, SPELLING)]
        assert go(connection, moment(connection), BIGINT) == 1
        assert shown(connection) == [1700000000000]

    await run(check)


async def test_entries_do_not_pile_up_however_often_the_type_changes() -> None:
    def check(connection: Connection) -> None:
        values = ["1700000000.123456", QUARTER, Z, "soon"]
        texts(connection, *values)
        for _ in range(3):
            go(connection, TEXT, BIGINT, moment(connection), BOOLEAN, moment(connection), BIGINT, moment(connection))
            assert sorted(value for value, _ in reasons(connection)) == values
            assert go(connection, moment(connection), TEXT) == 4
            assert shown(connection) == values
            assert reasons(connection) == []

    await run(check)


async def test_a_spelling_comes_back_when_what_it_has_become_was_kept_and_came_back_meanwhile() -> None:
    def check(connection: Connection) -> None:
        texts(connection, QUARTER)
        assert go(connection, TEXT, moment(connection), BOOLEAN, moment(connection)) == 1
        assert [entry.stale for entry in kept.entries(connection)] == [None]
        assert go(connection, moment(connection), TEXT) == 1
        assert shown(connection) == [QUARTER]

    await run(check)


async def test_a_spelling_of_what_has_another_spelling_itself_comes_back() -> None:
    def check(connection: Connection) -> None:
        real = meanings(connection.dialect.name)[Kind.FLOAT][0]
        texts(connection, "1700000000000.00")
        assert go(connection, TEXT, real, moment(connection), real) == 1
        assert reasons(connection) == [("1700000000000.00", SPELLING)]
        assert go(connection, real, TEXT) == 1
        assert shown(connection) == ["1700000000000.00"]

    await run(check)


async def test_a_spelling_of_what_was_written_over_gives_way_to_what_was_kept_instead() -> None:
    def check(connection: Connection) -> None:
        texts(connection, QUARTER)
        go(connection, TEXT, moment(connection))
        sql(connection, "UPDATE t SET v = '2021-02-03 00:00:00.500000'")
        assert go(connection, moment(connection), BOOLEAN, moment(connection)) == 1
        assert [(entry.value, entry.stale is None) for entry in kept.entries(connection)] == [(QUARTER, False)]

    await run(check)


async def test_what_the_owner_puts_back_in_another_spelling_is_itself_again_when_the_type_goes_back() -> None:
    def check(connection: Connection) -> None:
        texts(connection, Z)
        go(connection, TEXT, BIGINT)
        sql(connection, "UPDATE t SET v = 1700000001")
        go(connection, BIGINT, moment(connection))
        assert [entry.stale is None for entry in kept.entries(connection)] == [False]
        sql(connection, "UPDATE t SET v = NULL")
        how: dict[str, Any] = {"column": "v", "key": ["id"], "after": moment(connection), "by_owner": True}
        assert kept.restore(connection, "t", **how) == 1
        assert [(entry.reason, entry.stale) for entry in kept.entries(connection)] == [(SPELLING, None)]
        assert kept.restore(connection, "t", **how) == 0
        assert go(connection, moment(connection), TEXT) == 1
        assert shown(connection) == [Z]

    await run(check)


@pytest.mark.parametrize("last", list(VALUES), ids=str)
async def test_what_does_not_follow_at_first_is_itself_again_whatever_the_next_type_makes_of_it(last: Kind) -> None:
    def check(connection: Connection) -> None:
        known = meanings(connection.dialect.name)
        # SQLite itself makes 0.0 of -0.0.
        values = [value for value in VALUES[Kind.TEXT] if value not in {None, "-0.0"}]
        for first in (Kind.INTEGER, Kind.UUID):
            sql(connection, "DROP TABLE IF EXISTS t", "DELETE FROM aha_kept")
            sql(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
            into_database(connection, TEXT, values)
            misfits = where(connection, known[first][0])
            go(connection, TEXT, known[first][0], known[last][0], TEXT)
            after = from_database(connection, "v", TEXT)
            assert [after[number] for number in misfits] == [values[number] for number in misfits], first
            assert not set(reasons(connection)) & {(values[number], MISFIT) for number in misfits}

    await run(check)


def where(connection: Connection, after: Meaning) -> Sequence[int]:
    """The places of the texts that do not follow."""
    query = f"SELECT id - 1 FROM t WHERE ({cast_sql(connection, 'v', TEXT, after).value}) IS NULL ORDER BY id"
    return [number for (number,) in rows(connection, query)]
