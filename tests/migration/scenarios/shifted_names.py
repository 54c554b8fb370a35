"""Members of enums that take their names from each other: in a chain, in exchange, in a circle. None is mixed up."""

from tests.migration.scenarios.enums import KINDS, level
from tests.migration.sources import note, table
from tests.migration.story import Again, Kept, Put, Query, Release, Rows, Story

CHAIN = ", info={'was': {'low': 'tiny', 'high': 'low'}}"
EXCHANGE = ", info={'was': {'low': 'high', 'high': 'low'}}"
CIRCLE = ", info={'was': {'low': 'high', 'mid': 'low', 'high': 'mid'}}"
# The latest renames first: what was exchanged, and one of them renamed on top.
ON_TOP = ", info={'was': [{'top': 'high'}, {'low': 'high', 'high': 'low'}]}"
CHAIN_ON_TOP = ", info={'was': [{'high': 'low', 'top': 'high'}, {'low': 'tiny', 'high': 'low'}]}"


def stories(name: str, kind: str) -> list[Story]:
    """What happens to names that are taken over, for one way of storing an enum."""
    tiny, plain = level(kind, "tiny low"), level(kind, "low high")
    chained, exchanged = level(kind, "low high", rest=CHAIN), level(kind, "low high", rest=EXCHANGE)
    return [
        Story(
            f"enum-{name}-member-renamed-to-the-former-name-of-another",
            tiny,
            Put("note", (1, "tiny"), (2, "low"), (3, "tiny")),
            chained,
            Rows("note", (1, "low"), (2, "high"), (3, "low")),
            Kept("note.e"),
            Put("note", (4, "high")),
            Again(),
            Rows("note", (1, "low"), (2, "high"), (3, "low"), (4, "high")),
        ),
        Story(
            f"enum-{name}-members-renamed-in-a-chain-there-and-back",
            tiny,
            Put("note", (1, "tiny"), (2, "low")),
            chained,
            Put("note", (3, "low"), (4, "high")),
            tiny,
            Rows("note", (1, "tiny"), (2, "low"), (3, "tiny"), (4, "low")),
            Put("note", (5, "tiny"), (6, "low")),
            chained,
            Rows("note", (1, "low"), (2, "high"), (3, "low"), (4, "high"), (5, "low"), (6, "high")),
            Kept("note.e"),
        ),
        Story(
            f"enum-{name}-members-renamed-in-a-chain-by-two-releases",
            tiny,
            Put("note", (1, "tiny"), (2, "low")),
            level(kind, "tiny high", rest=", info={'was': {'high': 'low'}}"),
            Rows("note", (1, "tiny"), (2, "high")),
            chained,
            Rows("note", (1, "low"), (2, "high")),
            tiny,
            Rows("note", (1, "tiny"), (2, "low")),
        ),
        Story(
            f"enum-{name}-members-renamed-in-a-chain-and-again",
            tiny,
            Put("note", (1, "tiny"), (2, "low")),
            chained,
            Put("note", (3, "low")),
            level(kind, "high top", rest=CHAIN_ON_TOP),
            Rows("note", (1, "high"), (2, "top"), (3, "high")),
            tiny,
            Rows("note", (1, "tiny"), (2, "low"), (3, "tiny")),
            level(kind, "high top", rest=CHAIN_ON_TOP),
            Rows("note", (1, "high"), (2, "top"), (3, "high")),
            chained,
            Rows("note", (1, "low"), (2, "high"), (3, "low")),
        ),
        Story(
            f"enum-{name}-members-exchange-their-names",
            plain,
            Put("note", (1, "low"), (2, "high"), (3, "low")),
            exchanged,
            Rows("note", (1, "high"), (2, "low"), (3, "high")),
            Put("note", (4, "high")),
            Again(),
            level(kind, "low high top", rest=EXCHANGE),
            Rows("note", (1, "high"), (2, "low"), (3, "high"), (4, "high")),
            Kept("note.e"),
        ),
        Story(
            f"enum-{name}-members-exchange-their-names-there-and-back",
            plain,
            Put("note", (1, "low"), (2, "high")),
            exchanged,
            Put("note", (3, "high")),
            plain,
            Rows("note", (1, "low"), (2, "high"), (3, "low")),
            Put("note", (4, "high")),
            exchanged,
            Rows("note", (1, "high"), (2, "low"), (3, "high"), (4, "low")),
        ),
        Story(
            f"enum-{name}-members-that-exchanged-their-names-are-renamed-again",
            plain,
            Put("note", (1, "low"), (2, "high")),
            exchanged,
            level(kind, "low top", rest=ON_TOP),
            Rows("note", (1, "top"), (2, "low")),
            plain,
            Rows("note", (1, "low"), (2, "high")),
            level(kind, "low top", rest=ON_TOP),
            Rows("note", (1, "top"), (2, "low")),
            exchanged,
            Rows("note", (1, "high"), (2, "low")),
        ),
        Story(
            f"enum-{name}-three-members-take-each-others-names",
            level(kind, "low mid high"),
            Put("note", (1, "low"), (2, "mid"), (3, "high")),
            level(kind, "low mid high", rest=CIRCLE),
            Rows("note", (1, "mid"), (2, "high"), (3, "low")),
            level(kind, "low mid high"),
            Rows("note", (1, "low"), (2, "mid"), (3, "high")),
        ),
        Story(
            f"enum-{name}-members-of-a-new-table-had-exchanged-their-names",
            exchanged,
            Put("note", (1, "low"), (2, "high")),
            plain,
            Rows("note", (1, "high"), (2, "low")),
            exchanged,
            Rows("note", (1, "low"), (2, "high")),
        ),
        Story(
            f"enum-{name}-members-are-renamed-while-a-value-of-the-other-is-kept",
            level(kind, "tiny low", optional=" | None"),
            Put("note", (1, "tiny"), (2, "low")),
            level(kind, "tiny", optional=" | None"),
            Kept("note.e", {2: "low"}),
            level(kind, "low high", rest=CHAIN, optional=" | None"),
            Rows("note", (1, "low"), (2, "high")),
        ),
    ]


