"""Foreign keys whose target cannot be unique yet: they wait with it, on new tables and on those that are there."""

from tests.migration.sources import note, table
from tests.migration.story import Again, Put, Query, Refused, Release, Rows, Sql, Story

USER = table("user", "mail: str | None")
USER_UNIQUE = table("user", "mail: str | None = column(unique=True)")
TWICE = Put("user", (1, "a"), (2, "a"), (3, "b"))
APART = Sql("UPDATE user__notes SET mail = 'c' WHERE id = 2")
NOTE = note("mail: str | None")
NOTE_KEY = note("mail: str | None = column(ForeignKey('user.mail'))")
WAITING = {"user UNIQUE(mail)": (1, 2), "note FOREIGN KEY(mail)": (1, 2)}

STORIES = [
    Story(
        "new-table-refers-to-what-cannot-be-unique-yet",
        Release(USER),
        TWICE,
        Release(USER_UNIQUE, NOTE_KEY, postponed=WAITING),
        Put("note", (1, "a"), (2, "nobody")),
        Again(postponed=WAITING),
        APART,
        Again(postponed={"note FOREIGN KEY(mail)": (2,)}),
        Refused("note", (3, "nobody")),
        Sql("UPDATE note__notes SET mail = 'c' WHERE id = 2"),
        Again(),
        Rows("note", (1, "a"), (2, "c")),
        Refused("note", (3, "nobody")),
    ),
    Story(
        "table-gets-a-key-to-what-cannot-be-unique-yet",
        Release(USER, NOTE),
        TWICE,
        Put("note", (1, "a"), (2, "nobody")),
        Release(USER_UNIQUE, NOTE_KEY, postponed=WAITING),
        APART,
        Again(postponed={"note FOREIGN KEY(mail)": (2,)}),
        Sql("UPDATE note__notes SET mail = 'c' WHERE id = 2"),
        Again(),
        Rows("note", (1, "a"), (2, "c")),
        Refused("note", (3, "nobody")),
    ),
    Story(
        "new-table-of-another-module-refers-to-what-cannot-be-unique-yet",
        Release(shop=USER),
        TWICE,
        Release(
            shop=USER_UNIQUE,
            notes=note("mail: str | None = column(ForeignKey('user__shop.mail', ondelete='SET NULL'), index=True)"),
            postponed=WAITING,
        ),
        Put("note", (1, "a")),
        Sql("UPDATE user__shop SET mail = 'c' WHERE id = 2"),
        Again(),
        Rows("note", (1, "a")),
        Refused("note", (3, "nobody")),
    ),
    Story(
        "new-table-refers-to-a-key-that-cannot-be-narrowed-yet",
        Release(table("user", "a: int", "b: int | None")),
        Put("user", (1, 1, None), (2, 1, 1)),
        Release(
            table("user", "a: int", "b: int | None", args="UniqueConstraint('a', 'b'), UniqueConstraint('a')"),
            note("u: int | None = column(ForeignKey('user.a'))"),
            table("memo", "a: int", "b: int", args="ForeignKeyConstraint(['a', 'b'], ['user.a', 'user.b'])"),
            postponed={"user UNIQUE(a)": (1, 2), "note FOREIGN KEY(u)": (1, 2)},
        ),
        Refused("memo", (1, 1, 5)),
        Put("memo", (1, 1, 1)),
        Put("note", (1, 1)),
        Sql("DELETE FROM user__notes WHERE id = 1"),
        Again(),
        Query("SELECT count(*) FROM note__notes", 1),
        Refused("note", (2, 9)),
    ),
]
