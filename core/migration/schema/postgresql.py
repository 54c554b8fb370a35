"""What a PostgreSQL database shows of its tables, out of its catalogue: five queries, however many there are.

It only reads. Texts are the server's own. Names in the default schema carry no schema; a schema that only stands in for
another one (see `scratch`) is written as that one.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from core.migration.state import ColumnState, ConstraintKind, ConstraintState, IndexState, TableState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import Connection, Row

_CHOSEN = """
n.nspname = ANY($1::text[]) AND ($2::text[] IS NULL OR c.relname = ANY($2::text[])) AND c.relkind IN ('r', 'p')
"""

_TABLES = f"""
SELECT n.nspname AS schema, c.relname AS table, obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_CHOSEN}
"""

# A sequence that belongs to its column ("a") makes it a SERIAL if the default is its next value; "i" is an identity.
# A column may own several.
_COLUMNS = f"""
WITH owned AS (
  SELECT d.refobjid, d.refobjsubid, s.*, d.deptype = 'a' AS serial
  FROM pg_sequence s JOIN pg_depend d ON d.objid = s.seqrelid AND d.classid = 'pg_class'::regclass
  WHERE d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
)
SELECT n.nspname AS schema, c.relname AS table, a.attname AS name, NOT a.attnotnull AS nullable,
  format_type(a.atttypid, a.atttypmod) AS type, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END AS base,
  CASE WHEN s.serial THEN 'serial' ELSE pg_get_expr(d.adbin, d.adrelid) END AS value,
  a.attgenerated::text AS generated, a.attidentity::text AS identity,
  s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle, s.seqtypid::regtype::text AS seqtype,
  CASE WHEN a.attcollation <> t.typcollation THEN o.collname END AS collation,
  col_description(c.oid, a.attnum) AS comment
FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  LEFT JOIN pg_collation o ON o.oid = a.attcollation
  LEFT JOIN owned s ON s.refobjid = c.oid AND s.refobjsubid = a.attnum AND (NOT s.serial
    OR pg_get_expr(d.adbin, d.adrelid) = format('nextval(%L::regclass)', s.seqrelid::regclass))
WHERE {_CHOSEN}
ORDER BY c.oid, a.attnum
"""

_TYPES = """
SELECT enumtypid AS oid, 'ENUM(' || string_agg(quote_literal(enumlabel), ',' ORDER BY enumsortorder) || ')' AS text
FROM pg_enum GROUP BY enumtypid
UNION ALL
SELECT t.oid, concat_ws(' ', 'DOMAIN(' || format_type(t.typbasetype, t.typtypmod),
  'COLLATE ' || CASE WHEN t.typcollation <> b.typcollation THEN quote_ident(o.collname) END,
  'DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN 'NOT NULL' END,
  (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname) FROM pg_constraint k
   WHERE k.contypid = t.oid AND k.contype = 'c')) || ')'
