"""What modules keep in the database while their code is changed: tables, mapped classes, stores, work done once."""

from __future__ import annotations

import textwrap
from typing import ClassVar

import pytest
from sqlalchemy import event

from core.config import cfg
from core.database import db_engine, db_sessionmaker
from models.exc import DatabaseError
from services.data_store import flush_stores
from tests.reloaded_bot import answering, happened, living, reloaded_bot

HEAD = """
from sqlalchemy import ForeignKey, Text
from sqlalchemy import select as _select
from sqlalchemy.orm import Mapped, mapped_column, relationship
from core.database import db_sessionmaker, dbBase
from utils.sqlalchemy import upsert
"""
SHOWING = f"""{HEAD}
async def _show():
    async with db_sessionmaker() as session:
        await session.execute(upsert(Note, id=1))
        await session.commit()
        names = Note.__table__.columns.keys()
        return [{{name: getattr(row, name) for name in names}} for row in await session.scalars(_select(Note))]
"""
SHOWS = answering("await _show()", before=SHOWING)
TEXT = ["[{'id': 1, 'text': 'text'}]"]
MORE = ["[{'id': 1, 'text': 'text', 'more': 'more'}]"]
NEVER = "\n1 / 0\n"
STORE = "from services.data_store import SimpleStore\nstore = SimpleStore()\n"


def table(*columns: str, name: str = "Note") -> str:
    """The code of a table with a key and text columns."""
    lines = [f'    {column}: Mapped[str] = mapped_column(Text, default="{column}")' for column in columns]
    key = "    id: Mapped[int] = mapped_column(primary_key=True)"
    return "\n".join([HEAD, f"class {name}(dbBase):", f'    __tablename__ = "{name.lower()}"', key, *lines, ""])


BOOK = f"""{table(name="Book")}
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelf.id"))
    shelf = relationship("Shelf")
"""
FILE = {"a.py": table("text") + SHOWS}
PACKAGE = {"a/__init__.py": f"from .database import *\n{SHOWS}", "a/database.py": table("text")}
GOES_ON = "was not reloaded, the old code goes on: "


