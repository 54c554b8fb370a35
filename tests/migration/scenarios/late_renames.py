"""Names that are declared late by a release that renames once more: rename and late declaration in one."""

from tests.migration.sources import note, table
from tests.migration.story import Again, Put, Query, Release, Rows, Story

OLD = Release(note("text: str | None"))
ROWS = Put("note", (1, "a"), (2, "b"))
CONTENT = Release(note("content: str | None = column(info={'was': ['body', 'text']})"))
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
