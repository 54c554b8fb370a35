"""A column or table has another name, and so have members of its enum, but that is declared a release late."""

from tests.migration.scenarios.enums import KINDS
from tests.migration.sources import note, table
from tests.migration.story import Again, Put, Query, Release, Rows, Story

CHAIN = "{'low': 'tiny', 'high': 'low'}"
EXCHANGE = "{'low': 'high', 'high': 'low'}"
MEMO = table("memo", "text: str")
UNSURE = "nobody could tell"


def stories(name: str, kind: str) -> list[Story]:
    """What is declared late, for one way of storing an enum."""

    def lines(column: str, members: str, was: str = "") -> str:
        type_ = kind.format(", ".join(repr(member) for member in members.split()))
        rest = f", info={{'was': {was}}}" if was else ""
        return f"{column}: str | None = column({type_}{rest})"

    def memo(was: str = "", **options: object) -> Release:
        return Release(table("memo", lines("e", "low high", was), **options))

    tiny = Release(note(lines("e", "tiny low")))
    rows = Put("note", (1, "tiny"), (2, "low"), (3, None))
    return [
        Story(
            f"enum-{name}-column-declared-late-and-its-member-renamed",
            Release(note(lines("e", "low high"))),
            Put("note", (1, "low"), (2, "high")),
            Release(note(lines("f", "low top"))),
            Put("note", (3, "top")),
            Release(note(lines("f", "low top", "['e', {'top': 'high'}]"))),
            Rows("note", (1, "low"), (2, "top"), (3, "top")),
            Put("note", (4, "low")),
            Again(),
            Rows("note", (1, "low"), (2, "top"), (3, "top"), (4, "low")),
        ),
        Story(
            f"enum-{name}-column-declared-late-and-its-members-in-a-chain",
            tiny,
            rows,
            Release(note(lines("f", "low high"))),
            Put("note", (4, "low"), (5, "high")),
            Release(note(lines("f", "low high", f"['e', {CHAIN}]"))),
            Rows("note", (1, "low"), (2, "high"), (3, None), (4, "low"), (5, "high")),
            Put("note", (6, "low")),
            Again(),
            Rows("note", (1, "low"), (2, "high"), (3, None), (4, "low"), (5, "high"), (6, "low")),
        ),
        Story(
            f"enum-{name}-column-with-the-old-members-declared-late-in-a-chain",
            tiny,
            rows,
            Release(note(lines("f", "tiny low"))),
            Put("note", (4, "tiny"), (5, "low")),
            Release(note(lines("f", "low high", f"['e', {CHAIN}]"))),
            Rows("note", (1, "low"), (2, "high"), (3, None), (4, "low"), (5, "high")),
        ),
        Story(
            f"enum-{name}-column-declared-late-while-its-members-exchange-their-names",
            Release(note(lines("e", "low high")), other=MEMO),
            Put("note", (1, "low"), (2, "high")),
            Release(note(lines("f", "low high")), other=MEMO),
            Put("note", (3, "low")),
            Release(note(lines("f", "low high", f"['e', {EXCHANGE}]")), other=MEMO, off={"notes": UNSURE}),
            Query("SELECT e FROM note__notes ORDER BY id", "low", "high", None),
            Release(note(lines("f", "low high", "['e']")), other=MEMO),
            Rows("note", (1, "low"), (2, "high"), (3, "low")),
            Release(note(lines("f", "low high", f"['e', {EXCHANGE}]")), other=MEMO),
            Rows("note", (1, "high"), (2, "low"), (3, "high")),
        ),
        Story(
            f"enum-{name}-table-declared-late-and-its-members-in-a-chain",
            tiny,
            rows,
            memo(),
            Put("memo", (4, "low"), (5, "high")),
            memo(CHAIN, info={"was": "note"}),
            Rows("memo", (1, "low"), (2, "high"), (3, None), (4, "low"), (5, "high")),
            Put("memo", (6, "low")),
            Again(),
            Rows("memo", (1, "low"), (2, "high"), (3, None), (4, "low"), (5, "high"), (6, "low")),
        ),
    ]


STORIES = [story for name, kind in KINDS.items() for story in stories(name, kind)]
