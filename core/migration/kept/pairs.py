"""Which kept values belong to which rows: queries that pair them. Nothing is written here.

Of several that were kept of one row, only the newest counts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import inspect

from core.migration.casts.cast import cast_sql, prepare, without_type
from core.migration.casts.forms import as_read, names_of, written_key
from core.migration.kept.table import column_names, equal_to, exists, identifier, literal, source, split
from core.migration.ledger.codec import meaning_from
from core.migration.meaning import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from core.migration.meaning import Meaning


class Group(NamedTuple):
    """Kept values of one column that had the same meaning, in rows whose keys name the same columns.

    `via` is what they were converted to, because of their spelling; None of those that could not follow.
    """

    meaning: str
    via: str | None
    columns: Sequence[str]


class Column(NamedTuple):
    """A column that kept values may go back to. `wrote` is the SQL of all that migrations put in.

    `present` is the meaning of what is in it; `spelled`: values that only had another spelling go back, too.
    `by_owner`: so do those that no longer go back by themselves.
    """

    table: str
    name: str
    after: Meaning
    key: Sequence[str]
    wrote: tuple[str, ...]
    present: Meaning
    spelled: bool
    by_owner: bool = False


def groups_of(connection: Connection, target: Column) -> Iterator[Group]:
    """Yield the groups of what is kept of the column, as far as their rows can be found."""
    if not exists(connection):
        return
    if connection.dialect.name == "sqlite":
        prepare(connection)
    names = names_of(connection.dialect.name, "row_key")
    found = connection.exec_driver_sql(
        f"SELECT DISTINCT meaning, via, {names} FROM {source(connection)} AS k WHERE {whose(target)} ORDER BY 1, 2, 3"
    ).all()
    if not found:
        return
    prepare(connection)  # a role that may have no functions can do without as long as nothing is kept
    there = set(column_names(connection, target.table))
    # Spellings go first: of what they have become nothing needs to go back then.
    for meaning, via, columns in sorted(found, key=lambda entry: entry.via is None):
        group = Group(meaning, via, json.loads(columns))
        if there.issuperset([*group.columns, target.name]) and (target.spelled or via is None):
            yield group


def whose(target: Column) -> str:
    """The condition that a kept value is one of the column, and may go back."""
    column = f"table_name = {literal(target.table)} AND column_name = {literal(target.name)}"
    return column if target.by_owner else f"{column} AND stale IS NULL"


def belonging(group: Group) -> str:
    """The condition that the kept value `k` is one of the group."""
    via = "k.via IS NULL" if group.via is None else f"k.via = {literal(group.via)}"
    return f"k.meaning = {literal(group.meaning)} AND {via}"


def fitting(connection: Connection, target: Column, group: Group) -> str:
    """The condition that the kept value `k` of the group can go back into the column."""
    value, before = as_read(connection.dialect.name, "k", meaning_from(json.loads(group.meaning)))
    cast = cast_sql(connection, value, before, target.after)
    # What would not get its own spelling back waits until the column has its type again.
    altered = f" AND NOT {cast.altered}" if group.via is not None and cast.altered is not None else ""
    return f"({cast.value}) IS NOT NULL{altered}"


def aged(connection: Connection, target: Column) -> str:
    """The source of all that is kept of the column: `age` is 1 of the newest of each row, `newer` the next one's id."""
    rows = f"PARTITION BY {sortable(connection.dialect.name, 'row_key')} ORDER BY id DESC"
    ages = "row_number() OVER aha_row AS age, lag(id) OVER aha_row AS newer"
    columns = f"id, row_key, form, value, meaning, via, {ages}"
    return f"(SELECT {columns} FROM {source(connection)} AS aha_all WHERE {whose(target)} WINDOW aha_row AS ({rows}))"


def pairs(connection: Connection, target: Column, group: Group) -> str:
    """The query that pairs the ids of kept values with the places of their rows.

    Of several values of one row the newest counts; rows that cannot be told apart get one each.
    """
    both = f"{_newest(connection, target, group)} UNION ALL {_rows(connection, target, group)}"
    # Not a join: whatever they think of the number of rows, databases sort for this, and do not try each with each.
    marked = "mark IS NOT NULL GROUP BY mark, nth HAVING count(*) = 2"
    found = f"SELECT max(id) AS id, max(place) AS place FROM ({both}) AS b WHERE {marked}"
    return (
        f"SELECT p.id, p.place FROM ({found}) AS p JOIN {source(connection)} AS k ON k.id = p.id "
        f"WHERE k.meaning = {literal(group.meaning)} AND {fitting(connection, target, group)}"
    )


def _newest(connection: Connection, target: Column, group: Group) -> str:
    """The query for kept values by the keys of their rows, each with its number: the newest is the first."""
    dialect = connection.dialect.name
    mark = sortable(dialect, "k.row_key")
    no_place = "NULL" if dialect == "sqlite" else sortable(dialect, "NULL::text")
    is_newest = "k.age = 1" if target.key else "1 = 1"
    tables, where = f"{aged(connection, target)} AS k", "k.via IS NULL" if group.via is None else belonging(group)
    if group.via is not None:
        become = _held(connection, *as_read(dialect, "k", meaning_from(json.loads(group.meaning))), group.via)
        if target.key:
            tables, is_origin = _with_newer(connection, target, group.via, become)
            mark, is_newest = (
                f"({mark} || CASE WHEN {is_newest} THEN {become} ELSE '' END)",
                f"({is_newest} OR ({is_origin} AND n.via IS NULL))",
            )
        else:
            mark = f"({mark} || {become})"
    return (
        f"SELECT k.id, {no_place} AS place, {mark} AS mark, "
        f"row_number() OVER (PARTITION BY {mark} ORDER BY k.id DESC) AS nth FROM {tables} WHERE {where} AND {is_newest}"
    )


