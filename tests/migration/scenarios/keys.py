"""Primary keys that get wider, narrower, another type or another column, and the tables that refer to them."""

from tests.migration.sources import note, table
from tests.migration.story import Put, Query, Refused, Release, Rows, Sql, Story

A = "a: int = column(primary_key=True)"
B = "b: int = column(primary_key=True)"
USER_TEXT = table("user", "id: str = column(primary_key=True)", "name: str")
USER_INT = table("user", "id: int = column(BigInteger, primary_key=True)", "name: str")
OWNED_TEXT = note("owner: str = column(ForeignKey('user.id'))")
OWNED_INT = note("owner: int = column(BigInteger, ForeignKey('user.id'))")
LOG = "Log = Table('log', metadata, Column('text', Text), Column('n', Integer))"

STORIES = [
    Story(
        "key-widened",
        Release(note(A, "b: int", "t: str")),
        Put("note", (1, 1, "x"), (2, 1, "y")),
        Release(note(A, B, "t: str")),
        Put("note", (1, 2, "z")),
        Rows("note", (1, 1, "x"), (1, 2, "z"), (2, 1, "y")),
        Refused("note", (1, 2, "again")),
    ),
    Story(
        "key-widened-by-a-new-column",
        Release(note(A, "t: str")),
        Put("note", (1, "x"), (2, "y")),
        Release(note(A, "t: str", "b: int = column(primary_key=True, default=0)")),
        Rows("note", (1, "x", 0), (2, "y", 0)),
    ),
    Story(
        "key-narrowed",
        Release(note(A, B, "t: str")),
        Put("note", (1, 1, "x"), (2, 1, "y")),
        Release(note(A, "b: int", "t: str")),
        Rows("note", (1, 1, "x"), (2, 1, "y")),
        Refused("note", (1, 5, "z")),
    ),
    Story(
        "key-narrowed-with-duplicates",
        Release(note(A, B, "t: str"), other=table("memo", "t: str")),
        Put("note", (1, 1, "x"), (1, 2, "y")),
        Put("memo", (1, "m")),
        Release(
            note(A, "b: int", "t: str"), other=table("memo", "t: str", "n: int = column(default=1)"), off={"notes": "1"}
        ),
        Query("SELECT a, b, t FROM note__notes ORDER BY b", (1, 1, "x"), (1, 2, "y")),
        Rows("memo", (1, "m", 1)),
        Release(note(A, B, "t: str"), other=table("memo", "t: str", "n: int = column(default=1)")),
        Rows("note", (1, 1, "x"), (1, 2, "y")),
    ),
    Story(
        "key-of-its-own-instead-of-a-natural-one",
        Release(note("name: str = column(primary_key=True)", "t: str")),
        Put("note", ("x", "1"), ("y", "2")),
        Release(note("id: int = column(primary_key=True)", "name: str", "t: str")),
        Query("SELECT name, t FROM note__notes ORDER BY name", ("x", "1"), ("y", "2")),
        Query("SELECT count(DISTINCT id) FROM note__notes WHERE id IS NOT NULL", 2),
        Put("note", {"name": "x", "t": "3"}),
    ),
    Story(
        "key-type-changed",
        Release(USER_TEXT),
        Put("user", ("1", "x"), ("2", "y")),
        Release(USER_INT),
        Rows("user", (1, "x"), (2, "y")),
    ),
    Story(
        "key-type-changed-and-children-follow",
        Release(USER_TEXT, OWNED_TEXT),
        Put("user", ("1", "x"), ("22", "y")),
        Put("note", (1, "22"), (2, "1")),
        Release(USER_INT, OWNED_INT),
        Rows("user", (1, "x"), (22, "y")),
        Rows("note", (1, 22), (2, 1)),
        Refused("note", (3, 9)),
    ),
    Story(
        "key-type-changed-and-children-of-another-module-follow",
        Release(shop=USER_TEXT, notes=note("owner: str = column(ForeignKey('user__shop.id'))")),
        Put("user", ("1", "x")),
        Put("note", (1, "1")),
        Release(shop=USER_INT, notes=note("owner: int = column(BigInteger, ForeignKey('user__shop.id'))")),
        Rows("note", (1, 1)),
        Refused("note", (3, 9)),
    ),
    Story(
        "key-integer-to-text-and-back",
        Release(USER_INT, OWNED_INT),
        Put("user", (1, "x")),
        Put("note", (1, 1)),
        Release(USER_TEXT, OWNED_TEXT),
        Put("user", ("me", "z")),
        Rows("note", (1, "1")),
        Release(USER_TEXT, OWNED_TEXT),
    ),
    Story(
        "key-integer-to-bigint-goes-on-numbering",
        Release(note("t: str")),
        Put("note", (1, "x")),
        Release(note("id: int = column(BigInteger().with_variant(Integer, 'sqlite'), primary_key=True)", "t: str")),
        Put("note", {"t": "y"}),
        Rows("note", (1, "x"), (2, "y")),
    ),
    Story(
        "key-integer-to-bigint-and-renamed-with-its-table-goes-on-numbering",
        Release(note("t: str")),
        Put("note", (1, "x")),
        Release(
            table(
                "memo",
                "no: int = column(BigInteger().with_variant(Integer, 'sqlite'), primary_key=True, info={'was': 'id'})",
                "t: str",
                info={"was": "note"},
            )
        ),
        Put("memo", {"t": "y"}),
        Rows("memo", (1, "x"), (2, "y")),
        Release(note("t: str")),
        Put("note", {"t": "z"}),
        Rows("note", (1, "x"), (2, "y"), (3, "z")),
    ),
    Story(
        "key-added-to-a-table-without-one",
        Release(LOG),
        Put("log", ("x", 1), ("x", 1)),
        Release(table("log", "id: int = column(primary_key=True)", "text: str | None = column(Text)", "n: int | None")),
        Query("SELECT text, n FROM log__notes", ("x", 1), ("x", 1)),
        Query("SELECT count(DISTINCT id) FROM log__notes WHERE id IS NOT NULL", 2),
    ),
    Story(
        "table-without-a-key-gets-a-column",
        Release(LOG),
        Put("log", ("x", 1), ("x", 1), (None, None)),
        Release(
            LOG.replace("'n', Integer)", "'n', Integer), Column('m', Integer, nullable=False, server_default='3')")
        ),
        Query("SELECT text, n, m FROM log__notes ORDER BY n NULLS LAST", ("x", 1, 3), ("x", 1, 3), (None, None, 3)),
    ),
    Story(
        "table-without-a-key-has-a-type-changed",
        Release(LOG),
        Put("log", ("5", 1), ("five", 2)),
        Release(LOG.replace("Text", "Integer")),
        Query("SELECT text, n FROM log__notes ORDER BY n", (5, 1), (None, 2)),
        Release(LOG),
        Query("SELECT text, n FROM log__notes ORDER BY n", ("5", 1), ("five", 2)),
    ),
    Story(
        "key-with-autoincrement-never-gives-a-number-twice",
        Release(note("t: str", sqlite_autoincrement=True)),
        Put("note", {"t": "a"}, {"t": "b"}, {"t": "c"}),
        Sql("DELETE FROM note__notes WHERE id = 3"),
        Release(note("t: str = column(String(10), unique=True)", sqlite_autoincrement=True)),
        Put("note", {"t": "d"}),
        Rows("note", (1, "a"), (2, "b"), (4, "d")),
    ),
    Story(
        "key-gets-autoincrement",
        Release(note("t: str")),
        Put("note", {"t": "a"}),
        Release(note("t: str", sqlite_autoincrement=True)),
        Put("note", {"t": "b"}),
        Rows("note", (1, "a"), (2, "b")),
    ),
    Story(
        "key-of-two-renamed-and-retyped-with-its-children",
        Release(
            note(A, B, "t: str"),
            table("line", "a: int", "b: int", args="ForeignKeyConstraint(['a', 'b'], ['note.a', 'note.b'])"),
        ),
        Put("note", (1, 2, "x")),
        Put("line", (1, 1, 2)),
        Release(
            note("a: str = column(primary_key=True)", "c: int = column(primary_key=True, info={'was': 'b'})", "t: str"),
            table(
                "line",
                "a: str",
                "c: int = column(info={'was': 'b'})",
                args="ForeignKeyConstraint(['a', 'c'], ['note.a', 'note.c'])",
            ),
        ),
        Rows("note", ("1", 2, "x")),
        Rows("line", (1, "1", 2)),
        Refused("line", (2, "1", 3)),
    ),
]
