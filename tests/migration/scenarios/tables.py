"""Tables and modules as a whole: added, removed, disabled, inherited, oddly named; and what else a database offers."""

from tests.migration.sources import note, table
from tests.migration.story import Put, Query, Refused, Release, Rows, Story

TEXT = note("text: str")
ROWS = Put("note", (1, "a"), (2, "b"))
USER = table("user", "name: str")
TAGS = """
tags = Table("tags", metadata,
    Column("note_id", ForeignKey("note.id"), primary_key=True),
    Column("tag_id", ForeignKey("tag.id"), primary_key=True))
"""
ANIMAL = table("animal", "kind: str", "name: str") + "    __mapper_args__ = {'polymorphic_on': 'kind'}\n"
CAT = table("cat", "id: int = column(ForeignKey('animal.id'), primary_key=True)", "lives: int", base="Animal")
CAT += "    __mapper_args__ = {'polymorphic_identity': 'cat'}\n"
DOG = "class Dog(Animal):\n    tricks: Mapped[int] = column(default=2, nullable=True)\n"
DOG += "    __mapper_args__ = {'polymorphic_identity': 'dog'}\n"


def column_changes(name: str, before: str, after: str, *then: object) -> Story:
    """Something of a column of table note changes that concerns no value."""
    rows = Put("note", (1, "a"))
    return Story(
        name, Release(note(f"v: str{before}")), rows, Release(note(f"v: str{after}")), Rows("note", (1, "a")), *then
    )


