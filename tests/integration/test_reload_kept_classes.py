"""What code that is replaced does to the classes and tables of database.py, which stay: none of it is left behind."""

from __future__ import annotations

import pytest

from models.exc import UsageError
from tests.reloaded_bot import answering, reloaded_bot

HEAD = """
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Table, UniqueConstraint
from sqlalchemy import select as _select
from sqlalchemy.orm import Mapped, mapped_column, relationship
from core.database import db_sessionmaker, dbBase, metadata
"""
KEPT = f"""{HEAD}
class Note(dbBase):
    __tablename__ = "note"

    id: Mapped[int] = mapped_column(primary_key=True)
"""
SHOWS = """
from .database import Note

async def _show():
    async with db_sessionmaker() as session:
        session.add(Note())
        await session.commit()
        return len((await session.scalars(_select(Note))).all())
"""
INIT = answering("await _show()", before=HEAD + SHOWS)
FILES = {"a/__init__.py": INIT, "a/database.py": KEPT, "b.py": answering("'b'", to="b")}
REFERRING = """
class Comment(dbBase):
    __tablename__ = "comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    note_id: Mapped[int | None] = mapped_column(ForeignKey(Note.id))
    note: Mapped[Note] = relationship(Note, backref="comments")
"""
FAILS = "\nfrom core.dispatcher import on_start\n@on_start\ndef fails():\n    {}\n"
REMEDY = "move that into database.py, too, or restart the bot"


def parts(table):
    """What stands in a table."""
    return table.columns.keys(), len(table.constraints), len(table.indexes)


ADDITIONS = pytest.mark.parametrize(
    "code",
    [
        "Note.more = mapped_column(Integer, default=3)",
        "Note.__table__.append_column(Column('more', Integer))",
        "Note.__table__.append_column(Column('more', ForeignKey('note.id'), index=True, unique=True))",
        "Note.__table__.append_constraint(UniqueConstraint('id', name='u'))",
        "Note.__table__.append_constraint(CheckConstraint('id > 0'))",
        "Table('note', metadata, Column('more', Integer), extend_existing=True)",
        "Note.more = relationship('Note', primaryjoin='Note.id == foreign(Note.id)')",
        "Note.__mapper__.add_property('more', Note.__table__.c.id)",
        "class More(Note):\n    more: Mapped[int | None]",
    ],
    ids=[
        "an attribute", "a column", "a column with all kinds of things", "a UNIQUE", "a CHECK", "a table once more",
        "a wrong relationship", "a property", "a subclass in the same table",
    ],
)  # fmt: skip


@ADDITIONS
async def test_nothing_is_added_to_them_while_the_bot_runs(sqlite_url, tmp_path, code):
    async with reloaded_bot(tmp_path, sqlite_url, FILES) as bot:
        note = bot.code("a").Note
        before = parts(note.__table__), note.__mapper__.attrs.keys()
        assert await bot.say("hi") == ["1"]
        outcome = await bot.reload({"a/__init__.py": f"{INIT}\n{code}\n"}, "a")
        assert outcome.failed["a"].endswith(REMEDY)
        assert (parts(note.__table__), note.__mapper__.attrs.keys()) == before
        assert await bot.say("hi") == ["2"]
        assert (await bot.reload({}, "b")).ok
        assert (await bot.reload({"a/__init__.py": INIT})).ok
        assert await bot.say("hi") == ["3"]


def adding(code):
    """A function that adds to what stays, when it is called."""
    return "def adds():\n" + "".join(f"    {line}\n" for line in code.splitlines())


def starting(code):
    """A module that adds to what stays when it starts."""
    return f"{INIT}\n{adding(code)}{FAILS.format('adds()')}"


@ADDITIONS
async def test_nor_by_what_runs_when_it_starts(sqlite_url, tmp_path, code):
    async with reloaded_bot(tmp_path, sqlite_url, FILES) as bot:
        note = bot.code("a").Note
        before = parts(note.__table__), note.__mapper__.attrs.keys()
        for number in (1, 2):
            assert (await bot.reload({"a/__init__.py": starting(code)}, "a")).failed["a"].endswith(REMEDY)
            assert (parts(note.__table__), note.__mapper__.attrs.keys()) == before
            assert await bot.say("hi") == [str(number)]


@ADDITIONS
async def test_nor_by_what_runs_when_the_bot_starts(sqlite_url, tmp_path, code):
    files = FILES | {"a/__init__.py": starting(code)}
    async with reloaded_bot(tmp_path, sqlite_url, files, strict=False) as bot:
        assert str(bot.failures["a"]).endswith(REMEDY)
        assert (await bot.reload({"a/__init__.py": INIT}, "a")).ok
        assert await bot.say("hi") == ["1"]


