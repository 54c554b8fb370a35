"""Which changes of type keep every value on PostgreSQL, so that nobody needs to look for those that they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.casts.limits import decimals, integer_bits, is_char, is_float4, is_jsonb
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SPELLED = {Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN, Kind.UUID, Kind.ENUM, Kind.JSON}


def is_total(before: Meaning, after: Meaning, members: Mapping[str, str]) -> bool:
    """Whether every value of `before` has a form under `after`."""
    if after.kind is Kind.TEXT:
        longest = _longest(before)
        short = after.length is None or (longest is not None and longest <= after.length)
        return before.kind in _SPELLED and short and not is_char(after)
    if after.kind is Kind.ENUM:
        return before.native and {members.get(name, name) for name in before.members} <= set(after.members)
    known = _KNOWN.get((before.kind, after.kind))
    return known is not None and known(before, after)


def _longest(before: Meaning) -> int | None:
    """How many characters the text of a value has at most."""
    match before.kind:
        case Kind.TEXT:
            return before.length
        case Kind.INTEGER:
            return {16: 6, 32: 11, 64: 20}[integer_bits(before, "postgresql")]
        case Kind.ENUM:
            return max(map(len, before.members), default=0) if before.native else before.length
        case _:
            return {Kind.BOOLEAN: 5, Kind.UUID: 36}.get(before.kind)


def _digits(meaning: Meaning) -> tuple[float, float]:
    """How many digits may stand before the point, and how many after it."""
    if meaning.kind is Kind.INTEGER:
        return {16: 5, 32: 10, 64: 19}[integer_bits(meaning, "postgresql")], 0
    if meaning.kind is Kind.BOOLEAN:
        return 1, 0
    scale, infinite = decimals(meaning), float("inf")
    return (infinite, infinite) if scale is None or meaning.precision is None else (meaning.precision - scale, scale)


def _enough_digits(before: Meaning, after: Meaning) -> bool:
    needed, given = _digits(before), _digits(after)
    return needed[0] <= given[0] and needed[1] <= given[1]


def _enough_bits(before: Meaning, after: Meaning) -> bool:
    return integer_bits(before, "postgresql") <= integer_bits(after, "postgresql")


def _exact_float(before: Meaning, after: Meaning) -> bool:
    return integer_bits(before, "postgresql") <= (16 if is_float4(after) else 32)


def _always(_: Meaning, __: Meaning) -> bool:
    return True


def _same_precision(_: Meaning, after: Meaning) -> bool:
    return "(" not in after.sql


_KNOWN: Mapping[tuple[Kind, Kind], Callable[[Meaning, Meaning], bool]] = {
    (Kind.INTEGER, Kind.INTEGER): _enough_bits,
    (Kind.INTEGER, Kind.NUMERIC): _enough_digits,
    (Kind.INTEGER, Kind.FLOAT): _exact_float,
    (Kind.INTEGER, Kind.JSON): _always,
    (Kind.NUMERIC, Kind.NUMERIC): lambda _, after: decimals(after) is None,
    (Kind.FLOAT, Kind.FLOAT): lambda before, after: not is_float4(after) or is_float4(before),
    (Kind.BOOLEAN, Kind.INTEGER): _always,
    (Kind.BOOLEAN, Kind.NUMERIC): _enough_digits,
    (Kind.BOOLEAN, Kind.FLOAT): _always,
    (Kind.BOOLEAN, Kind.JSON): _always,
    (Kind.DATETIME, Kind.DATETIME): _same_precision,
    (Kind.TIME, Kind.TIME): _same_precision,
    (Kind.DATE, Kind.DATE): _always,
    (Kind.UUID, Kind.UUID): _always,
    (Kind.UUID, Kind.JSON): _always,
    (Kind.UUID, Kind.BYTES): _always,
    (Kind.ENUM, Kind.JSON): _always,
    (Kind.BOOLEAN, Kind.BOOLEAN): _always,
    (Kind.BYTES, Kind.BYTES): _always,
    (Kind.TEXT, Kind.BYTES): _always,
    (Kind.JSON, Kind.JSON): lambda _, after: not is_jsonb(after),
}
