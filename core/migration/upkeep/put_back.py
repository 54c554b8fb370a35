"""Kept values go back to their rows because the owner says so: in one transaction, which the history tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.database.engine import db_engine
from core.migration.casts import cast as casts
from core.migration.kept.values import restore
from core.migration.ledger import records as ledger
from core.migration.lock import one_process, take_write_lock
from core.migration.state import is_tied
from core.migration.steps import Phase, Planned, RestoreKept, Verdict
from core.migration.upkeep import inventory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from core.migration.model import TableRecord
    from core.migration.state import TableState
    from core.migration.upkeep.inventory import Left


async def put_back(module: str | None = None) -> list[tuple[Left, int, int]]:
    """Put kept values, of `module` or of all, back into rows that have nothing there, as far as they fit by now.

    Returns all columns of which values were kept, with how many went back, and how many are still kept: also some that
    went back, but are spelled otherwise there.
    """
    async with one_process(db_engine), db_engine.connect() as connection:
        return await connection.run_sync(_put_back, module)


def _put_back(connection: Connection, module: str | None) -> list[tuple[Left, int, int]]:
    casts.install(connection)
    try:
        take_write_lock(connection)
        live, recorded = inventory.live_and_recorded(connection)
        kept = [left for left in inventory.kept(connection) if module in {None, left.module}]
        restored = [(left, _column(connection, left, live, recorded)) for left in kept]
        still = {left.name: left.rows for left in inventory.kept(connection)}
        connection.commit()
    finally:
        connection.rollback()
    return [(left, rows, still.get(left.name, 0)) for left, rows in restored]


def _column(
    connection: Connection, left: Left, live: Mapping[str, TableState], recorded: Mapping[str, TableRecord]
) -> int:
    state, record, column = live.get(left.table), recorded.get(left.table), left.column or ""
    if state is None or record is None or column not in state.column_names or column not in record.meanings:
        return 0
    after, wrote = record.meanings[column], record.wrote.get(column, ())
    spelled = not is_tied(state, column, live.values())
    rows = restore(
        connection,
        left.table,
        column=column,
        key=state.primary_key,
        after=after,
        wrote=wrote,
        spelled=spelled,
        by_owner=True,
    )
    if rows:
        step = RestoreKept(left.table, column, after, wrote, spelled)
        ledger.enter(
            connection, [left.module], [Planned(step, Phase.SETTLE, Verdict.REPORT, rows=rows)], phase="command"
        )
    return rows
