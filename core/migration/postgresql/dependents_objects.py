"""The statements that drop views, rules, triggers, policies, functions and make them again as they are now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from core.migration.postgresql.ddl import comment, quote
from core.migration.statements import Sql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Row

_SWITCHES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}


@dataclass(frozen=True, slots=True)
class Dependent:
    """One object. `oid` is that of a view itself; `drop` is None for what goes with its view."""

    oid: int
    name: str
    depth: int
    drop: Sql | None
    create: tuple[Sql, ...]


def views(connection: Connection, depths: Mapping[int, int]) -> list[Dependent]:
    """The views whose rules `_RETURN` are among `depths`, rule oid to depth, materialized ones with their indexes."""
    rows = connection.execute(_VIEWS, {"oids": list(depths)}).all()
    oids = [row.oid for row in rows]
    columns, grants = _by_oid(connection, _VIEW_COLUMNS, oids), _by_oid(connection, _GRANTS, oids)
    indexes = _by_oid(connection, _INDEXES, oids)
    return [
        Dependent(
            row.oid,
            f"{row.kind.lower()} {row.shown}",
            depths[row.rule],
            Sql(f"DROP {row.kind} {row.name}", remedy=_undroppable(f"{row.kind.lower()} {row.shown}", row)),
            (*_view(row, columns[row.oid], indexes[row.oid]), *_grants(row.name, row.owner, grants[row.oid])),
        )
        for row in rows
    ]


def _view(row: Row[Any], columns: Sequence[Row[Any]], indexes: Sequence[Row[Any]]) -> Iterator[Sql]:
    what = f"{row.kind} {row.name}"
    options = f" WITH ({', '.join(row.options)})" if row.options else ""
    storage = f" USING {quote(row.method)}" if row.method else ""
    storage += f"{options} TABLESPACE {quote(row.tablespace)}" if row.tablespace else options
    data = "" if row.kind == "VIEW" else " WITH DATA" if row.populated else " WITH NO DATA"
    definition = row.definition.strip().removesuffix(";")
    remedy = f"{row.kind.lower()} {row.shown} does not fit the change: drop it or change it, then start again"
    yield Sql(f"CREATE {what}{storage} AS {definition}{data}", remedy=remedy)
    for index in indexes:
        yield Sql(index.definition, remedy=remedy)
    if row.comment is not None:
        yield comment(what, row.comment)
    for column in columns:
        if column.value is not None:
            default = f"ALTER COLUMN {quote(column.name)} SET DEFAULT {column.value}"
            yield Sql(f"ALTER VIEW {row.name} {default}", remedy=remedy)
        if column.comment is not None:
            yield comment(f"COLUMN {row.name}.{quote(column.name)}", column.comment)
    if row.foreign_owner:
        yield Sql(f"ALTER {what} OWNER TO {quote(row.owner)}", remedy=f"the bot's role must be a member of {row.owner}")


def functions(connection: Connection, depths: Mapping[int, int]) -> list[Dependent]:
    """The functions among `depths`, oid to depth: those whose body PostgreSQL has parsed."""
    rows = connection.execute(_FUNCTIONS, {"oids": list(depths)}).all()
    grants = _by_oid(connection, _FUNCTION_GRANTS, [row.oid for row in rows])
    return [
        Dependent(
            row.oid,
            f"function {row.name}",
            depths[row.oid],
            Sql(f"DROP ROUTINE {row.name}", remedy=_undroppable(f"function {row.name}", row)),
            (*_function(row), *_grants(f"ROUTINE {row.name}", row.owner, grants[row.oid])),
        )
        for row in rows
    ]


def _function(row: Row[Any]) -> Iterator[Sql]:
    remedy = f"function {row.name} does not fit the change: drop it or change it, then start again"
    yield Sql(row.definition, remedy=remedy)
    if row.comment is not None:
        yield comment(f"ROUTINE {row.name}", row.comment)
    if row.foreign_owner:
        owner = f"ALTER ROUTINE {row.name} OWNER TO {quote(row.owner)}"
        yield Sql(owner, remedy=f"the bot's role must be a member of {row.owner}")


def _grants(name: str, owner: str, rows: Sequence[Row[Any]]) -> Iterator[Sql]:
    """Give exactly the rights that were there: what a new object gives by itself goes first."""
    if not rows:
        return
    grantees = {quote(owner), "PUBLIC"} | {_grantee(row) for row in rows}
    yield Sql(f"REVOKE ALL ON {name} FROM {', '.join(sorted(grantees))}")
    for row in rows:
        columns = f" ({quote(row.column)})" if row.column is not None else ""
        option = " WITH GRANT OPTION" if row.grantable else ""
        yield Sql(f"GRANT {row.privilege}{columns} ON {name} TO {_grantee(row)}{option}")


def _grantee(row: Row[Any]) -> str:
    return "PUBLIC" if row.grantee is None else quote(row.grantee)


# --- parts of tables and views ---


def rules(connection: Connection, depths: Mapping[int, int], *, of: Collection[int]) -> list[Dependent]:
    """The rules among `depths`, and all of the views `of`, which go with them."""
    return [
        _part(row, "rule", depths, of, extra=())
        for row in connection.execute(_RULES, {"oids": list(depths), "views": list(of)})
    ]


def triggers_of(connection: Connection, depths: Mapping[int, int], *, of: Collection[int]) -> list[Dependent]:
    """The triggers among `depths`, and all of the views `of`, which go with them."""
    return [
        _part(row, "trigger", depths, of, extra=())
        for row in connection.execute(_TRIGGERS, {"oids": list(depths), "views": list(of)})
    ]


def policies(connection: Connection, depths: Mapping[int, int]) -> list[Dependent]:
    """The row security policies among `depths`."""
    return [
        _part(row, "policy", depths, (), extra=_policy(row))
        for row in connection.execute(_POLICIES, {"oids": list(depths)})
    ]


def _policy(row: Row[Any]) -> tuple[str, ...]:
    roles = ", ".join("PUBLIC" if role is None else quote(role) for role in row.roles)
    kind = "PERMISSIVE" if row.permissive else "RESTRICTIVE"
    using = f" USING ({row.using})" if row.using is not None else ""
    check = f" WITH CHECK ({row.check})" if row.check is not None else ""
    command = _COMMANDS[row.command]
    return (f"CREATE POLICY {quote(row.name)} ON {row.relation} AS {kind} FOR {command} TO {roles}{using}{check}",)


def _part(
    row: Row[Any], kind: str, depths: Mapping[int, int], views: Collection[int], *, extra: tuple[str, ...]
) -> Dependent:
    on = f"{quote(row.name)} ON {row.relation}"
    shown = f"{kind} {row.name} on {row.shown}"
    remedy = f"{shown} does not fit the change: drop it or change it, then start again"
    create = [Sql(definition.rstrip(";"), remedy=remedy) for definition in extra or (row.definition,)]
    if row.state in _SWITCHES:
        create.append(Sql(f"ALTER TABLE {row.relation} {_SWITCHES[row.state]} {kind.upper()} {quote(row.name)}"))
    if row.comment is not None:
        create.append(comment(f"{kind.upper()} {on}", row.comment))
    drop = None if row.of in views else Sql(f"DROP {kind.upper()} {on}")
    return Dependent(row.oid, shown, depths.get(row.oid, 0), drop, tuple(create))


def _undroppable(what: str, row: Row[Any]) -> str:
    if not row.owned:
        return f"{what} has to be made again: GRANT {quote(row.owner)}, its owner, to the bot's role, then start again"
    return f"{what} has to be made again, but something else is built on it: drop that first, then start again"


def _by_oid(connection: Connection, query: Any, oids: Sequence[int]) -> Mapping[int, list[Row[Any]]]:
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query, {"oids": oids}):
        found[row.oid].append(row)
    return found


# --- queries ---

_QUALIFIED = "quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
_SHOWN = "CASE WHEN n.nspname = current_schema() THEN c.relname::text ELSE n.nspname || '.' || c.relname END"
_FOREIGN = (
    "pg_get_userbyid({owner})::text AS owner, pg_get_userbyid({owner}) <> current_user AS foreign_owner, "
    "pg_has_role({owner}, 'USAGE') AS owned"
)

_VIEWS = text(f"""
SELECT w.oid AS rule, c.oid, {_QUALIFIED} AS name, {_SHOWN} AS shown, pg_get_viewdef(c.oid) AS definition,
       CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS kind, c.reloptions AS options,
       c.relispopulated AS populated, obj_description(c.oid, 'pg_class') AS comment,
       (SELECT amname::text FROM pg_am WHERE oid = c.relam) AS method,
       (SELECT spcname::text FROM pg_tablespace WHERE oid = c.reltablespace) AS tablespace,
       {_FOREIGN.format(owner="c.relowner")}
FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE w.oid = ANY(:oids) AND w.rulename = '_RETURN'
ORDER BY c.relname
""")

_VIEW_COLUMNS = text("""
SELECT a.attrelid AS oid, a.attname::text AS name, pg_get_expr(d.adbin, d.adrelid) AS value,
       col_description(a.attrelid, a.attnum) AS comment
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(:oids) AND a.attnum > 0
ORDER BY a.attrelid, a.attnum
""")

_INDEXES = text("""
SELECT indrelid AS oid, pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid = ANY(:oids)
ORDER BY indexrelid
""")

_GRANTEE = "CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee)::text END AS grantee, a.is_grantable AS grantable"

_GRANTS = text(f"""
SELECT c.oid, NULL AS column, a.privilege_type AS privilege, {_GRANTEE}
FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = ANY(:oids)
UNION ALL
SELECT c.attrelid, c.attname::text, a.privilege_type, {_GRANTEE}
FROM pg_attribute c, aclexplode(c.attacl) a WHERE c.attrelid = ANY(:oids)
""")

_FUNCTIONS = text(f"""
SELECT p.oid, p.oid::regprocedure::text AS name, pg_get_functiondef(p.oid) AS definition,
       obj_description(p.oid, 'pg_proc') AS comment, {_FOREIGN.format(owner="p.proowner")}