def _with_newer(connection: Connection, target: Column, via: str, become: str) -> tuple[str, str]:
    """The kept values `k`, and the condition that what each has `become` was kept itself later, as `n`."""
    newer = _held(connection, *as_read(connection.dialect.name, "n", meaning_from(json.loads(via))), via)
    is_newer = f"n.id = k.newer AND k.age = 2 AND n.meaning = {literal(via)}"
    tables = f"{aged(connection, target)} AS k LEFT JOIN {source(connection)} AS n ON {is_newer}"
    return tables, f"(n.id IS NOT NULL AND {newer} = {become})"


def origins(connection: Connection, target: Column, group: Group) -> str:
    """The query for values of the group that have become one in `aha_pairs`, and wait on for their own type."""
    assert group.via is not None  # noqa: S101 - what could not follow has become nothing
    kept, before = as_read(connection.dialect.name, "k", meaning_from(json.loads(group.meaning)))
    become = _held(connection, kept, before, group.via)
    tables, is_origin = _with_newer(connection, target, group.via, become)
    waits = f"{belonging(group)} AND NOT ({fitting(connection, target, group)})"
    return f"SELECT k.id FROM {tables} WHERE {waits} AND {is_origin} AND n.id IN (SELECT id FROM aha_pairs)"


def _rows(connection: Connection, target: Column, group: Group) -> str:
    """The query for rows that may get a value, by their keys, each with its number among those with the same key."""
    dialect = connection.dialect.name
    columns = [identifier(connection, name, of="r") for name in group.columns]
    key = sortable(dialect, written_key(dialect, columns, group.columns))
    found = [(key, _vacant(connection, target))] if group.via is None or target.key else []
    if group.via is not None:
        column = identifier(connection, target.name, of="r")
        found += [(f"({key} || {_held(connection, column, target.present, group.via)})", f"{column} IS NOT NULL")]
    return " UNION ALL ".join(
        f"SELECT NULL AS id, {place_of(connection, target, of='r')} AS place, {mark} AS mark, "
        f"row_number() OVER (PARTITION BY {mark}) AS nth "
        f"FROM {identifier(connection, target.table)} AS r WHERE {where}"
        for mark, where in found
    )


def _held(connection: Connection, value: str, before: Meaning, via: str) -> str:
    """The SQL of a text for what `value` is as `via`: in that form, it has no other spelling."""
    after = meaning_from(json.loads(via))
    held = cast_sql(connection, value, without_type(before), after).value
    if connection.dialect.name == "sqlite":
        return f"quote({held})"
    return f"trim_scale({held})::text" if after.kind is Kind.NUMERIC else f"({held})::text"


def sortable(dialect: str, text: str) -> str:
    """A text to be found again; PostgreSQL sorts by bytes much faster than by words."""
    return f'(({text}) COLLATE "C")' if dialect == "postgresql" else text


def place_of(connection: Connection, target: Column, *, of: str) -> str:
    """The SQL that tells a row from all others while nobody changes it."""
    if connection.dialect.name == "postgresql":
        return sortable("postgresql", f"{of}.ctid::text")  # which itself has no max() before PostgreSQL 14
    key = target.key or _primary_key(connection, target.table)
    if key and _is_without_rowid(connection, target.table):
        return written_key("sqlite", [identifier(connection, name, of=of) for name in key], key)
    taken = {name.lower() for name in column_names(connection, target.table)}
    return f"{of}.{next(name for name in ('rowid', '_rowid_', 'oid') if name not in taken)}"


def _primary_key(connection: Connection, table: str) -> Sequence[str]:
    schema, name = split(connection, table)
    return inspect(connection).get_pk_constraint(name, schema=schema)["constrained_columns"]


def _is_without_rowid(connection: Connection, table: str) -> bool:
    """Whether it may be: who only says so in a comment loses nothing but time."""
    schema, name = split(connection, table)
    quote = connection.dialect.identifier_preparer.quote_identifier
    catalogue = f"{quote(schema)}.sqlite_master" if schema else "sqlite_master"
    sql = connection.exec_driver_sql(f"SELECT sql FROM {catalogue} WHERE name = {literal(name)} AND type = 'table'")
    return "WITHOUT" in (sql.scalar() or "").upper()


def _vacant(connection: Connection, target: Column) -> str:
    column = identifier(connection, target.name, of="r")
    in_sqlite = connection.dialect.name == "sqlite"
    wrote = [f"({sql})" if in_sqlite else f"(({sql})::{target.present.sql})::text" for sql in target.wrote]
    return f"({' OR '.join([f'{column} IS NULL', *equal_to(connection.dialect.name, column, wrote)])})"
