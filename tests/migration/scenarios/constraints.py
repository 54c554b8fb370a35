"""UNIQUE, FOREIGN KEY, CHECK and indexes that come, go or change, with rows that allow it and rows that do not."""

from tests.migration.sources import note, start, table
from tests.migration.story import Again, Put, Query, Refused, Release, Rows, Sql, Story

MAIL = note("mail: str | None")
MAIL_UNIQUE = note("mail: str | None = column(unique=True)")
TWICE = Put("note", (1, "a"), (2, "a"), (3, "b"), (4, None), (5, None))
KEEP_FIRST = "DELETE FROM note__notes WHERE id = 2"

USER = table("user")
OWNED = note("owner: int | None")
OWNED_KEY = note("owner: int | None = column(ForeignKey('user.id'))")
COUNT = note("n: int")
POSITIVE = note("n: int", args="CheckConstraint('n > 0', name='positive')")


def indexed(args: str) -> Release:
    """Table note with this index."""
    return Release(note("a: str", "n: int", args=args))


def index_story(name: str, before: str, after: str) -> Story:
    """Two rows and an index that changes."""
    rows = ((1, "x", 1), (2, "Y", -2))
    return Story(f"index-{name}", indexed(before), Put("note", *rows), indexed(after), Rows("note", *rows))


