"""Columns, tables and modules that have another name, whether the new release says so or not."""

from tests.migration.sources import note, table
from tests.migration.story import Kept, Put, Query, Refused, Release, Rows, Story

ROWS = Put("note", (1, "a"), (2, "b"))
TEXT = note("text: str")
BODY = note("body: str = column(info={'was': 'text'})")
OLD = "SELECT text FROM note__notes ORDER BY id"


def memo(*columns: str, was: object = "note", args: str = "") -> str:
    """Table memo, which was called note."""
    return table("memo", *columns, args=args, info={"was": was})


USER = table("user", "name: str")
CHILD = note("owner: int = column(ForeignKey('user.id'))")
PERSON = table("person", "name: str", info={"was": "user"})

STORIES = [
    # --- columns ---
    Story("column-renamed", Release(TEXT), ROWS, Release(BODY), Rows("note", (1, "a"), (2, "b"))),
    Story(
        "column-renamed-and-later-not-declared-any-more",
        Release(TEXT),
        ROWS,
        Release(BODY),
        Release(note("body: str")),
        Rows("note", (1, "a"), (2, "b")),
    ),
    Story(
        "column-renamed-several-releases-ago",
        Release(TEXT),
        ROWS,
        Release(note("content: str = column(info={'was': ['body', 'text']})")),
        Rows("note", (1, "a"), (2, "b")),
    ),
    Story(
        "column-renamed-twice-one-after-the-other",
        Release(TEXT),
        ROWS,
        Release(BODY),
        Put("note", (3, "c")),
        Release(note("content: str = column(info={'was': ['body', 'text']})")),
        Rows("note", (1, "a"), (2, "b"), (3, "c")),
    ),
    Story(
        "column-renamed-not-declared",
        Release(TEXT),
        ROWS,
        Release(note("body: str | None")),
        Rows("note", (1, None), (2, None)),
        Query(OLD, "a", "b"),
    ),
    Story(
        "column-renamed-declared-a-release-late",
        Release(TEXT),
        ROWS,
        Release(note("body: str = column(default='?')")),
        Put("note", (3, "written since"), (4, "?")),
        Rows("note", (1, "?"), (2, "?"), (3, "written since"), (4, "?")),
        Release(note("body: str = column(default='?', info={'was': 'text'})")),
        Rows("note", (1, "a"), (2, "b"), (3, "written since"), (4, "?")),
        Query(OLD, "a", "b", None, None),
    ),
    Story(
        "column-renamed-declared-late-over-nulls",
        Release(TEXT),
        ROWS,
        Release(note("body: str | None")),
        Put("note", (3, "since"), (4, None)),
        Release(BODY, postponed={"note.body NOT NULL": (4,)}),
        Rows("note", (1, "a"), (2, "b"), (3, "since"), (4, None)),
    ),
    Story(
        "column-renamed-declared-late-is-filled-once-only",
        Release(TEXT),
        ROWS,
        Release(note("body: str | None")),
        Release(note("body: str | None = column(info={'was': 'text'})")),
        Rows("note", (1, "a"), (2, "b")),
        Put("note", (3, None)),
        Release(note("body: str | None = column(info={'was': 'text'})", "n: int | None")),
        Rows("note", (1, "a", None), (2, "b", None), (3, None, None)),
    ),
    Story(
        "column-renamed-declared-late-for-another-one-first",
        Release(TEXT),
        ROWS,
        Release(note("body: str | None", "title: str | None")),
        Release(note("body: str | None = column(info={'was': 'text'})", "title: str | None")),
        Rows("note", (1, "a", None), (2, "b", None)),
        Put("note", (3, "since", None), (4, "both", "written")),
        Release(note("body: str | None", "title: str | None = column(info={'was': 'text'})")),
        Rows("note", (1, "a", "a"), (2, "b", "b"), (3, "since", None), (4, "both", "written")),
    ),
    Story(
        "column-renamed-late-with-another-type",
        Release(TEXT),
        Put("note", (1, "5"), (2, "five")),
        Release(note("n: int = column(default=0)")),
        Put("note", (3, 7)),
        Release(note("n: int = column(default=0, info={'was': 'text'})")),
        Rows("note", (1, 5), (2, 0), (3, 7)),
        Query(OLD, "5", "five", None),
    ),
    Story(
        "column-renamed-converted-and-not-null-at-once",
        Release(note("n: str | None")),
        Put("note", (1, "5"), (2, "five"), (3, None)),
        Release(note("number: int = column(default=-1, info={'was': 'n'})")),
        Rows("note", (1, 5), (2, -1), (3, -1)),
        Kept("note.number", {2: "five"}),
        Refused("note", {"id": 4, "number": None}),
    ),
    Story(
        "column-renamed-with-unique-check-and-index",
        Release(note("n: int = column(unique=True, index=True)", args="CheckConstraint('n > 0', name='positive')")),
        Put("note", (1, 5)),
        Release(
            note(
                "m: int = column(unique=True, index=True, info={'was': 'n'})",
                args="CheckConstraint('m > 0', name='positive')",
            )
        ),
        Rows("note", (1, 5)),
        Refused("note", (2, 5), (2, 0)),
    ),
    Story(
        "column-renamed-that-children-refer-to",
        Release(
            table("user", "key: int = column(primary_key=True)"), note("owner: int = column(ForeignKey('user.key'))")
        ),
        Put("user", (1,)),
        Put("note", (1, 1)),
        Release(
            table("user", "number: int = column(primary_key=True, info={'was': 'key'})"),
            note("owner: int = column(ForeignKey('user.number'))"),
        ),
        Rows("user", (1,)),
        Rows("note", (1, 1)),
        Refused("note", (2, 9)),
    ),
    Story(
        "columns-renamed-in-a-chain",
        Release(note("a: str", "b: str")),
        Put("note", (1, "A", "B")),
        Release(note("b: str = column(info={'was': 'a'})", "c: str = column(info={'was': 'b'})")),
        Rows("note", (1, "A", "B")),
    ),
    Story(
        "column-renamed-then-the-older-release-then-the-newer",
        Release(TEXT),
        ROWS,
        Release(BODY),
        Put("note", (3, "c")),
        Release(TEXT),
        Rows("note", (1, "a"), (2, "b"), (3, "c")),
        Put("note", (4, "d")),
        Release(BODY),
        Rows("note", (1, "a"), (2, "b"), (3, "c"), (4, "d")),
    ),
    Story(
        "column-renamed-and-a-new-one-takes-the-old-name",
        Release(TEXT),
        ROWS,
        Release(note("body: str = column(info={'was': 'text'})", "text: int | None")),
        Rows("note", (1, "a", None), (2, "b", None)),
    ),
    # --- tables ---
    Story("table-renamed", Release(TEXT), ROWS, Release(memo("text: str")), Rows("memo", (1, "a"), (2, "b"))),
    Story(
        "table-renamed-goes-on-numbering",
        Release(TEXT),
        ROWS,
        Release(memo("text: str")),
        Put("memo", {"text": "c"}),
        Rows("memo", (1, "a"), (2, "b"), (3, "c")),
    ),
    Story(
        "table-renamed-several-releases-ago",
        Release(TEXT),
        ROWS,
        Release(memo("text: str", was=["sheet", "note"])),
        Rows("memo", (1, "a"), (2, "b")),
    ),
    Story(
        "table-renamed-with-index-unique-and-enum",
        Release(note("a: int = column(unique=True, index=True)", "e: str = column(Enum('x', 'y', name='kind'))")),
        Put("note", (1, 1, "x")),
        Release(memo("a: int = column(unique=True, index=True)", "e: str = column(Enum('x', 'y', name='kind'))")),
        Rows("memo", (1, 1, "x")),
        Refused("memo", (2, 1, "x")),
    ),
    Story(
        "table-renamed-that-children-refer-to",
        Release(USER, CHILD),
        Put("user", (1, "Momo")),
        Put("note", (1, 1)),
        Release(PERSON, note("owner: int = column(ForeignKey('person.id'))")),
        Rows("person", (1, "Momo")),
        Rows("note", (1, 1)),
        Refused("note", (2, 9)),
    ),
    Story(
        "table-and-column-renamed-and-a-column-added",
        Release(TEXT),
        ROWS,
        Release(memo("body: str = column(info={'was': 'text'})", "n: int = column(default=1)")),
        Rows("memo", (1, "a", 1), (2, "b", 1)),
    ),
    Story(
        "table-renamed-not-declared",
        Release(TEXT),
        ROWS,
        Release(table("memo", "text: str")),
        Rows("memo"),
        Query(OLD, "a", "b"),
    ),
    Story(
        "table-renamed-declared-a-release-late",
        Release(TEXT),
        ROWS,
        Release(table("memo", "text: str")),
        Put("memo", (2, "since"), (3, "c")),
        Release(memo("text: str")),
        Rows("memo", (1, "a"), (2, "since"), (3, "c")),
        Query(OLD, "a", "b"),
    ),
    Story(
        "table-renamed-then-the-older-release-then-the-newer",
        Release(TEXT),
        ROWS,
        Release(memo("text: str")),
        Put("memo", (3, "c")),
        Release(TEXT),
        Rows("note", (1, "a"), (2, "b"), (3, "c")),
        Release(memo("text: str")),
        Rows("memo", (1, "a"), (2, "b"), (3, "c")),
    ),
    # --- modules ---
    Story(
        "module-renamed",
        Release(TEXT),
        ROWS,
        Release(memos=("__was__ = 'notes'", TEXT)),
        Rows("note__memos", (1, "a"), (2, "b")),
        Put("note__memos", {"text": "c"}),
        Query("SELECT count(*) FROM note__memos", 3),
    ),
    Story(
        "module-renamed-with-indexes-enums-and-children",
        Release(
            table("user", "mood: str = column(Enum('good', 'bad', name='mood'), index=True)"),
            note(
                "owner: int = column(ForeignKey('user.id', name='owned'))", args="UniqueConstraint('owner', name='one')"
            ),
        ),
        Put("user", (1, "bad")),
        Put("note", (1, 1)),
        Release(
            memos=(
                "__was__ = 'notes'",
                table("user", "mood: str = column(Enum('good', 'bad', name='mood'), index=True)"),
                note(
                    "owner: int = column(ForeignKey('user.id', name='owned'))",
                    args="UniqueConstraint('owner', name='one')",
                ),
            )
        ),
        Rows("user", (1, "bad")),
        Rows("note", (1, 1)),
    ),
    Story(
        "module-and-table-and-column-renamed",
        Release(TEXT),
        ROWS,
        Release(memos=("__was__ = 'notes'", memo("body: str = column(info={'was': 'text'})"))),
        Rows("memo", (1, "a"), (2, "b")),
    ),
    Story(
        "module-renamed-that-another-refers-to",
        Release(shop=table("item"), notes=note("item: int = column(ForeignKey('item__shop.id'))")),
        Put("item", (1,)),
        Put("note", (1, 1)),
        Release(
            store=("__was__ = 'shop'", table("item")), notes=note("item: int = column(ForeignKey('item__store.id'))")
        ),
        Rows("item", (1,)),
        Rows("note", (1, 1)),
        Refused("note", (2, 2)),
    ),
    Story(
        "module-renamed-not-declared",
        Release(TEXT),
        ROWS,
        Release(memos=TEXT),
        Rows("note__memos"),
        Query(OLD, "a", "b"),
    ),
    Story(
        "module-renamed-and-back",
        Release(TEXT),
        ROWS,
        Release(memos=("__was__ = 'notes'", TEXT)),
        Put("note__memos", (3, "c")),
        Release(TEXT),
        Rows("note", (1, "a"), (2, "b"), (3, "c")),
    ),
]
