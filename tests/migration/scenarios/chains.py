"""Columns whose type changes more than once: a value that could not follow at first, and does later, is not lost."""

from datetime import UTC, datetime

from tests.migration.sources import note
from tests.migration.story import Again, Kept, Put, Release, Rows, Sql, Story

DAY = datetime(2023, 11, 14, 22, 13, 20)
# Two that DateTime spells in another way and that are whole numbers as well, one that is none, one that DateTime spells
# in the same way, and one that is no moment.
MOMENTS = {
    "2023-11-14T22:13:20Z": DAY,
    "1700000000.25": DAY.replace(microsecond=250_000),
    "1700000000.123456": DAY.replace(microsecond=123_456),
    "2023-11-14T22:13:20.123456": DAY.replace(microsecond=123_456),
    "soon": None,
}
SPELLED = dict(enumerate(list(MOMENTS)[:3], 1))

TEXT, NUMBER = Release(note("v: str | None")), Release(note("v: int | None = column(BigInteger)"))
TIME, AWARE = (Release(note(f"v: datetime | None = column(DateTime(timezone={aware}))")) for aware in (False, True))
PUT = Put("note", *enumerate(MOMENTS, 1))
AS_NUMBERS = (NUMBER, Rows("note", *((i, None) for i in range(1, 6))), Kept("note.v", dict(enumerate(MOMENTS, 1))))
AS_MOMENTS = (TIME, Rows("note", *enumerate(MOMENTS.values(), 1)), Kept("note.v", {**SPELLED, 5: "soon"}))
OF_UTC = [moment and moment.replace(tzinfo=UTC) for moment in MOMENTS.values()]
# What has been a moment is as many seconds or milliseconds, if it can be.
COUNTED = (NUMBER, Rows("note", (1, 1700000000), (2, 1700000000250), (3, None), (4, None), (5, None)))
AS_WRITTEN = (TEXT, Rows("note", *enumerate(MOMENTS, 1)), Kept("note.v"))

STORIES = [
    Story("chain-text-datetime-and-back", TEXT, PUT, *AS_MOMENTS, *AS_WRITTEN),
    Story("chain-text-number-datetime-text-twice", TEXT, PUT, *(*AS_NUMBERS, *AS_MOMENTS, *AS_WRITTEN) * 2),
    Story("chain-text-number-datetime-and-back", TEXT, PUT, *AS_NUMBERS, *AS_MOMENTS, *COUNTED, *AS_WRITTEN),
    Story(
        "chain-text-number-datetime-and-back-by-a-detour",
        TEXT,
        PUT,
        *AS_NUMBERS,
        *(*AS_MOMENTS, *COUNTED) * 2,
        *AS_WRITTEN,
    ),
    Story("chain-text-datetime-number-datetime-text", TEXT, PUT, *AS_MOMENTS, *COUNTED, *AS_MOMENTS, *AS_WRITTEN),
    Story(
        "chain-text-number-aware-datetime-naive-text",
        TEXT,
        PUT,
        *AS_NUMBERS,
        AWARE,
        Rows("note", *enumerate(OF_UTC, 1)),
        *AS_MOMENTS,
        *AS_WRITTEN,
    ),
    Story(
        "chain-a-row-written-since-keeps-its-value",
        TEXT,
        PUT,
        *AS_NUMBERS,
        *AS_MOMENTS,
        Sql("UPDATE note__notes SET v = '2021-02-03 00:00:00.000000' WHERE id = 1"),
        Sql("UPDATE note__notes SET v = NULL WHERE id = 2"),
        TEXT,
        Rows("note", *enumerate(["2021-02-03T00:00:00", None, *list(MOMENTS)[2:]], 1)),
        Again(),
        Kept("note.v", {1: SPELLED[1], 2: SPELLED[2]}),
    ),
    Story(
        "chain-over-what-a-default-filled-in",
        Release(note("v: str")),
        PUT,
        Release(note("v: int = column(default=-1)")),
        Rows("note", *((i, -1) for i in range(1, 6))),
        Release(note("v: datetime = column(default=datetime(2000, 1, 1))")),
        Kept("note.v", {**SPELLED, 5: "soon"}),
        Release(note("v: str")),
        Rows("note", *enumerate(MOMENTS, 1)),
        Kept("note.v"),
    ),
]
