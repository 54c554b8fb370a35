"""Tables for which a schema is given, and tables and indexes that PostgreSQL makes in another way than others."""

from tests.migration.sources import note, table
from tests.migration.story import Put, Refused, Release, Story

STORIES = [
    Story(
        "index-concurrently-on-a-new-table-and-on-one-that-is-there",
        Release(note("a: str")),
        Put("note", (1, "x")),
        Release(
            note("a: str", args="Index('ix_a', 'a', postgresql_concurrently=True)"),
            table("memo", "b: str", args="Index('ix_b', 'b', unique=True, postgresql_concurrently=True)"),
        ),
        Put("memo", (1, "y")),
        Refused("memo", (2, "y")),
        Release(note("a: str"), table("memo", "b: str")),
        Put("memo", (2, "y")),
    ),
]
