"""Values that a migration could not carry over: kept with the key of their row, for good, in a table of the framework.

Here they are put in and looked at; `kept_follow` lets them follow their rows, `kept_restore` puts them back. Nothing
removes any of them on its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, null, select
from sqlalchemy import inspect as inspect_entity

from core.database.engine import db_engine
from core.migration.casts.cast import without_type
from core.migration.casts.forms import now, read, read_key, written, written_key
from core.migration.kept.follow import convert_keys_sql, rename, rename_sql
from core.migration.kept.restore import fits, overtaken, restore
from core.migration.kept.table import MISFIT, SPELLING, column_names, equal_to, exists, identifier, kept_table, literal
from core.migration.ledger.codec import encode, meaning_from
from core.migration.schema.read import default_schema, shown_name
from core.migration.statements import Sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from core.migration.casts.cast import Cast
    from core.migration.meaning import Meaning

__all__ = [
    "MISFIT",
    "SPELLING",
    "Kept",
    "convert_keys_sql",
    "entries",
    "fits",
    "keep_converted_sql",
    "keep_sql",
    "kept_table",
    "kept_values",
    "overtaken",
    "rename",
    "rename_sql",
    "restore",
]

# Values may be large, so few are held at a time.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that was kept, in UTC `at`. `table` and `column` are its names now, as in the database.

    `key` is the primary key of its row, by column; all other columns if there is no primary key. `value` is what was
    stored: a number, text or bytes; of other types on PostgreSQL the text. `meaning` is the type that it had.

    `via` is the type that it was converted to all the same, which would not bring it back in its own spelling; None if
    it could not follow. `stale` is when a newer value of its row went back, or its type did while the row had been
    written since: from then on it goes back only when the owner says so. None if neither happened.
    """

    id: int
    at: datetime
    module: str
    table: str
    column: str
    key: Mapping[str, Any]
    value: Any
    meaning: Meaning
    reason: str
    via: Meaning | None = None
    stale: datetime | None = None


def keep_sql(
    connection: Connection,
    table: str,
    *,
    module: str,
    column: str,
    key: Sequence[str],
    where: str,
    before: Meaning,
    reason: str,
) -> Sql:
    """Return the statement that keeps the values of `column` in the rows that `where` names; NULL is no value.

    It needs `casts.prepare`. An empty `key` means that all other columns are the key.
    """
    why = f"{literal(reason)}, NULL"
    return _keep(connection, table, module=module, column=column, key=key, before=before, where=where, why=why)


def keep_converted_sql(
    connection: Connection,
    table: str,
    *,
    module: str,
    column: str,
    key: Sequence[str],
    cast: Cast,
    before: Meaning,
    after: Meaning,
    filled: tuple[str, ...] = (),
    copied: str | None = None,
) -> Sql | None:
    """Return the statement that keeps what `cast` cannot carry over, or would bring back in another spelling.

    None if there can be no such value. It needs `casts.prepare`; `key` is as in `keep_sql`. `filled` are the SQL
    literals that migrations put in for values that they kept: in their rows they are nobody's value, and not kept on
    top of them. `copied` is a table that holds the rows already with what `cast` makes of them, and nothing else in the
    column: then values are only looked for if it has fewer of them.
    """
    if cast.total and cast.altered is None:
        return None
    why = f"{literal(MISFIT)}, NULL"
    if cast.altered is not None:
        via, is_misfit = literal(encode(without_type(after))), f"({cast.value}) IS NULL"
        why = (
            f"CASE WHEN {is_misfit} THEN {literal(MISFIT)} ELSE {literal(SPELLING)} END, "
            f"CASE WHEN {is_misfit} THEN NULL ELSE {via} END"
        )
    return _keep(
        connection,
        table,
        module=module,
        column=column,
        key=key,
        before=before,
        where=cast.to_keep,
        why=why,
        filled=filled,
        copied=copied,
    )


