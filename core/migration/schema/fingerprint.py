"""Short texts that change when something does: `fingerprint` of the models, `live_stamp_sql` of the database's schema.

Equal texts mean that there is nothing to compare. A text that changes without need costs one comparison, no more; so
neither has to be the same after an upgrade of SQLAlchemy or PostgreSQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Column, Computed, ForeignKeyConstraint, Identity, Sequence, TextClause
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.default import StrCompileDialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

from core.migration.schema.meanings import meaning_of

if TYPE_CHECKING:
    from sqlalchemy import Constraint, Dialect, Index, Table
    from sqlalchemy.schema import DefaultGenerator, FetchedValue

_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
# What a type has in common with its table, or what SQLAlchemy only calculates when the type is used.
_NOT_OF_THE_TYPE = {"metadata", "dispatch", "impl_instance", "comparator", "comparator_factory"}
_OF_KEYS = ("ondelete", "onupdate", "deferrable", "initially", "match")
_OF_IDENTITY = ("always", "on_null", "start", "increment", "minvalue", "maxvalue", "cycle", "cache")


_ANY_DIALECT = StrCompileDialect()
_DIALECTS = (sqlite.dialect(), postgresql.dialect())


def fingerprint(tables: Iterable[Table]) -> str:
    """A digest of all that is declared of `tables`, whatever their order; the same in every process."""
    return blake2s(repr(sorted(_table(table) for table in tables)).encode()).hexdigest()


def _table(table: Table) -> str:
    return repr(
        (
            table.fullname,
            table.comment,
            _plain(table.info.get("was")),
            _options(table),
            [_column(column) for column in table.columns],
            sorted(_constraint(constraint) for constraint in table.constraints),
            sorted(_index(index) for index in table.indexes),
        )
    )


def _column(column: Column[Any]) -> tuple[Any, ...]:
    return (
        column.name,
        _type(column.type),
        column.nullable,
        column.primary_key,
        column.autoincrement,
        None if column.default is None else _default(column.default),
        None if column.server_default is None else _default(column.server_default),
        column.comment,
        _plain(column.info.get("was")) if "was" in column.info else None,
        _options(column),
    )


def _default(default: DefaultGenerator | FetchedValue) -> Any:
    """A default of any kind, Computed and Identity included."""
    made = vars(default)
    if isinstance(default, Sequence):
        return "sequence", default.name
    if isinstance(default, Computed):
        return _plain(default.sqltext), default.persisted
    if isinstance(default, Identity):
        return [(name, made.get(name)) for name in _OF_IDENTITY]
    return type(default).__name__, _plain(made.get("arg"))


def _constraint(constraint: Constraint) -> str:
    detail: Any = None
    if isinstance(constraint, ForeignKeyConstraint):
        detail = [key.target_fullname for key in constraint.elements], [getattr(constraint, n) for n in _OF_KEYS]
    elif isinstance(constraint, CheckConstraint):
        detail = _plain(constraint.sqltext)
    else:
        detail = constraint.deferrable, constraint.initially
    columns = [column.name for column in getattr(constraint, "columns", ())]
    name = constraint.name if isinstance(constraint.name, str) else None
    return repr((type(constraint).__name__, name, columns, detail, _options(constraint)))


def _index(index: Index) -> str:
    return repr((index.name, index.unique, [_plain(part) for part in index.expressions], _options(index)))


def _options(part: Any) -> Any:
    """The options for single dialects, such as `sqlite_autoincrement` or `postgresql_where`."""
    if "dialect_options" not in vars(part):  # nobody has given or asked for any; asking would make room for them
        return []
    return [(name, _plain(value)) for name, value in sorted(part.dialect_kwargs.items())]


def _type(type_: TypeEngine[Any]) -> Any:
    """The class of a type and what it was made with. Of what is private its variants and its texts count."""
    made = vars(type_)
    return (
        _path(type(type_)),
        [
            (name, _plain(made[name]))
            for name in sorted(made)
            if (name[0] != "_" or name == "_variant_mapping" or isinstance(made[name], str))
            and name not in _NOT_OF_THE_TYPE
        ],
        [] if type(type_).__module__.startswith("sqlalchemy.") else [_asked(type_, dialect) for dialect in _DIALECTS],
    )


def _asked(type_: TypeEngine[Any], dialect: Dialect) -> str:
    """What a type that is not SQLAlchemy's says of itself; its code may say anything, or raise."""
    try:
        return repr(meaning_of(type_, dialect))
    except Exception as error:  # noqa: BLE001 - it is told when the table is to be made
        return type(error).__name__


