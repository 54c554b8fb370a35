"""PostgreSQL expressions for reading and writing the values of each kind: as text, as a number, as what is stored.

Every function takes SQL and returns SQL; NULL is what cannot be said. Which are put together for which change is told
in `postgresql`.
"""

from __future__ import annotations

import re

from core.migration.casts import values
from core.migration.casts.limits import decimals, integer_bits, is_char, is_float4, is_jsonb
from core.migration.meaning import Kind, Meaning

_CALENDAR = "TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"
# What PostgreSQL reads as we do, whatever its settings, on a day that every month has.
_USUAL_MOMENT = f"[0-9]{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])[T ]{values.TIME}"
_EPOCH = "TIMESTAMP '1970-01-01'"


def quoted(text: str) -> str:
    """Return `text` as an SQL literal."""
    escaped = text.replace("'", "''")
    # With a backslash the meaning of '...' would depend on a setting.
    return f"'{escaped}'" if "\\" not in text else "E'" + escaped.replace("\\", "\\\\") + "'"


def when(condition: str, value: str) -> str:
    """Return `value` where the condition holds, which is looked at first."""
    return f"CASE WHEN {condition} THEN {value} END"


def text_of(x: str) -> str:
    """The value as PostgreSQL writes it, to be compared byte by byte."""
    return f'(({x})::text COLLATE "C")'


def matches(text: str, pattern: str) -> str:
    """Whether the whole of `text` matches."""
    return f"{text} ~ '^(?:{pattern})$'"


# --- what is stored, read ----------------------------------------------------------------------------------------


def moment(x: str, meaning: Meaning) -> str:
    """A DateTime as a timestamp in UTC, if Python's calendar has it."""
    utc = f"(({x}) AT TIME ZONE 'UTC')" if meaning.timezone else f"({x})"
    return when(f"{utc} BETWEEN {_CALENDAR}", utc)


def duration(x: str, meaning: Meaning) -> str:
    """An Interval as one; SQLAlchemy may store it as a timestamp."""
    return f"(({x}) - {_EPOCH})" if _is_timestamp(meaning) else f"({x})"


def counted(x: str, meaning: Meaning) -> str:
    """A value as the number that it is: seconds for moments and lengths of time."""
    match meaning.kind:
        case Kind.NUMERIC:
            return when(f"{text_of(x)} NOT IN ('NaN', 'Infinity', '-Infinity')", f"({x})")
        case Kind.FLOAT:
            return when(f"abs({x}) < 'Infinity'", f"({x})::text::numeric")
        case Kind.DATETIME:
            return _seconds(moment(x, meaning), "extract(epoch FROM date_trunc('minute', {}))::numeric")
        case Kind.INTERVAL:
            length = duration(x, meaning)
            whole = "(extract(day FROM {0}) * 86400 + extract(hour FROM {0}) * 3600 + extract(minute FROM {0}) * 60)"
            no_months = f"isfinite({length}) AND extract(year FROM {length}) = 0 AND extract(month FROM {length}) = 0"
            return when(no_months, _seconds(length, whole + "::numeric"))
        case _:
            return f"({x})::int::numeric" if meaning.kind is Kind.BOOLEAN else f"({x})::numeric"


def _seconds(x: str, minutes: str) -> str:
    # Exact also on PostgreSQL 13, where extract() returns a float: each of the two parts is an integer.
    return f"({minutes.format(x)} + extract(microseconds FROM {x})::numeric * 0.000001)"