FROM pg_type t JOIN pg_type b ON b.oid = t.typbasetype LEFT JOIN pg_collation o ON o.oid = t.typcollation
WHERE t.typtype = 'd' AND t.typnamespace <> 'information_schema'::regnamespace
"""

_CONSTRAINTS = f"""
SELECT n.nspname AS schema, c.relname AS table, k.conname AS name, k.contype::text AS kind,
  pg_get_constraintdef(k.oid) AS definition, k.convalidated AS validated,
  (SELECT array_agg(a.attname::text ORDER BY u.at) FROM unnest(k.conkey) WITH ORDINALITY AS u (num, at)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS columns,
  f.relname AS target, fn.nspname AS target_schema,
  (SELECT array_agg(a.attname::text ORDER BY u.at) FROM unnest(k.confkey) WITH ORDINALITY AS u (num, at)
   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS target_columns
FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class f ON f.oid = k.confrelid
  LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND {_CHOSEN}
"""

# The dependencies of an index are the columns that it names, those inside its expressions included.
_INDEXES = f"""
SELECT n.nspname AS schema, c.relname AS table, i.relname AS name, x.indisunique AS is_unique,
  pg_get_indexdef(i.oid) AS definition, quote_ident(i.relname) AS quoted,
  quote_ident(c.relname) AS quoted_table,
  (SELECT array_agg(a.attname::text ORDER BY array_position(x.indkey::int[], a.attnum::int), a.attnum)
   FROM pg_attribute a WHERE a.attrelid = c.oid AND (a.attnum = ANY(x.indkey) OR a.attnum IN
     (SELECT d.refobjsubid FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid
      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)) AND a.attnum > 0) AS columns
FROM pg_index x
  JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x')) AND {_CHOSEN}
"""

_KINDS = {
    "p": ConstraintKind.PRIMARY,
    "u": ConstraintKind.UNIQUE,
    "f": ConstraintKind.FOREIGN,
    "c": ConstraintKind.CHECK,
    "x": ConstraintKind.EXCLUDE,
}
_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def default_schema(connection: Connection) -> str:
    """The schema in which a table without one is made."""
    return str(connection.exec_driver_sql("SELECT coalesce(current_schema(), 'public')").scalar_one())


def table_names(connection: Connection, schemas: Mapping[str, str | None]) -> set[str]:
    """The names of all tables in `schemas`; see `tables`."""
    rows = connection.exec_driver_sql(_TABLES, (list(schemas), None))
    return {_named(schemas[row.schema], row.table) for row in rows}


def tables(
    connection: Connection, names: Iterable[str] | None = None, *, schemas: Mapping[str, str | None]
) -> list[TableState]:
    """The tables `names` (without their schema; None: all) in `schemas`, which maps them to what they are shown as.

    None is the default schema, which names leave out.
    """
    parameters = (list(schemas), None if names is None else list(names))
    run = partial(_rows_of_tables, connection, parameters)
    types = {row.oid: row.text for row in connection.exec_driver_sql(_TYPES)}
    columns, constraints, indexes = run(_COLUMNS), run(_CONSTRAINTS), run(_INDEXES)
    shown = _Shown(schemas, _quoted(connection, schemas.values()))
    return [
        TableState(
            shown.name(row.schema, row.table),
            tuple(_column(column, types, shown.text) for column in columns[key]),
            tuple(sorted((_constraint(k, shown) for k in constraints[key]), key=lambda k: (k.kind, k.name or ""))),
            tuple(sorted((_index(index, shown) for index in indexes[key]), key=lambda index: index.name)),
            row.comment,
        )
        for key, (row,) in run(_TABLES).items()
    ]


def _rows_of_tables(connection: Connection, parameters: Any, sql: str) -> dict[tuple[str, str], list[Row[Any]]]:
    found: defaultdict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in connection.exec_driver_sql(sql, parameters):
        found[row.schema, row.table].append(row)
    return found


class _Shown:
    """Writes the names of schemas as they are shown."""

    def __init__(self, schemas: Mapping[str, str | None], quoted: Mapping[str, str]) -> None:
        self._schemas = schemas
        self._prefixes = {real: f"{quoted[shown]}." if shown else "" for real, shown in schemas.items()}
        self._replaced = {
            f"{real}.": self._prefixes[real] for real, shown in schemas.items() if shown not in (None, real)
        }

    def name(self, schema: str, table: str) -> str:
        """The name of a table."""
        return _named(self._schemas.get(schema, schema), table)

    def prefix(self, schema: str) -> str:
        """What DDL writes before the name of a table in `schema`."""
        return self._prefixes[schema]

    def text(self, sql: str) -> str:
        """`sql` as it would be if nothing stood in for another schema."""
        for real, shown in self._replaced.items():
            sql = sql.replace(real, shown)
        return sql


def _quoted(connection: Connection, names: Iterable[str | None]) -> dict[str, str]:
    """Names of schemas as the server writes them."""
    given = [name for name in names if name]
    if not given:
        return {}
    rows = connection.exec_driver_sql(
        "SELECT name, quote_ident(name) AS quoted FROM unnest($1::text[]) AS name", (given,)
    )
    return {row.name: row.quoted for row in rows}


def _named(schema: str | None, table: str) -> str:
    return f"{schema}.{table}" if schema else table


def _column(row: Row[Any], types: Mapping[int, str], shown: Callable[[str], str]) -> ColumnState:
    value = None if row.value is None else shown(row.value)
    more = types.get(row.base)
    return ColumnState(
        row.name,
        shown(f"{row.type} {more}" if more else row.type),
        nullable=row.nullable,
        default=None if row.generated or _is_null(value) else value,
        computed=f"({value}) {'STORED' if row.generated == 's' else 'VIRTUAL'}" if row.generated else None,
        identity=_identity(row) if row.identity else None,
        collation=row.collation,
        comment=row.comment,
    )


def _is_null(value: str | None) -> bool:
    return value is None or value == "NULL" or value.startswith("NULL::")


def _identity(row: Row[Any]) -> str:
    """The identity with those options that are not what PostgreSQL takes by itself."""
    up = row.seqincrement > 0
    limit = _LARGEST[row.seqtype]
    least, most = (1, limit) if up else (-limit - 1, -1)
    options = [
        (f"START WITH {row.seqstart}", row.seqstart == (row.seqmin if up else row.seqmax)),
        (f"INCREMENT BY {row.seqincrement}", row.seqincrement == 1),
        (f"MINVALUE {row.seqmin}", row.seqmin == least),
        (f"MAXVALUE {row.seqmax}", row.seqmax == most),
        (f"CACHE {row.seqcache}", row.seqcache == 1),
        ("CYCLE", not row.seqcycle),
    ]
    given = " ".join(text for text, is_usual in options if not is_usual)
    return f"GENERATED {'ALWAYS' if row.identity == 'a' else 'BY DEFAULT'} AS IDENTITY" + (
        f" ({given})" if given else ""
    )


def _constraint(row: Row[Any], shown: _Shown) -> ConstraintState:
    return ConstraintState(
        _KINDS[row.kind],
        tuple(row.columns or ()),
        shown.text(row.definition.removesuffix(" NOT VALID")),
        row.name,
        shown.name(row.target_schema, row.target) if row.target else None,
        tuple(row.target_columns or ()),
        row.validated,
    )


def _index(row: Row[Any], shown: _Shown) -> IndexState:
    definition = "USING " + shown.text(row.definition.partition(f".{row.quoted_table} USING ")[2])
    table = shown.prefix(row.schema) + row.quoted_table
    kind = "UNIQUE INDEX" if row.is_unique else "INDEX"
    sql = f"CREATE {kind} {row.quoted} ON {table} {definition}"
    return IndexState(row.name, tuple(row.columns or ()), definition, row.is_unique, sql)
