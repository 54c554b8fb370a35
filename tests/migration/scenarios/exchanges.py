"""Names in use that one release passes on from one to the other. Nothing on disk would tell whose rows are whose."""

from tests.migration.sources import note, table
from tests.migration.story import Again, Kept, Put, Query, Refused, Release, Rows, Sql, Story

MEMO = table("memo", "t: str")
OTHER = Put("memo", (1, "m"))
SAME = Rows("memo", (1, "m"))


def held(name: str, was: object = None) -> str:
    """A table; all of them look alike, so that only the rows tell which one it is."""
    return table(name, "text: str", info={"was": was} if was else {})


def place(*columns: str, **was: object) -> str:
    """Table place with these columns."""
    former = {name: f" = column(info={{'was': {old!r}}})" for name, old in was.items()}
    return table("place", *(f"{name}: str{former.get(name, '')}" for name in columns))


def indexed(name: str, was: object = None) -> str:
    """A table whose text is unique, and once more in an index."""
    return table(name, "text: str = column(unique=True, index=True)", info={"was": was} if was else {})


def child(**targets: str) -> str:
    """A table of foreign keys, by column the table that it refers to."""
    return table("child", *(f"{name}: int = column(ForeignKey('{to}.id'))" for name, to in targets.items()))


def holding(**rows: str) -> tuple[Put, ...]:
    """One row in each table."""
    return tuple(Put(name, (1, text)) for name, text in rows.items())


def on_disk(**rows: str) -> tuple[Query, ...]:
    """That row, seen in the database itself."""
    return tuple(Query(f"SELECT text FROM {name}__notes", text) for name, text in rows.items())


A, B, C = held("a"), held("b"), held("c")
AB, ABC = {"a": "A", "b": "B"}, {"a": "A", "b": "B", "c": "C"}
EXCHANGED = (held("a", "b"), held("b", "a"))
ROUND = (held("a", "b"), held("b", "c"), held("c", "a"))
# On PostgreSQL the index of a key keeps its name as long as another one has the name that it would get.
AUTOMATIC = ("a", "b", "c")
FORMER = ("a: str = column(info={'was': 'b'})", "b: str = column(info={'was': 'c'})")
COLUMNS = Put("place", (1, "A", "B", "C"))
ON_DISK = Query("SELECT a, b, c FROM place__notes", ("A", "B", "C"))


def off(moves: str, what: str = "tables") -> dict[str, str]:
    """Module notes is off, for these former and new names."""
    return {"notes": f"the {what} take names from each other that are in use ({moves}): "}


OF_TABLES = off("b__notes -> a__notes, a__notes -> b__notes")
OF_COLUMNS = "columns of place__notes"

