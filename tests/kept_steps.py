"""The steps of tests of kept values: on a table `t` with a column `v`, without a migration around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.database import db_engine
from core.migration.casts.cast import cast_sql, prepare
from core.migration.kept import values as kept
from core.migration.kept.table import kept_table
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

TEXT, BIGINT = Meaning(Kind.TEXT, "TEXT"), Meaning(Kind.INTEGER, "BIGINT")
BOOLEAN = Meaning(Kind.BOOLEAN, "BOOLEAN")


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


def change(connection: Connection, before: Meaning, after: Meaning) -> None:
    """Column `v` of `t` changes its type as executors do it: what needs it is kept, and keys follow."""
    cast = cast_sql(connection, "v", before, after)
    how: dict[str, Any] = {"module": "m", "column": "v", "key": ["id"], "cast": cast}
    if keeping := kept.keep_converted_sql(connection, "t", **how, before=before, after=after):
        sql(connection, keeping.text)
    sql(connection, "ALTER TABLE t RENAME COLUMN v TO old", f"ALTER TABLE t ADD COLUMN v {after.sql}")
    value = cast_sql(connection, "old", before, after).value
    sql(connection, f"UPDATE t SET v = {value}", "ALTER TABLE t DROP COLUMN old")
    sql(connection, kept.convert_keys_sql(connection, "t", "v", before=before, after=after).text)


def reasons(connection: Connection) -> list[tuple[Any, str]]:
    return [(entry.value, entry.reason) for entry in kept.entries(connection)]


def texts(connection: Connection, *values: str) -> None:
    """Make the table `t` with these texts in `v`, the n-th with the key n."""
    sql(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
    for number, value in enumerate(values, 1):
        sql(connection, f"INSERT INTO t VALUES ({number}, '{value}')")
