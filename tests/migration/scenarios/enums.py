"""Members of enums that come, go and get other names, in enum types of the database and without them.

Names that one member takes from another are in `shifted_names`.
"""

from tests.migration.sources import note
from tests.migration.story import Kept, Put, Query, Refused, Release, Rows, Story

NATIVE = "Enum({}, name='level')"
PLAIN = "Enum({}, name='level', native_enum=False)"
CHECKED = "Enum({}, name='level', native_enum=False, create_constraint=True)"
KINDS = {"native": NATIVE, "plain": PLAIN, "checked": CHECKED}


def level(kind: str, members: str, *, rest: str = "", optional: str = "") -> Release:
    """Table note with an enum of these members, as in "low high"."""
    type_ = kind.format(", ".join(repr(member) for member in members.split()))
    return Release(note(f"e: str{optional} = column({type_}{rest})"))


def stories(name: str, kind: str) -> list[Story]:
    """What happens to an enum, for one way of storing it."""
    rows = Put("note", (1, "low"), (2, "high"))
    return [
        Story(
            f"enum-{name}-member-added",
            level(kind, "low high"),
            rows,
            level(kind, "low high top"),
            Put("note", (3, "top")),
            Rows("note", (1, "low"), (2, "high"), (3, "top")),
        ),
        Story(
            f"enum-{name}-member-added-and-used-as-default-at-once",
            level(kind, "low high", optional=" | None"),
            Put("note", (1, "low"), (2, None)),
            level(kind, "low high top", rest=", default='top', server_default='top'"),
            Rows("note", (1, "low"), (2, "top")),
        ),
        Story(
            f"enum-{name}-member-removed-and-back",
            level(kind, "low high", optional=" | None"),
            rows,
            level(kind, "low", optional=" | None"),
            Rows("note", (1, "low"), (2, None)),
            Kept("note.e", {2: "high"}),
            level(kind, "low high", optional=" | None"),
            Rows("note", (1, "low"), (2, "high")),
            Kept("note.e"),
        ),
        Story(
            f"enum-{name}-member-removed-with-default",
            level(kind, "low high"),
            rows,
            level(kind, "low", rest=", default='low'"),
            Rows("note", (1, "low"), (2, "low")),
            Kept("note.e", {2: "high"}),
        ),
        Story(
            f"enum-{name}-member-removed-with-a-default-that-goes-when-it-comes-back",
            level(kind, "low high mid"),
            Put("note", (1, "low"), (2, "high"), (3, "low")),
            level(kind, "high mid top", rest=", default='top'"),
            Put("note", (4, "top")),
            Rows("note", (1, "top"), (2, "high"), (3, "top"), (4, "top")),
            level(kind, "low high mid", optional=" | None"),
            Rows("note", (1, "low"), (2, "high"), (3, "low"), (4, None)),
            Kept("note.e", {4: "top"}),
            level(kind, "high mid top", rest=", default='top'"),
            Rows("note", (1, "top"), (2, "high"), (3, "top"), (4, "top")),
            Kept("note.e", {1: "low", 3: "low"}),
        ),
        Story(
            f"enum-{name}-member-renamed",
            level(kind, "low high"),
            rows,
            level(kind, "low tall", rest=", info={'was': {'tall': 'high'}}"),
            Put("note", (3, "tall")),
            Rows("note", (1, "low"), (2, "tall"), (3, "tall")),
        ),
        Story(
            f"enum-{name}-member-renamed-and-the-older-release-again",
            level(kind, "low high"),
            rows,
            level(kind, "low tall", rest=", info={'was': {'tall': 'high'}}"),
            Put("note", (3, "tall")),
            level(kind, "low huge", rest=", info={'was': {'huge': ['tall', 'high']}}"),
            level(kind, "low high"),
            Rows("note", (1, "low"), (2, "high"), (3, "high")),
            Kept("note.e"),
            Put("note", (4, "high")),
            level(kind, "low tall", rest=", info={'was': {'tall': 'high'}}"),
            Rows("note", (1, "low"), (2, "tall"), (3, "tall"), (4, "tall")),
        ),
        Story(
            f"enum-{name}-members-renamed-added-and-removed-at-once",
            level(kind, "low high odd", optional=" | None"),
            Put("note", (1, "low"), (2, "high"), (3, "odd")),
            level(kind, "low tall top", rest=", info={'was': {'tall': 'high'}}", optional=" | None"),
            Rows("note", (1, "low"), (2, "tall"), (3, None)),
            Kept("note.e", {3: "odd"}),
        ),
    ]


MOOD = "class Mood(enum.Enum):\n    GOOD = 'g'\n    BAD = 'b'\n"

STORIES = [
    *(story for name, kind in KINDS.items() for story in stories(name, kind)),
    Story(
        "enum-class-member-added-and-renamed",
        Release(MOOD, note("m: Mood")),
        Put("note", {"id": 1, "m": "GOOD"}, {"id": 2, "m": "BAD"}),
        Release(
            MOOD.replace("BAD = 'b'", "SAD = 'b'\n    MAD = 'm'"),
            note("m: Mood = column(info={'was': {'SAD': 'BAD'}})"),
        ),
        Query("SELECT m FROM note__notes ORDER BY id", "GOOD", "SAD"),
    ),
    Story(
        "enum-class-stores-its-values-from-now-on",
        Release(MOOD, note("m: Mood")),
        Put("note", {"id": 1, "m": "GOOD"}, {"id": 2, "m": "BAD"}),
        Release(
            MOOD,
            note(
                "m: Mood = column(Enum(Mood, values_callable=lambda e: [m.value for m in e]), "
                "info={'was': {'g': 'GOOD', 'b': 'BAD'}})"
            ),
        ),
        Query("SELECT m FROM note__notes ORDER BY id", "g", "b"),
    ),
    Story(
        "enum-native-becomes-plain-and-back",
        level(NATIVE, "low high"),
        Put("note", (1, "low"), (2, "high")),
        level(PLAIN, "low high"),
        Rows("note", (1, "low"), (2, "high")),
        level(NATIVE, "low high"),
        Rows("note", (1, "low"), (2, "high")),
    ),
    Story(
        "enum-shared-by-two-columns-gets-a-member",
        Release("LEVEL = Enum('low', 'high', name='level')", note("a: str = column(LEVEL)", "b: str = column(LEVEL)")),
        Put("note", (1, "low", "high")),
        Release(
            "LEVEL = Enum('low', 'high', 'top', name='level')", note("a: str = column(LEVEL)", "b: str = column(LEVEL)")
        ),
        Put("note", (2, "top", "top")),
        Rows("note", (1, "low", "high"), (2, "top", "top")),
    ),
    Story(
        "enum-with-server-default-gets-a-member",
        level(NATIVE, "low high", rest=", server_default='high'"),
        Put("note", (1, "low")),
        level(NATIVE, "low high top", rest=", server_default='top'"),
        Put("note", {"id": 2}),
        Rows("note", (1, "low"), (2, "top")),
    ),
    Story(
        "enum-checked-still-refuses-others",
        level(CHECKED, "low high"),
        Put("note", (1, "low")),
        level(CHECKED, "low high top"),
        Release(note("e: str = column(String(4))")),
        level(CHECKED, "low high"),
        Rows("note", (1, "low")),
        Refused("note"),
    ),
]
