"""Changes of columns: added, removed, renamed, of another type, with other members, or NOT NULL."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Enum,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from tests.integration.migration_probes.changes import AB, NUMBERS, Change, T, column, fails, ident, table

COLUMNS = [
    Change("nothing", T, T, AB, []),
    # --- a column is added ---
    Change("nullable", T, table(ident, column("a", String(10)), column("b", Integer)), AB, ["apply AddColumn b null"]),
    Change(
        "nullable with a plain default",
        T,
        table(ident, column("a", String(10)), column("b", Integer, default=5)),
        AB,
        ["apply AddColumn b null 5 rows=3"],
    ),
    Change(
        "nullable with a callable default",
        T,
        table(ident, column("a", String(10)), column("b", Integer, default=lambda: 5)),
        AB,
        ["apply AddColumn b null"],
    ),
    Change(
        "not null with a callable default",
        T,
        table(ident, column("a", String(10)), column("b", Integer, default=lambda: 5, nullable=False)),
        AB,
        ["apply AddColumn b not null call rows=3"],
    ),
    Change(
        "not null with a callable default that raises",
        T,
        table(ident, column("a", String(10)), column("b", Integer, default=fails, nullable=False)),
        AB,
        ["report AddColumn b null rows=3", "postpone SetNullable b not null rows=3 keys=1,2,3"],
    ),
    Change(
        "not null with a default that wants a context",
        T,
        table(
            ident,
            column("a", String(10)),
            lambda: Column("b", Integer, default=lambda ctx: ctx.get_current_parameters()["a"], nullable=False),
        ),
        AB,
        ["report AddColumn b null rows=3", "postpone SetNullable b not null rows=3 keys=1,2,3"],
    ),
    Change(
        "not null, the default raises but the server has one",
        T,
        table(
            ident,
            column("a", String(10)),
            column("b", Integer, default=fails, server_default=text("3"), nullable=False),
        ),
        AB,
        ["apply AddColumn b not null 3 rows=3"],
    ),
    Change(
        "not null without a default",
        T,
        table(ident, column("a", String(10)), column("b", Integer, nullable=False)),
        AB,
        ["report AddColumn b null rows=3", "postpone SetNullable b not null rows=3 keys=1,2,3"],
    ),
    Change(
        "not null without a default, no rows",
        T,
        table(ident, column("a", String(10)), column("b", Integer, nullable=False)),
        [],
        ["apply AddColumn b not null"],
    ),
    Change(
        "unique with a constant default",
        T,
        table(ident, column("a", String(10)), column("b", Integer, default=5, unique=True)),
        AB,
        ["apply AddColumn b null 5 rows=3", "postpone AddConstraint UNIQUE(b) rows=3 keys=1,2,3"],
    ),
    Change(
        "unique and empty",
        T,
        table(ident, column("a", String(10)), column("b", Integer, unique=True)),
        AB,
        ["apply AddColumn b null", "apply AddConstraint UNIQUE(b)"],
    ),
    Change(
        "unique with a callable default, which nobody knows beforehand",
        T,
        table(ident, column("a", String(10)), column("b", Uuid, default=lambda: None, unique=True, nullable=False)),
        AB,
        [
            "report AddColumn b null rows=3",
            "apply AddConstraint UNIQUE(b)",
            "postpone SetNullable b not null rows=3 keys=1,2,3",
        ],
    ),
    Change(
        "computed",
        T,
        table(ident, column("a", String(10)), lambda: Column("b", Integer, Computed("id * 2"))),
        AB,
        ["apply AddColumn b null"],
    ),
    # --- a column is removed ---
    Change("removed", T, table(ident), AB, ["report RetireColumn a rows=2"]),
    Change(
        "removed with its not null and all that names it",
        table(
            ident, column("a", String(10), nullable=False), column("b", Integer), UniqueConstraint("a", "b", name="uq")
        ),
        table(ident, column("b", Integer)),
        [{"id": 1, "a": "x", "b": 1}],
        ["apply DropConstraint UNIQUE(a, b)", "report RetireColumn a rows=1"],
    ),
    Change(
        "removed while another is added, which is no rename",
        T,
        table(ident, column("b", String(10))),
        AB,
        ["report RetireColumn a rows=2", "apply AddColumn b null"],
    ),
    # --- a column is renamed ---
    Change(
        "renamed",
        T,
        table(ident, column("b", String(10), info={"was": "a"})),
        AB,
        ["apply RenameColumn b from a"],
    ),
    Change(
        "renamed, required and unique",
        T,
        table(ident, column("b", String(10), nullable=False, unique=True, info={"was": "a"})),
        AB,
        [
            "apply RenameColumn b from a",
            "postpone SetNullable b not null rows=1 keys=2",
            "postpone AddConstraint UNIQUE(b) rows=2 keys=1,3",
        ],
    ),
    Change(
        "renamed with what names it",
        table(ident, column("a", Integer), CheckConstraint("a > 0", name="ck"), UniqueConstraint("a", name="uq")),
        table(
            ident,
            column("b", Integer, info={"was": "a"}),
            CheckConstraint("b > 0", name="ck"),
            UniqueConstraint("b", name="uq"),
        ),
        [{"id": 1, "a": 1}],
        ["apply RenameColumn b from a"],
    ),
    # --- not null ---
    Change(
        "not null set, default fills",
        T,
        table(ident, column("a", String(10), nullable=False, default="d")),
        AB,
        ["apply FillColumn a 'd' rows=1", "apply SetNullable a not null"],
    ),
    Change(
        "not null set, NULLs there",
        T,
        table(ident, column("a", String(10), nullable=False)),
        AB,
        ["postpone SetNullable a not null rows=1 keys=2"],
    ),
    Change(
        "not null taken away",
        table(ident, column("a", String(10), nullable=False)),
        T,
        [{"id": 1, "a": "x"}],
        ["apply SetNullable a null"],
    ),
    # --- types ---
    Change(
        "text to number, what is none is kept",
        T,
        table(ident, column("a", Integer)),
        NUMBERS,
        ["report ConvertColumn a rows=3 kept=2 keys=2,3"],
    ),
    Change(
        "text to a number that is required",
        table(ident, column("a", String(10), nullable=False)),
        table(ident, column("a", Integer, nullable=False)),
        NUMBERS[:3],
        [
            "apply SetNullable a null",
            "report ConvertColumn a rows=3 kept=2 keys=2,3",
            "postpone SetNullable a not null rows=2 keys=2,3",
        ],
    ),
    Change(
        "text to a number that has a default",
        table(ident, column("a", String(10), nullable=False)),
        table(ident, column("a", Integer, nullable=False, default=0)),
        NUMBERS[:3],
        ["report ConvertColumn a 0 rows=3 kept=2 keys=2,3"],
    ),
    Change("longer", T, table(ident, column("a", String(20))), AB, ["apply ConvertColumn a rows=2"]),
    Change("shorter, all fit", T, table(ident, column("a", String(5))), AB, ["apply ConvertColumn a rows=2"]),
    Change(
        "shorter, not all fit",
        T,
        table(ident, column("a", String(2))),
        [{"id": 1, "a": "ab"}, {"id": 2, "a": "abc"}],
        ["postpone ConvertColumn a rows=1 keys=2"],
    ),
    Change(
        "less precise",
        table(ident, column("a", Numeric(10, 2))),
        table(ident, column("a", Numeric(10, 1))),
        [{"id": 1, "a": 1.5}, {"id": 2, "a": 1.25}],
        ["postpone ConvertColumn a rows=1 keys=2"],
    ),
    Change(
        "a key that cannot be converted",
        table(column("k", Text, primary_key=True), column("a", Integer)),
        table(column("k", Integer, primary_key=True, autoincrement=False), column("a", Integer)),
        [{"k": "1"}, {"k": "one"}],
        ["refuse ConvertColumn k rows=1 keys=one"],
    ),
    Change(
        "unique after the conversion",
        T,
        table(ident, column("a", Integer, unique=True)),
        NUMBERS,
        ["report ConvertColumn a rows=3 kept=2 keys=2,3", "apply AddConstraint UNIQUE(a)"],
    ),
    # --- enums ---
    Change(
        "member added",
        table(ident, column("a", Enum("aa", "bb", native_enum=False))),
        table(ident, column("a", Enum("aa", "bb", "cc", native_enum=False))),
        [{"id": 1, "a": "aa"}],
        [],
    ),
    Change(
        "member removed",
        table(ident, column("a", Enum("aa", "bb", native_enum=False))),
        table(ident, column("a", Enum("aa", native_enum=False, length=2))),
        [{"id": 1, "a": "aa"}, {"id": 2, "a": "bb"}],
        ["report ConvertColumn a rows=2 kept=1 keys=2"],
    ),
    Change(
        "member renamed",
        table(ident, column("a", Enum("aa", "bb", native_enum=False))),
        table(ident, column("a", Enum("aa", "cc", native_enum=False), info={"was": {"cc": "bb"}})),
        [{"id": 1, "a": "aa"}, {"id": 2, "a": "bb"}],
        ["apply ConvertColumn a rows=2"],
    ),
]
