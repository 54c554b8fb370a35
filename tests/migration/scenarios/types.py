"""Columns whose type changes: what converts, what is kept and comes back, and lengths that grow and shrink."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.migration.sources import note, table
from tests.migration.story import Again, Kept, Put, Query, Refused, Release, Rows, Sql, Story

DAY = datetime(2020, 1, 2, 3, 4, 5)
EPOCH = 1577934245  # DAY, as UTC
# As authors write them into text columns: with str(int(time.time())), str(time.time()), and milliseconds.
EPOCH_TEXTS = {
    f"{EPOCH}": DAY,
    f"{EPOCH}.25": DAY.replace(microsecond=250_000),
    f"{EPOCH}.1234567": DAY.replace(microsecond=123_457),
    f"{EPOCH}123": DAY.replace(microsecond=123_000),
    "157793424": datetime(1975, 1, 1, 7, 30, 24),
    f"-{EPOCH}.5": datetime(1919, 12, 31, 20, 55, 54, 500_000),
}
ONE = UUID(int=1)


def changed(name: str, before: str, after: str, values: dict[Any, Any], *, kept: dict[int, str] | None = None) -> Story:
    """Rows with these values get a new type, and have the values on the right then; `kept` are some that are kept.

    Every value is there again when the type goes back.
    """
    old = note(f"v: {before}")
    return Story(
        f"type-{name}",
        Release(old),
        Put("note", *((i, value) for i, value in enumerate(values, 1))),
        Release(note(f"v: {after}")),
        Rows("note", *((i, value) for i, value in enumerate(values.values(), 1))),
        *([Kept("note.v", kept)] if kept else []),
        Release(old),
        Rows("note", *((i, value) for i, value in enumerate(values, 1))),
        Kept("note.v"),
    )


TEXT, INT, FLOAT, BYTES, FLAG = "str | None", "int | None", "float | None", "bytes | None", "bool | None"
BIG = "int | None = column(BigInteger)"
TIME, AWARE = "datetime | None", "datetime | None = column(DateTime(timezone=True))"
DATE, UID = "date | None", "uuid.UUID | None"
MONEY = "Decimal | None = column(Numeric(10, 2))"
DOC = "dict | None = column(JSON)"
LEVEL = "str | None = column(Enum('low', 'high', name='level'))"

STORIES = [
    changed("text-to-integer", TEXT, INT, {"1": 1, "-20": -20, "0": 0, None: None}),
    changed(
        "text-to-integer-with-others",
        TEXT,
        INT,
        {"7": 7, "seven": None, "007": None, "": None, "3.7": None, " 8": None, "1e3": None},
        kept={2: "seven", 3: "007", 4: "", 5: "3.7", 6: " 8", 7: "1e3"},
    ),
    changed("integer-to-text", INT, TEXT, {1: "1", -20: "-20", None: None}),
    changed("integer-to-bigint", INT, BIG, {1: 1, 2147483647: 2147483647}),
    changed("bigint-to-integer", BIG, INT, {1: 1, -(2**31): -(2**31)}),
    changed("integer-to-float", BIG, FLOAT, {1: 1.0, 2**53 + 1: None}, kept={2: str(2**53 + 1)}),
    changed("float-to-integer", FLOAT, INT, {1.0: 1, 3.7: None, -2.0: -2}, kept={2: "3.7"}),
    changed("text-to-float", TEXT, FLOAT, {"1.5": 1.5, "x": None}, kept={2: "x"}),
    changed("float-to-numeric-as-shown", FLOAT, MONEY, {0.1: Decimal("0.1"), 2.25: Decimal("2.25")}),
    changed("float-to-numeric-never-rounds", FLOAT, MONEY, {0.125: None, 1.5: Decimal("1.5")}, kept={1: "0.125"}),
    changed("numeric-to-integer", MONEY, INT, {Decimal("2.00"): 2, Decimal("2.50"): None}),
    changed("text-to-numeric", TEXT, MONEY, {"1.25": Decimal("1.25"), "1.255": None}, kept={2: "1.255"}),
    changed("integer-to-boolean", INT, FLAG, {1: True, 0: False, 5: None}, kept={3: "5"}),
    changed("boolean-to-integer", FLAG, INT, {True: 1, False: 0}),
    changed("text-to-datetime", TEXT, TIME, {"2020-01-02 03:04:05": DAY, "soon": None}, kept={2: "soon"}),
    changed("text-to-date", TEXT, DATE, {"2020-02-29": date(2020, 2, 29), "2021-02-29": None}, kept={2: "2021-02-29"}),
    changed("datetime-to-text-and-back", TIME, TEXT, {DAY: DAY.isoformat()}),
    changed("date-to-datetime", DATE, TIME, {date(2020, 2, 29): datetime(2020, 2, 29)}),
    changed("epoch-to-datetime", INT, TIME, {EPOCH: DAY, 0: datetime(1970, 1, 1)}),
    changed("epoch-milliseconds-to-datetime", BIG, TIME, {EPOCH * 1000: DAY}),
    changed("text-epoch-to-datetime", TEXT, TIME, EPOCH_TEXTS),
    changed("text-epoch-to-datetime-aware", TEXT, AWARE, {v: t.replace(tzinfo=UTC) for v, t in EPOCH_TEXTS.items()}),
    changed(
        "text-epoch-to-datetime-with-others",
        TEXT,
        TIME,
        {f"{EPOCH}": DAY, "20200102": None, "20200102030405": None, "2020010203": None, f" {EPOCH}": None, "0": None},
        kept={2: "20200102", 3: "20200102030405", 4: "2020010203", 5: f" {EPOCH}", 6: "0"},
    ),
    changed("datetime-naive-to-aware", TIME, AWARE, {DAY: DAY.replace(tzinfo=UTC)}),
    changed("text-to-uuid", TEXT, UID, {str(ONE): ONE, "none": None}, kept={2: "none"}),
    changed("uuid-to-text", UID, TEXT, {ONE: str(ONE)}),
    changed("text-to-json", TEXT, DOC, {'{"a": 1}': {"a": 1}, "{a": None}, kept={2: "{a"}),
    changed("bytes-to-text", BYTES, TEXT, {b"h\xc3\xa9": "hé", b"\xff": None}, kept={2: "ff"}),
    changed("text-to-bytes", TEXT, BYTES, {"hé": b"h\xc3\xa9", "": b""}),
    changed("text-to-enum", TEXT, LEVEL, {"low": "low", "High": None}, kept={2: "High"}),
    changed("enum-to-text", LEVEL, TEXT, {"low": "low", "high": "high"}),
    Story(
        "type-bigint-to-integer-too-small-for-some",  # on SQLite both hold the same numbers
        Release(note(f"v: {BIG}")),
        Put("note", (1, 2**40)),
        Release(note(f"v: {INT}")),
        Release(note(f"v: {BIG}")),
        Rows("note", (1, 2**40)),
    ),
    Story(
        "type-text-to-boolean",
        Release(note(f"v: {TEXT}")),
        Put("note", *enumerate(["true", "NO", "on", "Off", "t", "n", "1", "0", "maybe"], 1)),
        Release(note(f"v: {FLAG}")),
        Rows("note", *enumerate([True, False, True, False, True, False, True, False, None], 1)),
        Release(note(f"v: {TEXT}")),
        Rows("note", *enumerate(["true", "NO", "on", "Off", "t", "n", "1", "0", "maybe"], 1)),
    ),
    Story(
        "type-text-to-datetime-in-many-ways",
        Release(note(f"v: {TEXT}")),
        Put("note", (1, "2020-01-02T03:04:05"), (2, "2020-01-02T03:04:05Z"), (3, "2020-01-02 04:04:05+01:00")),
        Release(note(f"v: {TIME}")),
        Rows("note", (1, DAY), (2, DAY), (3, DAY)),
        Release(note(f"v: {TEXT}")),
        Rows("note", (1, "2020-01-02T03:04:05"), (2, "2020-01-02T03:04:05Z"), (3, "2020-01-02 04:04:05+01:00")),
    ),
    Story(
        "type-text-epoch-to-datetime-not-null",
        Release(note("v: str")),
        Put("note", (1, f"{EPOCH}.25"), (2, f"{EPOCH}"), (3, f"{EPOCH}")),
        Release(note("v: datetime")),
        Rows("note", (1, DAY.replace(microsecond=250_000)), (2, DAY), (3, DAY)),
        Kept("note.v", {1: f"{EPOCH}.25", 2: f"{EPOCH}", 3: f"{EPOCH}"}),
        Sql("UPDATE note__notes SET v = '2021-02-03 00:00:00.000000' WHERE id = 3"),
        Release(note("v: str")),
        Rows("note", (1, f"{EPOCH}.25"), (2, f"{EPOCH}"), (3, "2021-02-03T00:00:00")),
        Release(note("v: datetime")),
        Rows("note", (1, DAY.replace(microsecond=250_000)), (2, DAY), (3, datetime(2021, 2, 3))),
    ),
    Story(
        "type-text-to-uuid-from-hex",
        Release(note(f"v: {TEXT}")),
        Put("note", (1, ONE.hex), (2, str(ONE))),
        Release(note(f"v: {UID}")),
        Rows("note", (1, ONE), (2, ONE)),
    ),
    Story(
        "type-datetime-to-date-keeps-the-time",
        Release(note(f"v: {TIME}")),
        Put("note", (1, DAY), (2, datetime(2020, 2, 29))),
        Release(note(f"v: {DATE}")),
        Rows("note", (1, None), (2, date(2020, 2, 29))),
        Release(note(f"v: {TIME}")),
        Rows("note", (1, DAY), (2, datetime(2020, 2, 29))),
    ),
    Story(
        "type-changed-bad-values-get-the-default",
        Release(note("v: str")),
        Put("note", (1, "1"), (2, "x")),
        Release(note("v: int = column(default=-1)")),
        Rows("note", (1, 1), (2, -1)),
        Kept("note.v", {2: "x"}),
        Release(note("v: str")),
        Rows("note", (1, "1"), (2, "x")),
    ),
    Story(
        "type-changed-bad-values-in-a-column-without-default",
        Release(note("v: str")),
        Put("note", (1, "1"), (2, "x")),
        Release(note("v: int"), postponed={"note.v NOT NULL": (2,)}),
        Rows("note", (1, 1), (2, None)),
        Kept("note.v", {2: "x"}),
    ),
    Story(
        "type-changed-a-value-written-since-is-not-overwritten",
        Release(note("v: str")),
        Put("note", (1, "x"), (2, "y")),
        Release(note("v: int = column(default=-1)")),
        Sql("UPDATE note__notes SET v = 5 WHERE id = 2"),
        Release(note("v: str = column(default='-1')")),
        Rows("note", (1, "x"), (2, "5")),
        Kept("note.v", {2: "y"}),
    ),
    Story(
        "type-changed-with-index-unique-and-check",
        Release(note("v: str = column(unique=True, index=True)", args="CheckConstraint(\"v <> ''\", name='some')")),
        Put("note", (1, "1"), (2, "2")),
        Release(note("v: int = column(unique=True, index=True)", args="CheckConstraint('v <> 0', name='some')")),
        Rows("note", (1, 1), (2, 2)),
        Refused("note", (3, 0), (3, 1)),
    ),
    Story(
        "type-changed-with-a-server-default",
        Release(note("v: str = column(server_default='5')")),
        Put("note", (1, "1")),
        Release(note("v: int = column(server_default='6')")),
        Put("note", {"id": 2}),
        Rows("note", (1, 1), (2, 6)),
    ),
    Story(
        "type-changed-in-a-table-with-a-key-of-two",
        Release(note("a: int = column(primary_key=True)", "b: str = column(primary_key=True)", f"v: {TEXT}")),
        Put("note", (1, "x", "7"), (1, "y", "no")),
        Release(note("a: int = column(primary_key=True)", "b: str = column(primary_key=True)", f"v: {INT}")),
        Rows("note", (1, "x", 7), (1, "y", None)),
        Kept("note.v", {(1, "y"): "no"}),
    ),
    Story(
        "type-and-name-change-and-a-kept-value-comes-back",
        Release(note("v: str")),
        Put("note", (1, "x")),
        Release(note("w: int | None = column(info={'was': 'v'})")),
        Kept("note.w", {1: "x"}),
        Release(table("memo", "w: str | None", info={"was": "note"})),
        Rows("memo", (1, "x")),
        Kept("memo.w"),
    ),
    # --- length and precision ---
    Story(
        "length-grows",
        Release(note("v: str = column(String(5))")),
        Put("note", (1, "abcde")),
        Release(note("v: str = column(String(50))")),
        Put("note", (2, "a" * 50)),
    ),
    Story(
        "length-shrinks-and-all-fits",
        Release(note("v: str = column(String(50))")),
        Put("note", (1, "abcde")),
        Release(note("v: str = column(String(5))")),
        Rows("note", (1, "abcde")),
    ),
    Story(
        "length-shrinks-and-one-is-longer",
        Release(note("v: str = column(String(50))")),
        Put("note", (1, "abcdef"), (2, "ab")),
        Release(note("v: str = column(String(5))"), postponed={"note.v type": (1,)}),
        Rows("note", (1, "abcdef"), (2, "ab")),
        Sql("UPDATE note__notes SET v = 'abc' WHERE id = 1"),
        Again(),
        Rows("note", (1, "abc"), (2, "ab")),
    ),
    Story(
        "precision-grows",
        Release(note("v: Decimal = column(Numeric(6, 2))")),
        Put("note", (1, Decimal("1234.56"))),
        Release(note("v: Decimal = column(Numeric(12, 4))")),
        Put("note", (2, Decimal("12345678.1234"))),
        Rows("note", (1, Decimal("1234.56")), (2, Decimal("12345678.1234"))),
    ),
    Story(
        "precision-shrinks-and-one-has-more-digits",
        Release(note("v: Decimal = column(Numeric(12, 4))")),
        Put("note", (1, Decimal("1.25")), (2, Decimal("1.2345"))),
        Release(note("v: Decimal = column(Numeric(12, 2))"), postponed={"note.v type": (2,)}),
        Query("SELECT CAST(v AS TEXT) FROM note__notes WHERE id = 2", "1.2345"),
    ),
    Story(
        "precision-shrinks-and-all-fits",
        Release(note("v: Decimal = column(Numeric(12, 4))")),
        Put("note", (1, Decimal("1.25"))),
        Release(note("v: Decimal = column(Numeric(6, 2))")),
        Rows("note", (1, Decimal("1.25"))),
    ),
    Story(
        "kept-value-returns-over-what-a-callable-filled-in",
        Release(note("v: str")),
        Put("note", (1, "5"), (2, "five"), (3, "six")),
        Release(note("v: int = column(default=lambda: 0)")),
        Rows("note", (1, 5), (2, 0), (3, 0)),
        Sql("UPDATE note__notes SET v = 6 WHERE id = 3"),
        Release(note("v: str")),
        Rows("note", (1, "5"), (2, "five"), (3, "6")),
        Kept("note.v", {3: "six"}),
    ),
    Story(
        "kept-value-stays-kept-beside-what-a-counter-filled-in",
        Release(note("v: str")),
        Put("note", (1, "5"), (2, "five")),
        Release("numbers = count(100)", note("v: int = column(default=lambda: next(numbers))")),
        Release(note("v: str")),
        Kept("note.v", {2: "five"}),
        Query("SELECT count(*) FROM note__notes WHERE v = 'five'", 0),
    ),
    Story(
        "kept-value-gives-way-for-good-to-one-that-was-written-since",
        Release(note("v: str | None")),
        Put("note", (1, "many")),
        Release(note("v: int | None")),
        Sql("UPDATE note__notes SET v = 6"),
        Release(note("v: str | None")),
        Rows("note", (1, "6")),
        Sql("UPDATE note__notes SET v = NULL"),
        Release(note("v: int | None")),
        Release(note("v: str | None")),
        Rows("note", (1, None)),
        Kept("note.v", {1: "many"}),
    ),
]
