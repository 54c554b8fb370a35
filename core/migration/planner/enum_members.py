"""Which members of an enum have other names now: of a column, and of the one that it was before.

Where no record tells what they were called, the database may (a CHECK), or the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.members import Mixed, is_circular, is_shift, moves
from core.migration.planner.probes import Rows
from core.migration.schema.meanings import literals
from core.migration.state import ConstraintKind
from models.exc import TableRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Dialect

    from core.migration.planner.matching import Match, Origin


_UNSURE = (
    "its members take each other's names, and so do those of {old}, which it was: nobody could tell in which rows they "
    "already have. Declare the former name in one release, and those of the members in the next"
)


def own_members(match: Match, column: str, dialect: Dialect) -> dict[str, str]:
    """Old member -> new one, as they are stored, for those that the values of the column may still hold.

    Raises TableRefused if values that differ would become the same.
    """
    origin = match.present(column)
    return _renamed(match, column, origin, dialect) if origin else {}


def late_members(match: Match, column: str, former: Origin | None, dialect: Dialect) -> dict[str, str]:
    """The same for the values of `former`, which the column was, as a release declares late. Raises likewise."""
    renamed = _renamed(match, column, former, dialect) if former else {}
    if former and is_circular(renamed):
        raise _refusal(match, column, _UNSURE.format(old=former.column.name))
    return renamed


def seen_members(connection: Connection, match: Match) -> dict[tuple[str, str], tuple[str, ...]]:
    """Which members that take others' names rows hold, by table and column, where nothing else tells what there were.

    No query runs where a record, the type or a CHECK does.
    """
    found = {}
    for column, declared in match.wanted.members_was.items():
        for origin in (match.present(column), match.former(column), match.merged(column)) if is_shift(declared) else ():
            if origin and not origin.is_known and not _told(match, origin, connection.dialect):
                found[origin.table.name, origin.column.name] = _seen(connection, match, origin, among=declared)
    return found


def _seen(connection: Connection, match: Match, origin: Origin, *, among: Mapping[str, str]) -> tuple[str, ...]:
    is_merged = origin.table is match.merge
    live, name = match.merge if is_merged else match.live, origin.column.name
    if live is None:
        return ()
    rows = Rows(connection, live, schema=match.wanted.table.schema)
    return rows.among(rows.quote(name if is_merged else match.on_disk(name)), {*among, *among.values()})


def _renamed(match: Match, column: str, origin: Origin, dialect: Dialect) -> dict[str, str]:
    declared, after = match.wanted.members_was.get(column, {}), match.wanted.meanings[column].members
    there = _told(match, origin, dialect) or match.seen.get((origin.table.name, origin.column.name), ())
    try:
        return moves(there, after, declared, _done(match, column, origin))
    except Mixed as mixed:
        raise _refusal(match, column, str(mixed)) from None


def _done(match: Match, column: str, origin: Origin) -> Mapping[str, str] | None:
    """What is known to have been renamed already; None if nobody knows."""
    if origin.record is None or not origin.is_known:
        return None
    known = origin.record.members.get(origin.column.name, {})
    is_late = match.former(column) or match.merged(column)
    # The column came with names of which its release did not say that they were others'.
    return None if is_late and origin == match.present(column) and not known else known


def _told(match: Match, origin: Origin, dialect: Dialect) -> tuple[str, ...]:
    """The members that the record, the type or the CHECK of an enum has; none if there is nothing of that."""
    members = origin.meaning(dialect).members
    if members or origin.is_known:
        return members
    own = [c for c in match.wanted.state.constraints if c.kind is ConstraintKind.CHECK]
    names = {c.name for c in own if c.name and c.columns == (origin.column.name,)}
    checks = (c for c in origin.table.constraints if c.name in names and c.columns == (origin.column.name,))
    return tuple(literals(next((check.definition for check in checks), "")))


def _refusal(match: Match, column: str, why: str) -> TableRefused:
    return TableRefused(f"table {match.name}: column {column}: {why}; its data is untouched", table=match.name)
