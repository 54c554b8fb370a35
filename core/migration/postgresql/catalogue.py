"""What PostgreSQL's catalogue says of tables that a script changes, beyond their states. It changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from core.migration.postgresql.ddl import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Relation:
    """A table. `owned`: the bot's role may alter it, being its owner or a member of the owner."""

    oid: int
    place: Place
    owner: str
    owned: bool


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column. `identity` is "ALWAYS", "BY DEFAULT" or "", `generated` "STORED", "VIRTUAL" or "".

    `sequence` is the one that the column owns, whether by SERIAL or as identity; `expression` is that of a generated
    column, `default` that of any other.
    """

    type: str
    not_null: bool
    identity: str
    generated: str
    expression: str | None
    default: str | None
    sequence: Place | None
    comment: str | None

    @property
    def serial(self) -> bool:
        """Whether the default takes numbers from the column's own sequence."""
        return self.sequence is not None and not self.identity and (self.default or "").startswith("nextval(")


@dataclass(frozen=True, slots=True)
class Part:
    """A constraint or an index of a table; `kind` is as in pg_constraint, "i" for an index that is no constraint's.

    `columns` are all that it names. Of a foreign key, `target` is the table that it refers to, and `leans_on` the
    unique index there. `definition` is ready to stand in DDL, an index's is a whole statement.
    """

    table: str
    name: str
    kind: str
    columns: tuple[str, ...]
    definition: str
    validated: bool
    comment: str | None
    target: str | None = None
    target_columns: tuple[str, ...] = ()
    leans_on: str | None = None


@dataclass(frozen=True, slots=True)
class NamedType:
    """An enum type or a domain. `made` is what it consists of as in the type of a ColumnState: `ENUM('a','b')`.

    `columns` are those of any table that have it; `elsewhere`: functions or other types have it, too.
    """

    place: Place
    made: str
    columns: frozenset[tuple[str, str]]
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it. Tables are named as in states, types as in the type of a column."""

    version: int
    relations: Mapping[str, Relation]
    columns: Mapping[tuple[str, str], LiveColumn]
    parts: Sequence[Part]
    types: Mapping[str, NamedType]
    sequences: Collection[str]


def relations(connection: Connection) -> dict[str, Relation]:
    """All tables of the database by name: that of the default schema alone, else `schema.name`."""
    return {
        name: Relation(oid, Place(schema, table), owner, owned)
        for name, oid, schema, table, owner, owned in connection.execute(_RELATIONS)
    }


def read(connection: Connection, names: Collection[str], known: Mapping[str, Relation]) -> Catalogue:
    """What concerns the tables `names`, all that refer to them, and those that share their types.

    `known` are all `relations`.
    """
    oids = [oid for (oid,) in _rows(connection, _CHILDREN, [known[name].oid for name in names if name in known])]
    parts = [_part(*row) for row in _rows(connection, _PARTS, oids)]
    parents = {known[part.target].oid for part in parts if part.target}
    return Catalogue(
        version=int((connection.dialect.server_version_info or (0,))[0]),
        relations=known,
        columns=_columns(connection, sorted(parents.union(oids))),
        parts=parts,
        types=_types(connection),
        sequences={name for (name,) in connection.execute(_SEQUENCES)},
    )


def _columns(connection: Connection, oids: list[int]) -> dict[tuple[str, str], LiveColumn]:
    return {(table, column): _column(*row) for table, column, *row in _rows(connection, _COLUMNS, oids)}


def _column(*values: Any) -> LiveColumn:
    type_, not_null, identity, generated, expression, default, schema, sequence, comment = values
    owned = Place(schema, sequence) if sequence else None
    return LiveColumn(type_, not_null, identity, generated, expression, default, owned, comment)


def _part(*values: Any) -> Part:
    table, name, kind, columns, definition, validated, comment, target, target_columns, index = values
    columns, target_columns = tuple(columns), tuple(target_columns)
    return Part(table, name, kind, columns, definition, validated, comment, target, target_columns, index)


def _types(connection: Connection) -> dict[str, NamedType]:
    return {
        name: NamedType(Place(schema, plain), made, frozenset(zip(tables, columns, strict=True)), elsewhere)
        for name, schema, plain, made, tables, columns, elsewhere in connection.execute(_TYPES)
    }


def _rows(connection: Connection, query: str, oids: list[int]) -> list[Any]:
    """What `query` says of the tables `oids`; new ones have none, and nothing is asked."""
    return list(connection.execute(text(query), {"oids": oids})) if oids else []


def _named(relation: str, schema: str) -> str:
    """SQL for the name of a table as in states."""
    return (
        f"CASE WHEN {schema}.nspname = current_schema() THEN {relation}.relname::text "
        f"ELSE {schema}.nspname || '.' || {relation}.relname END"
    )


def _schema(schema: str) -> str:
    """SQL for the schema of a Place."""
    return f"nullif({schema}.nspname, current_schema())::text"


_RELATIONS = text(f"""
SELECT {_named("r", "n")}, r.oid, {_schema("n")}, r.relname::text, pg_get_userbyid(r.relowner)::text,
       pg_has_role(r.relowner, 'USAGE')
FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE r.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
""")

_SEQUENCES = text("SELECT relname::text FROM pg_class WHERE relkind = 'S' AND pg_table_is_visible(oid)")

_COLUMNS = f"""
SELECT {_named("r", "n")}, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' ELSE '' END,
       CASE a.attgenerated WHEN 's' THEN 'STORED' WHEN 'v' THEN 'VIRTUAL' ELSE '' END,
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       {_schema("sn")}, s.relname::text, col_description(a.attrelid, a.attnum)
FROM pg_attribute a
JOIN pg_class r ON r.oid = a.attrelid JOIN pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_depend o ON o.refclassid = 'pg_class'::regclass AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum
     AND o.classid = 'pg_class'::regclass AND o.deptype IN ('a', 'i')
     AND EXISTS (SELECT 1 FROM pg_class WHERE oid = o.objid AND relkind = 'S')
LEFT JOIN pg_class s ON s.oid = o.objid LEFT JOIN pg_namespace sn ON sn.oid = s.relnamespace
WHERE a.attrelid = ANY(:oids) AND a.attnum > 0 AND NOT a.attisdropped
"""

_CHILDREN = """
WITH RECURSIVE family (oid) AS (
  SELECT unnest(CAST(:oids AS oid[]))
  UNION
  SELECT c.conrelid FROM family f JOIN pg_constraint c ON c.confrelid = f.oid AND c.contype = 'f'
)
SELECT oid FROM family
"""

_CONSTRAINT_COLUMNS = """
ARRAY(SELECT a.attname::text FROM unnest({keys}) WITH ORDINALITY k(num, place)
      JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = k.num ORDER BY k.place)
"""

_PARTS = f"""
SELECT {_named("r", "n")}, c.conname::text, c.contype::text,
       {_CONSTRAINT_COLUMNS.format(keys="c.conkey", relation="c.conrelid")},
       pg_get_constraintdef(c.oid), c.convalidated, obj_description(c.oid, 'pg_constraint'),
       CASE WHEN c.contype = 'f' THEN {_named("t", "tn")} END,
       {_CONSTRAINT_COLUMNS.format(keys="c.confkey", relation="c.confrelid")},
       CASE WHEN c.contype = 'f' THEN (SELECT relname::text FROM pg_class WHERE oid = c.conindid) END
FROM pg_constraint c
JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_class t ON t.oid = c.confrelid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE (c.conrelid = ANY(:oids) OR c.confrelid = ANY(:oids)) AND c.contype IN ('p', 'u', 'f', 'c', 'x')
UNION ALL
SELECT {_named("r", "n")}, i.relname::text, 'i',
       ARRAY(SELECT DISTINCT a.attname::text FROM pg_depend d
             JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid AND d.refobjid = r.oid),
       pg_get_indexdef(i.oid), true, obj_description(i.oid, 'pg_class'), NULL, ARRAY[]::text[], NULL
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class r ON r.oid = x.indrelid JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE x.indrelid = ANY(:oids)
  AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.oid AND contype IN ('p', 'u', 'x'))
ORDER BY 1, 2
"""

_USERS = """
FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE a.atttypid IN (t.oid, t.typarray) AND NOT a.attisdropped AND r.relkind IN ('r', 'p', 'f', 'c')
"""

_TYPES = text(f"""
SELECT format_type(t.oid, NULL), {_schema("tn")}, t.typname::text,
       CASE t.typtype
         WHEN 'e' THEN (SELECT 'ENUM(' || string_agg(quote_literal(enumlabel), ',' ORDER BY enumsortorder) || ')'
                        FROM pg_enum WHERE enumtypid = t.oid)
         ELSE concat_ws(' ', 'DOMAIN(' || format_type(t.typbasetype, t.typtypmod),
                        'COLLATE ' || CASE WHEN t.typcollation <> b.typcollation THEN quote_ident(o.collname) END,
                        'DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN 'NOT NULL' END,
                        (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname)
                         FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')) || ')' END,
       ARRAY(SELECT {_named("r", "n")} {_USERS} ORDER BY a.attrelid, a.attnum),
       ARRAY(SELECT a.attname::text {_USERS} ORDER BY a.attrelid, a.attnum),
       EXISTS (SELECT 1 FROM pg_depend d WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)
               AND d.deptype = 'n' AND d.classid IN ('pg_proc'::regclass, 'pg_type'::regclass))
FROM pg_type t JOIN pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype LEFT JOIN pg_collation o ON o.oid = t.typcollation
WHERE t.typtype IN ('e', 'd') AND tn.nspname NOT IN ('information_schema', 'pg_catalog')
""")
