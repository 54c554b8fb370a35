"""Stored values of every kind, for the tests of migration: how they get into a database, and out again in one form."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.migration.meaning import Kind, Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

MEMBERS = {"old": "new", "7": "seven"}
_NAMES = ("new", "seven", "it's", "red")

VALUES: Mapping[Kind, Sequence[Any]] = {
    Kind.TEXT: [
        None,
        "",
        "5",
        "-5",
        "007",
        " 5 ",
        "+5",
        "-0",
        "0",
        "1.50",
        "1.5",
        "3.0",
        "3.14159",
        "1e5",
        "1e-07",
        "1e+16",
        "-0.0",
        "99",
        "99.995",
        "32767",
        "32768",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "9223372036854775807",
        "9223372036854775808",
        "9007199254740993",
        "0.1",
        "123456789.123456789123",
        "12345678901234567890.5",
        "1.7976931348623157e+308",
        "1e+999",
        "1" * 400,
        "1" * 1001,
        "NaN",
        "Infinity",
        "inf",
        "0x10",
        "1_000",
        "٣",
        "5\n",
        "true",
        "YES",
        "off",
        "T",
        " true",
        "0.0",
        "y",
        "İ",
        "2024-02-29",
        "2023-02-29",
        "0000-01-01",
        "2024-13-01",
        "2024-02-30",
        "0001-01-01",
        "9999-12-31T23:59:59.999999",
        "2024-01-01T12:30:45Z",
        "2024-01-01 12:30:45.5+08:00",
        "2024-01-01T12:30-0330",
        "2024-01-01T24:00:00",
        "2024-01-01T12:30:45.123456000",
        "2024-01-01T12:30:45.1234567",
        "0001-01-01T00:00+01",
        "9999-12-31T23:59-01",
        "2024-01-01t12:00",
        "20240101",
        "20240101123000",
        "2024010112",
        "1700000000",
        "170000000",
        "1700000000123",
        "170000000000",
        "1700000000.25",
        "1700000000.1234567",
        "1700000000.12345678",
        "1699999999.9999995",
        "1700000000123.4567",
        "-1700000000.5",
        "-1700000000000",
        "-99999999999",
        "253402300799999.5",
        "+1700000000",
        " 1700000000",
        "1700000000\n",
        "12:30",
        "12:30:45.000001",
        "24:00",
        "PT5S",
        "PT-0.5S",
        "PT1000000000000S",
        "P1D",
        "12345678-1234-5678-1234-567812345678",
        "12345678123456781234567812345678",
        "ABCDEF12-1234-5678-1234-56781234567F",
        "{12345678-1234-5678-1234-567812345678}",
        "ABCDEF12123456781234567812345678",
        '{"a": 1}',
        '{"a": 1, "a": 2}',
        '["x", {"b": [1.50, null]}]',
        '"text"',
        "null",
        "[1,]",
        "'a'",
        '"\\u0000"',
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        '"\\\\u0000"',
        "[NaN]",
        " 5",
        "1e400",
        "-0.0e5",
        "old",
        "new",
        "OLD",
        "it's",
        "red",
        "blue",
        "7",
        "seven",
        "ü€😀",
        "trailing ",
        "1.0000000000000000000000000000000001",
        "a" * 300,
    ],
    Kind.INTEGER: [
        None,
        0,
        1,
        -1,
        2,
        7,
        99,
        100,
        32767,
        32768,
        2**31 - 1,
        2**31,
        -(2**31),
        2**53,
        2**53 + 1,
        -(2**53) - 1,
        2**63 - 1,
        -(2**63),
        1700000000,
        1700000000123,
        99999999999,
        100000000000,
        -62135596800,
        -62135596801,
        253402300799999,
        253402300800000,
        10**17,
        10**15,
    ],
    Kind.NUMERIC: [
        None,
        "0",
        "1",
        "1.5",
        "-2.25",
        "3.7",
        "99.99",
        "99.995",
        "0.1",
        "12345.678",
        "1700000000.123456",
        "1700000000.1234567",
        "1700000000123.5",
        "1700000000123.4567",
        "9007199254740992",
        "1e-7",
        "0.0000005",
        "-0.5",
        "123456789012",
    ],
    Kind.FLOAT: [
        None,
        0.0,
        -0.0,
        1.0,
        1.5,
        0.1,
        1 / 3,
        -2.5,
        1e15,
        1e16,
        123456789012345.6,
        1000000000000000.1,
        1e17,
        1e22,
        1e-5,
        1e-4,
        1e-300,
        5e-324,
        1.7976931348623157e308,
        float("inf"),
        float("-inf"),
        2.0**53,
        2.0**60,
        1700000000.1234567,
        1700000000.5,
        1700000000123.25,
        1e10,
        3.7,
        99.995,
        1e-40,
        7.0,
    ],
    Kind.BOOLEAN: [None, 0, 1],
    Kind.DATETIME: [
        None,
        "2024-01-01 00:00:00.000000",
        "2024-02-29 12:30:45.123456",
        "2024-02-29 12:30:45.123000",
        "2024-02-29 12:30:45.500000",
        "0001-01-01 00:00:00.000000",
        "9999-12-31 23:59:59.999999",
        "1970-01-01 00:00:00.000000",
        "1970-01-01 00:00:00.500000",
        "1969-12-31 23:59:59.999999",
        "5138-11-16 09:46:40.000000",
        "5138-11-16 09:46:39.000000",
        "0033-04-03 15:00:00.000000",
    ],
    Kind.DATE: [None, "2024-02-29", "0001-01-01", "9999-12-31", "1970-01-01", "0033-04-03"],
    Kind.TIME: [None, "00:00:00.000000", "12:30:45.123456", "23:59:59.999999", "12:30:00.000000", "12:30:45.500000"],
    Kind.INTERVAL: [
        None,
        "1970-01-01 00:00:00.000000",
        "1970-01-02 00:00:00.000000",
        "1970-01-01 00:00:00.500000",
        "1969-12-31 23:59:58.500000",
        "1980-05-06 12:34:56.789012",
        "9999-12-31 23:59:59.999999",
        "0001-01-01 00:00:00.000000",
    ],
    Kind.UUID: [None, "12345678123456781234567812345678", "abcdef12123456781234567812345678", "0" * 32],
    Kind.JSON: [
        None,
        '{"a": 1}',
        "[1, 2]",
        '"red"',
        '"old"',
        '"7"',
        '"\\u0072ed"',
        '"x"',
        "true",
        "false",
        "null",
        "5",
        "1.5",
        "-0.25",
        "1e2",
        "5.0",
        '"2024-01-01T00:00:00Z"',
        '"2024-02-29"',
        '"12:30"',
        '"PT5S"',
        '"12345678-1234-5678-1234-567812345678"',
        '"true"',
        '"5"',
        '{"ü": ["😀", null, 1.50]}',
        "9007199254740993",
        "2147483648",
        "0",
        "1",
        "[]",
        '""',
    ],
    Kind.ENUM: [None, "old", "new", "red", "blue", "7", "it's"],
    Kind.BYTES: [
        None,
        b"",
        b"text",
        "ü€😀".encode(),
        b"\xff\xfe",
        b"a\0b",
        bytes(range(16)),
        b"\x80\x04K\x05.",
        b"sixteen bytes...",
    ],
}

_PLAIN: Mapping[Kind, tuple[str, str]] = {
    Kind.TEXT: ("TEXT", "TEXT"),
    Kind.INTEGER: ("BIGINT", "BIGINT"),
    Kind.NUMERIC: ("NUMERIC", "NUMERIC"),
    Kind.FLOAT: ("FLOAT", "DOUBLE PRECISION"),
    Kind.BOOLEAN: ("BOOLEAN", "BOOLEAN"),
    Kind.DATETIME: ("DATETIME", "TIMESTAMP WITHOUT TIME ZONE"),
    Kind.DATE: ("DATE", "DATE"),
    Kind.TIME: ("TIME", "TIME WITHOUT TIME ZONE"),
    Kind.INTERVAL: ("DATETIME", "INTERVAL"),
    Kind.UUID: ("CHAR(32)", "UUID"),
    Kind.JSON: ("JSON", "JSON"),
    Kind.BYTES: ("BLOB", "BYTEA"),
}


def meanings(dialect: str) -> dict[Kind, list[Meaning]]:
    """The meanings of each kind that values are converted to; the first holds all of VALUES."""
    which = 0 if dialect == "sqlite" else 1
    found = {kind: [Meaning(kind, sql[which])] for kind, sql in _PLAIN.items()}
    found[Kind.ENUM] = [Meaning(Kind.ENUM, "VARCHAR(5)", length=5, members=_NAMES)]
    found[Kind.TEXT].append(Meaning(Kind.TEXT, "VARCHAR(4)", length=4))
    found[Kind.NUMERIC].append(Meaning(Kind.NUMERIC, "NUMERIC(4, 2)", precision=4, scale=2))
    found[Kind.NUMERIC].append(Meaning(Kind.NUMERIC, "NUMERIC(4)", precision=4))
    found[Kind.INTEGER] += [Meaning(Kind.INTEGER, "INTEGER"), Meaning(Kind.INTEGER, "SMALLINT")]
    zone = ("DATETIME", "TIMESTAMP WITH TIME ZONE")[which]
    found[Kind.DATETIME].append(Meaning(Kind.DATETIME, zone, timezone=True))
    if dialect == "postgresql":
        found[Kind.JSON].append(Meaning(Kind.JSON, "JSONB"))
        found[Kind.UUID].append(Meaning(Kind.UUID, "CHAR(32)"))
        found[Kind.INTERVAL].append(Meaning(Kind.INTERVAL, "TIMESTAMP WITHOUT TIME ZONE"))
    return found


_OUT = {
    Kind.DATETIME: "to_char({x}, 'YYYY-MM-DD HH24:MI:SS.US')",
    Kind.DATE: "to_char({x}, 'YYYY-MM-DD')",
    Kind.TIME: "to_char({x}, 'HH24:MI:SS.US')",
    Kind.INTERVAL: "to_char(timestamp '1970-01-01' + {x}, 'YYYY-MM-DD HH24:MI:SS.US')",
    Kind.UUID: "replace({x}::text, '-', '')",
    Kind.NUMERIC: "trim_scale({x})::text",
    Kind.BOOLEAN: "{x}::int",
    Kind.JSON: "{x}::text",
    Kind.ENUM: "{x}::text",
    Kind.TEXT: "{x}::text",
}


def from_database(connection: Connection, sql: str, meaning: Meaning) -> list[Any]:
    """The values of an expression over table `t`, in the order of their keys, as SQLite would store them."""
    if connection.dialect.name == "postgresql":
        typed = f"SELECT pg_typeof({sql}) = '{meaning.sql.split('(')[0]}'::regtype FROM t LIMIT 1"
        assert connection.exec_driver_sql(typed).scalar_one(), (meaning, sql)
        x = f"({sql})"
        if meaning.timezone:
            x = f"({x} AT TIME ZONE 'UTC')"
        if meaning.kind is Kind.INTERVAL and meaning.sql.startswith("TIMESTAMP"):
            x = f"({x} - timestamp '1970-01-01')"
        sql = _OUT.get(meaning.kind, "{x}").format(x=x)
    found = [row[0] for row in connection.exec_driver_sql(f"SELECT {sql} FROM t ORDER BY id")]
    if meaning.kind is Kind.NUMERIC and connection.dialect.name == "postgresql":
        found = [Decimal(value) if isinstance(value, str) else value for value in found]
    return found


def into_database(connection: Connection, meaning: Meaning, values: Sequence[Any]) -> None:
    """Insert stored values into table `t`, with the keys 1, 2, ..."""
    if connection.dialect.name == "sqlite":
        for value in values:
            connection.exec_driver_sql("INSERT INTO t (v) VALUES (?)", (value,))
        return
    for number, value in enumerate(values, 1):
        connection.exec_driver_sql(f"INSERT INTO t (id, v) VALUES ({number}, {_literal(value, meaning)})")


def _literal(value: Any, meaning: Meaning) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"decode('{value.hex()}', 'hex')"
    if meaning.kind is Kind.INTERVAL:
        length = f"timestamp '{value}' - timestamp '1970-01-01'"
        return f"timestamp '1970-01-01' + ({length})" if meaning.sql.startswith("TIMESTAMP") else length
    escaped = str(value).replace("'", "''")
    return f"CAST('{escaped}' AS {meaning.sql})"