def _path(named: Any) -> str:
    return f"{named.__module__}:{getattr(named, '__qualname__', None) or getattr(named, '__name__', '')}"


def _plain(value: Any) -> Any:
    """`value` as something whose `repr` says all of it, and nothing of where it lies in memory."""
    if type(value) in _AS_THEY_ARE:
        return value
    for kind, plain in _PLAIN:
        if isinstance(value, kind):
            return plain(value)
    return _ADDRESS.sub("", repr(value))


def _clause(clause: Any) -> Any:
    if isinstance(clause, Column):
        return clause.name
    if isinstance(clause, TextClause):
        return "sql", clause.text
    try:
        return "sql", str(clause.compile(dialect=_ANY_DIALECT, compile_kwargs={"literal_binds": True}))
    except (SQLAlchemyError, NotImplementedError):
        return "sql", str(clause)


_AS_THEY_ARE = {type(None), bool, int, float, str, bytes}
_PLAIN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: (_path(type(value)), value.name)),
    (TypeEngine, _type),
    (type, _path),
    (ClauseElement, _clause),
    (Mapping, lambda value: sorted((repr(_plain(key)), _plain(item)) for key, item in value.items())),
    ((set, frozenset), lambda value: sorted(repr(_plain(item)) for item in value)),
    (Collection, lambda value: [_plain(item) for item in value]),
    (Callable, lambda value: _path(value) if hasattr(value, "__module__") else type(value).__name__),
)


# --- the schema as it is ---

# Hashes are added up: so their order does not matter, and nothing has to be sorted. What only object numbers tell of
# types is enough here: who replaces a type changes its number.
_POSTGRESQL = """(
WITH space AS (SELECT oid FROM pg_namespace WHERE nspname = current_schema()),
  rel AS (SELECT c.oid, c.relname FROM pg_class c JOIN space ON c.relnamespace = space.oid
    WHERE c.relkind IN ('r', 'p')),
  part AS (
    SELECT concat_ws('|', 'column', r.relname, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
      a.attidentity, a.attgenerated, a.attcollation) AS line
    FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT concat_ws('|', 'default', r.relname, d.adnum, d.adbin) FROM rel r JOIN pg_attrdef d ON d.adrelid = r.oid
    UNION ALL
    SELECT concat_ws('|', 'constraint', k.conname, k.contype, k.conrelid, k.contypid, k.confrelid, k.conkey, k.confkey,
      k.confupdtype, k.confdeltype, k.confmatchtype, k.condeferrable, k.condeferred, k.convalidated, k.conbin)
    FROM pg_constraint k JOIN space ON k.connamespace = space.oid
    UNION ALL
    SELECT concat_ws('|', 'index', i.relname, x.indrelid, x.indkey, x.indisunique, x.indclass, x.indoption,
      x.indcollation, x.indexprs, x.indpred, i.reloptions, i.relam)
    FROM rel r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class i ON i.oid = x.indexrelid
    UNION ALL
    SELECT concat_ws('|', 'type', t.oid, t.typname, t.typnotnull, t.typbasetype, t.typtypmod, t.typdefault,
      e.enumlabel, e.enumsortorder)
    FROM pg_type t JOIN space ON t.typnamespace = space.oid LEFT JOIN pg_enum e ON e.enumtypid = t.oid
    WHERE t.typtype IN ('d', 'e')
    UNION ALL
    SELECT concat_ws('|', 'sequence', c.relname, s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
      s.seqcache, s.seqcycle)
    FROM pg_class c JOIN space ON c.relnamespace = space.oid JOIN pg_sequence s ON s.seqrelid = c.oid
    UNION ALL
    SELECT concat_ws('|', 'comment', r.relname, d.objsubid, d.description)
    FROM rel r JOIN pg_description d ON d.objoid = r.oid AND d.classoid = CAST('pg_class' AS regclass)
    UNION ALL
    SELECT concat_ws('|', 'table', relname, oid) FROM rel
  )
SELECT concat_ws('-', count(*), sum(hashtextextended(line, 0))) FROM part
)"""
_SQLITE = "(SELECT schema_version FROM pragma_schema_version)"


def live_stamp_sql(dialect_name: str) -> str:
    """An SQL expression for a text or number that is another one when the tables of the default schema are others."""
    return _POSTGRESQL if dialect_name == "postgresql" else _SQLITE
