"""What is planned for a table whose rows say what is possible: the rules, one by one, on both databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    insert,
    text,
)

from core.database import db_engine
from tests.planned_releases import Releases, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection


def table(*parts: Any, name: str = "t__m", **kw: Any) -> Callable[[MetaData], Table]:
    """A table of the model, to be made on a MetaData of its own for each release."""
    return lambda metadata: Table(name, metadata, *(part() if callable(part) else part for part in parts), **kw)


def ident() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def column(name: str, *args: Any, **kw: Any) -> Callable[[], Column[Any]]:
    return lambda: Column(name, *(arg() if callable(arg) and not isinstance(arg, type) else arg for arg in args), **kw)


def fails() -> int:
    raise RuntimeError("not without an event")


@dataclass(frozen=True)
class Change:
    """A table before and after with its rows, and what is planned: "VERDICT Step what [rows [kept]] [keys]"."""

    id: str
    before: Callable[[MetaData], Table]
    after: Callable[[MetaData], Table]
    rows: Sequence[Mapping[str, Any]]
    planned: Sequence[str]
    others: Sequence[Callable[[MetaData], Table]] = field(default=())


T = table(ident, column("a", String(10)))
AB = ({"id": 1, "a": "x"}, {"id": 2, "a": None}, {"id": 3, "a": "x"})
NUMBERS = ({"id": 1, "a": "7"}, {"id": 2, "a": "no"}, {"id": 3, "a": "007"}, {"id": 4, "a": None})
PARENT = table(ident, name="p__m")

CHANGES = [
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
    # --- constraints ---
    Change(
        "unique, duplicates there",
        T,
        table(ident, column("a", String(10), unique=True)),
        AB,
        ["postpone AddConstraint UNIQUE(a) rows=2 keys=1,3"],
    ),
    Change(
        "unique over two columns",
        T,
        table(ident, column("a", String(10)), UniqueConstraint("a", "id")),
        AB,
        ["apply AddConstraint UNIQUE(a, id)"],
    ),
    Change(
        "unique index on an expression",
        T,
        table(ident, column("a", String(10)), lambda: Index("ux", func.lower(Column("a")), unique=True)),
        AB,
        ["postpone AddIndex ux rows=2 keys=1,3"],
    ),
    Change(
        "check, rows violate it",
        T,
        table(ident, column("a", String(10)), CheckConstraint("id > 1", name="ck")),
        AB,
        ["postpone AddConstraint CHECK(id) rows=1 keys=1"],
    ),
    Change(
        "check, rows keep it",
        T,
        table(ident, column("a", String(10)), CheckConstraint("a IN ('x', 'id')", name="ck")),
        AB,
        ["apply AddConstraint CHECK(a)"],
    ),
    Change(
        "check on a new column that is empty",
        T,
        table(ident, column("a", String(10)), column("b", Integer), CheckConstraint("b > 0", name="ck")),
        AB,
        ["apply AddColumn b null", "apply AddConstraint CHECK(b)"],
    ),
    Change(
        "constraint removed",
        table(ident, column("a", String(10)), CheckConstraint("a <> ''", name="ck"), UniqueConstraint("a", name="uq")),
        T,
        [{"id": 1, "a": "x"}],
        ["apply DropConstraint CHECK(a)", "apply DropConstraint UNIQUE(a)"],
    ),
    Change(
        "foreign key, rows refer to nothing",
        table(ident, column("a", Integer)),
        table(ident, column("a", Integer, lambda: ForeignKey("p__m.id"))),
        [{"id": 1, "a": 5}, {"id": 2, "a": None}],
        [
            "report AddConstraint FOREIGN KEY(a) later rows=1 keys=1",
            "postpone ValidateConstraint FOREIGN KEY(a) rows=1 keys=1",
        ],
        others=[PARENT],
    ),
    Change(
        "foreign key, all is well",
        table(ident, column("a", Integer)),
        table(ident, column("a", Integer, lambda: ForeignKey("p__m.id", ondelete="CASCADE"))),
        [{"id": 2, "a": None}],
        ["apply AddConstraint FOREIGN KEY(a)"],
        others=[PARENT],
    ),
    Change(
        "foreign key to the table itself",
        table(ident, column("a", Integer)),
        table(ident, column("a", Integer), lambda: ForeignKeyConstraint(["a"], ["t__m.id"])),
        [{"id": 1, "a": 1}, {"id": 2, "a": 3}],
        [
            "report AddConstraint FOREIGN KEY(a) later rows=1 keys=2",
            "postpone ValidateConstraint FOREIGN KEY(a) rows=1 keys=2",
        ],
    ),
    # --- primary keys ---
    Change(
        "key widened",
        table(column("k", Integer, primary_key=True, autoincrement=False), column("a", Integer, nullable=False)),
        table(
            column("k", Integer, primary_key=True, autoincrement=False),
            column("a", Integer, primary_key=True, autoincrement=False),
        ),
        [{"k": 1, "a": 1}, {"k": 2, "a": 1}],
        ["apply DropConstraint PRIMARY KEY(k)", "apply AddConstraint PRIMARY KEY(k, a)"],
    ),
    Change(
        "key narrowed, duplicates there",
        table(column("k", Integer), column("a", Integer), lambda: PrimaryKeyConstraint("k", "a")),
        table(
            column("k", Integer, autoincrement=False),
            column("a", Integer, nullable=False),
            lambda: PrimaryKeyConstraint("k"),
        ),
        [{"k": 1, "a": 1}, {"k": 1, "a": 2}, {"k": 2, "a": 1}],
        ["apply DropConstraint PRIMARY KEY(k, a)", "refuse AddConstraint PRIMARY KEY(k) rows=2 keys=(1, 1),(1, 2)"],
    ),
    Change(
        "new surrogate key",
        table(column("k", String(10), primary_key=True)),
        table(ident, column("k", String(10), nullable=False)),
        [{"k": "a"}, {"k": "b"}],
        ["apply DropConstraint PRIMARY KEY(k)", "apply AddColumn id not null", "apply AddConstraint PRIMARY KEY(id)"],
    ),
    # --- anything else ---
    Change(
        "default and index",
        T,
        table(ident, column("a", String(10), server_default="x"), lambda: Index("ix", "a")),
        AB,
        ["apply AlterColumn a default", "apply AddIndex ix"],
    ),
    Change(
        "written column that becomes computed",
        table(ident, column("a", Integer)),
        table(ident, lambda: Column("a", Integer, Computed("id * 2"))),
        [{"id": 1, "a": 5}],
        ["report AlterColumn a computed rows=1 kept=1"],
    ),
    Change(
        "time that gets a zone",
        table(ident, column("a", DateTime)),
        table(ident, column("a", DateTime(timezone=True))),
        [],
        ["apply ConvertColumn a"],
    ),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
async def test_rows_decide_what_becomes_of_a_change_which_then_is_done(database: str, change: Change) -> None:
    def run(connection: Connection) -> list[str]:
        releases = Releases(connection)
        releases.start(*change.others, change.before)
        if change.rows:
            connection.execute(insert(change.before(MetaData())), [*change.rows])
            connection.commit()
        if any(line.startswith("refuse") for line in change.planned):
            return [told(entry) for unit in releases.plan([*change.others, change.after]) for entry in unit.steps]
        return releases.start(*change.others, change.after)

    async with db_engine.connect() as connection:
        planned = await connection.run_sync(run)
    if change.id == "time that gets a zone" and database.startswith("sqlite"):
        planned += change.planned  # SQLite stores both alike: only the record changes
    assert sorted(planned) == sorted(change.planned)
