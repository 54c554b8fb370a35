"""Several releases, forwards, backwards and by leaps, and several changes in one."""

from tests.migration.sources import note, table
from tests.migration.story import Again, Kept, Put, Query, Refused, Release, Rows, Sql, Story

ONE = (table("user", "name: str"), note("text: str", "stars: int", "owner: int = column(ForeignKey('user.id'))"))
TWO = (
    table("user", "name: str", "mail: str | None = column(unique=True)"),
    note(
        "body: str = column(info={'was': 'text'})",
        "stars: float",
        "owner: int = column(ForeignKey('user.id'))",
        "done: bool = column(default=False)",
    ),
)
THREE = (
    table("person", "name: str", "mail: str | None = column(unique=True)", info={"was": "user"}),
    note(
        "content: str = column(info={'was': ['body', 'text']})",
        "points: Decimal = column(Numeric(10, 2), info={'was': 'stars'})",
        "person: int = column(ForeignKey('person.id'), info={'was': 'owner'})",
        "done: bool = column(default=False)",
    ),
)
DATA = (Put("user", (1, "Momo")), Put("note", (1, "a", 3, 1), (2, "b", 4, 1)))
IN_THREE = Rows("note", (1, "a", 3, 1, False), (2, "b", 4, 1, False))
IN_ONE = Rows("note", (1, "a", 3, 1), (2, "b", 4, 1))

BIG_ONE = note("a: str | None", "b: str", "c: int")
BIG_TWO = table(
    "memo",
    "a: int = column(default=0, index=True, info={'was': 'a'})",
    "bee: str = column(String(20), unique=True, info={'was': 'b'})",
    "d: str = column(Enum('x', 'y', name='d'), default='y')",
    args="CheckConstraint('a >= 0', name='some')",
    info={"was": "note"},
    comment="all at once",
)

STORIES = [
    Story("releases-1-3", Release(*ONE), *DATA, Release(*THREE), IN_THREE, Rows("person", (1, "Momo", None))),
    Story("releases-1-2-3", Release(*ONE), *DATA, Release(*TWO), Release(*THREE), IN_THREE),
    Story("releases-1-2-1", Release(*ONE), *DATA, Release(*TWO), Release(*ONE), IN_ONE, Put("note", (3, "c", 5, 1))),
    Story(
        "releases-3-1-3",
        Release(*THREE),
        Put("person", (1, "Momo", "m@x")),
        Put("note", (1, "a", 3, 1, True)),
        # The newer release said what its tables and columns were called before: the older one finds them.
        Release(*ONE),
        Rows("user", (1, "Momo")),
        Rows("note", (1, "a", 3, 1)),
        Put("user", (2, "Rex")),
        Put("note", (2, "b", 4, 2)),
        Release(*THREE),
        Rows("person", (1, "Momo", "m@x"), (2, "Rex", None)),
        Rows("note", (1, "a", 3, 1, True), (2, "b", 4, 2, False)),
    ),
    Story(
        "releases-1-3-1-3",
        Release(*ONE),
        *DATA,
        Release(*THREE),
        Put("note", (3, "c", 5, 1, True)),
        Release(*ONE),
        Rows("note", (1, "a", 3, 1), (2, "b", 4, 1), (3, "c", 5, 1)),
        Put("note", (4, "d", 6, 1)),
        Release(*THREE),
        Rows("note", (1, "a", 3, 1, False), (2, "b", 4, 1, False), (3, "c", 5, 1, True), (4, "d", 6, 1, False)),
    ),
    Story(
        "releases-1-2-3-2-1", Release(*ONE), *DATA, Release(*TWO), Release(*THREE), Release(*TWO), Release(*ONE), IN_ONE
    ),
    Story(
        "an-older-release-writes-beside-a-newer-column",
        Release(note("text: str")),
        Put("note", (1, "a")),
        Release(note("text: str", "n: int = column(default=5)")),
        Put("note", (2, "b", 7)),
        Release(note("text: str")),
        Put("note", (3, "c")),
        Release(note("text: str", "n: int = column(default=5)")),
        Rows("note", (1, "a", 5), (2, "b", 7), (3, "c", 5)),
    ),
    Story(
        "renamed-converted-checked-indexed-and-not-null-at-once",
        Release(BIG_ONE),
        Put("note", (1, "1", "x", 1), (2, "two", "y", 2), (3, None, "z", 3)),
        Release(BIG_TWO),
        Rows("memo", (1, 1, "x", "y"), (2, 0, "y", "y"), (3, 0, "z", "y")),
        Kept("memo.a", {2: "two"}),
        Query("SELECT c FROM memo__notes ORDER BY id", 1, 2, 3),
        Refused("memo", (4, -1, "q", "x"), (4, 1, "x", "x")),
    ),
    Story(
        "much-has-to-wait-at-once-and-goes-one-by-one",
        Release(table("user"), note("a: str | None", "b: int", "owner: int")),
        Put("user", (1,)),
        Put("note", (1, "x", -1, 1), (2, "x", 1, 9), (3, None, 1, 1)),
        Release(
            table("user"),
            note(
                "a: str = column(unique=True)",
                "b: int",
                "owner: int = column(ForeignKey('user.id'))",
                args="CheckConstraint('b > 0', name='some')",
            ),
            postponed={
                "note.a NOT NULL": (3,),
                "note UNIQUE(a)": (1, 2),
                "note CHECK(b)": (1,),
                "note FOREIGN KEY(owner)": (2,),
            },
        ),
        Rows("note", (1, "x", -1, 1), (2, "x", 1, 9), (3, None, 1, 1)),
        Sql("UPDATE note__notes SET a = 'y', owner = 1 WHERE id = 2"),
        Again(postponed={"note.a NOT NULL": (3,), "note CHECK(b)": (1,)}),
        Sql("UPDATE note__notes SET a = 'z', b = 1 WHERE id = 3", "UPDATE note__notes SET b = 5 WHERE id = 1"),
        Again(),
        Rows("note", (1, "x", 5, 1), (2, "y", 1, 1), (3, "z", 1, 1)),
        Refused("note", (4, "x", 1, 1), (4, "q", 0, 1), (4, "q", 1, 9)),
    ),
    Story(
        "two-modules-tied-by-a-foreign-key-change-together",
        Release(shop=table("item", "price: str"), notes=note("item: int")),
        Put("item", (1, "5"), (2, "free")),
        Put("note", (1, 1)),
        Release(
            shop=table("item", "price: int = column(default=0)", "n: int = column(default=1)"),
            notes=note("thing: int = column(ForeignKey('item__shop.id'), info={'was': 'item'})"),
        ),
        Rows("item", (1, 5, 1), (2, 0, 1)),
        Rows("note", (1, 1)),
        Kept("item.price", {2: "free"}),
        Refused("note", (2, 9)),
    ),
    Story(
        "many-rows-are-all-there",
        Release(note("v: str")),
        Put("note", *((i, str(i) if i % 10 else f"x{i}") for i in range(1, 3001))),
        Release(note("v: int | None", "t: str = column(default='t')", args="UniqueConstraint('v')")),
        Query("SELECT count(*), count(v), sum(v) FROM note__notes", (3000, 2700, 4500 * 1000 + 1500 - 451500)),
        Query("SELECT count(*) FROM aha_kept", 300),
        Release(note("v: str")),
        Query("SELECT count(*) FROM note__notes WHERE v = 'x' || id", 300),
        Query("SELECT count(*) FROM note__notes WHERE v = '' || id", 2700),
    ),
]
