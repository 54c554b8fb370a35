"""Defaults that stand in for kept values, when the type changes again and the default with it."""

from tests.migration.scenarios.enums import KINDS
from tests.migration.sources import note
from tests.migration.story import Kept, Put, Release, Rows, Sql, Story

SERVER = {
    "an-integer": ("int = column(Integer", "77"),
    "a-float": ("float = column(Float", "77.5"),
    "a-numeric": ("Decimal = column(Numeric(10, 2)", "77.5"),
    "a-datetime": ("datetime = column(DateTime", "2001-01-01 00:00:00"),
    "json": ("dict = column(JSON", '{"d": 7}'),
}


BEYOND = str(2**53 + 1)  # no float is that
TEXT = "v: str | None"
INTEGER = "v: int = column(BigInteger, default=77)"
FLOAT = "v: float = column(default=5.5)"
SWITCH = "v: bool = column(default=False)"


def stories(name: str, kind: str) -> list[Story]:
    """Numbers make room for a member that is the default, and that for a number."""
    members = kind.format("'low', 'high'")
    return [
        Story(
            f"kept-values-return-over-a-default-that-cannot-follow-{name}",
            Release(note(INTEGER)),
            Put("note", (1, 5), (2, 0)),
            Release(note(f"v: str = column({members}, default='low')")),
            Rows("note", (1, "low"), (2, "low")),
            Put("note", (3, "high"), (4, "low")),
            Release(note(INTEGER)),
            Rows("note", (1, 5), (2, 0), (3, 77), (4, 77)),
            Kept("note.v", {3: "high"}),
        ),
    ]