STORIES = [
    # --- UNIQUE ---
    Story(
        "unique-added",
        Release(MAIL),
        Put("note", (1, "a"), (2, "b"), (3, None), (4, None)),
        Release(MAIL_UNIQUE),
        Rows("note", (1, "a"), (2, "b"), (3, None), (4, None)),
        Refused("note", (5, "a")),
    ),
    Story(
        "unique-added-with-duplicates",
        Release(MAIL),
        TWICE,
        Release(MAIL_UNIQUE, postponed={"note UNIQUE(mail)": (1, 2)}),
        Put("note", (6, "b")),
        Again(postponed={"note UNIQUE(mail)": (1, 2, 3, 6)}),
        Sql(KEEP_FIRST, "UPDATE note__notes SET mail = 'c' WHERE id = 6"),
        Again(),
        Rows("note", (1, "a"), (3, "b"), (4, None), (5, None), (6, "c")),
        Refused("note", (7, "a")),
    ),
    Story(
        "unique-added-and-on-start-removes-duplicates",
        Release(MAIL),
        TWICE,
        Release(MAIL_UNIQUE, start("await session.execute(delete(Note).where(Note.id == 2))"), deletes=True),
        Rows("note", (1, "a"), (3, "b"), (4, None), (5, None)),
        Refused("note", (7, "a")),
    ),
    Story(
        "unique-of-two-columns-with-duplicates",
        Release(note("a: int", "b: int")),
        Put("note", (1, 1, 1), (2, 1, 2), (3, 1, 1)),
        Release(note("a: int", "b: int", args="UniqueConstraint('a', 'b')"), postponed={"note UNIQUE(a, b)": (1, 3)}),
        Sql("UPDATE note__notes SET b = 3 WHERE id = 3"),
        Again(),
        Refused("note", (4, 1, 1)),
    ),
    Story(
        "unique-removed",
        Release(MAIL_UNIQUE),
        Put("note", (1, "a")),
        Release(MAIL),
        Put("note", (2, "a")),
        Rows("note", (1, "a"), (2, "a")),
    ),
    Story(
        "unique-gets-a-name",
        Release(note("a: int", args="UniqueConstraint('a')")),
        Put("note", (1, 1)),
        Release(note("a: int", args="UniqueConstraint('a', name='only_one')")),
        Refused("note", (2, 1)),
    ),
    Story(
        "unique-of-one-column-becomes-one-of-two",
        Release(note("a: int = column(unique=True)", "b: int")),
        Put("note", (1, 1, 1)),
        Release(note("a: int", "b: int", args="UniqueConstraint('a', 'b')")),
        Put("note", (2, 1, 2)),
        Refused("note", (3, 1, 1)),
    ),
    Story(
        "unique-postponed-and-given-up",
        Release(MAIL),
        TWICE,
        Release(MAIL_UNIQUE, postponed={"note UNIQUE(mail)": (1, 2)}),
        Release(MAIL),
        Rows("note", (1, "a"), (2, "a"), (3, "b"), (4, None), (5, None)),
    ),
    # --- FOREIGN KEY ---
    Story(
        "foreign-key-added",
        Release(USER, OWNED),
        Put("user", (1,)),
        Put("note", (1, 1), (2, None)),
        Release(USER, OWNED_KEY),
        Rows("note", (1, 1), (2, None)),
        Refused("note", (3, 9)),
    ),
    Story(
        "foreign-key-added-with-orphans",
        Release(USER, OWNED),
        Put("user", (1,)),
        Put("note", (1, 1), (2, 8), (3, 9)),
        Release(USER, OWNED_KEY, postponed={"note FOREIGN KEY(owner)": (2, 3)}),
        Rows("note", (1, 1), (2, 8), (3, 9)),
        Refused("note", (4, 7)),
        Put("user", (8,)),
        Again(postponed={"note FOREIGN KEY(owner)": (3,)}),
        Put("user", (9,)),
        Again(),
        Rows("note", (1, 1), (2, 8), (3, 9)),
        Refused("note", (4, 7)),
    ),
    Story(
        "foreign-key-added-to-a-new-table",
        Release(note("owner: int")),
        Put("note", (1, 5)),
        Release(USER, note("owner: int = column(ForeignKey('user.id'))"), postponed={"note FOREIGN KEY(owner)": (1,)}),
        Rows("note", (1, 5)),
        Put("user", (5,)),
        Again(),
    ),
    Story(
        "foreign-key-added-to-another-module",
        Release(shop=table("item"), notes=note("item: int")),
        Put("item", (1,)),
        Put("note", (1, 1)),
        Release(shop=table("item"), notes=note("item: int = column(ForeignKey('item__shop.id'))")),
        Rows("note", (1, 1)),
        Refused("note", (2, 2)),
    ),
    Story(
        "foreign-key-gets-an-action",
        Release(USER, OWNED_KEY),
        Put("user", (1,), (2,)),
        Put("note", (1, 1), (2, 2)),
        Release(USER, note("owner: int | None = column(ForeignKey('user.id', ondelete='CASCADE'))")),
        Sql("DELETE FROM user__notes WHERE id = 1"),
        Rows("note", (2, 2)),
    ),
    Story(
        "foreign-key-removed",
        Release(USER, OWNED_KEY),
        Put("user", (1,)),
        Put("note", (1, 1)),
        Release(USER, OWNED),
        Put("note", (2, 9)),
        Rows("note", (1, 1), (2, 9)),
    ),
    Story(
        "foreign-key-leads-to-another-table",
        Release(USER, table("group"), OWNED_KEY),
        Put("user", (1,)),
        Put("group", (1,), (2,)),
        Put("note", (1, 1)),
        Release(USER, table("group"), note("owner: int | None = column(ForeignKey('group.id'))")),
        Put("note", (2, 2)),
        Rows("note", (1, 1), (2, 2)),
        Refused("note", (3, 3)),
    ),
    Story(
        "foreign-key-to-the-table-itself",
        Release(note("parent: int | None")),
        Put("note", (1, None), (2, 1), (3, 7)),
        Release(
            note("parent: int | None = column(ForeignKey('note.id'))"), postponed={"note FOREIGN KEY(parent)": (3,)}
        ),
        Rows("note", (1, None), (2, 1), (3, 7)),
        Refused("note", (4, 8)),
        Sql("UPDATE note__notes SET parent = 2 WHERE id = 3"),
        Again(),
    ),
    Story(
        "foreign-key-of-two-columns-added",
        Release(
            table("user", "a: int = column(primary_key=True)", "b: int = column(primary_key=True)"),
            note("a: int", "b: int"),
        ),
        Put("user", (1, 2)),
        Put("note", (1, 1, 2)),
        Release(
            table("user", "a: int = column(primary_key=True)", "b: int = column(primary_key=True)"),
            note("a: int", "b: int", args="ForeignKeyConstraint(['a', 'b'], ['user.a', 'user.b'])"),
        ),
        Rows("note", (1, 1, 2)),
        Refused("note", (2, 2, 1)),
    ),
    # --- CHECK ---
    Story(
        "check-added",
        Release(COUNT),
        Put("note", (1, 1)),
        Release(POSITIVE),
        Rows("note", (1, 1)),
        Refused("note", (2, 0)),
    ),
    Story(
        "check-added-and-violated",
        Release(COUNT),
        Put("note", (1, 1), (2, -1)),
        Release(POSITIVE, postponed={"note CHECK(n)": (2,)}),
        Rows("note", (1, 1), (2, -1)),
        Sql("UPDATE note__notes SET n = -2 WHERE id = 2"),
        Again(postponed={"note CHECK(n)": (2,)}),
        Sql("UPDATE note__notes SET n = 2 WHERE id = 2"),
        Again(),
        Refused("note", (3, 0)),
    ),
    Story(
        "check-without-a-name-added",
        Release(COUNT),
        Put("note", (1, 1)),
        Release(note("n: int", args="CheckConstraint('n > 0')")),
        Refused("note", (2, 0)),
    ),
    Story(
        "check-changed",
        Release(POSITIVE),
        Put("note", (1, 1)),
        Release(note("n: int", args="CheckConstraint('n >= 0', name='positive')")),
        Put("note", (2, 0)),
        Rows("note", (1, 1), (2, 0)),
    ),
    Story("check-removed", Release(POSITIVE), Put("note", (1, 1)), Release(COUNT), Put("note", (2, -1))),
    Story(
        "check-over-two-columns-one-of-them-new",
        Release(COUNT),
        Put("note", (1, 1)),
        Release(note("n: int", "most: int = column(default=10)", args="CheckConstraint('n <= most')")),
        Rows("note", (1, 1, 10)),
        Refused("note", (2, 11, 10)),
    ),
    # --- indexes ---
    index_story("added", "", "Index('ix_a', 'a')"),
    index_story("removed", "Index('ix_a', 'a')", ""),
    index_story("gets-another-column", "Index('ix_a', 'a')", "Index('ix_a', 'a', 'n')"),
    index_story("becomes-unique", "Index('ix_a', 'a')", "Index('ix_a', 'a', unique=True)"),
    index_story("gets-another-name", "Index('ix_a', 'a')", "Index('ix_b', 'a')"),
    index_story("over-an-expression-added", "", "Index('ix_low', text('lower(a)'))"),
    index_story("over-an-expression-changed", "Index('ix_e', text('lower(a)'))", "Index('ix_e', text('upper(a)'))"),
    index_story(
        "partial-added",
        "",
        "Index('ix_p', 'a', unique=True, sqlite_where=text('n > 0'), postgresql_where=text('n > 0'))",
    ),
    index_story(
        "partial-changed",
        "Index('ix_p', 'a', sqlite_where=text('n > 0'), postgresql_where=text('n > 0'))",
        "Index('ix_p', 'a', sqlite_where=text('n > 1'), postgresql_where=text('n > 1'))",
    ),
    index_story("descending-added", "", "Index('ix_d', text('n DESC'))"),
    Story(
        "index-unique-added-with-duplicates",
        indexed(""),
        Put("note", (1, "a", 1), (2, "a", 1)),
        Release(note("a: str", "n: int", args="Index('ix_a', 'a', unique=True)"), postponed={"note INDEX(a)": (1, 2)}),
        Sql("UPDATE note__notes SET a = 'b' WHERE id = 2"),
        Again(),
        Refused("note", (3, "b", 1)),
        Query("SELECT count(*) FROM note__notes", 2),
    ),
]
