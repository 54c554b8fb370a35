"""Conversions in SQL: both databases do what the model in Python says, whatever is stored."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from core.database import db_engine
from core.migration.casts import cast_sql, convert, prepare
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
