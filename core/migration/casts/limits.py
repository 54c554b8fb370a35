"""Which values a column can hold, by the type that DDL writes for it. Pure; the limits of both databases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal

    from core.migration.meaning import Meaning

_BITS = {"SMALLINT": 16, "INT2": 16, "SMALLSERIAL": 16, "BIGINT": 64, "INT8": 64, "BIGSERIAL": 64}
_NUMERIC_LOOK = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")


def integer_bits(meaning: Meaning, dialect: str) -> int:
    """How many bits an integer may have, its sign included; SQLite has one size."""
    return 64 if dialect == "sqlite" else _BITS.get(meaning.sql.upper().split("(")[0].strip(), 32)


def fits_integer(number: Decimal | int, after: Meaning, dialect: str) -> bool:
    """Whether `number` is whole and not too large."""
    limit = 1 << integer_bits(after, dialect) - 1
    return -limit <= number < limit and number == int(number)


def decimals(meaning: Meaning) -> int | None:
    """How many decimals a NUMERIC holds; None if any number. One with a precision only has none."""
    return meaning.scale if meaning.scale is not None or meaning.precision is None else 0


def fits_numeric(number: Decimal, after: Meaning) -> bool:
    """Whether NUMERIC(p, s) takes `number` without rounding it."""
    scale = decimals(after)
    if scale is None:
        return True
    numerator, denominator = number.as_integer_ratio()
    scaled, rest = divmod(abs(numerator) * 10**scale, denominator)
    return rest == 0 and (after.precision is None or scaled < 10**after.precision)


def is_jsonb(meaning: Meaning) -> bool:
    """Whether JSON is stored as PostgreSQL's JSONB."""
    return meaning.sql.upper() == "JSONB"


def survives(value: Any, after: Meaning, dialect: str) -> bool:
    """Whether a text stays one: SQLite makes a number of it in a column whose type it takes for a number's."""
    numbers = dialect == "sqlite" and isinstance(value, str) and _makes_numbers(after.sql.upper())
    return not (numbers and _NUMERIC_LOOK.fullmatch(value))


def _makes_numbers(sql: str) -> bool:
    """SQLite's rule for the affinity of a declared type."""
    return bool(sql) and ("INT" in sql or not any(part in sql for part in ("CHAR", "CLOB", "TEXT", "BLOB")))


def is_char(meaning: Meaning) -> bool:
    """Whether PostgreSQL pads the text with blanks, or SQLAlchemy stores a UUID as hexadecimal digits."""
    name = meaning.sql.upper()
    return name.startswith("CHAR") and "VARYING" not in name


def is_float4(meaning: Meaning) -> bool:
    """Whether a float has single precision on PostgreSQL."""
    name = meaning.sql.upper()
    bits = re.fullmatch(r"FLOAT\s*\((\d+)\)", name)
    return name in {"REAL", "FLOAT4"} or bool(bits and int(bits[1]) <= 24)
