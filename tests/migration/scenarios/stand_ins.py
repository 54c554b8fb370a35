"""Defaults that stand in for kept values, when the type changes again and the default with it."""

from tests.migration.scenarios.enums import KINDS
from tests.migration.sources import note
from tests.migration.story import Kept, Put, Release, Rows, Story

BIG = "v: int = column(BigInteger, default=77)"

SERVER = {
    "an-integer": ("int = column(Integer", "77"),
    "a-float": ("float = column(Float", "77.5"),
    "a-numeric": ("Decimal = column(Numeric(10, 2)", "77.5"),
    "a-datetime": ("datetime = column(DateTime", "2001-01-01 00:00:00"),
    "json": ("dict = column(JSON", '{"d": 7}'),
}


def stories(name: str, kind: str) -> list[Story]:
    """Numbers make room for a member that is the default, and that for a number."""
    members = kind.format("'low', 'high'")
    return [
        Story(
            f"kept-values-return-over-a-default-that-cannot-follow-{name}",
            Release(note(BIG)),
            Put("note", (1, 5), (2, 0)),
            Release(note(f"v: str = column({members}, default='low')")),
            Rows("note", (1, "low"), (2, "low")),
            Put("note", (3, "high"), (4, "low")),
            Release(note(BIG)),
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
]
