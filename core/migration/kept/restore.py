"""Putting kept values back where they came from, now that they fit again. It decides nothing about the schema.

A value goes back if it converts to the column's type, and into a row that has nothing there or just what the migration
had put in: a default, or what became of the value itself. Of several that were kept of one row, only the newest may.
What is older than one that went back, or fits while its row has been written since, never goes back by itself again.
One that is spelled in another way in that type stays kept for its spelling, as if it had been converted there directly.
All is done by the database, whatever the number of rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.migration.casts.cast import cast_sql, without_type
from core.migration.casts.forms import as_read, now, written_key
from core.migration.kept.pairs import (
    Column,
    Group,
    aged,
    belonging,
    fitting,
    groups_of,
    origins,
    pairs,
    place_of,
    sortable,
    whose,
)
from core.migration.kept.table import SPELLING, identifier, kept_table, literal, source
from core.migration.ledger.codec import encode, meaning_from
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from core.migration.meaning import Meaning


def fits(
    connection: Connection,
    table: str,
    column: str,
    after: Meaning,
    *,
    key: Sequence[str] = (),
    wrote: tuple[str, ...] = (),
    present: Meaning | None = None,
    spelled: bool = True,
) -> int:
    """Return how many kept values `restore` would put back.

    `present` is the meaning of what is in the column if it has yet to become `after`.
    """
    target = Column(table, column, without_type(after), key, wrote, present or after, spelled)
    places = [f"SELECT place FROM ({pairs(connection, target, group)}) AS p" for group in groups_of(connection, target)]
    if not places:
        return 0
    rows = connection.exec_driver_sql(f"SELECT count(*) FROM ({' UNION '.join(places)}) AS places").scalar_one()
    return int(rows)


def overtaken(
    connection: Connection,
    table: str,
    column: str,
    after: Meaning,
    *,
    key: Sequence[str],
    spelled: bool = True,
) -> int:
    """Return of how many kept values `restore` would find that their rows were written since, if none goes back."""
    if not key:
        return 0
    target = Column(table, column, without_type(after), key, (), after, spelled)
    found = [_overtaken(connection, target, group) for group in groups_of(connection, target)]
    return sum(connection.exec_driver_sql(f"SELECT count(*) FROM ({ids}) AS ids").scalar_one() for ids in found)


def restore(
    connection: Connection,
    table: str,
    *,
    column: str,
    key: Sequence[str],
    after: Meaning,
    wrote: tuple[str, ...] = (),
    spelled: bool = True,
    by_owner: bool = False,
) -> int:
    """Put back what converts to `after` now, into rows whose column is NULL or holds one of the SQL literals `wrote`.

    With `spelled` also what was converted before, into rows whose column still holds what it has become.
    What went back is kept no longer, unless `after` spells it in another way; what fits, but not into its row, for that
    was written since, goes back from now on only `by_owner`. `key` is the table's primary key. Returns how many values
    went back. Raises DatabaseError if the table of kept values is still as an older Aha made it.
    """
    target = Column(table, column, after, key, wrote, after, spelled, by_owner)
    groups = list(groups_of(connection, target))
    if groups and source(connection) != kept_table.name:
        raise DatabaseError("aha_kept is as an older Aha made it: run aha db migrate, or start the bot, and try again")
    done = sum(_restore(connection, target, group, groups) for group in groups)
    if key and not by_owner:
        for group in groups:
            connection.exec_driver_sql(_give_way(connection, target, group))
    return done


def _restore(connection: Connection, target: Column, group: Group, groups: Sequence[Group]) -> int:
    table = identifier(connection, target.table)
    place = place_of(connection, target, of=table)
    document, before = as_read(connection.dialect.name, "k", meaning_from(json.loads(group.meaning)))
    cast = cast_sql(connection, document, before, target.after)
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE aha_pairs AS {pairs(connection, target, group)}")
    is_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("CREATE INDEX ix_aha_pairs ON aha_pairs (place)" if is_sqlite else "ANALYZE aha_pairs")
    connection.exec_driver_sql(
        f"UPDATE {table} SET {connection.dialect.identifier_preparer.quote_identifier(target.name)} = {cast.value} "
        f"FROM aha_pairs AS p JOIN aha_kept AS k ON k.id = p.id WHERE p.place = {place}"
    )
    were_it = [origins(connection, target, older) for older in groups if older.via == group.meaning]
    connection.exec_driver_sql(_outdate(connection.dialect.name, target, but=were_it))
    if group.via is not None and target.key:
        connection.exec_driver_sql(_FORGET_WHAT_STOOD_FOR_THEM.format(whose=whose(target)))
    done = 0
    if group.via is None and cast.altered is not None:
        done = connection.exec_driver_sql(_keep_spelling(target, cast.altered)).rowcount
    done += connection.exec_driver_sql(_FORGET.format(group=belonging(group))).rowcount
    connection.exec_driver_sql("DROP TABLE aha_pairs")
    return done


# What stays kept for its spelling is none of its group any more.
_FORGET = "DELETE FROM aha_kept AS k WHERE k.id IN (SELECT id FROM aha_pairs) AND {group}"
# A value that became another, which then did not follow and was kept itself, needs only be kept once.
_FORGET_WHAT_STOOD_FOR_THEM = """DELETE FROM aha_kept WHERE {whose} AND id IN (
    SELECT newer.id FROM aha_pairs AS p JOIN aha_kept AS k ON k.id = p.id
    JOIN aha_kept AS newer ON newer.row_key = k.row_key AND newer.id > k.id)"""


def _keep_spelling(target: Column, is_altered: str) -> str:
    """The statement that goes on keeping those that went back, but are spelled in another way there."""
    via = literal(encode(without_type(target.after)))
    return (
        f"UPDATE aha_kept AS k SET reason = {literal(SPELLING)}, via = {via}, stale = NULL "
        f"WHERE k.id IN (SELECT id FROM aha_pairs) AND {is_altered}"
    )


def _outdate(dialect: str, target: Column, *, but: Sequence[str]) -> str:
    """The statement that marks the values that are older than those that went back to their rows; not `but` these."""
    newer = "SELECT k.row_key, min(k.id) AS id FROM aha_pairs AS p JOIN aha_kept AS k ON k.id = p.id GROUP BY k.row_key"
    older = (
        f"SELECT k.id FROM aha_kept AS k JOIN ({newer}) AS newer ON k.row_key = newer.row_key AND k.id < newer.id "
        f"WHERE {whose(target)}"
    )
    return f"UPDATE aha_kept SET stale = {now(dialect)} WHERE id IN ({' EXCEPT '.join([older, *but])})"


def _give_way(connection: Connection, target: Column, group: Group) -> str:
    """The statement that marks the values that fit, but have not gone back: their rows have been written since."""
    ids = _overtaken(connection, target, group)
    return f"UPDATE aha_kept SET stale = {now(connection.dialect.name)} WHERE id IN ({ids})"


def _overtaken(connection: Connection, target: Column, group: Group) -> str:
    """The query for the values that fit and whose rows are there, when those that go back have gone."""
    dialect = connection.dialect.name
    key = written_key(dialect, [identifier(connection, name, of="r") for name in group.columns], group.columns)
    keys = f"SELECT {sortable(dialect, key)} FROM {identifier(connection, target.table)} AS r"
    stays = f"{belonging(group)} AND {fitting(connection, target, group)}"
    return (
        f"SELECT k.id FROM {aged(connection, target)} AS k "
        f"WHERE k.age = 1 AND {stays} AND {sortable(dialect, 'k.row_key')} IN ({keys})"
    )
