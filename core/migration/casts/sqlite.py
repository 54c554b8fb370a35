"""How values are converted in SQLite: by one function that Python lends it, and plain SQL where that is right, too.

A column holds anything there, whatever its type says; also text that is not UTF-8. So what is given to the function is
the storage class and, for text, the bytes: nothing that is stored can make a statement fail.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from core.migration.casts.limits import survives
from core.migration.casts.model import converter
from core.migration.casts.quick import quick, quick_to_keep
from core.migration.ledger.codec import encode, meaning_from
from core.migration.meaning import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from core.migration.casts.model import Convert, Stored
    from core.migration.meaning import Meaning

# Whatever is in the column may stay there as it is.
_WIDER = {(Kind.BOOLEAN, Kind.INTEGER), (Kind.ENUM, Kind.TEXT)}


def lend(connection: Connection, name: str, arguments: int, function: Callable[..., Any]) -> None:
    """Let SQL on this connection call `function`; it must always return the same for the same arguments."""
    driver: Any = connection.connection.dbapi_connection
    driver.create_function(name, arguments, function, deterministic=True)


def prepare(connection: Connection) -> None:
    """Lend the connection what `call` calls."""
    lend(connection, "aha_cast", 3, _cast)
    lend(connection, "aha_altered", 3, _altered)
    lend(connection, "aha_to_keep", 3, _to_keep)


def cast(column: str, before: Meaning, after: Meaning, members: Mapping[str, str]) -> tuple[str, bool]:
    """Return the SQL expression and whether it never fails."""
    if _stays(before, after):
        return column, True
    if after.kind is Kind.BYTES and before.kind is Kind.TEXT:
        return f"CAST({column} AS BLOB)", True
    called = call(column, before, after, members)
    if before.kind is Kind.INTEGER and after.kind is Kind.TEXT and after.length is None:
        # An INTEGER column may hold anything else; whatever it is, a TEXT column holds it, too.
        shown = f"coalesce({call(column, replace(before, kind=Kind.FLOAT), after, members)}, {column})"
        rest = f"WHEN typeof({column}) = 'real' THEN {shown} ELSE {column}"
        return f"CASE WHEN typeof({column}) = 'integer' THEN CAST({column} AS TEXT) {rest} END", True
    return quick(column, before, after, called), False


def to_keep(column: str, before: Meaning, after: Meaning, members: Mapping[str, str], *, spelled: bool) -> str:
    """Return the condition that the value as it is has to be kept; `spelled`: also if it comes back as another."""
    if spelled:
        called = call(column, before, after, members, function="aha_to_keep")
    else:
        called = f"{call(column, before, after, members)} IS NULL"
    return quick_to_keep(column, before, after, called, spelled=spelled)


def _stays(before: Meaning, after: Meaning) -> bool:
    """Whether every value is stored in the same way, and there is no new limit."""
    if (before.kind, after.kind) in _WIDER or before.kind is after.kind is Kind.TEXT:
        return after.kind is Kind.INTEGER or (_no_shorter(before, after) and survives("0", after, "sqlite"))
    if before.kind is not after.kind or after.kind is Kind.ENUM:
        return False
    if after.kind is Kind.NUMERIC:
        return after.precision is after.scale is None or (before.precision, before.scale) == (
            after.precision,
            after.scale,
        )
    return survives("0", after, "sqlite") or after.kind is not Kind.OTHER


def _no_shorter(before: Meaning, after: Meaning) -> bool:
    if after.length is None:
        return True
    longest = max((len(name) for name in before.members), default=None) if before.members else before.length
    return longest is not None and longest <= after.length


def call(
    column: str, before: Meaning, after: Meaning, members: Mapping[str, str], *, function: str = "aha_cast"
) -> str:
    """Return the call that converts `column`, or of another function that takes the same."""
    return f"{function}({told(column)}, {quoted(spec_of(before, after, members))})"


def spec_of(before: Meaning, after: Meaning, members: Mapping[str, str]) -> str:
    """Return what tells `converter_of` what to do."""
    return encode([before, after, dict(members)])


def told(column: str) -> str:
    """Return what a function is told of `column`: the storage class, and the value, of text the bytes."""
    return f"typeof({column}), CASE typeof({column}) WHEN 'text' THEN CAST({column} AS BLOB) ELSE {column} END"


def quoted(text: str) -> str:
    """Return `text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@lru_cache(maxsize=256)
def converter_of(spec: str) -> Convert:
    """Return the function that does what the `spec` of a call says."""
    before, after, members = json.loads(spec)
    return converter(meaning_from(before), meaning_from(after), tuple(sorted(members.items())), "sqlite")


@lru_cache(maxsize=256)
def _way_back(spec: str) -> Convert:
    before, after, _ = json.loads(spec)
    return converter(meaning_from(after), meaning_from(before), (), "sqlite")


def _cast(storage: str, value: Any, spec: str) -> Stored | None:
    if value is None:
        return None
    try:
        return converter_of(spec)(value.decode() if storage == "text" else value)
    except (ValueError, ArithmeticError, RecursionError):
        return None  # also for what nobody has thought of: the value is kept, and the migration goes on


def _altered(storage: str, value: Any, spec: str) -> bool:
    converted = _cast(storage, value, spec)
    return converted is not None and _comes_back_as_another(storage, value, spec, converted)


def _to_keep(storage: str, value: Any, spec: str) -> bool:
    converted = _cast(storage, value, spec)
    return converted is None or _comes_back_as_another(storage, value, spec, converted)


def _comes_back_as_another(storage: str, value: Any, spec: str, converted: Stored) -> bool:
    try:
        back = _way_back(spec)(converted)
        return bool(back != (value.decode() if storage == "text" else value))
    except (ValueError, ArithmeticError, RecursionError):
        return True  # to keep one more than needed does no harm
