"""Former names that cannot be true: claimed by two, or no names at all. Nothing is guessed, and nobody else suffers."""

from tests.migration.sources import note, table
from tests.migration.story import Put, Query, Release, Rows, Story

TEXT = note("text: str")
MEMO = table("memo", "t: str")
PLACE = table("place", "x: float", "y: float")
EXCHANGED = table("place", "x: float = column(info={'was': 'y'})", "y: float = column(info={'was': 'x'})")
ROWS = (Put("note", (1, "a"), (2, "b")), Put("memo", (1, "m")))
UNTOUCHED = (Query("SELECT text FROM note__notes ORDER BY id", "a", "b"), Rows("memo", (1, "m")))
WAS_NOTE = {"info": {"was": "note"}}
WAS_OLD = '__was__ = "old"'

STORIES = [
    Story(
        "former-name-claimed-by-two-columns",
        Release(TEXT, other=MEMO),
        *ROWS,
        Release(
            note("a: str = column(info={'was': 'text'})", "b: str | None = column(info={'was': ['text']})"),
            other=MEMO,
            off={"notes": "columns of note__notes a and b both declare that they were text"},
        ),
        *UNTOUCHED,
        Release(note("a: str = column(info={'was': 'text'})", "b: str | None"), other=MEMO),
        Rows("note", (1, "a", None), (2, "b", None)),
    ),
    Story(
        "former-name-claimed-by-two-columns-farther-back",
        Release(TEXT, other=MEMO),
        *ROWS,
        Release(
            note("a: str = column(info={'was': 'text'})", "b: str | None = column(info={'was': ['c', 'text']})"),
            other=MEMO,
            off={"notes": "a and b both declare that they were text"},
        ),
        *UNTOUCHED,
    ),
    Story(
        "former-names-that-two-columns-exchange",
        Release(PLACE, other=MEMO),
        Put("place", (1, 1.0, 2.0)),
        ROWS[1],
        Release(EXCHANGED, other=MEMO, off={"notes": "columns of place__notes take names from each other"}),
        Query("SELECT x, y FROM place__notes", (1.0, 2.0)),
        UNTOUCHED[1],
        Release(table("place", "z: float = column(info={'was': 'x'})", "y: float"), other=MEMO),
        Release(
            table("place", "x: float = column(info={'was': 'y'})", "y: float = column(info={'was': ['z', 'x']})"),
            other=MEMO,
        ),
        Rows("place", (1, 2.0, 1.0)),
        Release(EXCHANGED, other=MEMO),
        Rows("place", (1, 2.0, 1.0)),
    ),
    Story("former-names-that-two-columns-exchange-in-a-new-table", Release(other=MEMO), Release(EXCHANGED, other=MEMO)),
    Story(
        "former-name-claimed-by-two-tables",
        Release(TEXT, other=MEMO),
        *ROWS,
        Release(
            table("page", "text: str", **WAS_NOTE),
            table("leaf", "text: str", **WAS_NOTE),
            other=MEMO,
            off={"notes": "both declare that they were note__notes"},
        ),
        *UNTOUCHED,
        Release(table("page", "text: str", **WAS_NOTE), table("leaf", "text: str"), other=MEMO),
        Rows("page", (1, "a"), (2, "b")),
    ),
    Story(
        "former-name-claimed-by-two-modules",
        Release(old=TEXT, other=MEMO),
        Put("note", (1, "a")),
        Release(
            one=[WAS_OLD, TEXT],
            two=[WAS_OLD, TEXT],
            other=MEMO,
            off={"one": "note__one and note__two both", "two": "note__one and note__two both"},
        ),
        Query("SELECT text FROM note__old", "a"),
        Release(one=[WAS_OLD, TEXT], two=TEXT, other=MEMO),
        Query("SELECT text FROM note__one", "a"),
        Query("SELECT count(*) FROM note__two", 0),
    ),
    Story(
        "former-name-of-a-wrong-type",
        Release(TEXT, other=MEMO),
        *ROWS,
        Release(note("text: str = column(info={'was': 5})"), other=MEMO, off={"notes": "column text: info="}),
        *UNTOUCHED,
        Release(note("text: str", info={"was": {"new": "old"}}), other=MEMO, off={"notes": 'expected "old"'}),
        *UNTOUCHED,
    ),
    Story(
        "former-member-claimed-by-two",
        Release(note("k: str = column(Enum('x', 'y', name='k'))"), other=MEMO),
        Put("note", (1, "x")),
        Release(
            note("k: str = column(Enum('a', 'b', 'y', name='k'), info={'was': {'a': 'x', 'b': 'x'}})"),
            other=MEMO,
            off={"notes": "members a and b both declare that they were 'x'"},
        ),
        Query("SELECT k FROM note__notes", "x"),
    ),
    Story(
        "member-renamed-to-the-name-of-another-that-has-none-any-more",
        Release(note("k: str = column(Enum('x', 'a', name='k'))"), other=MEMO),
        Put("note", (1, "x"), (2, "a")),
        Release(
            note("k: str = column(Enum('a', 'c', name='k'), info={'was': {'a': 'x', 'b': 'a'}})"),
            other=MEMO,
            off={"notes": "a is to be b, which is no member of this release, while another is called a"},
        ),
        Query("SELECT k FROM note__notes ORDER BY id", "x", "a"),
        Release(note("k: str = column(Enum('a', 'b', name='k'), info={'was': {'a': 'x', 'b': 'a'}})"), other=MEMO),
        Query("SELECT k FROM note__notes ORDER BY id", "a", "b"),
    ),
    Story(
        "member-renamed-in-a-chain-to-the-name-of-one-that-keeps-it",
        Release(note("k: str = column(Enum('x', 'a', 'b', name='k'))"), other=MEMO),
        Put("note", (1, "x"), (2, "a"), (3, "b")),
        Release(
            note("k: str = column(Enum('a', 'b', name='k'), info={'was': {'a': 'x', 'b': 'a'}})"),
            other=MEMO,
            off={"notes": "a is now called b, but b is still there"},
        ),
        Query("SELECT k FROM note__notes ORDER BY id", "x", "a", "b"),
    ),
]
