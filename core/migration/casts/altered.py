"""Which converted values come back in another spelling: in plain Python, and as SQL for both databases.

'NO' becomes false, and that becomes 'false'. Such a value follows; who wants it as it was has to keep it, too. Numbers
and moments that are equal are the same, however they are stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.casts import postgresql as casts_postgresql
from core.migration.casts import sqlite as casts_sqlite
from core.migration.casts.expressions import text_of
from core.migration.casts.limits import is_jsonb
from core.migration.casts.model import NUMBERS, WORDS, convert
from core.migration.casts.quick import quick_altered
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.migration.casts.model import Stored

# Texts have many spellings of these; of whole numbers, days and bytes there is but one that follows.
_SPELLED = {Kind.FLOAT, Kind.NUMERIC, Kind.BOOLEAN, Kind.DATETIME, Kind.TIME, Kind.INTERVAL, Kind.UUID}
_SAID = {Kind.BOOLEAN, *NUMBERS, *WORDS}


def may_alter(before: Meaning, after: Meaning, dialect: str) -> bool:
    """Whether there are such values at all."""
    match before.kind:
        case Kind.TEXT:
            # SQLite makes a number of a document that is but one.
            is_rewritten = after.kind is Kind.JSON and (dialect == "sqlite" or is_jsonb(after))
            return after.kind in _SPELLED or is_rewritten
        case Kind.JSON:
            return after.kind in _SAID
        case Kind.INTEGER | Kind.NUMERIC | Kind.FLOAT:
            return after.kind is Kind.DATETIME  # milliseconds come back as seconds
        case _:
            return False


def is_altered(value: Stored | None, before: Meaning, after: Meaning, *, dialect: str = "sqlite") -> bool:
    """Whether `value`, as SQLite stores it, follows and comes back as another; see `convert`."""
    converted = convert(value, before, after, dialect=dialect)
    return converted is not None and convert(converted, after, before, dialect=dialect) != value


def altered(
    dialect: str, column: str, value: str, before: Meaning, after: Meaning, members: Mapping[str, str]
) -> str | None:
    """The SQL condition on `column` that its value, which becomes `value`, is such a one; None if none ever is."""
    if not may_alter(before, after, dialect):
        return None
    if dialect == "sqlite":
        called = casts_sqlite.call(column, before, after, members, function="aha_altered")
        return quick_altered(column, before, after, called)
    back, _ = casts_postgresql.cast("aha_c.aha_after", after, before, {})
    is_text = before.kind in {Kind.TEXT, Kind.JSON}
    then, now = (text_of(back), text_of(column)) if is_text else (back, column)
    # What the value becomes is found out once, though it is asked for several times.
    return (
        f"(SELECT aha_c.aha_after IS NOT NULL AND {then} IS DISTINCT FROM {now} "
        f"FROM (SELECT {value} AS aha_after OFFSET 0) AS aha_c)"
    )
