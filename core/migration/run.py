"""Carries out the script of a unit within the transaction of its caller. It decides and records nothing."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from core.migration.faults import fatal
from core.migration.fill import fill
from core.migration.kept import values as kept
from core.migration.refused import message
from core.migration.statements import FillRows, RestoreRows, Sql
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.model import WantedTable
    from core.migration.statements import Script

logger = logging.getLogger(__name__)

# Every so many seconds a migration that takes long says that it goes on.
_SAY_AFTER = 5.0


@contextmanager
def surrounded(connection: Connection, scripts: Iterable[Script]) -> Iterator[None]:
    """Run what the scripts want to be run outside of the transaction, before and after the body."""
    scripts = list(scripts)
    _run_all(connection, dict.fromkeys(statement for script in scripts for statement in script.before))
    connection.rollback()  # ends what SQLAlchemy takes for a transaction: only then do PRAGMAs count
    try:
        yield
    finally:
        if not connection.invalidated:
            _run_all(connection, dict.fromkeys(statement for script in scripts for statement in script.after))
            connection.rollback()


def carry_out(connection: Connection, script: Script, wanted: Mapping[str, WantedTable]) -> dict[tuple[str, str], int]:
    """Run the statements. Raises DatabaseError if one fails, or if rows violate now what they did not before.

    Returns how many kept values went back, by table and column.
    """
    back: dict[tuple[str, str], int] = {}
    before = _violations(connection, script.check)
    with _progress() as progress:
        for statement in script.statements:
            progress.table = statement.table
            try:
                if isinstance(statement, RestoreRows):
                    back[statement.table, statement.column] = _restore(connection, statement)
                else:
                    _carry_out(connection, statement, wanted)
            except (SQLAlchemyError, DatabaseError, Exception) as error:
                role = connection.engine.url.username
                raise fatal(error) or DatabaseError(message(statement, error, role=role)) from error
    if broken := _violations(connection, script.check) - before:
        shown = ", ".join(str(tuple(row)) for row in list(broken)[:3])
        raise DatabaseError(f"{broken.total()} rows would refer to rows that are not there ({shown})")
    return back


def _carry_out(connection: Connection, statement: Sql | FillRows, wanted: Mapping[str, WantedTable]) -> None:
    if isinstance(statement, Sql):
        connection.exec_driver_sql(statement.text)
    else:
        fill(connection, statement, wanted[statement.table].table)


def _restore(connection: Connection, statement: RestoreRows) -> int:
    return kept.restore(
        connection,
        statement.table,
        column=statement.column,
        key=statement.key,
        after=statement.after,
        wrote=statement.wrote,
        spelled=statement.spelled,
    )


def _run_all(connection: Connection, statements: Iterable[Sql]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement.text)


def _violations(connection: Connection, queries: Sequence[Sql]) -> Counter[Any]:
    return Counter(tuple(row) for query in queries for row in connection.exec_driver_sql(query.text))


class _Progress:
    """Says every few seconds which table a migration is still at: it may be large."""

    def __init__(self) -> None:
        self.table = ""
        self._started = monotonic()
        self._await_next()

    def _await_next(self) -> None:
        self.timer = asyncio.get_running_loop().call_later(_SAY_AFTER, self._say)

    def _say(self) -> None:
        logger.info("still migrating %s, %.0f s", self.table or "the database", monotonic() - self._started)
        self._await_next()


@contextmanager
def _progress() -> Iterator[_Progress]:
    progress = _Progress()
    try:
        yield progress
    finally:
        progress.timer.cancel()
