"""What others built on columns that change: views, rules, triggers, policies and functions, to drop and to make again.

PostgreSQL refuses to change the type of a column that any of them names. Only the catalogue is read here. What does not
fit the new column fails when it is made again, and the whole migration with it: nothing is dropped for good.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from core.migration.postgresql.ddl import alter, quote
from core.migration.postgresql.dependents_objects import functions, policies, rules, triggers_of, views

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.postgresql.catalogue import Relation
    from core.migration.statements import Sql


@dataclass(frozen=True, slots=True)
class Dependents:
    """What is dropped before the change, and what makes it again after it; each in its order.

    `names` says what they are, for whom reads a plan; `triggers` has the oids of those that are triggers.
    """

    drop: Sequence[Sql] = ()
    create: Sequence[Sql] = ()
    names: Sequence[str] = ()
    triggers: frozenset[int] = frozenset()


def dependents(
    connection: Connection, relations: Mapping[str, Relation], columns: Collection[tuple[str, str]]
) -> Dependents:
    """All that depends on `columns`, pairs of table and column, and on what depends on that, to any depth."""
    depths = _depths(connection, relations, columns) if columns else {}
    if not depths:
        return Dependents()
    built = views(connection, depths["pg_rewrite"])
    gone = {view.oid for view in built}
    parts = [
        *rules(connection, depths["pg_rewrite"], of=gone),
        *triggers_of(connection, depths["pg_trigger"], of=gone),
        *policies(connection, depths["pg_policy"]),
    ]
    ordered = sorted([*built, *functions(connection, depths["pg_proc"])], key=lambda found: found.depth)
    # A view takes its rules and triggers with it.
    drop = [part.drop for part in parts if part.drop] + [found.drop for found in reversed(ordered) if found.drop]
    create = [sql for found in (*ordered, *parts) for sql in found.create]
    names = [found.name for found in (*ordered, *parts)]
    return Dependents(drop, create, names, frozenset(depths["pg_trigger"]))


def generated_columns(
    connection: Connection, relations: Mapping[str, Relation], columns: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """The columns, as (table, column), that are computed from one of `columns`."""
    if not columns:
        return set()
    names = {relation.oid: name for name, relation in relations.items()}
    rows = connection.execute(_GENERATED, _pairs(relations, columns))
    return {(names[oid], column) for oid, column in rows}


def quiet_triggers(
    connection: Connection, relations: Mapping[str, Relation], tables: Collection[str], *, besides: Collection[int] = ()
) -> tuple[list[Sql], list[Sql]]:
    """The statements that turn the triggers of `tables` off, which are not meant for a migration, and on again.

    `besides` are the oids of triggers that are dropped for the time anyway.
    """
    places = {relations[name].oid: relations[name].place for name in tables if name in relations}
    off: list[Sql] = []
    on: list[Sql] = []
    if not places:
        return off, on
    for oid, name, state in connection.execute(_TRIGGERS, {"oids": list(places), "besides": list(besides)}):
        always = "ALWAYS " if state == "A" else ""
        off.append(alter(places[oid], f"DISABLE TRIGGER {quote(name)}"))
        on.append(alter(places[oid], f"ENABLE {always}TRIGGER {quote(name)}"))
    return off, on


def _depths(
    connection: Connection, relations: Mapping[str, Relation], columns: Collection[tuple[str, str]]
) -> Mapping[str, Mapping[int, int]]:
    """How far each object is from the columns, by the catalogue that has it and its oid."""
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for catalogue, oid, depth in connection.execute(_DEPENDING, _pairs(relations, columns)):
        found[catalogue][oid] = depth
    return found


def _pairs(relations: Mapping[str, Relation], columns: Collection[tuple[str, str]]) -> dict[str, list[object]]:
    known = [(relations[table].oid, column) for table, column in columns if table in relations]
    return {"oids": [oid for oid, _ in known], "names": [name for _, name in known]}


_CHANGED = """
changed AS (
  SELECT a.attrelid, a.attnum FROM unnest(CAST(:oids AS oid[]), CAST(:names AS text[])) AS c (oid, name)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = c.name
)
"""

# A view is its rule _RETURN. What names the view, its row type or a function is built on it in turn.
_DEPENDING = text(f"""
WITH RECURSIVE {_CHANGED},
needs (classid, objid, depth) AS (
  SELECT d.classid, d.objid, 1
  FROM pg_depend d JOIN changed c ON d.refobjid = c.attrelid AND d.refobjsubid = c.attnum
  WHERE d.refclassid = 'pg_class'::regclass
    AND d.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass)
  UNION
  SELECT d.classid, d.objid, n.depth + 1
  FROM needs n
  LEFT JOIN pg_rewrite w ON n.classid = 'pg_rewrite'::regclass AND w.oid = n.objid AND w.rulename = '_RETURN'
  LEFT JOIN pg_class v ON v.oid = w.ev_class
  JOIN pg_depend d ON (d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid)
    OR (d.refclassid = 'pg_type'::regclass AND d.refobjid = v.reltype)
    OR (d.refclassid = 'pg_proc'::regclass AND n.classid = d.refclassid AND d.refobjid = n.objid)
  WHERE d.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass)
    AND (d.classid, d.objid) <> (n.classid, n.objid) AND n.depth < 64
)
SELECT classid::regclass::text, objid, max(depth) FROM needs GROUP BY classid, objid
""")

_GENERATED = text(f"""
WITH {_CHANGED}
SELECT DISTINCT a.attrelid, a.attname::text
FROM changed c
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.attrelid AND d.refobjsubid = c.attnum
LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
JOIN pg_attribute a ON a.attrelid = c.attrelid AND a.attgenerated <> '' AND a.attnum <> c.attnum
  AND (a.attnum = f.adnum OR (d.classid = 'pg_class'::regclass AND d.objid = a.attrelid AND d.objsubid = a.attnum))
""")

_TRIGGERS = text("""
SELECT tgrelid, tgname::text, tgenabled::text FROM pg_trigger
WHERE tgrelid = ANY(:oids) AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND oid <> ALL(:besides)
ORDER BY tgrelid, tgname
""")
