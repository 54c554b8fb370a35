"""The steps of tests of kept values: on a table `t` with a column `v`, without a migration around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.database import db_engine
from core.migration.casts.cast import prepare
from core.migration.kept import values as kept
from core.migration.kept.table import kept_table
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

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
