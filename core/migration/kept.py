"""Values that a migration could not carry over: kept with the key of their row, for good, in a table of the framework.

Here they are put in, looked at, and follow their table when it is renamed; `kept_restore` puts them back. Nothing
removes any of them on its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, select
from sqlalchemy import inspect as inspect_entity

from core.database.engine import db_engine
from core.migration.codec import encode, meaning_from
from core.migration.kept_forms import read, read_key, written, written_key
from core.migration.kept_restore import fits, restore
from core.migration.kept_table import exists, identifier, kept_table, literal
from core.migration.statements import Sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from core.migration.meaning import Meaning

__all__ = ["Kept", "entries", "fits", "keep_sql", "kept_table", "kept_values", "rename", "rename_sql", "restore"]

_NONE: Mapping[str, str] = MappingProxyType({})
# Values may be large, so few are held at a time.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that was kept, in UTC `at`. `table` and `column` are its names now, as in the database.

    `key` is the primary key of its row, by column; all other columns if there is no primary key. `value` is what was
    stored: a number, text or bytes; of other types on PostgreSQL the text. `meaning` is the type that it had.
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
    dialect, source = connection.dialect.name, identifier(connection, table)
    names = list(key) or [name for name in _columns(connection, table) if name != column]
    kept = identifier(connection, column, of=source)
    row = written_key(dialect, [identifier(connection, name, of=source) for name in names], names)
    form, text = written(dialect, kept, before)
    constants = ", ".join(map(literal, (module, table, column)))
    now = "strftime('%Y-%m-%d %H:%M:%f000')" if dialect == "sqlite" else "now() AT TIME ZONE 'UTC'"
    meaning = f"{literal(encode(before))}, {literal(reason)}"
    return Sql(
        "INSERT INTO aha_kept (at, module, table_name, column_name, row_key, form, value, meaning, reason) "
        f"SELECT {now}, {constants}, {row}, {form}, {text}, {meaning} "
        f"FROM {source} WHERE {kept} IS NOT NULL AND ({where})",
        table=table,
        rows=True,
    )


def _columns(connection: Connection, table: str) -> list[str]:
    schema, _, name = table.rpartition(".")
    return [column["name"] for column in inspect_entity(connection).get_columns(name, schema=schema or None)]


def rename_sql(
    connection: Connection,
    table: str,
    *,
    table_to: str | None = None,
    columns: Mapping[str, str] = _NONE,
    module_to: str | None = None,
) -> list[Sql]:
    """Return the statements that let kept values follow `table`, its `columns` (old to new), its module.

    They need `casts.prepare`.
    """
    changes = [f"{name} = {literal(to)}" for name, to in (("table_name", table_to), ("module", module_to)) if to]
    if columns:
        changes += [f"column_name = {_mapped('column_name', columns)}", f"row_key = {_key_mapped(connection, columns)}"]
    return [Sql(f"UPDATE aha_kept SET {', '.join(changes)} WHERE table_name = {literal(table)}")] if changes else []


def rename(
    connection: Connection,
    table: str,
    *,
    table_to: str | None = None,
    columns: Mapping[str, str] = _NONE,
    module_to: str | None = None,
) -> None:
    """Let kept values follow `table`, its `columns` (old to new), its module; see `rename_sql`."""
    if exists(connection):
        for sql in rename_sql(connection, table, table_to=table_to, columns=columns, module_to=module_to):
            connection.exec_driver_sql(sql.text)


def _mapped(name: str, columns: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in columns.items())
    return f"CASE {name} {cases} ELSE {name} END"


def _key_mapped(connection: Connection, columns: Mapping[str, str]) -> str:
    if connection.dialect.name == "sqlite":
        return f"aha_renamed(row_key, {literal(json.dumps(dict(columns)))})"
    return f"(SELECT json_object_agg({_mapped('key', columns)}, value)::text FROM json_each(row_key::json))"


def entries(connection: Connection, module: str | None = None, *, table: str | None = None) -> Iterator[Kept]:
    """Yield what is kept, the oldest first: of `module` and `table`, or of all. Few are held in memory at a time."""
    if not exists(connection):
        return
    last = -1
    query = select(kept_table).order_by(kept_table.c.id).limit(_BATCH)
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
    )


async def kept_values(table: type | Table | str) -> list[Kept]:
    """Return what migrations kept of a table: a mapped class, a Table, or the name that it has in the database.

    It reads in a transaction of its own. Raises DatabaseNotOpen before the database is open.
    """
    source = table if isinstance(table, str | Table) else inspect_entity(table).local_table
    name = source if isinstance(source, str) else source.fullname
    async with db_engine.connect() as connection:
        return await connection.run_sync(lambda sync: list(entries(sync, table=name)))
