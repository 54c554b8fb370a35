"""The SQL that gives a column's values a new meaning, or NULL where they cannot follow. It decides nothing else.

Which values follow, and what they become, says `convert`; both databases agree with it. A value follows only if it
could be got back from its new form: nothing is rounded, nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.migration.casts import forms as kept_forms
from core.migration.casts import postgresql as casts_postgresql
from core.migration.casts import sqlite as casts_sqlite
from core.migration.casts.altered import altered
from core.migration.casts.model import convert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from core.migration.meaning import Meaning

__all__ = ["Cast", "cast_sql", "convert", "prepare", "without_type"]

_NONE: Mapping[str, str] = MappingProxyType({})
_INSTALLED = "aha_casts"


@dataclass(frozen=True, slots=True)
class Cast:
    """`value` is an SQL expression: the value under its new meaning, NULL if it cannot follow.

    `total`: there is no value that cannot, so nobody needs to look for one. `altered` is an SQL condition on the column
    that its value follows, but would come back in another spelling; None if that cannot be. `to_keep` is the condition
    that it is one of either sort: a value that has to be kept as it is.
    """

    value: str
    total: bool
    altered: str | None = None
    to_keep: str = ""


def prepare(connection: Connection) -> None:
    """Install on the connection what the expressions call; once for a connection, before they run.

    On PostgreSQL these are functions in `pg_temp`, which go when a transaction that made them is rolled back.
    """
    if _INSTALLED in connection.info:
        return
    if connection.dialect.name == "sqlite":
        casts_sqlite.prepare(connection)
        kept_forms.prepare(connection)
    else:
        casts_postgresql.prepare(connection)


def install(connection: Connection) -> None:
    """Do as `prepare` and commit, so that it need not be done again as long as the connection is open."""
    prepare(connection)
    connection.commit()
    connection.info[_INSTALLED] = True


def without_type(after: Meaning) -> Meaning:
    """`after` for looking at values while its enum type may still have to be made: the same members, as text."""
    return replace(after, native=False, sql="TEXT") if after.native else after


def cast_sql(
    connection: Connection,
    column_sql: str,
    before: Meaning,
    after: Meaning,
    *,
    members: Mapping[str, str] = _NONE,
) -> Cast:
    """Return how the values of `column_sql`, stored as `before` says, are stored as `after` says.

    The expression is exactly of the type `after.sql`, and needs `prepare`. `members` maps the stored names of
    renamed enum members, old to new.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    cast = casts_sqlite.cast if on_sqlite else casts_postgresql.cast
    value, total = cast(column_sql, before, after, members)
    told = altered(connection.dialect.name, column_sql, value, before, after, members)
    if on_sqlite:
        to_keep = casts_sqlite.to_keep(column_sql, before, after, members, spelled=told is not None)
    else:
        to_keep = f"({value}) IS NULL" if told is None else f"({value}) IS NULL OR {told}"
    return Cast(value, total, told, to_keep)
