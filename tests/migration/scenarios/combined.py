"""Changes that meet in one release, or in several: keys, computed columns, enums, inheritance, odd names and types."""

from datetime import timedelta
from decimal import Decimal

from tests.migration.sources import note, table
from tests.migration.story import Kept, Put, Query, Refused, Release, Rows, Story

MOOD = "class Mood(enum.Enum):\n    GOOD = 'g'\n    BAD = 'b'\n"
MOODS = "class Mood(enum.Enum):\n    GOOD = 'g'\n    BAD = 'b'\n    SO = 's'\n"
ENUM = "Enum(Mood, name='mood', values_callable=lambda e: [m.value for m in e])"
TREE = note("name: str", "parent: int | None = column(ForeignKey('note.id', ondelete='CASCADE'))")
LINE = (
    "order_id: int = column(primary_key=True)",
    "no: int = column(primary_key=True, autoincrement=False)",
)
ANIMAL = """
class Animal(dbBase):
    __tablename__ = "animal"
    id: Mapped[int] = column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}
"""
CAT = """
class Cat(Animal):
    lives: Mapped[int | None]
    __mapper_args__ = {"polymorphic_identity": "cat"}
"""
DOG = """
class Dog(Animal):
    tricks: Mapped[str | None] = column(unique=True)
    size: Mapped[int] = column(default=1)
    __mapper_args__ = {"polymorphic_identity": "dog"}
"""
QUOTES = 'it\'s "quoted" 100% of \\ $$ :x'
ODD = note(
    "选择: str = column('Select', index=True)", "订单: str | None = column('order by')", "q: str = column('a\"b')"
)


