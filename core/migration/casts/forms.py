"""How kept values and the keys of their rows are written as text, losslessly, and read again in SQL. It runs none.

A value is its text, together with its form: "text", "integer", "real", "blob" (the text has two hexadecimal digits for
each byte), "bad text" (the same for text that is not UTF-8 or has a NUL). A key is JSON; what that cannot say is an
object: {"blob": "00ff"}, {"bad text": ...}, {"real": "inf"}.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.migration.casts.sqlite import converter_of, lend, told
from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

# What PostgreSQL reads a kept value as before it is converted; of all others the text.
_TYPES = {
    Kind.INTEGER: "BIGINT",
    Kind.NUMERIC: "NUMERIC",
    Kind.FLOAT: "DOUBLE PRECISION",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATETIME: "TIMESTAMP WITHOUT TIME ZONE",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME WITHOUT TIME ZONE",
    Kind.INTERVAL: "INTERVAL",
    Kind.UUID: "UUID",
    Kind.JSON: "JSON",
    Kind.BYTES: "BYTEA",
}
_TEXT = Meaning(Kind.TEXT, "TEXT")


def prepare(connection: Connection) -> None:
    """Lend an SQLite connection what the expressions call."""
    lend(connection, "aha_form", 2, lambda storage, value: _told(storage, value)[0])
    lend(connection, "aha_text", 2, lambda storage, value: _told(storage, value)[1])
    lend(connection, "aha_json", 2, _json)
    lend(connection, "aha_read", 2, read)
    lend(connection, "aha_names", 1, lambda key: json.dumps(list(json.loads(key))))
    lend(connection, "aha_renamed", 2, _renamed)
    lend(connection, "aha_rekeyed", 3, _rekeyed)


def _told(storage: str, value: Any) -> tuple[str, str | None]:
    """The form of a value that SQLite stores in this class, and its text; of text SQLite tells the bytes."""
    if storage == "blob":
        return "blob", value.hex()
    if storage != "text":
        return storage, None if value is None else repr(value)
    if b"\0" not in value:
        try:
            return "text", value.decode()
        except UnicodeDecodeError:
            pass
    return "bad text", value.hex()


def read(form: str, text: str) -> str | int | float | bytes:
    """The value of a form that has this text; of text that is not UTF-8 its bytes."""
    match form:
        case "integer":
            return int(text)
        case "real":
            return float(text)
        case "blob" | "bad text":
            return bytes.fromhex(text)
        case _:
            return text


def _json(storage: str, value: Any) -> str:
    form, text = _told(storage, value)
    if form == "text":
        return json.dumps(text, ensure_ascii=False)
    plain = form == "integer" or (form == "real" and math.isfinite(value))
    return "null" if text is None else text if plain else json.dumps({form: text})


def read_key(document: str) -> dict[str, Any]:
    """The key of a row, by column."""
    return {
        name: read(*next(iter(value.items()))) if isinstance(value, dict) else value
        for name, value in json.loads(document).items()
    }


def _renamed(document: str, names: str) -> str:
    new, said = json.loads(names), json.loads(document)
    return json.dumps({new.get(name, name): value for name, value in said.items()}, ensure_ascii=False)


def _rekeyed(document: str, column: str, spec: str) -> str:
    """The key when the type of its column changes, as the `spec` of a conversion says."""
    said, old = json.loads(document), read_key(document).get(column)
    new = None if old is None else converter_of(spec)(old)
    if new is None:
        return document
    said[column] = {"blob": new.hex()} if isinstance(new, bytes) else new
    return json.dumps(said, ensure_ascii=False)


def now(dialect: str) -> str:
    """The SQL of the present moment, in UTC."""
    return "strftime('%Y-%m-%d %H:%M:%f000')" if dialect == "sqlite" else "now() AT TIME ZONE 'UTC'"


def written(dialect: str, column: str, before: Meaning) -> tuple[str, str]:
    """The SQL of the form of what is in `column`, and of its text."""
    if dialect == "sqlite":
        return f"aha_form({told(column)})", f"aha_text({told(column)})"
    kind = _kind(before)
    match kind:
        case Kind.BYTES:
            return "'blob'", f"encode({column}, 'hex')"
        case Kind.BOOLEAN:
            return "'integer'", f"({column})::int::text"
        case Kind.DATETIME:
            moment = f"({column} AT TIME ZONE 'UTC')" if before.timezone else column
            return "'text'", f"(to_json({moment}) #>> '{{}}')"
        case Kind.DATE | Kind.TIME:
            return "'text'", f"(to_json({column}) #>> '{{}}')"
        case _:
            if kind in {Kind.ARRAY, Kind.OTHER}:
                return "'text'", f"format('%s', {column})"
            form = {Kind.INTEGER: "integer", Kind.NUMERIC: "real", Kind.FLOAT: "real"}.get(kind, "text")
            return f"'{form}'", f"({column})::text"


def _written_in_json(dialect: str, column: str) -> str:
    if dialect == "postgresql":
        return f"coalesce(to_json({column})::text, 'null')"
    return f"CASE typeof({column}) WHEN 'integer' THEN CAST({column} AS TEXT) ELSE aha_json({told(column)}) END"


def written_key(dialect: str, columns: Sequence[str], names: Sequence[str]) -> str:
    """The SQL that writes the key of a row as an object; `columns` are the SQL of those that are called `names`."""
    parts = [
        f"{_quoted(json.dumps(name, ensure_ascii=False) + ': ')} || {_written_in_json(dialect, column)}"
        for name, column in zip(names, columns, strict=True)
    ]
    return "('{' || " + " || ', ' || ".join(parts or ["''"]) + " || '}')"


def names_of(dialect: str, key: str) -> str:
    """The SQL of the names of a key's columns, as a JSON array."""
    if dialect == "sqlite":
        return f"aha_names({key})"
    return f"(SELECT coalesce(json_agg(name)::text, '[]') FROM json_object_keys({key}::json) AS name)"


def as_read(dialect: str, row: str, before: Meaning) -> tuple[str, Meaning]:
    """The SQL of the value that `row` of the kept values had, and the meaning that it has now."""
    form, text = f"{row}.form", f"{row}.value"
    if dialect == "sqlite":
        value = f"aha_read({form}, {text})"
        bad = f"WHEN 'bad text' THEN CAST({value} AS TEXT)"
        return f"(CASE {form} WHEN 'text' THEN {text} {bad} ELSE {value} END)", before
    if before.kind is Kind.BYTES:
        return f"CASE {form} WHEN 'blob' THEN decode({text}, 'hex') END", replace(before, sql="BYTEA")
    good = f"CASE WHEN {form} NOT IN ('blob', 'bad text') THEN {text} END"
    sql = _TYPES.get(_kind(before))
    if sql is None:
        return good, replace(before, sql="TEXT") if before.kind is Kind.ENUM else _TEXT
    value = f"pg_temp.aha_as({good}, NULL::{sql})"
    if before.timezone and before.kind is Kind.DATETIME:
        return f"({value} AT TIME ZONE 'UTC')", replace(before, sql="TIMESTAMP WITH TIME ZONE")
    return value, replace(before, sql=sql, timezone=False)


def _kind(meaning: Meaning) -> Kind:
    """What a value is on PostgreSQL, whose Intervals may be timestamps."""
    if meaning.kind is Kind.INTERVAL and meaning.sql.upper().startswith("TIMESTAMP"):
        return Kind.DATETIME
    return Kind.OTHER if meaning.kind is Kind.TIME and meaning.timezone else meaning.kind


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
