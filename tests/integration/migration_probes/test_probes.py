"""What is planned for a table whose rows say what is possible: the rules, one by one, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData, insert

from core.database import db_engine
from tests.integration.migration_probes.columns import COLUMNS
from tests.integration.migration_probes.constraints import CONSTRAINTS
from tests.planned_releases import Releases, told

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.integration.migration_probes.changes import Change


@pytest.mark.parametrize("change", [*COLUMNS, *CONSTRAINTS], ids=lambda change: change.id)
async def test_rows_decide_what_becomes_of_a_change_which_then_is_done(database: str, change: Change) -> None:
    def run(connection: Connection) -> list[str]:
        releases = Releases(connection)
        releases.start(*change.others, change.before)
        if change.rows:
            connection.execute(insert(change.before(MetaData())), [*change.rows])
            connection.commit()
        if any(line.startswith("refuse") for line in change.planned):
            return [told(entry) for unit in releases.plan([*change.others, change.after]) for entry in unit.steps]
        return releases.start(*change.others, change.after)

    async with db_engine.connect() as connection:
        planned = await connection.run_sync(run)
    if change.id == "time that gets a zone" and database.startswith("sqlite"):
        planned += change.planned  # SQLite stores both alike: only the record changes
    assert sorted(planned) == sorted(change.planned)
