"""Changes of constraints, keys and all else that a table has besides its columns."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    func,
)

from tests.integration.migration_probes.changes import AB, PARENT, Change, T, column, ident, table

CONSTRAINTS = [
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
