"""Computed columns and indexes on expressions that raise an error for rows that are there: they wait for these rows."""

from tests.migration.sources import note
from tests.migration.story import Again, Put, Query, Refused, Release, Rows, Sql, Story

# The only number whose absolute value is no number of the same size, on both databases.
LEAST = -(2**63)
N = "n: int = column(BigInteger)"
ROWS = Put("note", (1, 5), (2, LEAST), (3, -7))
SIZE = "size: int | None = column(BigInteger, Computed('abs(n)'))"
STORED = "size: int = column(BigInteger, Computed('abs(n)', persisted=True), index=True, unique=True)"
RIGHT = Sql("UPDATE note__notes SET n = 1 WHERE id = 2")

STORIES = [
    Story(
        "computed-added-that-raises-on-a-row",
        Release(note(N)),
        ROWS,
        Release(note(N, SIZE), postponed={"note AlterColumn": (2,)}),
        Put("note", {"id": 4, "n": 1}),
        Again(postponed={"note AlterColumn": (2,)}),
        Rows("note", (1, 5, None), (2, LEAST, None), (3, -7, None), (4, 1, None)),
        RIGHT,
        Again(),
        Rows("note", (1, 5, 5), (2, 1, 1), (3, -7, 7), (4, 1, 1)),
        Refused("note", {"id": 5, "n": 1, "size": 1}),
    ),
    Story(
        "computed-added-not-null-stored-unique-that-raises-on-a-row",
        Release(note(N)),
        ROWS,
        Release(note(N, STORED), postponed={"note AlterColumn": (2,), "note.size NOT NULL": (2,)}),
        RIGHT,
        Again(),
        Rows("note", (1, 5, 5), (2, 1, 1), (3, -7, 7)),
        Refused("note", {"id": 5, "n": 7}),
    ),
    Story(
        "computed-otherwise-so-that-it-raises-on-a-row",
        Release(note(N, "size: int | None = column(BigInteger, Computed('n'))")),
        Put("note", {"id": 1, "n": LEAST}, {"id": 2, "n": -2}),
        Release(note(N, SIZE), postponed={"note AlterColumn": (1,)}),
        Rows("note", (1, LEAST, LEAST), (2, -2, -2)),
        Sql("UPDATE note__notes SET n = 1 WHERE id = 1"),
        Again(),
        Rows("note", (1, 1, 1), (2, -2, 2)),
    ),
    Story(
        "computed-otherwise-so-that-it-raises-on-what-its-source-becomes",
        Release(note("n: str", "size: int = column(BigInteger, Computed('length(n)', persisted=True))")),
        Put("note", {"id": 1, "n": "5"}, {"id": 2, "n": str(LEAST)}),
        Release(
            note(N, "size: int = column(BigInteger, Computed('abs(n)', persisted=True))"),
            postponed={"note AlterColumn": (2,), "note.size NOT NULL": (2,)},
        ),
        Rows("note", (1, 5, None), (2, LEAST, None)),
        RIGHT,
        Again(),
        Rows("note", (1, 5, 5), (2, 1, 1)),
    ),
    Story(
        "computed-raises-and-the-older-release-runs-again",
        Release(note(N)),
        ROWS,
        Release(note(N, SIZE), postponed={"note AlterColumn": (2,)}),
        Release(note(N)),
        Put("note", (4, 4)),
        Release(note(N, SIZE), postponed={"note AlterColumn": (2,)}),
        RIGHT,
        Again(),
        Query("SELECT size FROM note__notes ORDER BY id", 5, 1, 7, 4),
    ),
    Story(
        "computed-from-what-a-default-fills-by-calls",
        Release(note(N)),
        Put("note", (1, 5), (2, 6)),
        Release(
            note(
                N,
                "each: int = column(default=count(10).__next__)",
                "twice: int | None = column(Computed('each * 2'))",
            )
        ),
        Query("SELECT count(*) FROM note__notes WHERE twice = each * 2", 2),
    ),
    Story(
        "index-added-that-raises-on-a-row",
        Release(note(N)),
        ROWS,
        Release(note(N, args="Index('by_size', text('abs(n)'))"), postponed={"note INDEX(n)": (2,)}),
        RIGHT,
        Again(),
        Rows("note", (1, 5), (2, 1), (3, -7)),
    ),
    Story(
        "unique-index-added-that-raises-on-a-row",
        Release(note(N)),
        ROWS,
        Release(note(N, args="Index('by_size', text('abs(n)'), unique=True)"), postponed={"note INDEX(n)": (2,)}),
        RIGHT,
        Again(),
        Refused("note", (4, 7)),
    ),
    Story(
        "check-added-that-raises-on-a-row",
        Release(note(N)),
        ROWS,
        Release(note(N, args="CheckConstraint('abs(n) < 100', name='small')"), postponed={"note CHECK(n)": (2,)}),
        RIGHT,
        Again(),
        Refused("note", (4, 100)),
    ),
]
