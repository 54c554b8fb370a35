"""Values of columns that mean something else in the other database: converted, and compared."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from core.backup.copy_values.forms import Convert, Unfit, shown, unchanged
from core.migration.casts import cast as casts
from core.migration.casts.limits import is_char
from core.migration.meaning import Kind, Meaning


def converted(before: Meaning, after: Meaning, dialect: str) -> Convert:
    """The function that makes of a value under `before` one under `after`, both as SQLite stores them."""
    if before.kind is after.kind:
        return unchanged

    def convert(value: Any) -> Any:
        found = casts.convert(value, before, after, dialect=dialect)
        if found is None and value is not None:
            raise Unfit(f"{shown(value)} is no {after.kind}")
        return found

    return convert


def compared(before: Meaning, after: Meaning) -> Convert | None:
    """What a value is compared by where a database may write the same in another way; None: by itself."""
    kinds = {before.kind, after.kind}
    if kinds == {Kind.JSON}:
        return _same_document
    if kinds == {Kind.TEXT} and (is_char(before) or is_char(after)):
        return _without_blanks
    if kinds & {Kind.ARRAY, Kind.OTHER}:
        return _as_text
    return None


def _without_blanks(value: Any) -> Any:
    return value.rstrip(" ") if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    return repr(value) if isinstance(value, int | float) else value


def _same_document(value: Any) -> Any:
    """A document whatever its blanks and the order of its keys; its numbers by their value."""
    if value is None:
        return None
    try:
        return json.dumps(json.loads(value, parse_float=_digits, parse_int=_digits), sort_keys=True)
    except (ValueError, RecursionError):
        return value


def _digits(text: str) -> str:
    try:
        return f"number {Decimal(text).normalize()}"
    except InvalidOperation:
        return text
