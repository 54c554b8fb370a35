"""Columns that are added, removed and taken up again, and columns that may no longer be NULL."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from tests.migration.sources import note, start, table
from tests.migration.story import Again, Put, Query, Refused, Release, Rows, Sql, Story

PLAIN = note("text: str")
TWO = (Release(PLAIN), Put("note", (1, "a"), (2, "b")))
UNUSED = "SELECT text FROM note__notes ORDER BY id"

# What a new column looks like, and what two old rows have in it then.
ADDED = {
    "nullable": ("n: int | None", None),
    "not-null-python-default": ("n: int = column(default=3)", 3),
    "not-null-server-default": ("n: int = column(server_default='4')", 4),
    "nullable-python-default": ("n: int | None = column(default=3)", 3),
    "nullable-server-default": ("n: int | None = column(server_default=text('2 + 3'))", 5),
    "nullable-callable-default": ("n: int | None = column(default=lambda: 7)", None),
    "default-bool": ("n: bool = column(default=True)", True),
    "default-text-with-quote": ('n: str = column(default="it\'s % :x")', "it's % :x"),
    "default-empty-text": ("n: str = column(default='')", ""),
    "default-float": ("n: float = column(default=0.1)", 0.1),
    "default-decimal": ("n: Decimal = column(Numeric(8, 2), default=Decimal('1.50'))", Decimal("1.50")),
    "default-date": ("n: date = column(default=date(2020, 2, 29))", date(2020, 2, 29)),
    "default-datetime": ("n: datetime = column(default=datetime(2020, 1, 2, 3, 4, 5))", datetime(2020, 1, 2, 3, 4, 5)),
    "default-bytes": ("n: bytes = column(default=b'\\x00\\xff')", b"\x00\xff"),
    "default-uuid": ("n: uuid.UUID = column(default=uuid.UUID(int=5))", UUID(int=5)),
    "default-json": ("n: dict = column(JSON, default={'a': [1, None]})", {"a": [1, None]}),
    "default-enum": ("n: enum.Enum = column(Enum('low', 'high', name='level'), default='high')", "high"),
    "default-func": ("n: str = column(default=func.upper('abc'))", "ABC"),
    "computed": ("n: str = column(Computed(\"text || '!'\"))", None),
}
COMPUTED = {"computed": ("a!", "b!")}

SHOUT = """
class Shout(TypeDecorator):
    impl = String
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else value.upper()

    def process_result_value(self, value, dialect):
        return None if value is None else value.lower()