LEVEL = "LEVEL = Enum('low', 'high', name='level', native_enum=False)"
TINY = LEVEL.replace("'low', 'high'", "'tiny', 'low'")
KEY = "e: str = column(LEVEL, primary_key=True{})"
CHILD = "e: str = column(LEVEL, ForeignKey('kind.e'){})"
NAMED = "SELECT n.id, k.text FROM note__notes n JOIN kind__notes k ON k.e = n.e ORDER BY n.id"
UNIQUE = "e: str = column(Enum('low', 'high', name='level'{}), unique=True{})"

STORIES = [
    *(story for name, kind in KINDS.items() for story in stories(name, kind)),
    *(
        Story(
            f"members-of-a-{name}-unique-column-exchange-their-names",
            Release(note(UNIQUE.format(native, ""))),
            Put("note", (1, "low"), (2, "high")),
            Release(note(UNIQUE.format(native, EXCHANGE))),
            Rows("note", (1, "high"), (2, "low")),
        )
        for name, native in {"native": "", "plain": ", native_enum=False"}.items()
    ),
    Story(
        "column-is-renamed-and-its-members-exchange-their-names",
        Release(note("e: str = column(Enum('low', 'high', name='level'), server_default='low')")),
        Put("note", {"id": 1}, {"id": 2, "e": "high"}),
        Release(
            note(
                "f: str = column(Enum('low', 'high', name='level'), server_default='high', "
                "info={'was': ['e', {'low': 'high', 'high': 'low'}]})"
            )
        ),
        Put("note", {"id": 3}),
        Rows("note", (1, "high"), (2, "low"), (3, "high")),
        Release(note("e: str = column(Enum('low', 'high', name='level'), server_default='low')")),
        Rows("note", (1, "low"), (2, "high"), (3, "low")),
    ),
    Story(
        "members-exchange-their-names-while-nobody-has-the-column",
        Release(note("t: str", "e: str = column(Enum('low', 'high', name='level'))")),
        Put("note", (1, "a", "low"), (2, "b", "high")),
        Release(note("t: str")),
        Release(note("t: str", f"e: str | None = column(Enum('low', 'high', name='level'){EXCHANGE})")),
        Rows("note", (1, "a", "high"), (2, "b", "low")),
    ),
    Story(
        "children-of-a-key-whose-members-exchange-their-names-go-with-it",
        Release(LEVEL, table("kind", KEY.format(""), "text: str"), note(CHILD.format(""))),
        Put("kind", ("low", "was low"), ("high", "was high")),
        Put("note", (1, "low"), (2, "high")),
        Release(LEVEL, table("kind", KEY.format(EXCHANGE), "text: str"), note(CHILD.format(""))),
        Query(NAMED, (1, "was low"), (2, "was high")),
        Query("SELECT text FROM kind__notes WHERE e = 'high'", "was low"),
    ),
    Story(
        "children-of-a-key-whose-members-are-renamed-in-a-chain-say-so-too",
        Release(TINY, table("kind", KEY.format(""), "text: str"), note(CHILD.format(""))),
        Put("kind", ("tiny", "was tiny"), ("low", "was low")),
        Put("note", (1, "tiny"), (2, "low")),
        Release(LEVEL, table("kind", KEY.format(CHAIN), "text: str"), note(CHILD.format(CHAIN))),
        Query(NAMED, (1, "was tiny"), (2, "was low")),
        Query("SELECT text FROM kind__notes WHERE e = 'low'", "was tiny"),
    ),
]