def spelled(x: str, meaning: Meaning) -> str:
    """A value as the text that it is converted to."""
    match meaning.kind:
        case Kind.NUMERIC:
            scale = decimals(meaning)
            return f"(trim_scale({counted(x, meaning)})::text)" if scale is None else f"({counted(x, meaning)})::text"
        case Kind.FLOAT:
            return f"pg_temp.aha_spell_float(({x})::text::float8)"
        case Kind.DATETIME:
            zone = "+00:00" if meaning.timezone else ""
            return _with_fraction(moment(x, meaning), 'YYYY-MM-DD"T"HH24:MI:SS', zone)
        case Kind.DATE:
            return when(f"({x}) BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'", f"to_char({x}, 'YYYY-MM-DD')")
        case Kind.TIME:
            return when(f"({x}) < TIME '24:00'", _with_fraction(f"({x})", "HH24:MI:SS"))
        case Kind.INTERVAL:
            return f"('PT' || trim_scale({counted(x, meaning)})::text || 'S')"
        case Kind.UUID:
            return f"({x})::text::uuid::text"
        case Kind.BYTES:
            return f"pg_temp.aha_utf8({x})"
        case Kind.ARRAY | Kind.OTHER:
            return f"format('%s', {x})"  # as it is shown: an inet's ::text has a mask that it is shown without
        case _:
            return f"({x})::text"


def _with_fraction(x: str, form: str, zone: str = "") -> str:
    fraction = f"CASE WHEN extract(microseconds FROM {x})::bigint % 1000000 = 0 THEN '' ELSE to_char({x}, '.US') END"
    return f"(to_char({x}, '{form}') || {fraction} || '{zone}')"


# --- what is to be stored, written -------------------------------------------------------------------------------


def parsed(text: str, after: Meaning) -> str:
    """The value that `text` spells, to be stored."""
    t = text_of(text)
    match after.kind:
        case Kind.INTEGER:
            return _parsed_integer(t, after)
        case Kind.NUMERIC:
            valid = f"length({t}) <= {values.MAX_NUMBER} AND {matches(t, values.DECIMAL)} AND NOT {_zero_with_minus(t)}"
            return when(valid, from_number(f"{t}::numeric", after))
        case Kind.FLOAT:
            return _parsed_float(t, after)
        case Kind.BOOLEAN:
            true, false = (", ".join(map(quoted, words)) for words in (values.TRUE, values.FALSE))
            return f"CASE WHEN lower({t}) IN ({true}) THEN true WHEN lower({t}) IN ({false}) THEN false END"
        case Kind.UUID:
            return when(matches(t, f"{values.HEX_UUID}|{values.UUID_TEXT}"), stored(f"{t}::uuid", after))
        case Kind.TIME:
            return when(matches(t, values.TIME), stored(f"{t}::time", after))
        case Kind.INTERVAL:
            seconds = f"pg_temp.aha_duration(substr({t}, 3, length({t}) - 3)::numeric)"
            return when(f"length({t}) <= {values.MAX_NUMBER} AND {matches(t, values.DURATION)}", stored(seconds, after))
        case _:
            return _parsed_by_function(text, t, after)


def _parsed_by_function(text: str, t: str, after: Meaning) -> str:
    match after.kind:
        case Kind.DATETIME:
            return stored(_parsed_moment(text, t), after)
        case Kind.DATE:
            return stored(f"pg_temp.aha_date({text})", after)
        case Kind.JSON:
            return f"pg_temp.aha_jsonb({text})" if is_jsonb(after) else f"pg_temp.aha_json({text})"
        case Kind.BYTES:
            return f"convert_to(({text})::text, 'UTF8')"
        case Kind.TEXT:
            return stored(text, after)
        case _:
            return when(f"pg_temp.aha_same({t}, {quoted(after.sql)})", f"({text})::text::{after.sql}")


def _parsed_moment(text: str, t: str) -> str:
    usual = f"{matches(t, _USUAL_MOMENT)} AND {t} >= '0001'"
    is_epoch = f"{matches(t, values.EPOCH_TEXT)} AND NOT {matches(t, values.STAMP)}"
    is_float = f"length(translate({t}, '-.', '')) <= {values.FLOAT_DIGITS}"
    epoch = f"pg_temp.aha_moment({t}::numeric, {is_float})"
    iso = f"pg_temp.aha_iso({text})"
    return f"(CASE WHEN {usual} THEN {t}::timestamp WHEN {is_epoch} THEN {epoch} ELSE {iso} END)"


def _parsed_integer(t: str, after: Meaning) -> str:
    safe = {16: 4, 32: 9, 64: 18}[integer_bits(after, "postgresql")]
    short = when(matches(t, f"0|-?[1-9][0-9]{{0,{safe - 1}}}"), f"{t}::{after.sql}")
    long = f"length({t}) <= 20 AND {matches(t, values.INTEGER)}"
    return f"{short[:-4]} WHEN {long} THEN {from_number(f'{t}::numeric', after)} END"