STORIES = [
    Story(
        "tables-that-exchange-their-names",
        Release(A, B, other=MEMO),
        *holding(**AB),
        OTHER,
        Release(*EXCHANGED, other=MEMO, off=OF_TABLES),
        *on_disk(**AB),
        SAME,
        Again(off=OF_TABLES),
        Release(A, B, other=MEMO),
        Rows("a", (1, "A")),
        Release(held("d", "a"), B, other=MEMO),
        Release(held("b", ["d", "a"]), held("a", "b"), other=MEMO, differs=AUTOMATIC),
        Rows("a", (1, "B")),
        Rows("b", (1, "A")),
        Release(*EXCHANGED, other=MEMO, differs=AUTOMATIC),
        Rows("a", (1, "B")),
        Rows("b", (1, "A")),
    ),
    Story(
        "tables-that-exchanged-their-names-one-after-the-other-and-go-back-and-forth",
        Release(A, B),
        *holding(**AB),
        Release(held("d", "a"), B),
        Release(held("d", "a"), held("a", "b")),
        Release(held("b", ["d", "a"]), held("a", "b")),
        Rows("a", (1, "B")),
        Rows("b", (1, "A")),
        Release(held("d", "a"), held("a", "b")),
        Rows("a", (1, "B")),
        Rows("d", (1, "A")),
        Release(held("b", ["d", "a"]), held("a", "b")),
        Release(held("d", "a"), B, differs=AUTOMATIC),
        Rows("d", (1, "A")),
        Rows("b", (1, "B")),
        Release(held("b", ["d", "a"]), held("a", "b"), differs=AUTOMATIC),
        Rows("a", (1, "B")),
        Rows("b", (1, "A")),
        Release(A, B, differs=AUTOMATIC),
        Release(held("b", ["d", "a"]), held("a", "b"), differs=AUTOMATIC),
        Rows("a", (1, "B")),
        Rows("b", (1, "A")),
    ),
    Story(
        "tables-that-exchanged-their-names-and-nobody-remembers",
        Release(A, B),
        *holding(**AB),
        Release(held("d", "a"), B),
        Release(held("a", "b"), held("b", ["d", "a"]), differs=AUTOMATIC),
        Sql("DELETE FROM aha_schema"),
        Release(*EXCHANGED, differs=AUTOMATIC),
        Rows("a", (1, "B")),
        Rows("b", (1, "A")),
    ),
    Story("tables-that-exchange-their-names-in-a-new-database", Release(*EXCHANGED), *holding(**AB), Again()),
    Story(
        "tables-that-exchanged-their-names-go-with-their-module",
        Release(*EXCHANGED),
        *holding(**AB),
        Release(memos=("__was__ = 'notes'", *EXCHANGED)),
        Rows("a", (1, "A")),
        Rows("b", (1, "B")),
        Release(*EXCHANGED),
        Rows("a", (1, "A")),
    ),
    Story(
        "tables-that-exchange-their-names-while-their-module-gets-another",
        Release(A, B),
        *holding(**AB),
        Release(
            memos=("__was__ = 'notes'", *EXCHANGED),
            off={"memos": "are in use (b__notes -> a__memos, a__notes -> b__memos): "},
        ),
        *on_disk(**AB),
        Release(memos=("__was__ = 'notes'", A, B)),
        Rows("a", (1, "A")),
    ),
    Story(
        "modules-that-exchange-their-names",
        Release(one=A, two=A, other=MEMO),
        Put("a__one", (1, "1")),
        Put("a__two", (1, "2")),
        OTHER,
        Release(
            one=("__was__ = 'two'", A),
            two=("__was__ = 'one'", A),
            other=MEMO,
            off=dict.fromkeys(("one", "two"), "tables take names from each other that are in use (a__two -> a__one, "),
        ),
        Query("SELECT text FROM a__one", "1"),
        Query("SELECT text FROM a__two", "2"),
        SAME,
    ),
    Story(
        "tables-that-exchange-their-names-in-a-circle",
        Release(A, B, C),
        *holding(**ABC),
        Release(*ROUND, off=off("b__notes -> a__notes, c__notes -> b__notes, a__notes -> c__notes")),
        *on_disk(**ABC),
        Release(held("d", "a"), B, C),
        Release(held("d", "a"), held("a", "b"), C),
        Release(held("d", "a"), held("a", "b"), held("b", "c")),
        Release(held("a", "b"), held("b", "c"), held("c", ["d", "a"])),
        Rows("a", (1, "B")),
        Rows("b", (1, "C")),
        Rows("c", (1, "A")),
    ),
    Story(
        "tables-that-move-up-over-one-that-goes",
        Release(A, B, C),
        *holding(**ABC),
        Release(held("a", "b"), held("b", "c"), off=off("b__notes -> a__notes, c__notes -> b__notes")),
        *on_disk(**ABC),
    ),
    Story(
        "tables-that-move-up-while-a-new-one-takes-the-last-name",
        Release(B, C),
        *holding(b="B", c="C"),
        Release(held("b", "c"), held("a", "b"), C, differs=AUTOMATIC),
        Rows("a", (1, "B")),
        Rows("b", (1, "C")),
        Rows("c"),
    ),
    Story(
        "tables-that-move-up-with-indexes-and-children",
        Release(indexed("b"), indexed("c"), child(x="b", y="c")),
        *holding(b="B", c="C"),
        Put("child", (1, 1, 1)),
        Release(indexed("b", "c"), indexed("a", "b"), child(x="a", y="b"), differs=AUTOMATIC),
        Rows("a", (1, "B")),
        Rows("b", (1, "C")),
        Put("b", (2, "new")),
        Put("child", (2, 1, 2)),
        Refused("child", (3, 2, 1)),
        Refused("a", (2, "B")),
        Release(indexed("b"), indexed("c"), child(x="b", y="c"), differs=AUTOMATIC),
        Rows("b", (1, "B")),
        Rows("c", (1, "C"), (2, "new")),
        Release(indexed("b", "c"), indexed("a", "b"), child(x="a", y="b"), differs=AUTOMATIC),
        Rows("a", (1, "B")),
        Rows("b", (1, "C"), (2, "new")),
    ),
    Story(
        "tables-that-move-up-take-what-is-kept-of-them-along",
        Release(note("n: str"), table("page", "n: str")),
        Put("note", (1, "x")),
        Put("page", (1, "y")),
        Release(note("n: int | None"), table("page", "n: int | None")),
        Release(
            note("n: int | None", info={"was": "page"}),
            table("memo", "n: int | None", info={"was": "note"}),
            differs=("note", "memo"),
        ),
        Kept("note.n", {1: "y"}),
        Kept("memo.n", {1: "x"}),
        Release(
            note("n: str | None", info={"was": "page"}),
            table("memo", "n: str | None", info={"was": "note"}),
            differs=("note", "memo"),
        ),
        Rows("note", (1, "y")),
        Rows("memo", (1, "x")),
    ),
    Story("table-that-names-itself", Release(A, B), *holding(**AB), Release(held("a", "a"), B), Rows("a", (1, "A"))),
    Story(
        "columns-that-exchange-their-names-in-a-circle",
        Release(place("a", "b", "c")),
        COLUMNS,
        Release(place("a", "b", "c", a="b", b="c", c="a"), off=off("b -> a, c -> b, a -> c", OF_COLUMNS)),
        ON_DISK,
        Release(place("a", "b", "d", d="c")),
        Release(place("c", "b", "d", c="a", d="c")),
        Release(place("c", "a", "d", c="a", a="b", d="c")),
        Release(place("c", "a", "b", c="a", a="b", b=["d", "c"])),
        Query("SELECT a, b, c FROM place__notes", ("B", "C", "A")),
        Release(place("a", "b", "c", a="b", b="c", c="a")),
        Query("SELECT a, b, c FROM place__notes", ("B", "C", "A")),
    ),
    Story(
        "columns-that-move-up-over-one-that-goes",
        Release(place("a", "b", "c")),
        COLUMNS,
        Release(place("a", "b", a="b", b="c"), off=off("b -> a, c -> b", OF_COLUMNS)),
        ON_DISK,
    ),
    Story(
        "columns-that-move-up-and-back",
        Release(place("b", "c")),
        Put("place", (1, "B", "C")),
        Release(table("place", *FORMER)),
        Rows("place", (1, "B", "C")),
        Put("place", (2, "X", "Y")),
        Release(place("b", "c")),
        Rows("place", (1, "B", "C"), (2, "X", "Y")),
        Release(table("place", *FORMER)),
        Rows("place", (1, "B", "C"), (2, "X", "Y")),
    ),
    Story(
        "columns-that-move-up-while-a-new-one-takes-the-last-name",
        Release(place("b", "c")),
        Put("place", (1, "B", "C")),
        Release(table("place", *FORMER, "c: str = column(default='-')")),
        Rows("place", (1, "B", "C", "-")),
    ),
    Story(
        "columns-that-exchange-their-names-while-their-table-gets-another",
        Release(note("a: str", "b: str")),
        Put("note", (1, "A", "B")),
        Release(
            table(
                "page", "a: str = column(info={'was': 'b'})", "b: str = column(info={'was': 'a'})", info={"was": "note"}
            ),
            off=off("b -> a, a -> b", "columns of page__notes"),
        ),
        Query("SELECT a, b FROM note__notes", ("A", "B")),
    ),
    # Whichever of the modules comes first by its name.
    *(
        Story(
            f"module-{name}-takes-the-tables-of-another-that-makes-new-ones",
            Release(two=A, other=MEMO),
            Put("a__two", (1, "2")),
            Release(**{name: ("__was__ = 'two'", A)}, two=A, other=MEMO, differs=AUTOMATIC),
            Query(f"SELECT text FROM a__{name}", "2"),
            Query("SELECT count(*) FROM a__two", 0),
        )
        for name in ("one", "zero")
    ),
    *(
        Story(
            f"module-{name}-takes-the-tables-of-another-that-takes-those-of-a-third",
            Release(two=A, three=A, other=MEMO),
            Put("a__two", (1, "2")),
            Put("a__three", (1, "3")),
            Release(**{name: ("__was__ = 'two'", A)}, two=("__was__ = 'three'", A), other=MEMO, differs=AUTOMATIC),
            Query(f"SELECT text FROM a__{name}", "2"),
            Query("SELECT text FROM a__two", "3"),
        )
        for name in ("one", "zero")
    ),
]
