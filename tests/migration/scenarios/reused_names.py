"""Names that one after the other has, year after year: each finds its own rows, also where an older release runs."""

from __future__ import annotations

from tests.migration.sources import note, table
from tests.migration.story import Act, Put, Query, Release, Rows, Story

Named = dict[str, object]


def columns(**names: object) -> Release:
    """Table note with these columns, each with what it was."""
    return Release(note(*(f"{name}: str | None = column(info={{'was': {was!r}}})" for name, was in names.items())))


def tables(**names: object) -> Release:
    """These tables, each with what it was. On PostgreSQL an index of a key may have to wait for its name."""
    made = (table(name, "text: str", info={"was": was} if was else {}) for name, was in names.items())
    return Release(*made, differs=tuple(names))


def in_columns(*values: str | None) -> tuple[Act, ...]:
    """The values of the one row."""
    return (Rows("note", (1, *values)),)


def in_tables(**rows: str) -> tuple[Act, ...]:
    """The one row of each table."""
    return tuple(Rows(name, (1, text)) for name, text in rows.items())


TWO: Named = {"a": (), "b": ()}
ON: Named = {"b": "a", "x": "b"}
ON_AGAIN: Named = {"x": ["b", "a"], "y": ["x", "b"]}
# Something that was renamed twice, and something else that has the name that it had in between.
BOTH: Named = {"u": ["y", "a"], "y": "x"}
# What got a new one by its side is renamed on, and so is the new one.
YEARS = ({"now": ()}, {"last": "now", "now": ()}, {"older": ["last", "now"], "last": "now", "now": ()})
NEW = "text: str | None"
BODY = "body: str | None = column(info={'was': 'text'})"
TITLE = "title: str | None = column(info={'was': 'text'})"
CLAIMED = {"notes": "both declare that they were text"}
MOVED = [table(name, "text: str", info={"was": was}) for name, was in {"b": "a", "c": "b"}.items()]
# By what became of a and b: a release after next, and the names that it has for them.
SKIPPED: dict[str, tuple[Named, str]] = {
    "in-which-one-goes-away-and-comes-back": ({"a": "x", "y": ["a", "b"]}, "ay"),
    "in-which-one-follows-the-other": ({"y": ["b", "a"], "b": "x"}, "yb"),
    "in-which-a-third-one-is-left": ({"y": ["a", "b"], "x": "a"}, "xy"),
}

