"""Which `Meaning` a column's type has: from the model or, for a column that no record knows, from its text."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import types
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import CompileError, UnsupportedCompilationError

from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

# The first that fits counts, so the special ones stand before what they are built on.
_KINDS: tuple[tuple[tuple[type[Any], ...], Kind], ...] = (
    ((types.Enum,), Kind.ENUM),
    ((types.Boolean,), Kind.BOOLEAN),
    ((types.Interval, postgresql.INTERVAL), Kind.INTERVAL),
    ((types.DateTime,), Kind.DATETIME),
    ((types.Date,), Kind.DATE),
    ((types.Time,), Kind.TIME),
    ((types.Uuid,), Kind.UUID),
    ((types.JSON,), Kind.JSON),
    ((types.ARRAY,), Kind.ARRAY),
    ((types.LargeBinary, types.BINARY, types.VARBINARY, types.PickleType), Kind.BYTES),
    ((types.Integer,), Kind.INTEGER),
    ((types.Float,), Kind.FLOAT),
    ((types.Numeric,), Kind.NUMERIC),
    ((types.String, postgresql.CITEXT), Kind.TEXT),
)


_SQLITE = sqlite.dialect()
_SAMPLE = datetime(2001, 12, 31, 23, 59, 58, 7)


def meaning_of(type_: TypeEngine[Any], dialect: Dialect) -> Meaning:
    """What a column of `type_` holds on `dialect`, with the variant for it. `sql` is "" if it has no such type."""
    inner, decorator = _undecorated(type_, dialect)
    kind = _kind(inner)
    item = inner.item_type if isinstance(inner, types.ARRAY) else inner
    return Meaning(
        kind,
        _sql(type_, dialect),
        length=_number(type_, inner, "length") if kind in (Kind.TEXT, Kind.BYTES, Kind.ENUM) else None,
        precision=_number(type_, inner, "precision") if kind is not Kind.OTHER else None,
        scale=_number(type_, inner, "scale") if kind is Kind.NUMERIC else None,
        timezone=bool(getattr(inner, "timezone", False)) if kind in (Kind.DATETIME, Kind.TIME) else False,
        members=tuple(item.enums) if isinstance(item, types.Enum) else (),
        native=isinstance(item, types.Enum) and bool(item.native_enum) and dialect.supports_native_enum,
        decorator=decorator,
    )


def _number(type_: TypeEngine[Any], inner: TypeEngine[Any], name: str) -> int | None:
    # Drivers bring types of their own that do not take over all of it.
    number = getattr(inner, name, None)
    return getattr(type_, name, None) if number is None else number


def _undecorated(type_: TypeEngine[Any], dialect: Dialect) -> tuple[TypeEngine[Any], str | None]:
    """The type that `dialect` is given in the end, and the name of the outermost decorator around it."""
    decorator = None
    impl = type_.dialect_impl(dialect)
    while isinstance(impl, types.TypeDecorator) and not isinstance(impl, types.Interval):
        decorator = decorator or path_of(type(impl))
        impl = impl.impl_instance
    if isinstance(impl, postgresql.DOMAIN):
        return _undecorated(impl.data_type, dialect)[0], decorator or None
    return impl, decorator or _format(impl)


def _format(type_: TypeEngine[Any]) -> str | None:
    """A name for the text form of its own that SQLite's DATETIME, DATE or TIME may be given; None for the usual one."""
    for kind in (sqlite.DATETIME, sqlite.DATE, sqlite.TIME):
        if isinstance(type_, kind):
            text, usual = (_written(form) for form in (type_, kind()))
            return None if text == usual else f"{path_of(kind)} {text}"
    return None


def _written(type_: TypeEngine[Any]) -> str:
    bind = type_.bind_processor(_SQLITE)
    return str(bind(_SAMPLE.time() if isinstance(type_, sqlite.TIME) else _SAMPLE) if bind else None)


def path_of(cls: type[Any]) -> str:
    """`module:Class`, as decorators are recorded."""
    return f"{cls.__module__}:{cls.__qualname__}"


def _kind(type_: TypeEngine[Any]) -> Kind:
    return next((kind for classes, kind in _KINDS if isinstance(type_, classes)), Kind.OTHER)


def _sql(type_: TypeEngine[Any], dialect: Dialect) -> str:
    try:
        return dialect.type_compiler_instance.process(type_)
    except (CompileError, UnsupportedCompilationError):
        return ""


# --- from its text ---