FROM pg_proc p WHERE p.oid = ANY(:oids)
ORDER BY p.oid
""")

_FUNCTION_GRANTS = text(f"""
SELECT p.oid, NULL AS column, a.privilege_type AS privilege, {_GRANTEE}
FROM pg_proc p, aclexplode(p.proacl) a WHERE p.oid = ANY(:oids)
""")

_RULES = text(f"""
SELECT w.oid, c.oid AS of, w.rulename::text AS name, pg_get_ruledef(w.oid) AS definition, w.ev_enabled::text AS state,
       {_QUALIFIED} AS relation, {_SHOWN} AS shown, obj_description(w.oid, 'pg_rewrite') AS comment
FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (w.oid = ANY(:oids) OR c.oid = ANY(:views)) AND w.rulename <> '_RETURN'
ORDER BY w.oid
""")

_TRIGGERS = text(f"""
SELECT t.oid, c.oid AS of, t.tgname::text AS name, pg_get_triggerdef(t.oid) AS definition, t.tgenabled::text AS state,
       {_QUALIFIED} AS relation, {_SHOWN} AS shown, obj_description(t.oid, 'pg_trigger') AS comment
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (t.oid = ANY(:oids) OR c.oid = ANY(:views)) AND NOT t.tgisinternal
ORDER BY t.oid
""")

_POLICIES = text(f"""
SELECT p.oid, c.oid AS of, p.polname::text AS name, '' AS definition, '' AS state, p.polcmd::text AS command,
       p.polpermissive AS permissive, pg_get_expr(p.polqual, p.polrelid) AS using,
       pg_get_expr(p.polwithcheck, p.polrelid) AS check,
       ARRAY(SELECT CASE WHEN r <> 0 THEN pg_get_userbyid(r)::text END FROM unnest(p.polroles) r) AS roles,
       {_QUALIFIED} AS relation, {_SHOWN} AS shown, obj_description(p.oid, 'pg_policy') AS comment
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.oid = ANY(:oids)
ORDER BY p.oid
""")