STORIES = [
    Story(
        "columns-move-up-once-more-and-back",
        columns(**TWO),
        Put("note", (1, "A", "B")),
        *(columns(**ON), *in_columns("A", "B"), columns(**ON_AGAIN), *in_columns("A", "B")) * 2,
        columns(**ON),
        columns(**TWO),
        *in_columns("A", "B"),
        columns(**ON_AGAIN),
        *in_columns("A", "B"),
    ),
    Story(
        "tables-move-up-once-more-and-back",
        tables(**TWO),
        *(Put(name, (1, text)) for name, text in {"a": "A", "b": "B"}.items()),
        *(tables(**ON), *in_tables(b="A", x="B"), tables(**ON_AGAIN), *in_tables(x="A", y="B")) * 2,
        tables(**ON),
        tables(**TWO),
        *in_tables(a="A", b="B"),
        tables(**ON_AGAIN),
        *in_tables(x="A", y="B"),
    ),
    Story(
        "columns-move-up-while-each-release-has-a-new-one",
        columns(**YEARS[0]),
        Put("note", (1, "1")),
        columns(**YEARS[1]),
        Query("SELECT last, now FROM note__notes", ("1", None)),
        Put("note", {"id": 2, "now": "2"}),
        columns(**YEARS[2]),
        Query("SELECT older, last, now FROM note__notes ORDER BY id", ("1", None, None), (None, "2", None)),
    ),
    Story(
        "tables-move-up-while-each-release-has-a-new-one",
        tables(**YEARS[0]),
        Put("now", (1, "1")),
        tables(**YEARS[1]),
        Put("now", (1, "2")),
        tables(**YEARS[2]),
        *in_tables(older="1", last="2"),
        Rows("now"),
    ),
    Story(
        "columns-of-a-release-that-runs-again-after-one-from-before-the-last-two",
        columns(a=()),
        Put("note", (1, "A")),
        columns(**BOTH),
        Put("note", (2, "B", "Y")),
        *(columns(a=()), Query("SELECT a FROM note__notes ORDER BY id", "A", "B")),
        *(columns(**BOTH), Rows("note", (1, "A", None), (2, "B", "Y"))),
    ),
    Story(
        "tables-of-a-release-that-runs-again-after-one-from-before-the-last-two",
        tables(a=()),
        Put("a", (1, "A")),
        tables(**BOTH),
        Put("y", (1, "Y")),
        *(tables(a=()), *in_tables(a="A"), tables(**BOTH), *in_tables(u="A", y="Y")),
    ),
    Story(
        "columns-that-had-the-same-name-one-after-the-other",
        Release(note(NEW)),
        Put("note", (1, "old")),
        Release(note(NEW, BODY)),
        Put("note", (2, "new", "b")),
        Release(note(BODY, TITLE)),
        Query("SELECT body, title FROM note__notes ORDER BY id", ("old", None), ("b", "new")),
        Release(note(NEW, BODY)),
        Query("SELECT body, text FROM note__notes ORDER BY id", ("old", None), ("b", "new")),
    ),
    Story(
        "columns-that-had-the-same-name-of-which-the-second-says-so-late",
        Release(note(NEW)),
        Put("note", (1, "old")),
        Release(note(NEW, BODY)),
        Put("note", (2, "new", "b")),
        Release(note(BODY, "title: str | None")),
        Rows("note", (1, "old", None), (2, "b", None)),
        Release(note(BODY, TITLE)),
        Rows("note", (1, "old", None), (2, "b", "new")),
    ),
    Story("columns-that-had-the-same-name-in-a-new-table", Release(note(BODY, TITLE)), Put("note", (1, "b", "t"))),
    Story(
        "columns-that-both-declare-late-what-they-were",
        Release(note(NEW)),
        Put("note", (1, "a")),
        Release(note("body: str | None", "title: str | None")),
        Release(note(BODY, TITLE), off=CLAIMED),
        Query("SELECT text, body, title FROM note__notes", ("a", None, None)),
        Release(note("body: str | None", TITLE)),
        Query("SELECT body, title FROM note__notes", (None, "a")),
    ),
    Story(
        "tables-that-both-declare-late-what-they-were",
        tables(a=()),
        Put("a", (1, "A")),
        tables(b=(), c=()),
        Release(
            table("b", "text: str", info={"was": "a"}),
            table("c", "text: str", info={"was": "a"}),
            off={"notes": "both declare that they were a__notes"},
        ),
        Query("SELECT text FROM a__notes", "A"),
        tables(b="a", c=()),
        Rows("b", (1, "A")),
        Rows("c"),
    ),
    *(
        Story(
            f"columns-of-an-owner-who-skips-a-release-{name}",
            columns(**TWO),
            Put("note", (1, "A", "B")),
            columns(**skipped),
            Query("SELECT a, b FROM (SELECT {} AS a, {} AS b FROM note__notes) AS named".format(*shown), ("A", "B")),
        )
        for name, (skipped, shown) in SKIPPED.items()
    ),
    *(
        Story(
            f"tables-of-an-owner-who-skips-a-release-{name}",
            tables(**TWO),
            *(Put(name, (1, text)) for name, text in {"a": "A", "b": "B"}.items()),
            tables(**skipped),
            *in_tables(**dict(zip(shown, "AB", strict=True))),
        )
        for name, (skipped, shown) in SKIPPED.items()
    ),
    Story(
        "columns-move-up-while-a-new-one-takes-a-name-from-before",
        columns(**TWO),
        Put("note", (1, "A", "B")),
        columns(x="a", y="b"),
        columns(z=["x", "a"], x=["y", "b"], b=()),
        Query("SELECT z, x, b FROM note__notes", ("A", "B", None)),
    ),
    *(
        Story(
            f"tables-move-up-while-their-module-gets-another-name-{order}",
            tables(**TWO),
            *(Put(name, (1, text)) for name, text in {"a": "A", "b": "B"}.items()),
            Release(memos=("__was__ = 'notes'", *moved), differs=("b", "c")),
            *in_tables(b="A", c="B"),
            tables(**TWO),
            *in_tables(a="A", b="B"),
        )
        for order, moved in {"first-to-last": MOVED, "last-to-first": MOVED[::-1]}.items()
    ),
]
