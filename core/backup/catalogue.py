"""The statements that make the schema of a PostgreSQL database again, out of its catalogue. It only reads.

The server says itself how each object is made; names are written with their schemas, since the search path is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MINE = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{}'::regclass AND e.objid = {}.oid AND e.deptype = 'e')"
_RELATIONS = f"""
pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = ANY($1::text[])
  AND {_MINE.format("pg_class", "c")}
"""
_ON_TABLES = f"{_RELATIONS} AND c.relkind = 'r'"

_TYPES = f"""
SELECT CASE t.typtype
  WHEN 'e' THEN format('CREATE TYPE %s AS ENUM (%s)', t.oid::regtype,
    (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
  WHEN 'd' THEN concat_ws(' ',
    format('CREATE DOMAIN %s AS %s', t.oid::regtype, format_type(t.typbasetype, t.typtypmod)),
    'COLLATE ' || CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text END,
    'DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN 'NOT NULL' END,
    (SELECT string_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), ' ')
     FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))
  ELSE format('CREATE TYPE %s AS (%s)', t.oid::regtype,
    (SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
     FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped))
  END
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype
  LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE n.nspname = ANY($1::text[]) AND (t.typtype IN ('e', 'd') OR (t.typtype = 'c' AND c.relkind = 'c'))
  AND {_MINE.format("pg_type", "t")}
ORDER BY t.oid
"""
# Those that take or return rows of a table are made when there are tables.
_FUNCTIONS = f"""
SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY($1::text[]) AND p.prokind IN ('f', 'p') AND {_MINE.format("pg_proc", "p")}
  AND $2 = EXISTS (
    SELECT FROM unnest(p.proargtypes::oid[] || p.prorettype || coalesce(p.proallargtypes, '{{}}')) AS a (type)
    JOIN pg_type t ON t.oid = a.type JOIN pg_class c ON c.oid = t.typrelid AND c.relkind <> 'c')
ORDER BY p.oid
"""
_SEQUENCES = f"""
SELECT format('CREATE SEQUENCE %s AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
  c.oid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
  CASE WHEN s.seqcycle THEN ' CYCLE' END)
FROM {_RELATIONS} JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')
ORDER BY c.oid
"""
_TABLES = f"""
SELECT c.oid::regclass::text AS name, n.nspname AS schema, c.relname AS table,
  (SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''), '{{}}')
   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  format('CREATE %sTABLE %s (%s)%s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, c.oid::regclass,
    (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
       'COLLATE ' || CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
       CASE WHEN a.attgenerated = '' THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
         ELSE format('GENERATED ALWAYS AS (%s) %s', pg_get_expr(d.adbin, d.adrelid),
           CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END) END,
       (SELECT format('GENERATED %s AS IDENTITY (SEQUENCE NAME %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s'
          ' CACHE %s%s)', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.seqrelid::regclass,
          s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' END)
        FROM pg_depend i JOIN pg_sequence s ON s.seqrelid = i.objid
        WHERE i.refobjid = c.oid AND i.refobjsubid = a.attnum AND i.deptype = 'i' AND a.attidentity <> ''),
       CASE WHEN a.attnotnull THEN 'NOT NULL' END), ', ' ORDER BY a.attnum)
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    ' WITH (' || array_to_string(c.reloptions, ', ') || ')') AS sql
FROM {_ON_TABLES}
ORDER BY c.oid
"""
_OWNED = f"""
SELECT format('ALTER SEQUENCE %s OWNED BY %s.%I', c.oid::regclass, d.refobjid::regclass, a.attname)
FROM {_RELATIONS} JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'a' AND d.refobjsubid > 0
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE c.relkind = 'S'
"""
_COUNTERS = f"SELECT c.oid::regclass::text FROM {_RELATIONS} WHERE c.relkind = 'S' ORDER BY c.oid"
_CONSTRAINTS = f"""
SELECT format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid))
FROM {_ON_TABLES} JOIN pg_constraint k ON k.conrelid = c.oid
WHERE k.contype = ANY($2::text[]::"char"[])
ORDER BY array_position($2::text[], k.contype::text), k.oid
"""
_VIEWS = f"""
WITH RECURSIVE uses AS (
  SELECT DISTINCT r.ev_class AS view, d.refobjid AS used FROM pg_rewrite r
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class u ON u.oid = d.refobjid AND u.relkind IN ('v', 'm')
  WHERE d.refobjid <> r.ev_class
), ranked AS (
  SELECT oid AS view, 0 AS depth FROM pg_class WHERE relkind IN ('v', 'm')
  UNION SELECT uses.view, depth + 1 FROM uses JOIN ranked ON ranked.view = uses.used
)
SELECT format('CREATE %sVIEW %s%s AS %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' END, c.oid::regclass,
  ' WITH (' || array_to_string(c.reloptions, ', ') || ')', pg_get_viewdef(c.oid))
FROM {_RELATIONS}
WHERE c.relkind IN ('v', 'm')
ORDER BY (SELECT max(depth) FROM ranked WHERE ranked.view = c.oid), c.oid
"""
_INDEXES = f"""
SELECT pg_get_indexdef(x.indexrelid) FROM {_RELATIONS} JOIN pg_index x ON x.indrelid = c.oid
WHERE c.relkind IN ('r', 'm') AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid
  AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x'))
