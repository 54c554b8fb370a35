"""How kept values follow their rows: when table, column or module get other names, or a key another type. SQL only."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.migration.casts.cast import cast_sql
from core.migration.casts.postgresql import replaced
from core.migration.casts.sqlite import spec_of
from core.migration.kept.table import exists, literal
from core.migration.statements import Sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from core.migration.meaning import Meaning

_NONE: Mapping[str, str] = MappingProxyType({})
# What `codec.encode` writes first of a meaning is its kind.
_IS_ENUM = """substr(meaning, 1, 14) = '{"kind":"enum"'"""
_IS_ARRAY = """substr(meaning, 1, 15) = '{"kind":"array"'"""
_HAS_MEMBERS = """replace(meaning, '"members":[]', '') = meaning"""


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


def convert_keys_sql(
    connection: Connection,
    table: str,
    column: str,
    *,
    before: Meaning,
    after: Meaning,
    members: Mapping[str, str] = _NONE,
) -> Sql:
    """Return the statement by which kept values find their rows by `column`, which changes its type.

    It has to run when all is kept that this change keeps, and needs `casts.prepare`.
    """
    name = json.dumps(column, ensure_ascii=False) + ":"
    if connection.dialect.name == "sqlite":
        spec = literal(spec_of(before, after, members))
        key, named = f"aha_rekeyed(row_key, {literal(column)}, {spec})", f"instr(row_key, {literal(name)}) > 0"
    else:
        read = f"pg_temp.aha_as(value #>> '{{}}', NULL::{before.sql})"
        new = f"to_json({cast_sql(connection, read, before, after, members=members).value})::text"
        value = f"CASE key WHEN {literal(column)} THEN coalesce({new}, value::text) ELSE value::text END"
        key, named = _key_of("key", value), f"strpos(row_key, {literal(name)}) > 0"
    return Sql(f"UPDATE aha_kept SET row_key = {key} WHERE table_name = {literal(table)} AND {named}")


def rename_members_sql(connection: Connection, table: str, column: str, *, members: Mapping[str, str]) -> Sql:
    """Return the statement by which kept values of an enum follow its `members` (old to new) that are renamed.

    What was called so may be another one now: so it has to run before any value is put back, or kept anew.
    """
    value = _mapped("value", members)
    if connection.dialect.name == "postgresql":
        value = f"CASE WHEN {_IS_ARRAY} THEN {replaced('value::text[]', members)}::text ELSE {value} END"
    whose = f"table_name = {literal(table)} AND column_name = {literal(column)} AND form = 'text'"
    return Sql(f"UPDATE aha_kept SET value = {value} WHERE {whose} AND {_HAS_MEMBERS} AND ({_IS_ENUM} OR {_IS_ARRAY})")


def _mapped(name: str, columns: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in columns.items())
    return f"CASE {name} {cases} ELSE {name} END"


def _key_mapped(connection: Connection, columns: Mapping[str, str]) -> str:
    if connection.dialect.name == "sqlite":
        return f"aha_renamed(row_key, {literal(json.dumps(dict(columns)))})"
    return _key_of(_mapped("key", columns), "value::text")


def _key_of(name: str, value: str) -> str:
    """The key again, in the one form that keys are written in: they are compared as texts."""
    pairs = f"string_agg(to_json({name})::text || ': ' || {value}, ', ' ORDER BY nth)"
    parts = "json_each(row_key::json) WITH ORDINALITY AS part(key, value, nth)"
    return f"(SELECT '{{' || coalesce({pairs}, '') || '}}' FROM {parts})"
