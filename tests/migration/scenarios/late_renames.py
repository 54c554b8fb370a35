"""Names that are declared late by a release that renames once more: rename and late declaration in one."""

from tests.migration.sources import note, table
from tests.migration.story import Again, Kept, Put, Query, Release, Rows, Sql, Story

OLD = Release(note("text: str | None"))
ROWS = Put("note", (1, "a"), (2, "b"))
CONTENT = Release(note("content: str | None = column(info={'was': ['body', 'text']})"))
COST = Release(note("cost: str | None"))
PRICE = Release(note("price: str | None = column(info={'was': 'cost'})"))
PAGE = Release(table("page", "text: str", info={"was": ["memo", "note"]}))

STORIES = [
    Story(
        "column-renamed-again-before-its-first-name-is-declared",
        OLD,
        ROWS,
        Release(note("body: str | None")),
        Put("note", (3, "since")),
        CONTENT,
        Rows("note", (1, "a"), (2, "b"), (3, "since")),
        Put("note", (4, None)),
        Again(),
        Rows("note", (1, "a"), (2, "b"), (3, "since"), (4, None)),
        Query("SELECT text FROM note__notes ORDER BY id", "a", "b", None, None),
    ),
    Story(
        "column-renamed-again-before-its-first-name-is-declared-over-a-default",
        OLD,
        ROWS,
        Release(note("body: str = column(default='none')")),
        Put("note", (3, "since")),
        Release(note("content: str = column(default='none', info={'was': ['body', 'text']})")),
        Rows("note", (1, "a"), (2, "b"), (3, "since")),
        Release(note("body: str = column(default='none')")),
        Rows("note", (1, "a"), (2, "b"), (3, "since")),
        OLD,
        Rows("note", (1, "a"), (2, "b"), (3, None)),
        Put("note", (4, "d")),
        CONTENT,
        Rows("note", (1, "a"), (2, "b"), (3, "since"), (4, "d")),
    ),
    Story(
        "column-renamed-again-with-another-type-before-its-first-name-is-declared",
        Release(note("text: str")),
        Put("note", (1, "1"), (2, "two")),
        Release(note("body: str | None")),
        Put("note", (3, "3")),
        Release(note("content: int | None = column(info={'was': ['body', 'text']})")),
        Rows("note", (1, 1), (2, None), (3, 3)),
        Query("SELECT text FROM note__notes ORDER BY id", "1", "two", None),
    ),
    Story(
        "table-renamed-again-before-its-first-name-is-declared",
        Release(note("text: str")),
        ROWS,
        Release(table("memo", "text: str")),
        Put("memo", (2, "since"), (3, "c")),
        PAGE,
        Rows("page", (1, "a"), (2, "since"), (3, "c")),
        Put("page", (4, "d")),
        Again(),
        Rows("page", (1, "a"), (2, "since"), (3, "c"), (4, "d")),
        Query("SELECT text FROM note__notes ORDER BY id", "a", "b"),
    ),
    Story(
        "former-name-was-given-to-another-column-that-goes",
        OLD,
        Put("note", (1, "a"), (2, None)),
        Release(note("body: str | None = column(info={'was': 'text'})", "text: str | None")),
        Put("note", (3, None, "another"), (4, "d", "other")),
        Release(note("body: str | None = column(info={'was': 'text'})")),
        Rows("note", (1, "a"), (2, None), (3, None), (4, "d")),
        CONTENT,
        Rows("note", (1, "a"), (2, None), (3, None), (4, "d")),
        Query("SELECT text FROM note__notes ORDER BY id", None, None, "another", "other"),
    ),
    Story(
        "column-takes-a-name-that-an-earlier-release-gave-up",
        Release(note("price: str | None", "cost: str | None")),
        Put("note", (1, "stale", "x"), (2, "left", None), (3, "z", "z"), (4, None, "y")),
        COST,
        Put("note", (5, "new")),
        PRICE,
        Rows("note", (1, "x"), (2, "left"), (3, "z"), (4, "y"), (5, "new")),
        Kept("note.price", {1: "stale"}),
        Put("note", (6, "later")),
        COST,
        Rows("note", (1, "x"), (2, None), (3, "z"), (4, "y"), (5, "new"), (6, None)),
        PRICE,
        Rows("note", (1, "x"), (2, "left"), (3, "z"), (4, "y"), (5, "new"), (6, "later")),
        Kept("note.price", {1: "stale"}),
    ),
    Story(
        "column-takes-a-name-of-another-type-that-an-earlier-release-gave-up",
        Release(note("price: int | None", "cost: str | None")),
        Put("note", (1, 7, "x"), (2, 5, "5"), (3, 6, None)),
        COST,
        Release(note("price: str = column(default='-', unique=True, info={'was': 'cost'})")),
        Rows("note", (1, "x"), (2, "5"), (3, "6")),
        Kept("note.price", {1: "7"}),
        Release(note("price: int | None", "cost: str | None")),
        Rows("note", (1, None, "x"), (2, 5, "5"), (3, 6, None)),
    ),
    Story(
        "column-is-renamed-silently-and-back-by-a-declaration",
        OLD,
        ROWS,
        Release(note("body: str | None")),
        Put("note", (3, "c")),
        Sql("UPDATE note__notes SET body = 'B' WHERE id = 2"),
        Release(note("text: str | None = column(info={'was': 'body'})")),
        Rows("note", (1, "a"), (2, "B"), (3, "c")),
        Kept("note.text", {2: "b"}),
    ),
    *(
        Story(
            f"former-name-was-given-to-another-table-that-goes-{name}",
            Release(note("text: str")),
            Put("note", (1, "a")),
            Release(table("memo", "text: str", info={"was": "note"}), note("text: str")),
            Put("note", (1, "another"), (2, "other")),
            Release(table(name, "text: str", info={"was": was})),
            Rows(name, (1, "a")),
            Query("SELECT text FROM note__notes ORDER BY id", "another", "other"),
        )
        for name, was in {"memo": ["note"], "page": ["memo", "note"]}.items()
    ),
]
