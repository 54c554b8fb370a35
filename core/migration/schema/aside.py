"""Gives other names to what has those of the models' tables on PostgreSQL, so that these can be made where they belong.

It is for a role that may create no other place for them, and for a transaction that is rolled back: nobody else ever
sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

_GIVEN = """
WITH given AS (SELECT unnest($1::text[]) AS schema, unnest($2::text[]) AS name),
  rel AS (
    SELECT c.oid, c.relkind, n.nspname, c.relname
    FROM given JOIN pg_namespace n ON n.nspname = coalesce(given.schema, current_schema())
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = given.name AND c.relkind IN ('r', 'p', 'S'))
"""
# The constraints of an index take their names from it. PostgreSQL gives no constraint the name of any other's.
_CONSTRAINTS = f"""{_GIVEN}
SELECT format('ALTER TABLE %I.%I RENAME CONSTRAINT %I TO %I', nspname, relname, k.conname, 'aha_aside_' || k.oid)
FROM pg_constraint k JOIN rel ON rel.oid = k.conrelid
WHERE k.contype NOT IN ('p', 'u', 'x') AND k.coninhcount = 0 AND k.conislocal ORDER BY k.oid
"""
_RELATIONS = f"""{_GIVEN},
  part AS (
    SELECT x.indexrelid AS oid FROM pg_index x JOIN rel ON rel.oid = x.indrelid
    UNION
    SELECT d.objid FROM pg_depend d JOIN rel ON rel.oid = d.refobjid JOIN pg_class c ON c.oid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      AND c.relkind = 'S'
    UNION
    SELECT oid FROM rel)
SELECT format('ALTER %s %I.%I RENAME TO %I',
  CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END,
  n.nspname, c.relname, 'aha_aside_' || c.oid)
FROM part JOIN pg_class c ON c.oid = part.oid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid
"""
_TYPES = """
SELECT format('ALTER TYPE %I.%I RENAME TO %I', n.nspname, t.typname, 'aha_aside_' || t.oid)
FROM (SELECT unnest($1::text[]) AS schema, unnest($2::text[]) AS name) AS given
  JOIN pg_namespace n ON n.nspname = coalesce(given.schema, current_schema())
  JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = given.name
WHERE t.typtype IN ('d', 'e')
ORDER BY t.oid
"""
# A table that others use for long is not worth waiting for: the start is tried again.
_LONGEST_WAIT = "10s"


def move_aside(
    connection: Connection, *, tables: Collection[tuple[str | None, str]], types: Collection[tuple[str | None, str]]
) -> None:
    """Rename the tables and sequences `tables`, with all that belongs to them, and the enum types and domains `types`.

    Each is a schema, None for the default one, and a name; what is not there is passed over.
    """
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LONGEST_WAIT}'")
    for query, names in ((_CONSTRAINTS, tables), (_RELATIONS, tables), (_TYPES, types)):
        given = ([schema for schema, _ in names], [name for _, name in names])
        for statement in connection.exec_driver_sql(query, given).scalars().all():
            connection.exec_driver_sql(statement.replace("%", "%%"))