_TEXTS: dict[str, Kind] = {
    **dict.fromkeys(
        ("character varying", "character", "varchar", "char", "bpchar", "text", "citext", "name"), Kind.TEXT
    ),
    **dict.fromkeys(("nvarchar", "nchar", "clob", "unicode", '"char"'), Kind.TEXT),
    **dict.fromkeys(("integer", "int", "bigint", "smallint", "tinyint", "mediumint"), Kind.INTEGER),
    **dict.fromkeys(("int2", "int4", "int8", "serial", "bigserial", "smallserial"), Kind.INTEGER),
    **dict.fromkeys(("numeric", "decimal"), Kind.NUMERIC),
    **dict.fromkeys(("real", "float", "double", "double precision", "float4", "float8"), Kind.FLOAT),
    **dict.fromkeys(("boolean", "bool"), Kind.BOOLEAN),
    **dict.fromkeys(("timestamp", "timestamptz", "datetime"), Kind.DATETIME),
    "date": Kind.DATE,
    **dict.fromkeys(("time", "timetz"), Kind.TIME),
    "interval": Kind.INTERVAL,
    "uuid": Kind.UUID,
    **dict.fromkeys(("json", "jsonb"), Kind.JSON),
    **dict.fromkeys(("bytea", "blob", "binary", "varbinary"), Kind.BYTES),
}
_TEXT = re.compile(
    r"(?P<name>[^()\[\]]*?)\s*(?:\(\s*(?P<first>\d+)\s*(?:,\s*(?P<second>-?\d+)\s*)?\))?"
    r"\s*(?P<zone>with time zone|without time zone)?(?P<array>(?:\[\d*\])+)?",
    re.IGNORECASE,
)
_ENUM = re.compile(r"(?P<name>.*?)(?P<array>\[\])? ENUM\((?P<members>.*)\)", re.DOTALL)
_DOMAIN = re.compile(r"(?P<name>.*?)(?P<array>\[\])? DOMAIN\((?P<base>.*)\)", re.DOTALL)
_BEHIND_TYPE = re.compile(r" (?:COLLATE|DEFAULT|NOT NULL|CHECK)\b")
_MEMBER = re.compile(r"E?'((?:[^']|'')*)'")


def meaning_of_text(sql: str, dialect_name: str) -> Meaning:
    """What a column of the type `sql`, as `read_tables` shows it, can be taken to hold."""
    if enum := _ENUM.fullmatch(sql):
        return Meaning(
            Kind.ARRAY if enum["array"] else Kind.ENUM, sql, members=tuple(literals(enum["members"])), native=True
        )
    if domain := _DOMAIN.fullmatch(sql):
        base = _BEHIND_TYPE.split(domain["base"])[0]
        return Meaning(Kind.ARRAY if domain["array"] else meaning_of_text(base, dialect_name).kind, sql)
    match = _TEXT.fullmatch(sql)
    if match is None:
        return Meaning(Kind.OTHER, sql)
    kind = _kind_of_text(match["name"].lower(), dialect_name)
    return Meaning(Kind.ARRAY, sql) if match["array"] else _with_numbers(kind, sql, match)


def literals(sql: str) -> list[str]:
    """The texts that are quoted in `sql`."""
    return [literal.replace("''", "'") for literal in _MEMBER.findall(sql)]


def _with_numbers(kind: Kind, sql: str, match: re.Match[str]) -> Meaning:
    first = int(match["first"]) if match["first"] else None
    second = int(match["second"]) if match["second"] else None
    is_zoned = (match["zone"] or "").lower() == "with time zone" or match["name"].lower() in ("timestamptz", "timetz")
    return Meaning(
        kind,
        sql,
        length=first if kind in (Kind.TEXT, Kind.BYTES) else None,
        precision=first if kind not in (Kind.TEXT, Kind.BYTES) else None,
        scale=second if kind is Kind.NUMERIC else None,
        timezone=is_zoned and kind in (Kind.DATETIME, Kind.TIME),
    )


def _kind_of_text(name: str, dialect_name: str) -> Kind:
    known = _TEXTS.get(name) or _TEXTS.get(name.partition(" ")[0] if name.startswith("interval") else "")
    return known or (_by_affinity(name) if dialect_name == "sqlite" else Kind.OTHER)


def _by_affinity(name: str) -> Kind:
    """The kind of what SQLite makes of values in a column whose type it does not know by name."""
    for parts, kind in ((("int",), Kind.INTEGER), (("char", "clob", "text"), Kind.TEXT), (("blob",), Kind.BYTES)):
        if any(part in name for part in parts):
            return kind
    return Kind.FLOAT if any(part in name for part in ("real", "floa", "doub")) else Kind.OTHER