STORIES = [
    Story("table-added", Release(TEXT), ROWS, Release(TEXT, USER), Rows("note", (1, "a"), (2, "b")), Rows("user")),
    Story(
        "table-added-with-children-of-an-old-one",
        Release(TEXT),
        ROWS,
        Release(TEXT, table("line", "note: int = column(ForeignKey('note.id'))")),
        Put("line", (1, 2)),
        Refused("line", (2, 3)),
    ),
    Story(
        "table-removed-and-back",
        Release(TEXT, USER),
        ROWS,
        Put("user", (1, "Momo")),
        Release(TEXT),
        Query("SELECT name FROM user__notes", "Momo"),
        Release(TEXT, table("user", "name: str", "n: int = column(default=1)")),
        Rows("user", (1, "Momo", 1)),
    ),
    Story(
        "module-off-and-on-again",
        Release(TEXT, other=USER),
        ROWS,
        Put("user", (1, "Momo")),
        Release(TEXT),
        Query("SELECT name FROM user__other", "Momo"),
        Release(note("text: str", "n: int | None"), other=USER),
        Rows("user", (1, "Momo")),
        Rows("note", (1, "a", None), (2, "b", None)),
    ),
    Story(
        "module-off-while-its-parent-changes-its-key",
        Release(
            shop=table("item", "id: str = column(primary_key=True)"),
            notes=note("item: str = column(ForeignKey('item__shop.id'))"),
        ),
        Put("item", ("1",)),
        Put("note", (1, "1")),
        Release(shop=table("item", "id: str = column(primary_key=True)", "n: int = column(default=0)")),
        Rows("item", ("1", 0)),
        Query("SELECT item FROM note__notes", "1"),
    ),
    Story(
        "two-modules-with-a-table-of-one-name",
        Release(TEXT, other=note("text: int")),
        Put("note__notes", (1, "a")),
        Put("note__other", (1, 5)),
        Release(note("text: str", "n: int = column(default=1)"), other=note("text: str")),
        Rows("note__notes", (1, "a", 1)),
        Rows("note__other", (1, "5")),
    ),
    Story(
        "a-module-that-cannot-start-costs-the-others-nothing",
        Release(TEXT, other=USER),
        ROWS,
        Put("user", (1, "Momo")),
        Release(note("text: str", "n: int | None"), other="1 / 0", off={"other": "division by zero"}),
        Rows("note", (1, "a", None), (2, "b", None)),
        Release(note("text: str", "n: int | None"), other=table("user", "name: str", "n: int = column(default=1)")),
        Rows("user", (1, "Momo", 1)),
    ),
    # --- shapes ---
    Story(
        "association-table-gets-a-column",
        Release(TEXT, table("tag"), TAGS),
        ROWS,
        Put("tag", (1,)),
        Put("tags", (1, 1), (2, 1)),
        Release(
            TEXT,
            table("tag"),
            TAGS.replace("primary_key=True))", "primary_key=True),\n    Column('n', Integer, default=1))"),
        ),
        Rows("tags", (1, 1, 1), (2, 1, 1)),
        Refused("tags", (9, 9, 1)),
    ),
    Story(
        "association-table-and-both-ends-change",
        Release(TEXT, table("tag"), TAGS),
        ROWS,
        Put("tag", (1,)),
        Put("tags", (1, 1), (2, 1)),
        Release(note("text: str = column(String(9))"), table("tag", "t: str = column(default='x')"), TAGS),
        Rows("tags", (1, 1), (2, 1)),
    ),
    Story(
        "inheritance-joined-gets-columns-on-both-sides",
        Release(ANIMAL, CAT),
        Put("animal", (1, "cat", "Momo")),
        Put("cat", (1, 7)),
        Release(
            ANIMAL.replace("name: Mapped[str]", "name: Mapped[str]\n    age: Mapped[int] = column(default=1)"),
            CAT.replace("Mapped[int]\n", "Mapped[str]\n"),
        ),
        Rows("animal", (1, "cat", "Momo", 1)),
        Rows("cat", (1, "7")),
    ),
    Story(
        "inheritance-in-one-table-gets-a-subclass",
        Release(ANIMAL),
        Put("animal", (1, "dog", "Rex")),
        Release(ANIMAL, DOG),
        Rows("animal", (1, "dog", "Rex", 2)),
    ),
    Story(
        "self-reference-in-a-table-that-is-made-anew",
        Release(note("parent: int | None = column(ForeignKey('note.id'))", "n: str")),
        Put("note", (1, None, "1"), (2, 1, "2")),
        Release(note("parent: int | None = column(ForeignKey('note.id', ondelete='CASCADE'))", "n: int")),
        Rows("note", (1, None, 1), (2, 1, 2)),
        Refused("note", (3, 9, 1)),
    ),
    Story(
        "two-tables-that-refer-to-each-other",
        Release(
            table("user", "best: int | None = column(ForeignKey('note.id', name='best', use_alter=True))"),
            note("owner: int = column(ForeignKey('user.id', name='owner'))"),
        ),
        Put("user", (1, None)),
        Put("note", (1, 1)),
        Release(
            table(
                "user",
                "best: int | None = column(ForeignKey('note.id', name='best', use_alter=True))",
                "n: int = column(default=1)",
            ),
            note(
                "owner: int = column(ForeignKey('user.id', name='owner'))", "t: str = column(unique=True, default='x')"
            ),
        ),
        Rows("user", (1, None, 1)),
        Rows("note", (1, 1, "x")),
    ),
    Story(
        "reserved-words-and-other-alphabets",
        Release(
            table("order", "select: str = column('select')", "group: int | None = column('Group')"),
            table("用户", "名字: str", "年龄: str | None"),
        ),
        Put("order", (1, "a", 5)),
        Put("用户", (1, "小明", "12"), (2, "小红", "十二")),
        Release(
            table(
                "order",
                "where: str = column('where', info={'was': 'select'})",
                "group: str | None = column('Group')",
                "from_: int = column('from', default=1)",
            ),
            table(
                "用户",
                "姓名: str = column(info={'was': '名字'})",
                "年龄: int | None",
                "城市: str = column(default='北京')",
            ),
        ),
        Rows("order", (1, "a", "5", 1)),
        Rows("用户", (1, "小明", 12, "北京"), (2, "小红", None, "北京")),
    ),
    Story(
        "names-with-spaces-quotes-and-percent-signs",
        Release(
            "T = Table('a \"b\" %c', metadata, Column('the id', Integer, primary_key=True), Column('50% \"x\"', Text))"
        ),
        Put('a "b" %c', (1, "x")),
        Release(
            "T = Table('a \"b\" %c', metadata, Column('the id', Integer, primary_key=True), "
            'Column(\'50% "x"\', String(7), nullable=False), Column("it\'s", Integer, default=1))'
        ),
        Rows('a "b" %c', (1, "x", 1)),
    ),
    Story(
        "names-with-colons-and-of-what-stands-aside",
        Release(
            "T = Table('t', metadata, Column('id', Integer, primary_key=True), "
            "Column('at :noon', Text), Column('at :noon_aside', Text))"
        ),
        Put("t", (1, "5", "6"), (2, "x", "y")),
        Release(
            "T = Table('t', metadata, Column('id', Integer, primary_key=True), "
            "Column('at :noon', Integer, nullable=False, default=lambda: 7), "
            "Column('at :noon_aside', Integer, nullable=False, default=lambda: 8))"
        ),
        Rows("t", (1, 5, 6), (2, 7, 8)),
    ),
    Story(
        "names-longer-than-postgresql-takes",
        Release(table("n" * 70, f"{'c' * 60}: str = column(index=True)")),
        Put("n" * 70, (1, "x")),
        Release(table("n" * 70, f"{'c' * 60}: str = column(index=True, unique=True)", "n: int = column(default=1)")),
        Rows("n" * 70, (1, "x", 1)),
    ),
    # --- what else a column or table has ---
    column_changes(
        "server-default-added",
        "",
        " = column(server_default='x')",
        Put("note", {"id": 2}),
        Rows("note", (1, "a"), (2, "x")),
    ),
    column_changes(
        "server-default-changed",
        " = column(server_default='x')",
        " = column(server_default='y')",
        Put("note", {"id": 2}),
        Rows("note", (1, "a"), (2, "y")),
    ),
    column_changes("server-default-removed", " = column(server_default='x')", "", Refused("note", {"id": 2})),
    column_changes(
        "server-default-becomes-an-expression",
        " = column(server_default='x')",
        " = column(server_default=text(\"lower('Q')\"))",
        Put("note", {"id": 2}),
        Rows("note", (1, "a"), (2, "q")),
    ),
    column_changes("comment-of-a-column-added", "", " = column(comment='what it''s \"about\"')"),
    column_changes("comment-of-a-column-removed", " = column(comment='what')", ""),
    column_changes(
        "collation-changed",
        " = column(String(collation='NOCASE').with_variant(String(collation='C'), 'postgresql'))",
        "",
    ),
    Story(
        "comment-of-a-table-changed",
        Release(note("v: str", comment="one")),
        Put("note", (1, "a")),
        Release(note("v: str", comment="two")),
        Rows("note", (1, "a")),
    ),
    Story(
        "computed-changed",
        Release(note("n: int", "m: int = column(Computed('n * 2'))")),
        Put("note", {"id": 1, "n": 3}),
        Release(note("n: int", "m: int = column(Computed('n * 3'))")),
        Rows("note", (1, 3, 9)),
    ),
    Story(
        "computed-becomes-plain-and-keeps-its-values",
        Release(note("n: int", "m: int = column(Computed('n * 2', persisted=True))")),
        Put("note", {"id": 1, "n": 3}),
        Release(note("n: int", "m: int | None")),
        Rows("note", (1, 3, 6)),
        Put("note", (2, 1, 1)),
    ),
    Story(
        "computed-stays-while-its-source-is-renamed",
        Release(note("n: int", "m: int = column(Computed('n * 2', persisted=True))")),
        Put("note", {"id": 1, "n": 3}),
        Release(note("k: int = column(info={'was': 'n'})", "m: int = column(Computed('k * 2', persisted=True))")),
        Rows("note", (1, 3, 6)),
    ),
    Story(
        "identity-instead-of-a-sequence",
        Release(note("v: str")),
        Put("note", (1, "a")),
        Release(note("id: int = column(Identity(), primary_key=True)", "v: str")),
        Put("note", {"v": "b"}),
        Rows("note", (1, "a"), (2, "b")),
    ),
]