def _zero_with_minus(t: str) -> str:
    return f"({matches(t, '-[0.]+')})"


def _parsed_float(t: str, after: Meaning) -> str:
    short = f"length({t}) <= {values.MAX_NUMBER}"
    plain = f"WHEN {short} AND {matches(t, values.DECIMAL)} THEN {from_number(f'{t}::numeric', after)}"
    known = f"pg_temp.aha_spell_float(pg_temp.aha_float({t}::numeric)) = {t}"
    scientific = f"WHEN length({t}) <= 30 AND {matches(t, values.SCIENTIFIC)} THEN " + when(
        known, from_number(f"{t}::numeric", after)
    )
    return f"CASE WHEN {_zero_with_minus(t)} THEN '-0'::{after.sql} {plain} {scientific} END"


def from_number(n: str, after: Meaning) -> str:
    """The value that the number `n` stands for, to be stored."""
    match after.kind:
        case Kind.INTEGER:
            limit = 1 << integer_bits(after, "postgresql") - 1
            return when(f"{n} = trunc({n}) AND {n} BETWEEN {-limit} AND {limit - 1}", f"({n})::{after.sql}")
        case Kind.NUMERIC:
            return _limited_numeric(n, after)
        case Kind.FLOAT:
            return _as_float(n, after)
        case Kind.BOOLEAN:
            return when(f"{n} IN (0, 1)", f"({n} = 1)")
        case Kind.DATETIME:
            return stored(f"pg_temp.aha_moment({n}, false)", after)
        case _:
            return stored(f"pg_temp.aha_duration({n})", after)


def _limited_numeric(n: str, after: Meaning) -> str:
    scale = decimals(after)
    if scale is None:
        return f"({n})::{after.sql}"
    small = f" AND abs({n}) < 1e{after.precision - scale}" if after.precision is not None else ""
    return when(f"{n} = round({n}, {scale}){small}", f"({n})::{after.sql}")


def _as_float(n: str, after: Meaning) -> str:
    wide = f"pg_temp.aha_float({n})"
    return narrowed(wide, after) if is_float4(after) else f"{wide}::{after.sql}"


def narrowed(x: str, after: Meaning) -> str:
    """The float `x` with single precision, if it is shown as the same."""
    in_range = f"{x} = 0 OR abs({x}) BETWEEN 1.2e-38 AND 3.4028234e38"
    narrow = f"({x})::float4"
    return when(in_range, when(f"{narrow}::text::float8 = {x}", f"{narrow}::{after.sql}"))


def stored(x: str, after: Meaning) -> str:
    """`x`, which is of the kind already, as exactly the type of `after`; NULL if that would change it."""
    match after.kind:
        case Kind.TEXT:
            return _limited_text(x, after)
        case Kind.DATETIME:
            return _unrounded(f"({x} AT TIME ZONE 'UTC')" if after.timezone else f"({x})", after)
        case Kind.TIME:
            return _unrounded(f"({x})", after)
        case Kind.INTERVAL:
            return _unrounded(f"({_EPOCH} + {x})" if _is_timestamp(after) else f"({x})", after)
        case Kind.UUID if is_char(after):
            return f"replace(({x})::text, '-', '')::{after.sql}"
        case _:
            return f"({x})::{after.sql}"


def _limited_text(x: str, after: Meaning) -> str:
    conditions = []
    if after.length is not None:
        conditions.append(f"length({x}) <= {after.length}")
    if is_char(after):
        conditions.append(f"right({x}, 1) <> ' '")
    typed = f"({x})::{after.sql}"
    return when(" AND ".join(conditions), typed) if conditions else typed


def _unrounded(x: str, after: Meaning) -> str:
    typed = f"{x}::{after.sql}"
    return when(f"{typed} = {x}", typed) if re.search(r"\(\d\)", after.sql) else typed


def _is_timestamp(meaning: Meaning) -> bool:
    return meaning.sql.upper().startswith("TIMESTAMP")