"""


def added(name: str, column: str, value: object) -> Story:
    """Two rows, a new column, and what they have in it."""
    first, second = COMPUTED.get(name, (value, value))
    after = Release(note("text: str", column))
    return Story(f"column-added-{name}", *TWO, after, Rows("note", (1, "a", first), (2, "b", second)))


STORIES = [
    *(added(name, column, value) for name, (column, value) in ADDED.items()),
    Story(
        "column-added-default-through-a-type-decorator",
        *TWO,
        Release(SHOUT, note("text: str", "n: str = column(Shout, default='hey')")),
        Rows("note", (1, "a", "hey"), (2, "b", "hey")),
        Query("SELECT n FROM note__notes", "HEY", "HEY"),
    ),
    Story(
        "column-added-datetime-with-time-zone",
        *TWO,
        Release(
            note(
                "text: str",
                "at: datetime = column(default=datetime(2020, 1, 2, tzinfo=timezone.utc), type_=DateTime(True))",
            )
        ),
        Query("SELECT count(DISTINCT at) FROM note__notes WHERE at IS NOT NULL", 1),
    ),
    Story(
        "column-added-not-null-callable-is-called-per-row",
        *TWO,
        Release("numbers = count(10)", note("text: str", "n: int = column(default=lambda: next(numbers) // 1)")),
        Query("SELECT count(DISTINCT n) FROM note__notes WHERE n >= 10", 2),
    ),
    Story(
        "column-added-not-null-callable-raises",
        *TWO,
        Release(note("text: str", "n: int = column(default=lambda: 1 // 0)"), postponed={"note.n NOT NULL": (1, 2)}),
        Rows("note", (1, "a", None), (2, "b", None)),
    ),
    Story(
        "column-added-not-null-callable-needs-a-context",
        *TWO,
        Release(
            note("text: str", "n: str = column(default=lambda c: c.get_current_parameters()['text'])"),
            postponed={"note.n NOT NULL": (1, 2)},
        ),
        Rows("note", (1, "a", None), (2, "b", None)),
        Put("note", {"id": 3, "text": "c"}),
        Rows("note", (1, "a", None), (2, "b", None), (3, "c", "c")),
    ),
    Story(
        "column-added-not-null-without-default",
        *TWO,
        Release(note("text: str", "n: int"), postponed={"note.n NOT NULL": (1, 2)}),
        Rows("note", (1, "a", None), (2, "b", None)),
        Sql("UPDATE note__notes SET n = 1 WHERE id = 1"),
        Again(postponed={"note.n NOT NULL": (2,)}),
        Sql("UPDATE note__notes SET n = 2 WHERE id = 2"),
        Again(),
        Refused("note", {"id": 3, "text": "c", "n": None}),
        Rows("note", (1, "a", 1), (2, "b", 2)),
    ),
    Story(
        "column-added-not-null-without-default-and-rows",
        Release(PLAIN),
        Release(note("text: str", "n: int")),
        Refused("note", {"id": 3, "text": "c", "n": None}),
    ),
    Story(
        "column-added-not-null-filled-by-on-start",
        *TWO,
        Release(note("text: str", "n: int"), start("await session.execute(update(Note).values(n=Note.id * 10))")),
        Rows("note", (1, "a", 10), (2, "b", 20)),
        Refused("note", {"id": 3, "text": "c", "n": None}),
    ),
    Story(
        "column-added-unique-with-one-value-for-all",
        *TWO,
        Release(note("text: str", "n: int = column(default=3, unique=True)"), postponed={"note UNIQUE(n)": (1, 2)}),
        Rows("note", (1, "a", 3), (2, "b", 3)),
    ),
    Story(
        "column-added-with-index-and-unique",
        *TWO,
        Release(note("text: str", "n: int | None = column(index=True)", "m: int | None = column(unique=True)")),
        Put("note", (3, "c", 1, 1)),
        Refused("note", (4, "d", 1, 1)),
    ),
    Story(
        "column-added-foreign-key-with-default",
        Release(table("user"), PLAIN),
        Put("user", (1,)),
        Put("note", (1, "a")),
        Release(table("user"), note("text: str", "owner: int = column(ForeignKey('user.id'), default=1)")),
        Rows("note", (1, "a", 1)),
        Refused("note", (2, "b", 9)),
    ),
    Story(
        "columns-added-many-at-once",
        *TWO,
        Release(note("text: str", *(f"c{i}: int = column(default={i})" for i in range(30)))),
        Rows("note", (1, "a", *range(30)), (2, "b", *range(30))),
    ),
    Story(
        "columns-in-another-order",
        Release(note("text: str", "n: int")),
        Put("note", (1, "a", 2)),
        Release(note("n: int", "text: str")),
        Rows("note", (1, 2, "a")),
    ),
    # --- removed ---
    Story(
        "column-removed",
        *TWO,
        Release(note()),
        Put("note", (3,)),
        Rows("note", (1,), (2,), (3,)),
        Query(UNUSED, "a", "b", None),
    ),
    Story(
        "column-removed-and-taken-up-again",
        *TWO,
        Release(note()),
        Put("note", (3,)),
        Release(note("text: str = column(default='none')")),
        Rows("note", (1, "a"), (2, "b"), (3, "none")),
        Refused("note", {"id": 4, "text": None}),
    ),
    Story(
        "column-removed-and-taken-up-again-without-default",
        *TWO,
        Release(note()),
        Put("note", (3,)),
        Release(PLAIN, postponed={"note.text NOT NULL": (3,)}),
        Rows("note", (1, "a"), (2, "b"), (3, None)),
    ),
    Story(
        "column-removed-and-taken-up-again-with-another-type",
        Release(PLAIN),
        Put("note", (1, "12"), (2, "twelve")),
        Release(note()),
        Release(note("text: int | None")),
        Rows("note", (1, 12), (2, None)),
        Release(note("text: str | None")),
        Rows("note", (1, "12"), (2, "twelve")),
    ),
    Story(
        "column-removed-with-server-default",
        Release(note("text: str = column(server_default='x')")),
        Put("note", (1, "a")),
        Release(note()),
        Put("note", (2,)),
        Release(note("text: str = column(server_default='x')")),
        Query("SELECT text FROM note__notes WHERE id = 1", "a"),
    ),
    Story(
        "column-removed-with-unique-check-and-foreign-key",
        Release(
            table("user"),
            note(
                "owner: int = column(ForeignKey('user.id'), unique=True)",
                "n: int = column()",
                args="CheckConstraint('n > 0'), UniqueConstraint('n', 'owner'), Index('ix_n', 'n', unique=True)",
            ),
        ),
        Put("user", (1,), (2,)),
        Put("note", (1, 1, 5), (2, 2, 6)),
        Release(table("user"), note()),
        Put("note", (3,), (4,)),
        Query(
            "SELECT id, owner, n FROM note__notes ORDER BY id", (1, 1, 5), (2, 2, 6), (3, None, None), (4, None, None)
        ),
    ),
    Story(
        "column-removed-from-a-unique-of-two",
        Release(note("a: int", "b: int", args="UniqueConstraint('a', 'b')")),
        Put("note", (1, 1, 1), (2, 1, 2)),
        Release(note("a: int")),
        Put("note", (3, 1), (4, 1)),
        Rows("note", (1, 1), (2, 1), (3, 1), (4, 1)),
    ),
    Story(
        "column-removed-that-an-index-has",
        Release(note("a: int = column(index=True)", "b: int", args="Index('ix_both', 'a', 'b')")),
        Put("note", (1, 1, 1)),
        Release(note("b: int")),
        Put("note", (2, 2)),
        Query("SELECT a FROM note__notes ORDER BY id", 1, None),
    ),
    Story(
        "column-removed-and-another-added",
        *TWO,
        Release(note("title: str = column(default='?')")),
        Rows("note", (1, "?"), (2, "?")),
        Query(UNUSED, "a", "b"),
    ),
    Story(
        "column-removed-whose-target-table-is-removed-too",
        Release(table("user"), note("owner: int = column(ForeignKey('user.id'))")),
        Put("user", (1,)),
        Put("note", (1, 1)),
        Release(note()),
        Put("note", (2,)),
        Query("SELECT owner FROM note__notes ORDER BY id", 1, None),
        Query("SELECT id FROM user__notes", 1),
    ),
    # --- may it be NULL? ---
    Story(
        "not-null-set-on-nulls-with-default",
        Release(note("n: int | None")),
        Put("note", (1, None), (2, 5)),
        Release(note("n: int = column(default=3)")),
        Rows("note", (1, 3), (2, 5)),
        Refused("note", {"id": 3, "n": None}),
    ),
    Story(
        "not-null-set-on-nulls-without-default",
        Release(note("n: int | None")),
        Put("note", (1, None), (2, 5)),
        Release(note("n: int"), postponed={"note.n NOT NULL": (1,)}),
        Rows("note", (1, None), (2, 5)),
        Sql("UPDATE note__notes SET n = 0 WHERE n IS NULL"),
        Again(),
        Refused("note", {"id": 3, "n": None}),
    ),
    Story(
        "not-null-set-without-nulls",
        Release(note("n: int | None")),
        Put("note", (1, 4)),
        Release(note("n: int")),
        Rows("note", (1, 4)),
        Refused("note", {"id": 3, "n": None}),
    ),
    Story(
        "not-null-given-up",
        Release(note("n: int")),
        Put("note", (1, 4)),
        Release(note("n: int | None")),
        Put("note", (2, None)),
        Rows("note", (1, 4), (2, None)),
    ),
    Story(
        "not-null-set-on-nulls-with-a-callable",
        Release(note("n: int | None")),
        Put("note", (1, None), (2, None), (3, 1)),
        Release("numbers = count(100)", note("n: int = column(default=lambda: next(numbers))")),
        Query("SELECT count(DISTINCT n) FROM note__notes WHERE n >= 100", 2),
        Query("SELECT n FROM note__notes WHERE id = 3", 1),
    ),
]