class TestTables:
    async def test_of_the_same_shape(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, FILE) as bot:
            assert await bot.say("hi") == TEXT
            for _ in range(3):
                assert (await bot.reload()).ok
                assert await bot.say("hi") == TEXT

    async def test_of_another_shape_are_migrated(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, FILE) as bot:
            assert await bot.say("hi") == TEXT
            assert (await bot.reload({"a.py": table("text", "more") + SHOWS})).ok
            assert await bot.say("hi") == MORE

    async def test_new_code_that_fails_after_them_leaves_the_old_code_on_them(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, FILE) as bot:
            assert await bot.say("hi") == TEXT
            new = table("more", "text") + living("new", start="1 / 0")
            assert not (await bot.reload({"a.py": new})).ok
            assert await bot.say("hi") == TEXT
            assert (await bot.reload({"a.py": new.replace("1 / 0", "pass")})).ok
            assert await bot.say("hi") == ["new"]
            assert await bot.rows("note") == [{"id": 1, "more": "more", "text": "text"}]

    async def test_tables_that_cannot_be_had_leave_the_old_code(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, FILE) as bot:
            bad = f"{table('text')}    other: Mapped[int] = mapped_column(ForeignKey('nowhere.id'))\n"
            outcome = await bot.reload({"a.py": bad})
            assert "it failed to have its tables" in outcome.failed["a"]
            assert await bot.say("hi") == TEXT

    async def test_a_database_that_is_out_of_reach_costs_no_old_code(self, sqlite_url, tmp_path, monkeypatch):
        async def fail(*_, **__):
            raise DatabaseError("it is out of reach")

        async with reloaded_bot(tmp_path, sqlite_url, FILE) as bot:
            assert await bot.say("hi") == TEXT
            with monkeypatch.context() as context:
                context.setattr("aha.starting.expand", fail)
                outcome = await bot.reload({"a.py": "", "b.py": "", "c.py": "1 / 0"})
            assert outcome.failed == {
                "a": f"{GOES_ON}it failed to have its tables: it is out of reach",
                "b": "is off, it failed to have its tables: it is out of reach",
                "c": "is off, it failed to import: ZeroDivisionError: division by zero",
            }
            assert await bot.say("hi") == TEXT
            assert set((await bot.reload()).added) == {"b"}

    @pytest.mark.parametrize("error", [ConnectionRefusedError("nobody is there"), FileNotFoundError("nobody is there")])
    async def test_a_server_that_is_gone_costs_no_old_code(self, postgres_url, tmp_path, error):
        def refuse(*_):
            raise error

        async with reloaded_bot(tmp_path, postgres_url, {"a.py": living("old")}) as bot:
            await db_engine.dispose()
            event.listen(db_engine.sync_engine, "do_connect", refuse)
            outcome = await bot.reload({"a.py": living("new")})
            event.remove(db_engine.sync_engine, "do_connect", refuse)
            assert outcome.failed["a"].startswith(f"{GOES_ON}it failed to have its tables: the database postgresql")
            assert "nobody is there; check that the server runs" in outcome.failed["a"]
            assert happened == ["old begins"]
            assert await bot.say("hi") == ["old"]
            assert (await bot.reload()).ok

    async def test_of_modules_that_change_together_any_may_refer_to_tables_of_any(self, database_url, tmp_path):
        def refers(to: str) -> str:
            return f"{table()}    other: Mapped[int | None] = mapped_column(ForeignKey('note__{to}.id'))\n"

        async with reloaded_bot(tmp_path, database_url, {"a.py": living("old"), "c.py": "", "d.py": ""}) as bot:
            new = refers("c") + living("new")
            outcome = await bot.reload({"a.py": new, "b.py": refers("a"), "c.py": refers("z"), "z.py": table()})
            assert (outcome.failed, sorted(outcome.reloaded), sorted(outcome.added)) == (
                {},
                ["a", "c", "d"],
                ["b", "z"],
            )
            assert await bot.say("hi") == ["new"]
            assert happened.count("new begins") == 1

    async def test_a_table_moves_to_database_py(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, {"a/__init__.py": FILE["a.py"]}) as bot:
            assert await bot.say("hi") == TEXT
            assert (await bot.reload(PACKAGE)).ok
            assert await bot.say("hi") == TEXT

    async def test_a_table_moves_out_of_database_py_when_that_is_replaced_too(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, PACKAGE) as bot:
            outcome = await bot.reload({"a/__init__.py": FILE["a.py"], "a/database.py": None})
            assert outcome.failed["a"].endswith("; if it has moved out of database.py: aha reload --with-database a")
            assert await bot.say("hi") == TEXT
            assert (await bot.reload({}, with_database=["a"])).ok
            assert await bot.say("hi") == TEXT


