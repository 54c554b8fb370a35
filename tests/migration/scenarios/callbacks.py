"""What a release does itself, in on_start: it reads what is removed and writes what is new, in one go or once only."""

from tests.migration.sources import note, start
from tests.migration.story import Again, Put, Query, Refused, Release, Rows, Sql, Story

NAME = note("name: str")
PARTS = note("first: str", "last: str")
PEOPLE = Put("note", (1, "Ada Lovelace"), (2, "Alan Turing"))
SPLIT = """
if migrating():
    old = old_table(Note)
    for key, name in (await session.execute(select(old.c.id, old.c.name))).all():
        first, last = name.split(" ")
        await session.execute(update(Note).where(Note.id == key).values(first=first, last=last))
"""
COUNT = "await session.execute(update(Note).values(n=Note.n + 1))"
BROKEN = f"{COUNT}\nraise RuntimeError('not yet')"
WITH_N = note("n: int")

STORIES = [
    Story(
        "on-start-splits-a-column-in-two",
        Release(NAME),
        PEOPLE,
        Release(PARTS, start(SPLIT)),
        Rows("note", (1, "Ada", "Lovelace"), (2, "Alan", "Turing")),
        Query("SELECT name FROM note__notes ORDER BY id", "Ada Lovelace", "Alan Turing"),
        Refused("note", {"id": 3, "first": "x", "last": None}),
    ),
    Story(
        "on-start-once-does-its-work-once-per-database",
        Release(WITH_N),
        Put("note", (1, 0)),
        Release(WITH_N, start(COUNT, once="count")),
        Rows("note", (1, 1)),
        Again(),
        Rows("note", (1, 1)),
        Release(note("n: int", "m: int | None"), start(COUNT, once="count")),
        Rows("note", (1, 1, None)),
    ),
    Story(
        "on-start-once-that-fails-is-rolled-back-and-tried-again",
        Release(WITH_N),
        Put("note", (1, 0)),
        Release(WITH_N, start(BROKEN, once="count"), off={"notes": "not yet"}),
        Query("SELECT n FROM note__notes", 0),
        Release(WITH_N, start(COUNT, once="count")),
        Rows("note", (1, 1)),
    ),
    Story(
        "on-start-fails-and-the-others-run",
        Release(NAME, other=note("t: str")),
        Put("note__notes", (1, "Ada Lovelace")),
        Put("note__other", (1, "x")),
        Release(
            PARTS,
            start("if migrating():\n    raise RuntimeError('not yet')"),
            other=note("t: str", "n: int = column(default=1)"),
            off={"notes": "not yet"},
        ),
        Rows("note__other", (1, "x", 1)),
        Query("SELECT name FROM note__notes", "Ada Lovelace"),
        Release(PARTS, start(SPLIT), other=note("t: str", "n: int = column(default=1)")),
        Rows("note__notes", (1, "Ada", "Lovelace")),
    ),
    Story(
        "on-start-merges-two-columns-and-reads-a-removed-table",
        Release(note("a: int", "b: int"), "Log = Table('log', metadata, Column('n', Integer))"),
        Put("note", (1, 2, 3)),
        Put("log", (100,)),
        Release(
            note("sum: int"),
            start(
                "if migrating():\n"
                "    old, log = old_table(Note), old_table('log')\n"
                "    more = await session.scalar(select(func.sum(log.c.n)))\n"
                "    await session.execute(update(old).values(sum=old.c.a + old.c.b + more))"
            ),
        ),
        Rows("note", (1, 105)),
    ),
    Story(
        "on-start-that-leaves-a-null-is-postponed-and-tried-again",
        Release(note()),
        Put("note", (1,), (2,)),
        Release(
            note("n: int"),
            start("await session.execute(update(Note).where(Note.id == 1).values(n=1))"),
            postponed={"note.n NOT NULL": (2,)},
        ),
        Rows("note", (1, 1), (2, None)),
        Sql("UPDATE note__notes SET n = 2 WHERE id = 2"),
        Again(),
        Refused("note", {"id": 3, "n": None}),
    ),
    Story(
        "on-start-sees-what-is-kept-nowhere-else",
        Release(note("n: str")),
        Put("note", (1, "one"), (2, "2")),
        Release(
            note("n: int = column(default=0)"),
            start(
                "from core.database import kept_values\n"
                "for kept in await kept_values(Note):\n"
                "    number = {'one': 1}[kept.value]\n"
                "    await session.execute(update(Note).where(Note.id == 1, Note.n == 0).values(n=number))"
            ),
        ),
        Rows("note", (1, 1), (2, 2)),
    ),
]