STORIES = [
    Story(
        "renamed-retyped-unique-and-not-null-at-once-then-back-and-forth",
        Release(note("v: str | None", "n: int")),
        Put("note", (1, "1", 1), (2, "two", 2), (3, None, 3)),
        Release(note("w: int | None = column(unique=True, info={'was': 'v'})", "n: str")),
        Rows("note", (1, 1, "1"), (2, None, "2"), (3, None, "3")),
        Release(note("v: str | None", "n: int")),
        Rows("note", (1, "1", 1), (2, "two", 2), (3, None, 3)),
        Release(note("w: int = column(default=9, info={'was': 'v'})", "n: str")),
        Rows("note", (1, 1, "1"), (2, 9, "2"), (3, 9, "3")),
        Release(note("v: str | None", "n: int")),
        Query("SELECT v, n FROM note__notes WHERE id < 3 ORDER BY id", ("1", 1), ("two", 2)),
    ),
    Story(
        "tree-gets-another-key-type-and-action",
        Release(TREE),
        Put("note", (1, "root", None), (2, "leaf", 1)),
        Release(
            note(
                "id: str = column(String(40), primary_key=True)",
                "name: str",
                "parent: str | None = column(ForeignKey('note.id', ondelete='SET NULL', deferrable=True))",
            )
        ),
        Rows("note", ("1", "root", None), ("2", "leaf", "1")),
        Refused("note", ("3", "x", "9")),
        Release(TREE),
        Rows("note", (1, "root", None), (2, "leaf", 1)),
    ),
    Story(
        "key-of-two-changes-one-type-with-children-in-another-module",
        Release(
            shop=table("line", *LINE, "t: str"),
            notes=note(
                "o: int", "n: int", args="ForeignKeyConstraint(['o', 'n'], ['line__shop.order_id', 'line__shop.no'])"
            ),
        ),
        Put("line", (1, 2, "x")),
        Put("note", (1, 1, 2)),
        Release(
            shop=table("line", LINE[0].replace("int", "str"), LINE[1], "t: str"),
            notes=note(
                "o: str", "n: int", args="ForeignKeyConstraint(['o', 'n'], ['line__shop.order_id', 'line__shop.no'])"
            ),
        ),
        Rows("note", (1, "1", 2)),
        Refused("note", (2, "1", 3)),
    ),
    Story(
        "enum-of-two-tables-gets-and-loses-a-member",
        Release(MOOD, note(f"m: Mood = column({ENUM})"), table("memo", f"m: Mood | None = column({ENUM})")),
        Put("note", {"id": 1, "m": "g"}, {"id": 2, "m": "b"}),
        Put("memo", {"id": 1, "m": "b"}),
        Release(
            MOODS, note(f"m: Mood = column({ENUM}, default=Mood.SO)"), table("memo", f"m: Mood | None = column({ENUM})")
        ),
        Put("memo", {"id": 2, "m": "s"}),
        Query("SELECT CAST(m AS TEXT) FROM memo__notes ORDER BY id", "b", "s"),
        Release(MOOD, note(f"m: Mood = column({ENUM})"), table("memo", f"m: Mood | None = column({ENUM})")),
        Query("SELECT CAST(m AS TEXT) FROM memo__notes ORDER BY id", "b", None),
        Kept("memo.m", {2: "s"}),
        Release(
            MOODS, note(f"m: Mood = column({ENUM}, default=Mood.SO)"), table("memo", f"m: Mood | None = column({ENUM})")
        ),
        Query("SELECT CAST(m AS TEXT) FROM memo__notes ORDER BY id", "b", "s"),
    ),
    Story(
        "inheritance-in-one-table-gets-columns-and-back",
        Release(ANIMAL, CAT),
        Put("animal", {"id": 1, "kind": "cat", "lives": 7}),
        Release(ANIMAL, CAT, DOG),
        Put("animal", {"id": 2, "kind": "dog", "tricks": "sit", "size": 3}),
        Release(ANIMAL, CAT),
        Put("animal", {"id": 3, "kind": "cat", "lives": 9}),
        Release(ANIMAL, DOG),
        Query(
            "SELECT id, tricks, size, lives FROM animal__notes ORDER BY id",
            (1, None, 1, 7),
            (2, "sit", 3, None),
            (3, None, 1, 9),
        ),
    ),
    Story(
        "everything-changes-in-a-table-without-rows",
        Release(note("a: str", "b: int", "c: float | None", args="UniqueConstraint('a', 'b')")),
        Release(
            note(
                "a: datetime",
                "bee: str = column(info={'was': 'b'}, unique=True)",
                "c: bool",
                "d: date = column(index=True)",
                args="CheckConstraint('c', name='yes')",
            ),
            table("memo", "n: int = column(ForeignKey('note.id'))"),
        ),
        Release(note("a: str", "b: int", "c: float | None", args="UniqueConstraint('a', 'b')")),
    ),
    Story(
        "odd-names-are-added-converted-and-renamed",
        Release(ODD),
        Put("note", {"id": 1, "Select": "5", "order by": "x", 'a"b': "7"}),
        Release(
            note(
                "选择: int = column('SELECT ', info={'was': 'Select'}, unique=True)",
                "订单: str = column('Order By', info={'was': 'order by'}, default='y')",
                "q: int = column('a\"b', index=True)",
                "r: str = column('列', default='值', index=True)",
                "s: int | None = column('table', Computed('\"a\"\"b\" * 2'))",
            )
        ),
        Query('SELECT "SELECT ", "Order By", "a""b", "列", "table" FROM note__notes', (5, "x", 7, "值", 14)),
        Release(ODD),
        Query('SELECT "Select", "order by", "a""b" FROM note__notes', ("5", "x", "7")),
    ),
    Story(
        "comments-and-server-defaults-with-quotes",
        Release(note("a: str = column(comment='x')")),
        Put("note", (1, "a")),
        Release(
            note(
                f"a: str = column(comment={QUOTES!r}, server_default={QUOTES!r})",
                "b: str = column(server_default=text(\"lower('AB%')\"))",
                comment=QUOTES,
            )
        ),
        Put("note", {"id": 2}),
        Rows("note", (1, "a", "ab%"), (2, QUOTES, "ab%")),
    ),
    Story(
        "deferrable-constraints-come-and-go",
        Release(table("user"), note("n: int", "u: int | None = column(ForeignKey('user.id'))")),
        Put("user", (1,)),
        Put("note", (1, 1, 1)),
        Release(
            table("user"),
            note("n: int", "u: int | None = column(ForeignKey('user.id', deferrable=True, initially='DEFERRED'))"),
        ),
        Release(
            table("user"),
            note("n: int", "u: int | None = column(ForeignKey('user.id', ondelete='SET NULL', onupdate='CASCADE'))"),
        ),
        Rows("note", (1, 1, 1)),
        Refused("note", (2, 1, 5)),
    ),
    Story(
        "interval-numeric-bytes-and-json-change-and-come-back",
        Release(note("i: timedelta", "d: Decimal = column(Numeric(8, 2))", "b: bytes", "j: str")),
        Put("note", {"id": 1, "i": timedelta(hours=1), "d": 5, "b": b"abc", "j": '{"a": 1}'}),
        Release(note("i: str", "d: float", "b: str", "j: dict = column(JSON)")),
        Release(note("i: timedelta", "d: Decimal = column(Numeric(8, 2))", "b: bytes", "j: str")),
        Rows("note", (1, timedelta(hours=1), Decimal("5.00"), b"abc", '{"a": 1}')),
    ),
    Story(
        "computed-and-checked-over-a-column-that-is-converted",
        Release(note("n: str", "m: int | None")),
        Put("note", (1, "5", 1), (2, "x", 2)),
        Release(
            note(
                "n: int = column(default=0)",
                "m: int | None",
                "double: int | None = column(Computed('n * 2'))",
                args="CheckConstraint('n >= 0', name='nat'), Index('ix_m', 'm', 'n', unique=True)",
            )
        ),
        Rows("note", (1, 5, 1, 10), (2, 0, 2, 0)),
        Release(
            note(
                "n: float = column(default=0)",
                "m: int | None",
                "double: float | None = column(Computed('n * 2'))",
                args="CheckConstraint('n >= 0', name='nat'), Index('ix_m', 'm', 'n', unique=True)",
            )
        ),
        Rows("note", (1, 5.0, 1, 10.0), (2, 0.0, 2, 0.0)),
        Release(note("n: int = column(default=0)", "m: int | None")),
        Rows("note", (1, 5, 1), (2, 0, 2)),
        Release(note("n: str", "m: int | None")),
        Rows("note", (1, "5", 1), (2, "x", 2)),
    ),
    Story(
        "column-becomes-the-key-and-the-key-a-column",
        Release(note("code: str = column(unique=True)", "t: str")),
        Put("note", (1, "x", "a"), (2, "y", "b")),
        Release(note("id: int = column(unique=True)", "code: str = column(primary_key=True)", "t: str")),
        Rows("note", (1, "x", "a"), (2, "y", "b")),
        Release(note("code: str = column(unique=True)", "t: str")),
        Rows("note", (1, "x", "a"), (2, "y", "b")),
    ),
    Story(
        "unique-moves-to-an-index-and-back",
        Release(note("a: str = column(unique=True)", "b: int"), table("memo", "a: str = column(ForeignKey('note.a'))")),
        Put("note", (1, "x", 1)),
        Put("memo", (1, "x")),
        Release(
            note("a: str", "b: int", args="Index('ux', 'a', unique=True)"),
            table("memo", "a: str = column(ForeignKey('note.a'))"),
        ),
        Refused("memo", (2, "z")),
        Release(note("a: str = column(unique=True)", "b: int"), table("memo", "a: str = column(ForeignKey('note.a'))")),
        Refused("memo", (2, "z")),
        Rows("memo", (1, "x")),
    ),
]