ORDER BY x.indexrelid
"""
_TRIGGERS = f"""
SELECT pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'D' THEN
    format('; ALTER TABLE %s DISABLE TRIGGER %I', c.oid::regclass, t.tgname) ELSE '' END
FROM {_RELATIONS} JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
ORDER BY t.oid
"""
_RULES = f"""
SELECT pg_get_ruledef(r.oid) FROM {_RELATIONS} JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN'
"""
_STATISTICS = f"SELECT pg_get_statisticsobjdef(s.oid) FROM {_ON_TABLES} JOIN pg_statistic_ext s ON s.stxrelid = c.oid"
_COMMENTS = f"""
SELECT format('COMMENT ON %s %s IS %L', CASE WHEN d.objsubid > 0 THEN 'COLUMN' ELSE CASE c.relkind WHEN 'v' THEN 'VIEW'
  WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END END,
  c.oid::regclass || coalesce('.' || quote_ident(a.attname), ''), d.description)
FROM {_RELATIONS} JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
UNION ALL
SELECT format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, c.oid::regclass, d.description)
FROM {_ON_TABLES} JOIN pg_constraint k ON k.conrelid = c.oid
  JOIN pg_description d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid
UNION ALL
SELECT format('COMMENT ON TYPE %s IS %L', t.oid::regtype, d.description)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND n.nspname = ANY($1::text[])
  JOIN pg_description d ON d.classoid = 'pg_type'::regclass AND d.objoid = t.oid
"""
# What would have to be made in other ways; a table of such a kind cannot be left out.
_UNKNOWN = f"""
SELECT format('%s is a partitioned, inherited or foreign table', c.oid::regclass) FROM {_RELATIONS}
WHERE c.relkind IN ('p', 'f') OR c.relispartition
  OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid)
"""
_LEFT_OUT = f"""
SELECT format('policy %I on %s', p.polname, c.oid::regclass) FROM {_RELATIONS} JOIN pg_policy p ON p.polrelid = c.oid
UNION ALL
SELECT format('aggregate %s', p.oid::regprocedure) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY($1::text[]) AND p.prokind = 'a' AND {_MINE.format("pg_proc", "p")}
UNION ALL
SELECT format('type %s', t.oid::regtype) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname = ANY($1::text[]) AND t.typtype = 'r' AND {_MINE.format("pg_type", "t")}
"""


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table whose rows are exported: its name in SQL, its parts, and the columns that are not computed."""

    name: str
    schema: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """Statements to run before rows are there and after, and the tables; `left_out` is what nobody makes again."""

    before: tuple[str, ...]
    tables: tuple[TableRows, ...]
    after: tuple[str, ...]
    left_out: tuple[str, ...]


async def read_schema(connection: Any, schemas: Sequence[str]) -> Schema:
    """Read all that is in `schemas`. Raises BackupError if there are tables that cannot be exported like this."""
    read = _Reader(connection, list(schemas))
    if unknown := await read.texts(_UNKNOWN):
        raise BackupError(
            f"{'; '.join(unknown)}, which only pg_dump can save: install the server's version of the "
            "PostgreSQL client programs, or name that pg_dump in aha.database.pg_dump"
        )
    tables = await connection.fetch(_TABLES, list(schemas))
    rows = tuple(TableRows(row["name"], row["schema"], row["table"], tuple(row["columns"])) for row in tables)
    before = [*await read.texts(_TYPES, _SEQUENCES), *await read.texts(_FUNCTIONS, given=False)]
    before += [row["sql"] for row in tables]
    after = [*await read.texts(_OWNED), *await read.counters(), *await read.texts(_CONSTRAINTS, given=["p", "u", "x"])]
    after += await read.texts(_VIEWS, _INDEXES)
    after += [*await read.texts(_FUNCTIONS, given=True), *await read.texts(_CONSTRAINTS, given=["c", "f"])]
    after += await read.texts(_STATISTICS, _RULES, _TRIGGERS, _COMMENTS)
    return Schema(tuple(before), rows, tuple(after), tuple(await read.texts(_LEFT_OUT)))


async def count_rows(connection: Any, schemas: Sequence[str]) -> dict[str, int]:
    """The tables in `schemas`, as they are written in SQL, with their numbers of rows."""
    names = [row["name"] for row in await connection.fetch(_TABLES, list(schemas))]
    return {name: await connection.fetchval(f"SELECT count(*) FROM ONLY {name}") for name in names}


class _Reader:
    def __init__(self, connection: Any, schemas: list[str]) -> None:
        self._connection = connection
        self._schemas = schemas

    async def texts(self, *queries: str, given: Any = None) -> list[str]:
        more = [] if given is None else [given]
        return [row[0] for query in queries for row in await self._connection.fetch(query, self._schemas, *more)]

    async def counters(self) -> list[str]:
        """Where the sequences stand."""
        found = []
        for name in await self.texts(_COUNTERS):
            row = await self._connection.fetchrow(f"SELECT last_value, is_called FROM {name}")
            quoted = name.replace("'", "''")
            found.append(f"SELECT setval('{quoted}', {row['last_value']}, {str(row['is_called']).lower()})")
        return found