def _keep(
    connection: Connection,
    table: str,
    *,
    module: str,
    column: str,
    key: Sequence[str],
    before: Meaning,
    where: str,
    why: str,
    filled: tuple[str, ...] = (),
    copied: str | None = None,
) -> Sql:
    """The statement that keeps values; `why` is the SQL of the reason and of what they are converted to."""
    dialect, source = connection.dialect.name, identifier(connection, table)
    names = list(key) or [name for name in column_names(connection, table) if name != column]
    kept = identifier(connection, column, of=source)
    row = written_key(dialect, [identifier(connection, name, of=source) for name in names], names)
    form, text = written(dialect, kept, before)
    constants = ", ".join(map(literal, (module, table, column)))
    if filled:
        source += _stood_for(table, column, row=row, is_filled=f"({' OR '.join(equal_to(dialect, kept, filled))})")
        where = f"aha_row IS NULL AND ({where})"
    if copied is not None:
        source = f"{_if_fewer(connection, table, column, copied)} CROSS JOIN {source}"
    return Sql(
        "INSERT INTO aha_kept (at, module, table_name, column_name, row_key, form, value, meaning, reason, via) "
        f"SELECT {now(dialect)}, {constants}, {row}, {form}, {text}, {literal(encode(before))}, {why} "
        f"FROM {source} WHERE {kept} IS NOT NULL AND ({where})",
        table=table,
        rows=True,
    )


def _if_fewer(connection: Connection, table: str, column: str, copied: str) -> str:
    """A source of one row, or of none if each value of `column` is one in `copied`, too."""
    name = identifier(connection, column)
    here, there = (f"(SELECT count({name}) FROM {identifier(connection, of)})" for of in (table, copied))
    return f"(SELECT 1 WHERE {here} > {there}) AS aha_fewer"


def _stood_for(table: str, column: str, *, row: str, is_filled: str) -> str:
    """The join that finds rows of which a value is kept that what is in the column only stands for.

    Not EXISTS: this way both databases look at what is kept only once.
    """
    whose = f"table_name = {literal(table)} AND column_name = {literal(column)} AND via IS NULL AND stale IS NULL"
    older = f"SELECT DISTINCT row_key AS aha_row FROM aha_kept WHERE {whose}"
    return f" LEFT JOIN ({older}) AS aha_older ON aha_row = {row} AND {is_filled}"


def entries(connection: Connection, module: str | None = None, *, table: str | None = None) -> Iterator[Kept]:
    """Yield what is kept, the oldest first: of `module` and `table`, or of all. Few are held in memory at a time."""
    if not exists(connection):
        return
    last, there = -1, column_names(connection, kept_table.name)
    # An older Aha made it without some columns.
    columns = [column if column.name in there else null().label(column.name) for column in kept_table.columns]
    query = select(*columns).order_by(kept_table.c.id).limit(_BATCH)
    if module is not None:
        query = query.where(kept_table.c.module == module)
    if table is not None:
        query = query.where(kept_table.c.table_name == table)
    while rows := connection.execute(query.where(kept_table.c.id > last)).all():
        yield from map(_kept, rows)
        last = rows[-1].id


def _kept(row: Any) -> Kept:
    return Kept(
        row.id,
        row.at,
        row.module,
        row.table_name,
        row.column_name,
        read_key(row.row_key),
        read(row.form, row.value),
        meaning_from(json.loads(row.meaning)),
        row.reason,
        None if row.via is None else meaning_from(json.loads(row.via)),
        row.stale,
    )


async def kept_values(table: type | Table | str) -> list[Kept]:
    """Return what migrations kept of a table: a mapped class, a Table, or the name that it has in the database.

    It reads in a transaction of its own. Raises DatabaseNotOpen before the database is open.
    """
    source = table if isinstance(table, str | Table) else inspect_entity(table).local_table
    async with db_engine.connect() as connection:
        return await connection.run_sync(_of_table, source)


def _of_table(connection: Connection, source: Table | str) -> list[Kept]:
    name = source if isinstance(source, str) else shown_name(source, default_schema(connection))
    return list(entries(connection, table=name))
