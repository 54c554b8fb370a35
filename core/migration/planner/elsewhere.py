"""Which keys are missing in tables that are not planned now, but needed by foreign keys of planned ones.

The table of another module may have to become unique first, and does when that module's turn comes. It asks the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.planner.probes import Rows
from core.migration.state import ConstraintKind
from core.migration.steps import AddConstraint, Phase, Planned, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from core.migration.planner.matching import Match
    from core.migration.planner.waiting import Missing
    from core.migration.state import ConstraintState, TableState


def missing_elsewhere(connection: Connection, found: Mapping[str, Match], live: Mapping[str, TableState]) -> Missing:
    """The keys that are missing in tables of `live` that are none of those `found`."""
    missing: dict[str, dict[frozenset[str], Planned]] = {}
    for match in found.values():
        for key in match.wanted.state.constraints:
            target = live.get(key.target or "") if key.target not in found else None
            if target is not None and not _is_key(target, key.target_columns):
                missing.setdefault(target.name, {})[frozenset(key.target_columns)] = _waits(
                    connection, match, key, target
                )
    return missing


def _waits(connection: Connection, match: Match, key: ConstraintState, target: TableState) -> Planned:
    rows = Rows(connection, target, schema=target.name.rpartition(".")[0] or None)
    twins = rows.duplicates([rows.quote(column) for column in key.target_columns])
    step = AddConstraint(match.name, key)
    return Planned(
        step, Phase.SETTLE, Verdict.POSTPONE, twins.rows, keys=twins.keys, remedy="no_key", probe=twins.probe
    )


def _is_key(table: TableState, columns: tuple[str, ...]) -> bool:
    """Whether the columns are unique; SQLite does not tell A from a."""
    wanted = {column.lower() for column in columns}
    kinds = (ConstraintKind.PRIMARY, ConstraintKind.UNIQUE)
    keys = [constraint.columns for constraint in table.constraints if constraint.kind in kinds]
    keys += [index.columns for index in table.indexes if index.unique]
    return any(wanted == {name.lower() for name in key} for key in keys)
