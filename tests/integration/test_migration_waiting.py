"""What needs a key that has to wait: it waits, too, and the old key stays for as long."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
)

from tests.two_releases import ID, STRICT, Story, play, table

ALL = "SELECT * FROM t__m ORDER BY id"

STORIES = [
    Story(
        "a primary key whose column is empty in some rows",
        [
            [table(("k", Integer, {"primary_key": True, "autoincrement": False}), ("a", Integer))],
            [table(("k", Integer), ("a", Integer, {"autoincrement": False}), lambda: PrimaryKeyConstraint("a"))],
        ],
        ["INSERT INTO t__m (k, a) VALUES (1, 1), (2, NULL)"],
        [
            "postpone AddConstraint PRIMARY KEY(a) rows=1 keys=2",
            "postpone SetNullable a not null rows=1 keys=2",
            "postpone SetNullable k null rows=1 keys=2",
        ],
        "SELECT k, a FROM t__m ORDER BY k",
        [(1, 1), (2, None)],
        ["UPDATE t__m SET a = k"],
    ),
    Story(
        "options that need a primary key that has to wait",
        [
            [table(("k", Integer, {"primary_key": True, "autoincrement": False}), ("a", Integer))],
            [
                table(
                    ("k", Integer, STRICT),
                    ("a", Integer),
                    lambda: PrimaryKeyConstraint("a"),
                    sqlite_autoincrement=True,
                )
            ],
        ],
        ["INSERT INTO t__m (k, a) VALUES (1, 1), (2, NULL)"],
        [
            "postpone AddConstraint PRIMARY KEY(a) rows=1 keys=2",
            "postpone SetNullable a not null rows=1 keys=2",
            "postpone ChangeOptions t__m rows=1 keys=2",
        ],
        "SELECT k, a FROM t__m ORDER BY k",
        [(1, 1), (2, None)],
        ["UPDATE t__m SET a = k"],
        only="sqlite",
    ),
    Story(
        "a table without a rowid, whose key has to wait",
        [
            [table(("k", Integer, {"primary_key": True, "autoincrement": False}), ("a", Integer))],
            [table(("k", Integer, STRICT), ("a", Integer), lambda: PrimaryKeyConstraint("a"), sqlite_with_rowid=False)],
        ],
        ["INSERT INTO t__m (k, a) VALUES (1, 1), (2, NULL)"],
        [
            "postpone AddConstraint PRIMARY KEY(a) rows=1 keys=2",
            "postpone SetNullable a not null rows=1 keys=2",
            "postpone ChangeOptions t__m rows=1 keys=2",
        ],
        "SELECT k, a FROM t__m ORDER BY k",
        [(1, 1), (2, None)],
        ["UPDATE t__m SET a = k"],
        only="sqlite",
    ),
    Story(
        "a foreign key to what has to wait until it is unique",
        [
            [table(ID, ("code", Integer), name="p__m"), table(ID, ("p", Integer))],
            [
                table(ID, ("code", Integer, {"unique": True}), name="p__m"),
                table(ID, ("p", Integer, lambda: ForeignKey("p__m.code"))),
            ],
        ],
        ["INSERT INTO p__m (id, code) VALUES (1, 5), (2, 5)", "INSERT INTO t__m (id, p) VALUES (1, 5)"],
        [
            "postpone AddConstraint UNIQUE(code) rows=2 keys=1,2",
            "postpone AddConstraint FOREIGN KEY(p) rows=2 keys=1,2",
        ],
        ALL,
        [(1, 5)],
        ["UPDATE p__m SET code = id + 4"],
    ),
    Story(
        "a foreign key to what is unique no more",
        [
            [
                table(ID, ("code", String(9), {"unique": True}), name="p__m"),
                table(ID, ("p", String(9), lambda: ForeignKey("p__m.code"))),
            ],
            [
                table(ID, ("code", Integer, {"unique": True, "default": 0}), name="p__m"),
                table(ID, ("p", Integer, lambda: ForeignKey("p__m.code"))),
            ],
        ],
        [
            "INSERT INTO p__m (id, code) VALUES (1, 'x'), (2, 'y'), (3, '5')",
            "INSERT INTO t__m (id, p) VALUES (1, 'x'), (2, '5')",
        ],
        [
            "apply DropConstraint FOREIGN KEY(p)",
            "apply DropConstraint UNIQUE(code)",
            "report ConvertColumn code 0 rows=3 kept=2 keys=1,2",
            "report ConvertColumn p rows=2 kept=1 keys=1",
            "postpone AddConstraint UNIQUE(code) rows=2 keys=1,2",
            "postpone AddConstraint FOREIGN KEY(p) rows=2 keys=1,2",
        ],
        ALL,
        [(1, None), (2, 5)],
        ["UPDATE p__m SET code = id + 2"],
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.id)
async def test_what_needs_a_key_waits_with_it(database: str, story: Story) -> None:
    await play(database, story)