class TestDatabasePy:
    async def test_it_stays_with_its_classes(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, PACKAGE) as bot:
            await bot.say("hi")
            database = bot.code("a.database")
            async with db_sessionmaker() as session:
                held = await session.get(database.Note, 1)
                assert (await bot.reload()).ok
                assert (bot.code("a.database"), bot.code("a").Note) == (database, database.Note)
                assert await session.get(bot.code("a").Note, 1) is held
            assert await bot.say("hi") == TEXT

    async def test_a_change_of_it_is_told_and_taken_over_on_demand(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, PACKAGE) as bot:
            assert await bot.say("hi") == TEXT
            outcome = await bot.reload({"a/database.py": table("text", "more")})
            told = "modules/a/database.py has changed but stays as it was; what takes it over: aha reload"
            assert (outcome.ok, outcome.notes) == (True, (f"{told} --with-database a, or a restart",))
            assert await bot.say("hi") == TEXT
            outcome = await bot.reload({}, with_database=["a"])
            assert (outcome.ok, outcome.notes) == (True, ())
            assert await bot.say("hi") == MORE
            assert (await bot.reload()).notes == ()

    async def test_one_that_is_gone_and_comes_back_as_it_was(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, PACKAGE) as bot:
            told = (
                "modules/a/database.py is gone but stays as it was: put it back, or let go of it when nothing needs it"
            )
            outcome = await bot.reload({"a/database.py": None})
            assert outcome.notes == (f"{told}: aha reload --with-database a, or a restart",)
            assert (await bot.reload({"a/database.py": PACKAGE["a/database.py"]})).notes == ()

    async def test_a_change_of_it_that_fails_leaves_the_old(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, PACKAGE) as bot:
            for bad in [NEVER, table("text") + NEVER, table("more") + NEVER]:
                assert not (await bot.reload({"a/database.py": bad}, with_database=["a"])).ok
                assert await bot.say("hi") == TEXT
            assert (await bot.reload({"a/database.py": table("text", "more")}, with_database=["a"])).ok
            assert await bot.say("hi") == MORE

    async def test_a_first_one_that_fails_leaves_nothing(self, database_url, tmp_path):
        async with reloaded_bot(tmp_path, database_url, {"a/__init__.py": answering("'old'")}) as bot:
            for bad in [table("text") + NEVER, table("text")]:
                new = {"a/database.py": bad, "a/__init__.py": PACKAGE["a/__init__.py"] + NEVER}
                assert not (await bot.reload(new)).ok
                assert await bot.say("hi") == ["old"]
            assert (await bot.reload(PACKAGE)).ok
            assert await bot.say("hi") == TEXT

    async def test_a_part_of_it_that_comes_with_code_that_fails(self, database_url, tmp_path):
        files = {
            "a/__init__.py": PACKAGE["a/__init__.py"],
            "a/database/__init__.py": "from .notes import *",
            "a/database/notes.py": table("text"),
        }
        async with reloaded_bot(tmp_path, database_url, files) as bot:
            new = f"from .database.more import More\n{files['a/__init__.py']}"
            more = table("more", name="More")
            assert not (await bot.reload({"a/database/more.py": more, "a/__init__.py": new + NEVER})).ok
            assert await bot.say("hi") == TEXT
            assert (await bot.reload({"a/__init__.py": new})).ok
            assert await bot.say("hi") == TEXT
            assert await bot.rows("more") == []

    async def test_one_that_others_hold_is_replaced_only_with_theirs(self, database_url, tmp_path):
        holder = {"b/__init__.py": "from . import database", "b/database.py": "from modules.a.database import Note"}
        async with reloaded_bot(tmp_path, database_url, {**PACKAGE, **holder}) as bot:
            outcome = await bot.reload({}, with_database=["a"])
            assert outcome.failed["a"] == (
                f"{GOES_ON}it failed to be replaced: modules/b/database.py stays and imports it; "
                "replace that with it (--with-database names several), or restart the bot"
            )
            assert await bot.say("hi") == TEXT
            assert (await bot.reload({}, with_database=["a", "b"])).ok
            assert bot.code("b.database").Note is bot.code("a.database").Note
            assert await bot.say("hi") == TEXT

    async def test_one_that_holds_what_does_not_stay_is_told_of(self, sqlite_url, tmp_path):
        files = {
            "a/__init__.py": "from .database import N",
            "a/database.py": "from .helper import N",
            "a/helper.py": "N = 1",
        }
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            told = "modules/a/database.py stays with the old code of modules.a.helper.N: have in it what it needs"
            assert (await bot.reload()).notes == (f"{told}, or restart the bot",)

    async def test_a_class_that_stays_may_not_refer_to_one_that_does_not(self, database_url, tmp_path):
        init = f"from . import database\n{table(name='Shelf')}{answering(repr('old'))}"
        async with reloaded_bot(tmp_path, database_url, {"a/__init__.py": init, "a/database.py": BOOK}) as bot:
            outcome = await bot.reload({"a/__init__.py": init.replace("old", "new")})
            assert "modules.a.database.Book stays and has the relationship 'shelf'" in outcome.failed["a"]
            assert await bot.say("hi") == ["old"]

    async def test_one_that_does_not_may_refer_to_one_that_stays(self, database_url, tmp_path):
        using = """
async def _use():
    async with db_sessionmaker() as session:
        book = Book(shelf=Shelf())
        session.add(book)
        await session.commit()
        return book.shelf_id
"""
        init = f"from .database import Shelf\n{BOOK}{using}{answering('await _use()')}"
        files = {"a/__init__.py": init, "a/database.py": table(name="Shelf")}
        async with reloaded_bot(tmp_path, database_url, files) as bot:
            assert await bot.say("hi") == ["1"]
            assert (await bot.reload()).ok
            assert await bot.say("hi") == ["2"]
            assert not (await bot.reload({"a/__init__.py": init + NEVER})).ok
            assert await bot.say("hi") == ["3"]