@ADDITIONS
@pytest.mark.parametrize("is_new", [False, True], ids=["since the start", "a new module"])
async def test_nor_by_a_callback(sqlite_url, tmp_path, code, is_new):
    adds = f"{INIT}\n{adding(code)}{answering('str(adds())', to='add')}"
    files = FILES | {"a/__init__.py": adds}
    async with reloaded_bot(tmp_path, sqlite_url, {"b.py": FILES["b.py"]} if is_new else files) as bot:
        assert not is_new or (await bot.reload(files)).ok
        note = bot.code("a").Note
        before = parts(note.__table__), note.__mapper__.attrs.keys()
        for number in (1, 2):
            with pytest.raises(UsageError, match=REMEDY):
                await bot.say("add")
            assert (parts(note.__table__), note.__mapper__.attrs.keys()) == before
            assert await bot.say("hi") == [str(number)]
            assert (await bot.reload({}, "a", with_database=["a"] if number == 2 else [])).ok


MAY_BE = """
class More(Note):
    pass

Index("ix", Note.id)
Table("link", metadata, Column("id", Integer, primary_key=True), Column("note", ForeignKey(Note.id)))

class Own(dbBase):
    __tablename__ = "own"
    id: Mapped[int] = mapped_column(ForeignKey(Note.id), primary_key=True)
    note: Mapped[Note] = relationship(Note)

event.listen(Note, "load", lambda *_: None)
More(), Own()
"""


@pytest.mark.parametrize("by", ["it starts", "a callback"])
async def test_what_may_be_added_goes_with_the_code_that_has_added_it(sqlite_url, tmp_path, by):
    head = f"from sqlalchemy import Index, event\n{INIT}\n{adding(MAY_BE)}"
    code = head + (FAILS.format("adds()") if by == "it starts" else answering("str(adds())", to="add"))
    async with reloaded_bot(tmp_path, sqlite_url, FILES | {"a/__init__.py": code}) as bot:
        note = bot.code("a").Note
        for _ in range(3):
            assert by == "it starts" or await bot.say("add") == ["None"]
            assert await bot.say("hi")
            assert [cls.class_.__name__ for cls in note.__mapper__.self_and_descendants] == ["Note", "More"]
            assert (len(note.__table__.indexes), note.__mapper__.attrs.keys()) == (1, ["id"])
            assert (await bot.reload({}, "a")).ok
        assert (await bot.reload({"a/__init__.py": INIT}, "a")).ok
        assert [cls.class_.__name__ for cls in note.__mapper__.self_and_descendants] == ["Note"]
        assert (len(note.__table__.indexes), note.__mapper__.attrs.keys()) == (0, ["id"])


async def test_a_new_module_adds_nothing_to_those_of_others(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, FILES) as bot:
        new = f"{HEAD}\nfrom modules.a.database import Note\nNote.more = mapped_column(Integer)"
        outcome = await bot.reload({"c.py": new})
        assert outcome.failed["c"].endswith(REMEDY)
        assert await bot.say("hi") == ["1"]


async def test_it_may_when_the_bot_starts(sqlite_url, tmp_path):
    files = FILES | {"a/__init__.py": f"{INIT}\nNote.more = mapped_column(Integer, default=3)\n"}
    async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
        assert await bot.say("hi") == ["1"]
        assert (await bot.reload({}, "a")).failed["a"].endswith(REMEDY)
        assert await bot.say("hi") == ["2"]
        await bot.restart()
        assert await bot.say("hi") == ["3"]


async def test_a_wrong_relationship_that_a_start_adds_keeps_no_other_from_being_reloaded(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, FILES) as bot:
        wrong = FAILS.format("Note.more = relationship('Note', primaryjoin='Note.id == foreign(Note.id)')")
        assert not (await bot.reload({"a/__init__.py": INIT + wrong}, "a")).ok
        assert (await bot.reload({}, "b")).ok


@pytest.mark.parametrize(
    ("backref", "error"),
    [
        ('"comments"', "ZeroDivisionError"),
        ('("comments", {"order_by": "Comment.nothing"})', "mapped column named 'nothing'"),
    ],
    ids=["that is right", "that is wrong"],
)
async def test_the_backref_of_code_that_fails_goes_with_it(database_url, tmp_path, backref, error):
    async with reloaded_bot(tmp_path, database_url, FILES) as bot:
        new = INIT + REFERRING.replace('"comments"', backref)
        for _ in range(2):
            outcome = await bot.reload({"a/__init__.py": new + FAILS.format("1 / 0")}, "a")
            assert error in outcome.failed["a"]
            assert bot.code("a").Note.__mapper__.attrs.keys() == ["id"]
            assert not hasattr(bot.code("a").Note, "comments")
        assert await bot.say("hi") == ["1"]
        assert (await bot.reload({"a/__init__.py": INIT + REFERRING}, "a")).ok
        assert await bot.say("hi") == ["2"]


async def test_the_backref_of_a_module_that_goes_comes_back_with_it(database_url, tmp_path):
    code = f"{HEAD}\nfrom modules.a.database import Note\n{REFERRING}"
    c = {"c/__init__.py": "from . import database", "c/database.py": code}
    async with reloaded_bot(tmp_path, database_url, FILES | c) as bot:
        note = bot.code("a").Note
        for _ in range(2):
            assert hasattr(note, "comments")
            assert (await bot.reload({"c": None})).removed == ("c",)
            assert note.__mapper__.attrs.keys() == ["id"]
            assert await bot.say("hi")
            assert (await bot.reload(c)).added == ("c",)
