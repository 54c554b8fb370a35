"""A module that fails when the bot starts: those that import it are imported without it, and come back with it."""

from __future__ import annotations

import pytest

from tests.reloaded_bot import answering, happened, living, reloaded_bot

FAILS = living("a", to="a", before="N = 1", start="1 / 0")
MISFIT = """
    N = 1
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import Mapped, mapped_column
    from core.database import dbBase

    class Note(dbBase):
        __tablename__ = "note"
        id: Mapped[int] = mapped_column(ForeignKey("nowhere.id"), primary_key=True)
"""
MENDED = living("a", to="a", before="N = 2")
MISSED = "module a is off, but module b imports it: it failed to {}, see its own report"
TRIES = "try:\n    from modules.a import N\nexcept ImportError:\n    N = None\n"
TABLE = """
    from sqlalchemy.orm import Mapped, mapped_column
    from core.database import db_sessionmaker, dbBase

    class Own(dbBase):
        __tablename__ = "own"
        id: Mapped[int] = mapped_column(primary_key=True)
"""


@pytest.mark.parametrize(
    ("fails", "what"), [(FAILS, "start"), (MISFIT, "have its tables")], ids=["its on_start", "its tables"]
)
@pytest.mark.parametrize("imports", ["import modules.a", "from modules.a import N", "from modules.a.database import M"])
async def test_importers_are_off_with_it_and_come_back_with_it(database_url, tmp_path, fails, what, imports):
    files = {"a/__init__.py": fails, "a/database.py": "M = 1", "b.py": f"{imports}\n{living('b')}", "c.py": living("c")}
    async with reloaded_bot(tmp_path, database_url, files, strict=False) as bot:
        assert list(bot.failures) == ["a", "b"]
        assert MISSED.format(what) in str(bot.failures["b"])
        assert await bot.say("hi") == ["c"]
        assert "b begins" not in happened
        outcome = await bot.reload({"a/__init__.py": MENDED}, "a")
        assert (outcome.added, outcome.ok) == (("a", "b"), True)
        assert await bot.say("hi") == ["c", "b"]
        assert happened.count("b begins") == 1


async def test_so_are_theirs(sqlite_url, tmp_path):
    files = {"a.py": FAILS, "b.py": "import modules.a", "d.py": "import modules.b\n" + living("d"), "c.py": living("c")}
    async with reloaded_bot(tmp_path, sqlite_url, files, strict=False) as bot:
        assert list(bot.failures) == ["a", "b", "d"]
        assert await bot.say("hi") == ["c"]
        assert (await bot.reload({"a.py": MENDED}, "a")).added == ("a", "b", "d")
        assert await bot.say("hi") == ["c", "d"]


async def test_who_can_do_without_runs(database_url, tmp_path):
    b = TRIES + living("b", before=TABLE) + answering("N", to="n")
    async with reloaded_bot(tmp_path, database_url, {"a.py": FAILS, "b.py": b}, strict=False) as bot:
        assert list(bot.failures) == ["a"]
        assert happened == ["a begins", "b begins"]
        assert await bot.say("n") == ["None"]
        outcome = await bot.reload({"a.py": MENDED}, "a")
        assert (outcome.added, outcome.reloaded) == (("a",), ("b",))
        assert await bot.say("n") == ["2"]


async def test_who_imports_it_when_it_is_needed_runs(sqlite_url, tmp_path):
    b = "def needed():\n    import modules.a\n    return modules.a.N\n" + answering("needed()")
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": FAILS, "b.py": b}, strict=False) as bot:
        assert list(bot.failures) == ["a"]
        with pytest.raises(ImportError, match="module a is off, but module b imports it"):
            await bot.say("hi")
        assert (await bot.reload({"a.py": MENDED}, "a")).ok
        assert await bot.say("hi") == ["2"]


async def test_one_of_a_circle_that_has_started_is_ended(sqlite_url, tmp_path):
    files = {"a.py": "import modules.b\n" + FAILS, "b.py": living("b") + "import modules.a\n"}
    async with reloaded_bot(tmp_path, sqlite_url, files, strict=False) as bot:
        assert happened == ["b begins", "a begins", "b ends"]
        assert (bot.loader.loaded, list(bot.failures)) == ({}, ["a", "b"])
        assert set((await bot.reload({"a.py": "import modules.b\n" + MENDED}, "a")).added) == {"a", "b"}
        assert await bot.say("hi") == ["b"]


async def test_what_a_store_has_is_there_when_its_module_comes_back(sqlite_url, tmp_path):
    store = "from services.data_store import SimpleStore\nimport modules.a\nstore = SimpleStore()\n"
    b = store + answering("store.setdefault('n', 0)") + answering("str(store.update(n=3))", to="set")
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": MENDED, "b.py": b}) as bot:
        await bot.say("set")
        bot.folder.write({"a.py": FAILS})
        bot._strict = False
        await bot.restart()
        assert await bot.say("hi") == []
        assert (await bot.reload({"a.py": MENDED}, "a")).ok
        assert await bot.say("hi") == ["3"]


@pytest.mark.parametrize(
    ("shared", "off"), [("from modules.a import N", ["a", "b"]), (TRIES, ["a"])], ids=["it must", "it can do without"]
)
async def test_what_modules_share_imports_it(sqlite_url, tmp_path, shared, off):
    b = "from modules import _shared\n" + answering("str(_shared.N)")
    files = {"_shared.py": shared, "a.py": FAILS, "b.py": b}
    async with reloaded_bot(tmp_path, sqlite_url, files, strict=False) as bot:
        assert list(bot.failures) == off
        assert await bot.say("hi") == ([] if "b" in off else ["None"])
        assert (await bot.reload({"a.py": MENDED}, "a")).ok
        assert await bot.say("hi") == ["2"]


async def test_what_a_shared_file_has_registered_for_one_whose_import_fails_goes_to_the_next(sqlite_url, tmp_path):
    shared = "from modules import _shared\n"
    files = {"_shared.py": answering("'shared'"), "a.py": f"{shared}1 / 0", "b.py": shared}
    async with reloaded_bot(tmp_path, sqlite_url, files, strict=False) as bot:
        assert await bot.say("hi") == ["shared"]
