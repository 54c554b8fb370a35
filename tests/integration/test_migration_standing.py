"""What stands on values that change: constraints make room for them, and no start fails."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Enum,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

from tests.two_releases import ID, STRICT, Story, play, table

TEXTS = ["INSERT INTO t__m (id, a) VALUES (1, 'x'), (2, 'y'), (3, '7')"]
ALL = "SELECT * FROM t__m ORDER BY id"

STORIES = [
    Story(
        "unique, while the default for what cannot follow makes twins",
        [[table(ID, ("a", String, {"unique": True}))], [table(ID, ("a", Integer, {"unique": True, "default": 0}))]],
        TEXTS,
        [
            "apply DropConstraint UNIQUE(a)",
            "report ConvertColumn a 0 rows=3 kept=2 keys=1,2",
            "postpone AddConstraint UNIQUE(a) rows=2 keys=1,2",
        ],
        ALL,
        [(1, 0), (2, 0), (3, 7)],
        ["UPDATE t__m SET a = id"],
    ),
    Story(
        "a unique index, while a called default makes twins",
        [
            [table(ID, ("a", String, STRICT), lambda: Index("ux", "a", unique=True))],
            [table(ID, ("a", Integer, {"default": lambda: 5, **STRICT}), lambda: Index("ux", "a", unique=True))],
        ],
        TEXTS,
        [
            "apply DropIndex ux",
            "report ConvertColumn a call rows=3 kept=2 keys=1,2",
            "postpone AddIndex ux",
        ],
        ALL,
        [(1, 5), (2, 5), (3, 7)],
        ["UPDATE t__m SET a = id"],
    ),
    Story(
        "unique, while NULLs are filled",
        [
            [table(ID, ("a", Integer, {"unique": True}))],
            [table(ID, ("a", Integer, {"unique": True, "default": 5, **STRICT}))],
        ],
        ["INSERT INTO t__m (id, a) VALUES (1, 1), (2, NULL), (3, NULL)"],
        [
            "apply DropConstraint UNIQUE(a)",
            "apply FillColumn a 5 rows=2",
            "apply SetNullable a not null",
            "postpone AddConstraint UNIQUE(a) rows=2 keys=2,3",
        ],
        ALL,
        [(1, 1), (2, 5), (3, 5)],
        ["UPDATE t__m SET a = id"],
    ),
    Story(
        "unique on a new column that must have a value, filled by a constant",
        [[table(ID)], [table(ID, ("b", Integer, {"unique": True, "default": 5, **STRICT}))]],
        ["INSERT INTO t__m (id) VALUES (1), (2)"],
        ["apply AddColumn b not null 5 rows=2", "postpone AddConstraint UNIQUE(b) rows=2 keys=1,2"],
        ALL,
        [(1, 5), (2, 5)],
        ["UPDATE t__m SET b = id"],
    ),
    Story(
        "unique no more, while a called default makes twins",
        [
            [table(ID, ("a", Integer, {"unique": True}))],
            [table(ID, ("a", Integer, {"default": lambda: 5, **STRICT}))],
        ],
        ["INSERT INTO t__m (id, a) VALUES (1, 1), (2, NULL), (3, NULL)"],
        ["apply DropConstraint UNIQUE(a)", "apply FillColumn a call rows=2", "apply SetNullable a not null"],
        ALL,
        [(1, 1), (2, 5), (3, 5)],
    ),
    Story(
        "a computed column that is used no more, while what it was computed of changes",
        [
            [table(ID, ("b", Integer), ("a", Integer, lambda: Computed("b * 2", persisted=True), STRICT))],
            [table(ID, ("b", lambda: Enum("x", "5", name="letter")))],
        ],
        ["INSERT INTO t__m (id, b) VALUES (1, 5), (2, 6)"],
        ["report ConvertColumn b rows=2 kept=1 keys=2", "report RetireColumn a rows=2"],
        "SELECT id, b FROM t__m ORDER BY id",
        [(1, "5"), (2, None)],
    ),
    Story(
        "check, while the default for what cannot follow does not meet it",
        [
            [table(ID, ("a", String), lambda: CheckConstraint("a <> '0'", name="ck"))],
            [table(ID, ("a", Integer, {"default": 0}), lambda: CheckConstraint("a <> 0", name="ck"))],
        ],
        TEXTS,
        [
            "apply DropConstraint CHECK(a)",
            "report ConvertColumn a 0 rows=3 kept=2 keys=1,2",
            "postpone AddConstraint CHECK(a) rows=2 keys=1,2",
        ],
        ALL,
        [(1, 0), (2, 0), (3, 7)],
        ["UPDATE t__m SET a = id"],
    ),
    Story(
        "check that says the same, while members of an enum go",
        [
            [
                table(
                    ID,
                    ("a", lambda: Enum("aa", "bb", "cc", native_enum=False)),
                    lambda: CheckConstraint("a <> 'aa' OR id = 1", name="ck"),
                )
            ],
            [
                table(
                    ID,
                    ("a", lambda: Enum("aa", "cc", native_enum=False), {"default": "aa"}),
                    lambda: CheckConstraint("a <> 'aa' OR id = 1", name="ck"),
                )
            ],
        ],
        ["INSERT INTO t__m (id, a) VALUES (1, 'aa'), (2, 'bb'), (3, 'cc')"],
        [
            "apply DropConstraint CHECK(a, id)",
            "report ConvertColumn a 'aa' rows=3 kept=1 keys=2",
            "postpone AddConstraint CHECK(a, id) rows=1 keys=2",
        ],
        ALL,
        [(1, "aa"), (2, "aa"), (3, "cc")],
        ["UPDATE t__m SET a = 'cc'"],
    ),
    Story(
        "check that goes with a column to its new name and type",
        [
            [table(ID, ("a", Integer), lambda: CheckConstraint("a > 0", name="ck"))],
            [table(ID, ("b", Text, {"info": {"was": "a"}}), lambda: CheckConstraint("b > '0'", name="ck"))],
        ],
        ["INSERT INTO t__m (id, a) VALUES (1, 5)"],
        [
            "apply RenameColumn b from a",
            "apply DropConstraint CHECK(b)",
            "apply ConvertColumn b rows=1",
            "apply AddConstraint CHECK(b)",
        ],
        ALL,
        [(1, "5")],
    ),
    Story(
        "foreign key, while the default for what cannot follow refers to nothing",
        [
            [
                table(("code", String(9), {"primary_key": True}), name="p__m"),
                table(ID, ("p", String(9), lambda: ForeignKey("p__m.code"))),
            ],
            [
                table(("code", String(9), {"primary_key": True}), name="p__m"),
                table(
                    ID,
                    (
                        "p",
                        lambda: Enum("aa", native_enum=False, length=9),
                        lambda: ForeignKey("p__m.code"),
                        {"default": "aa"},
                    ),
                ),
            ],
        ],
        ["INSERT INTO p__m (code) VALUES ('bb')", "INSERT INTO t__m (id, p) VALUES (1, 'bb'), (2, NULL)"],
        [
            "apply DropConstraint FOREIGN KEY(p)",
            "report ConvertColumn p 'aa' rows=1 kept=1 keys=1",
            "report AddConstraint FOREIGN KEY(p) later rows=1 keys=1",
            "postpone ValidateConstraint FOREIGN KEY(p) rows=1 keys=1",
        ],
        ALL,
        [(1, "aa"), (2, None)],
        ["INSERT INTO p__m (code) VALUES ('aa')"],
    ),
    Story(
        "foreign key, while what it refers to loses a value",
        [
            [
                table(
                    ID, ("code", lambda: Enum("aa", "bb", native_enum=False, length=9), {"unique": True}), name="p__m"
                ),
                table(ID, ("p", String(9), lambda: ForeignKey("p__m.code"))),
            ],
            [
                table(ID, ("code", lambda: Enum("aa", native_enum=False, length=9), {"unique": True}), name="p__m"),
                table(ID, ("p", String(9), lambda: ForeignKey("p__m.code"))),
            ],
        ],
        ["INSERT INTO p__m (id, code) VALUES (1, 'bb')", "INSERT INTO t__m (id, p) VALUES (1, 'bb')"],
        [
            "apply DropConstraint FOREIGN KEY(p)",
            "report ConvertColumn code rows=1 kept=1 keys=1",
            "report AddConstraint FOREIGN KEY(p) later rows=1 keys=1",
            "postpone ValidateConstraint FOREIGN KEY(p) rows=1 keys=1",
        ],
        ALL,
        [(1, "bb")],
        ["UPDATE t__m SET p = NULL"],
    ),
    Story(
        "foreign key to a column with another name",
        [
            [
                table(("id", Integer, {"primary_key": True}), name="p__m"),
                table(ID, ("p", Integer, lambda: ForeignKey("p__m.id"))),
            ],
            [
                table(("number", Integer, {"primary_key": True, "info": {"was": "id"}}), name="p__m"),
                table(ID, ("p", Integer, lambda: ForeignKey("p__m.number"))),
            ],
        ],
        ["INSERT INTO p__m (id) VALUES (1)", "INSERT INTO t__m (id, p) VALUES (1, 1)"],
        ["apply RenameColumn number from id"],
        "SELECT t.id FROM t__m t JOIN p__m p ON p.number = t.p",
        [(1,)],
    ),
    Story(
        "a computed column that becomes one that must have a value",
        [
            [table(ID, ("b", String(9)), ("a", String(9), lambda: Computed("b || ''", persisted=True)))],
            [table(ID, ("b", String(9)), ("a", Integer, STRICT))],
        ],
        ["INSERT INTO t__m (id, b) VALUES (1, '5'), (2, 'x'), (3, NULL)"],
        [
            "apply AlterColumn a computed",
            "report ConvertColumn a rows=2 kept=1 keys=2",
            "postpone SetNullable a not null rows=2 keys=2,3",
        ],
        "SELECT id, a FROM t__m ORDER BY id",
        [(1, 5), (2, None), (3, None)],
        ["UPDATE t__m SET a = id"],
    ),
    Story(
        "a computed column of another type",
        [
            [table(ID, ("a", Integer, lambda: Computed("id * 2", persisted=True)))],
            [table(ID, ("a", String(9), lambda: Computed("id * 2", persisted=True)))],
        ],
        ["INSERT INTO t__m (id) VALUES (1)"],
        ["apply AlterColumn a computed"],
        ALL,
        [(1, "2")],
        only="sqlite",
    ),
    Story(
        "a computed column of another size",
        [
            [table(ID, ("a", Integer, lambda: Computed("id * 2", persisted=True)))],
            [table(ID, ("a", BigInteger, lambda: Computed("id * 2", persisted=True)))],
        ],
        ["INSERT INTO t__m (id) VALUES (1)"],
        ["apply AlterColumn a computed"],
        ALL,
        [(1, 2)],
    ),
    Story(
        "a computed column that must have a value, and has none in some rows",
        [
            [table(ID, ("b", Integer))],
            [table(ID, ("b", Integer), ("a", Integer, lambda: Computed("b * 2", persisted=True), STRICT))],
        ],
        ["INSERT INTO t__m (id, b) VALUES (1, 1), (2, NULL)"],
        ["report AddColumn a null rows=1", "postpone SetNullable a not null rows=1 keys=2"],
        ALL,
        [(1, 1, 2), (2, None, None)],
        ["UPDATE t__m SET b = 1"],
    ),
    Story(
        "a computed column that must have a value, while what it is computed of loses some",
        [
            [table(ID, ("b", String(9)), ("a", String(9), lambda: Computed("b || ''", persisted=True), STRICT))],
            [table(ID, ("b", Integer), ("a", String(9), lambda: Computed("b || ''", persisted=True), STRICT))],
        ],
        ["INSERT INTO t__m (id, b) VALUES (1, '1'), (2, 'x')"],
        [
            "apply SetNullable a null",
            "report ConvertColumn b rows=2 kept=1 keys=2",
            "postpone SetNullable a not null rows=1 keys=2",
        ],
        ALL,
        [(1, 1, "1"), (2, None, None)],
        ["UPDATE t__m SET b = 1"],
        only="sqlite",
    ),
    Story(
        "a computed column that must have a value no more, and is of another size",
        [
            [table(ID, ("a", Integer, lambda: Computed("id * 2", persisted=True), STRICT))],
            [table(ID, ("a", BigInteger, lambda: Computed("id * 2", persisted=True)))],
        ],
        ["INSERT INTO t__m (id) VALUES (1)"],
        ["apply SetNullable a null", "apply AlterColumn a computed"],
        ALL,
        [(1, 2)],
    ),
    Story(
        "check, while a number that was declared as text is filled in",
        [
            [table(ID)],
            [table(ID, ("a", Integer, {"server_default": "5"}), lambda: CheckConstraint("a > 7", name="ck"))],
        ],
        ["INSERT INTO t__m (id) VALUES (1)"],
        ["apply AddColumn a null 5 rows=1", "postpone AddConstraint CHECK(a) rows=1 keys=1"],
        ALL,
        [(1, 5)],
        ["UPDATE t__m SET a = 8"],
    ),
    Story(
        "unique over two columns, one of which has another name and type",
        [
            [table(ID, ("a", String), ("b", Integer), lambda: UniqueConstraint("a", "b"))],
            [table(ID, ("c", Integer, {"info": {"was": "a"}}), ("b", Integer), lambda: UniqueConstraint("c", "b"))],
        ],
        ["INSERT INTO t__m (id, a, b) VALUES (1, '7', 1), (2, 'x', 1)"],
        ["apply RenameColumn c from a", "report ConvertColumn c rows=2 kept=1 keys=2"],
        ALL,
        [(1, 7, 1), (2, None, 1)],
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.id)
async def test_constraints_make_room_for_the_values_and_return_when_these_allow_it(database: str, story: Story) -> None:
    await play(database, story)