class TestStore:
    CODE = """
        from services.data_store import SimpleStore
        store = SimpleStore()

        class Thing:
            def __reduce__(self):
                return (Thing, ())
    """
    SAYS = "str((store.setdefault('list', []), type(store.setdefault('thing', Thing())) is Thing))"

    async def test_it_keeps_its_data(self, database_url, tmp_path):
        code = answering(self.SAYS, before=self.CODE)
        async with reloaded_bot(tmp_path, database_url, {"a.py": code}) as bot:
            assert await bot.say("hi") == ["([], True)"]
            bot.code("a").store["list"].append(1)
            assert (await bot.reload()).ok
            assert await bot.say("hi") == ["([1], True)"]
            assert not (await bot.reload({"a.py": code + NEVER})).ok
            assert await bot.say("hi") == ["([1], True)"]
            bot.code("a").store["list"].append(2)
            bot.folder.write({"a.py": code})
            await bot.restart()
            assert await bot.say("hi") == ["([1, 2], True)"]

    async def test_one_in_database_py_stays(self, database_url, tmp_path):
        init = answering(self.SAYS, before="from .database import store, Thing")
        async with reloaded_bot(tmp_path, database_url, {"a/__init__.py": init, "a/database.py": self.CODE}) as bot:
            await bot.say("hi")
            held = bot.code("a").store["list"]
            assert (await bot.reload()).ok
            held.append(1)
            assert await bot.say("hi") == ["([1], True)"]
            assert (await bot.reload({}, with_database=["a"])).ok
            assert await bot.say("hi") == ["([1], True)"]

    THINGS = """
        from .database import store

        class Thing:
            pass

        async def say():
            return [type(thing) is Thing for thing in store["things"]]
    """
    INIT = answering("str(await say())", before=THINGS)
    KEPT: ClassVar = {"a/__init__.py": INIT, "a/database.py": STORE}
    PUTS = "store['things'].append(Thing())"

    @pytest.mark.parametrize(
        ("new", "kept"),
        [
            ("", []),
            (PUTS, [True]),
            (f"{PUTS}; 1 / 0", [True]),
            (living("a", to="x", start=PUTS), [True]),
            (living("a", to="x", start="1 / 0"), []),
            (living("a", to="x", start=f"{PUTS}; 1 / 0"), [True]),
        ],
        ids=["nothing", "import", "failing import", "start", "failing start", "start that fails after it"],
    )
    async def test_what_old_and_new_code_put_into_a_value_of_one_that_stays(
        self, sqlite_url, tmp_path, monkeypatch, new, kept
    ):
        monkeypatch.setattr("services.data_store.changes.tick", lambda _: None)
        async with reloaded_bot(tmp_path, sqlite_url, self.KEPT) as bot:
            old = bot.code("a")
            old.store["things"] = []
            await flush_stores()
            old.store["things"].append(old.Thing())
            await bot.reload({"a/__init__.py": f"{self.INIT}\n{new}\n"})
            said = await bot.say("hi")
            assert said == [str([True, *kept])]
            bot.folder.write(self.KEPT)
            await bot.restart()
            assert await bot.say("hi") == said

    @pytest.mark.parametrize("new", [NEVER, living("a", to="x", start="1 / 0")], ids=["import", "start"])
    async def test_what_old_code_holds_goes_on_to_be_saved_when_new_code_fails(self, sqlite_url, tmp_path, new):
        code = """
            held = []

            class Game:
                points = 0

            def point():
                if not held:
                    held.append(store.setdefault("game", Game()))
                held[0].points += 1
                return store["game"].points
        """
        code = answering("point()", before=STORE + textwrap.dedent(code))
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": code}) as bot:
            assert await bot.say("hi") == ["1"]
            assert not (await bot.reload({"a.py": f"{code}\n{new}"})).ok
            assert await bot.say("hi") == ["2"]
            bot.folder.write({"a.py": code})
            await bot.restart()
            assert await bot.say("hi") == ["3"]

    async def test_of_a_module_that_is_renamed(self, database_url, tmp_path):
        code = """
            class Thing:
                pass

            def say():
                store.setdefault("things", []).append(Thing())
                return [type(thing) is Thing for thing in store["things"]]
        """
        code = answering("str(say())", before=STORE + textwrap.dedent(code))
        async with reloaded_bot(tmp_path, database_url, {"notes.py": code}) as bot:
            assert await bot.say("hi") == ["[True]"]
            await bot.reload({"notes.py": None, "memo.py": f"__was__ = 'notes'\n{code}"})
            assert await bot.say("hi") == ["[True, True]"]
            await bot.reload({"memo.py": None, "notes.py": f"__was__ = 'memo'\n{code}"})
            assert await bot.say("hi") == ["[True, True, True]"]

    async def test_a_failed_import_is_not_tried_again_to_save_what_it_leaves_behind(self, sqlite_url, tmp_path):
        new = """
            import asyncio
            from tests.reloaded_bot import happened

            happened.append("import")
            asyncio.create_task(asyncio.sleep(60))
            asyncio.get_running_loop().call_soon(store["things"].append, Thing())
        """
        async with reloaded_bot(tmp_path, sqlite_url, self.KEPT) as bot:
            bot.code("a").store["things"] = []
            outcome = await bot.reload({"a/__init__.py": f"{self.INIT}\n{textwrap.dedent(new)}{NEVER}"})
            assert (list(outcome.failed), happened) == (["a"], ["import"])
            assert await bot.say("hi") == ["[True]"]

    async def test_what_is_put_into_the_store_of_another_module(self, sqlite_url, tmp_path, monkeypatch):
        monkeypatch.setattr("services.data_store.changes.tick", lambda _: None)
        init = self.INIT.replace("from .database", "from modules.b.database")
        files = {"a.py": init, "b/__init__.py": "", "b/database.py": STORE}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            for edit in [{"a.py": init}, {"a.py": init + NEVER}, {"a.py": None}, {"a.py": init}]:
                if "a" in bot.loader.loaded:
                    code = bot.code("a")
                    code.store.setdefault("things", []).append(code.Thing())
                await bot.reload(edit)
            assert await bot.say("hi") == ["[True, True, True]"]


async def test_work_that_is_done_once_is_done_once(database_url, tmp_path):
    code = """
        from core.database.once import once
        from core.dispatcher import on_start
        from tests.reloaded_bot import happened

        @on_start
        @once("work")
        async def work():
            happened.append("work")
    """
    async with reloaded_bot(tmp_path, database_url, {"a.py": code}) as bot:
        for new in [code, textwrap.dedent(code) + NEVER, code]:
            await bot.reload({"a.py": new})
        assert happened == ["work"]


async def test_keys_of_the_configuration(sqlite_url, tmp_path):
    code = "from core.config import cfg\ncfg.register('key', {!r})\n"
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": code.format("old")}) as bot:
        for new, value in [(code.format("new") + NEVER, "old"), (code.format("new"), "new"), ("", None)]:
            await bot.reload({"a.py": new})
            assert cfg.get("modules.a.key") == value
