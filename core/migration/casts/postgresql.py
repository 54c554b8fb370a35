"""How values are converted in PostgreSQL: expressions whose CASEs let no cast see what it would raise for.

They stand in SELECT, UPDATE and ALTER COLUMN ... USING (where no subquery may), and mean the same whatever the
session's TimeZone and DateStyle. What each does to a value is said by `model.convert`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from core.migration.casts import values
from core.migration.casts.expressions import (
    counted,
    duration,
    from_number,
    matches,
    moment,
    narrowed,
    parsed,
    quoted,
    spelled,
    stored,
    text_of,
    when,
)
from core.migration.casts.functions import FUNCTIONS
from core.migration.casts.limits import integer_bits, is_float4
from core.migration.casts.model import COUNTED, NUMBERS, OPAQUE, WORDS
from core.migration.casts.total import is_total
from core.migration.meaning import Kind, Meaning
from core.migration.members import is_shift

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


# Floats have all their digits in text, bytes are hexadecimal digits, a backslash is nothing special.
_USUAL = {"extra_float_digits": "1", "bytea_output": "hex", "standard_conforming_strings": "on"}


def prepare(connection: Connection) -> None:
    """Make the functions in pg_temp, and values be written as servers do unless they are told otherwise."""
    for setting, usual in _USUAL.items():
        connection.exec_driver_sql(f"SELECT set_config('{setting}', '{usual}', false)")
    for function in FUNCTIONS:
        connection.exec_driver_sql(function)


def cast(column: str, before: Meaning, after: Meaning, members: Mapping[str, str]) -> tuple[str, bool]:
    """Return the SQL expression and whether it never fails."""
    if before.kind is after.kind is Kind.ARRAY and after.members:
        known = before.members and {members.get(name, name) for name in before.members} <= set(after.members)
        return _array(column, after, members), bool(known)
    if before.sql == after.sql and before.kind is after.kind is not Kind.ENUM:
        return column, True
    old, new = _opaque(before), _opaque(after)
    return _converted(column, old, new, members), is_total(old, new, members)


def _opaque(meaning: Meaning) -> Meaning:
    """A time of day in a time zone is no Time anywhere else."""
    return replace(meaning, kind=Kind.OTHER) if meaning.kind is Kind.TIME and meaning.timezone else meaning


def _converted(x: str, before: Meaning, after: Meaning, members: Mapping[str, str]) -> str:
    old, new = before.kind, after.kind
    if new is Kind.ENUM:
        return _member(x, before, after, members)
    if old is new:
        return _restored(x, before, after)
    if new is Kind.TEXT:
        return _spelled(x, before, after)
    if old is Kind.TEXT:
        return parsed(f"({x})::text", after)
    if new is Kind.JSON:
        return _as_json(x, before, after)
    if old is Kind.JSON:
        return _from_json(x, after)
    if old in COUNTED and new in COUNTED and (old in NUMBERS or new in NUMBERS):
        return _recounted(x, before, after)
    return _rare(x, before, after)


def _nothing(after: Meaning) -> str:
    return f"NULL::{after.sql}"


def _member(x: str, before: Meaning, after: Meaning, members: Mapping[str, str]) -> str:
    if before.kind is Kind.JSON:
        document = f"(({x})::text::json)"
        x = when(f"json_typeof({document}) = 'string'", f"pg_temp.aha_string({document})")
    elif before.kind not in {Kind.TEXT, Kind.ENUM, Kind.INTEGER}:
        return _nothing(after)
    if not after.members:
        return _nothing(after)
    name = text_of(x)
    name = renamed(name, members)
    known = ", ".join(map(quoted, after.members))
    return when(f"{name} IN ({known})", f"{name}::{after.sql}")


def _array(x: str, after: Meaning, members: Mapping[str, str]) -> str:
    """An array of enum members: it follows only as a whole."""
    names = replaced(f"({x})::text[]", members)
    known = f"ARRAY[{', '.join(map(quoted, after.members))}]::text[]"
    return when(f"array_replace({names}, NULL, {quoted(after.members[0])}) <@ {known}", f"{names}::{after.sql}")


def renamed(name: str, members: Mapping[str, str]) -> str:
    """What the member `name` is called now, an SQL text like it."""
    cases = " ".join(f"WHEN {quoted(old)} THEN {quoted(new)}" for old, new in members.items())
    return f"(CASE {name} {cases} ELSE {name} END)" if members else name


def replaced(names: str, members: Mapping[str, str]) -> str:
    """The same for an array of texts: one after the other, so by way of names that no member has."""
    aside = {new: new for new in members.values()}
    if is_shift(members):
        taken = {*members, *members.values()}
        aside = {new: next(name for name in (new + "\x1f" * n for n in count(1)) if name not in taken) for new in aside}
    ways = [*((old, aside[new]) for old, new in members.items()), *((way, new) for new, way in aside.items())]
    for old, new in ways:
        names = names if old == new else f"array_replace({names}, {quoted(old)}, {quoted(new)})"
    return names


def _restored(x: str, before: Meaning, after: Meaning) -> str:
    """A value in another type of the same kind."""
    match after.kind:
        case Kind.INTEGER:
            wider = integer_bits(before, "postgresql") <= integer_bits(after, "postgresql")
            return f"({x})::{after.sql}" if wider else from_number(f"({x})", after)
        case Kind.NUMERIC:
            return from_number(counted(x, before), after) if after.precision is not None else f"({x})::{after.sql}"
        case Kind.FLOAT if is_float4(before) != is_float4(after):
            endless = f"NOT abs({x}) < 'Infinity'"
            finite = narrowed(f"({x})", after) if is_float4(after) else f"({x})::text::{after.sql}"
            return f"CASE WHEN {endless} THEN ({x})::{after.sql} ELSE {finite} END"
        case Kind.DATETIME:
            same_zone = before.timezone == after.timezone
            return stored(f"({x})" if same_zone else f"(({x}) AT TIME ZONE 'UTC')", replace(after, timezone=False))
        case Kind.INTERVAL:
            return stored(duration(x, before), after)
        case Kind.UUID:
            return stored(f"({x})::text::uuid", after)
        case Kind.JSON | Kind.ARRAY | Kind.OTHER:
            return parsed(spelled(x, before), after)
        case _:
            return stored(f"({x})::text" if after.kind is Kind.TEXT else f"({x})", after)


def _spelled(x: str, before: Meaning, after: Meaning) -> str:
    text = spelled(x, before)
    if before.kind in OPAQUE:
        text = when(f"pg_temp.aha_same({text}, {quoted(before.sql)})", text)
    return stored(text, after)


def _recounted(x: str, before: Meaning, after: Meaning) -> str:
    n = counted(x, before)
    if {before.kind, after.kind} == {Kind.FLOAT, Kind.INTEGER}:
        exact = f"({x}) BETWEEN {-values.LAST_INTEGER} AND {values.LAST_INTEGER}"
        return when(exact, from_number(n, after))
    if before.kind is Kind.FLOAT and after.kind is Kind.DATETIME:
        return stored(f"pg_temp.aha_moment({n}, true)", after)
    if before.kind is not Kind.DATETIME:
        return from_number(n, after)
    whole = f"{n} = trunc({n})" if after.kind is Kind.INTEGER else "true"
    seconds = f"abs({n}) < {values.FIRST_MILLISECONDS} AND {whole} THEN {from_number(n, after)}"
    milliseconds = f"abs({n}) * 1000 >= {values.FIRST_MILLISECONDS} THEN {from_number(f'({n} * 1000)', after)}"
    return f"CASE WHEN {seconds} WHEN {milliseconds} END"


def _rare(x: str, before: Meaning, after: Meaning) -> str:
    match before.kind, after.kind:
        case Kind.ENUM, Kind.INTEGER:
            return parsed(f"({x})::text", after)
        case Kind.DATE, Kind.DATETIME:
            in_calendar = f"({x}) BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
            return when(in_calendar, stored(f"({x})::timestamp", after))
        case Kind.DATETIME, Kind.DATE:
            day = moment(x, before)
            return when(f"{day} = date_trunc('day', {day})", f"({day})::date")
        case Kind.UUID, Kind.BYTES:
            return f"uuid_send(({x})::text::uuid)"
        case Kind.BYTES, Kind.UUID:
            return when(f"length({x}) = 16", stored(f"encode({x}, 'hex')::uuid", after))
        case _:
            return _nothing(after)


# --- JSON --------------------------------------------------------------------------------------------------------


def _as_json(x: str, before: Meaning, after: Meaning) -> str:
    if before.kind is Kind.BOOLEAN:
        return f"to_json({x})::{after.sql}"
    if before.kind in {Kind.FLOAT, *WORDS}:
        text = spelled(x, before)
        document = f"({text})::{after.sql}" if before.kind is Kind.FLOAT else f"to_json({text})::{after.sql}"
        return when(f"{text} IS NOT NULL", document)
    if before.kind in NUMBERS:
        number = f"trim_scale({counted(x, before)})"
        return f"{number}::text::{after.sql}"
    if before.kind is Kind.ARRAY:
        return f"to_json({x})::text::{after.sql}"
    return _nothing(after)


def _from_json(x: str, after: Meaning) -> str:
    document = f"(({x})::text::json)"
    kind = f"json_typeof{document}"
    string = f"({document} #>> '{{}}')"
    if after.kind in WORDS:
        return when(f"{kind} = 'string'", parsed(f"pg_temp.aha_string({document})", after))
    if after.kind is Kind.BOOLEAN:
        return when(f"{kind} = 'boolean'", f"({string} = 'true')")
    if after.kind in NUMBERS:
        known = f"length({string}) <= {values.MAX_NUMBER} AND {matches(string, values.JSON_NUMBER)}"
        return when(f"{kind} = 'number'", when(known, from_number(f"({string})::numeric", after)))
    return _nothing(after)