STORIES = [
    *(story for name, kind in KINDS.items() for story in stories(name, kind)),
    *(
        Story(
            f"kept-values-return-over-a-server-default-of-{name}",
            Release(note("v: str")),
            Put("note", (1, "x"), (2, "y")),
            Release(note(f"w: {column}, server_default={default!r}, info={{'was': 'v'}})")),
            Kept("note.w", {1: "x", 2: "y"}),
            Release(note("v: str")),
            Rows("note", (1, "x"), (2, "y")),
            Kept("note.v"),
        )
        for name, (column, default) in SERVER.items()
    ),
    # Of some rows the first default follows the second change of type, others get the second one.
    Story(
        "kept-values-return-over-two-defaults",
        Release(note(TEXT)),
        Put("note", (1, "abc"), (2, BEYOND), (3, "12")),
        Release(note(INTEGER)),
        Release(note(FLOAT)),
        Rows("note", (1, 77.0), (2, 5.5), (3, 12.0)),
        Kept("note.v", {1: "abc", 2: BEYOND}),
        Release(note(TEXT)),
        Rows("note", (1, "abc"), (2, BEYOND), (3, "12.0")),
        Kept("note.v"),
    ),
    Story(
        "kept-values-return-over-a-default-that-follows-and-one-that-does-not",
        Release(note(TEXT)),
        Put("note", (1, "abc"), (2, BEYOND), (3, "2.5")),
        Release(note(INTEGER)),
        Release(note(FLOAT)),
        Rows("note", (1, 77.0), (2, 5.5), (3, 2.5)),
        Release(note("v: int = column(BigInteger, default=3)")),
        Rows("note", (1, 77), (2, int(BEYOND)), (3, 3)),
        Release(note(TEXT)),
        Rows("note", (1, "abc"), (2, BEYOND), (3, "2.5")),
        Kept("note.v"),
    ),
    Story(
        "kept-values-leave-rows-alone-that-were-written-between-two-defaults",
        Release(note(TEXT)),
        Put("note", (1, "abc"), (2, BEYOND), (3, "x"), (4, "y")),
        Release(note(INTEGER)),
        Sql("UPDATE note__notes SET v = 8 WHERE id = 3"),
        Release(note(FLOAT)),
        Sql("UPDATE note__notes SET v = 3.25 WHERE id = 4"),
        Release(note(TEXT)),
        Rows("note", (1, "abc"), (2, BEYOND), (3, "8.0"), (4, "3.25")),
        Kept("note.v", {3: "x", 4: "y"}),
    ),
    Story(
        "kept-values-return-over-two-defaults-of-renamed-columns",
        Release(note(TEXT)),
        Put("note", (1, "abc"), (2, "5"), (3, "def")),
        Release(note("w: int = column(default=1, info={'was': 'v'})")),
        Release(note("x: bool = column(default=False, info={'was': ['w', 'v']})")),
        Rows("note", (1, True), (2, False), (3, True)),
        Release(note("y: int = column(default=3, info={'was': ['x', 'w', 'v']})")),
        Rows("note", (1, 1), (2, 5), (3, 1)),
        Release(note(TEXT)),
        Rows("note", (1, "abc"), (2, "5"), (3, "def")),
        Kept("note.v"),
    ),
    Story(
        "kept-values-return-over-two-defaults-forth-and-back",
        Release(note(TEXT)),
        Put("note", (1, "abc"), (2, "5")),
        Release(note("v: int = column(default=1)")),
        Release(note(SWITCH)),
        Release(note(TEXT)),
        Rows("note", (1, "abc"), (2, "5")),
        Release(note(SWITCH)),
        Rows("note", (1, False), (2, False)),
        Release(note("v: int = column(default=1)")),
        Rows("note", (1, 0), (2, 5)),
        Release(note(TEXT)),
        Rows("note", (1, "abc"), (2, "5")),
        Kept("note.v"),
    ),
    Story(
        "kept-values-return-over-a-default-that-changed-before-others-were-filled",
        Release(note(TEXT)),
        Put("note", (1, "abc"), (2, "x")),
        Release(note("v: int = column(default=77)")),
        Release(note("v: int | None = column(default=78)")),
        Sql("UPDATE note__notes SET v = NULL WHERE id = 2"),
        Release(note("v: int = column(default=78)")),
        Rows("note", (1, 77), (2, 78)),
        Release(note(TEXT)),
        Rows("note", (1, "abc"), (2, "x")),
        Kept("note.v"),
    ),
    # What goes back and what fills the empty rows come in one release.
    *(
        Story(
            f"kept-values-return-although-rows-are-filled-{name}",
            Release(note("u: str")),
            Put("note", (1, "a"), (2, "b"), (3, "c")),
            Release(note("u: str", "v: str | None = column(default='5')")),
            Sql("UPDATE note__notes SET v = 'abc' WHERE id = 1", "UPDATE note__notes SET v = NULL WHERE id = 3"),
            Release(note("u: str", "v: int | None")),
            Rows("note", (1, "a", None), (2, "b", 5), (3, "c", None)),
            Release(note("u: str", f"v: str = column(default={default})")),
            Rows("note", (1, "a", "abc"), (2, "b", "5"), (3, "c", "q")),
            Kept("note.v"),
        )
        for name, default in {"by-a-value": "'q'", "by-a-call": "lambda: 'q'"}.items()
    ),
    # A former name that is declared late: every default makes room.
    Story(
        "late-name-fills-rows-that-hold-either-default",
        Release(note("u: str")),
        Put("note", (1, "abc"), (2, "def"), (3, "ghi")),
        Release(note("v: str = column(default='a')")),
        Sql("UPDATE note__notes SET v = 'own' WHERE id = 3"),
        Release(note("v: str | None = column(default='b')")),
        Sql("UPDATE note__notes SET v = NULL WHERE id = 2"),
        Release(note("v: str = column(default='b')")),
        Rows("note", (1, "a"), (2, "b"), (3, "own")),
        Release(note("v: str = column(default='b', info={'was': 'u'})")),
        Rows("note", (1, "abc"), (2, "def"), (3, "own")),
    ),
]
