"""Modules that come because another's new code imports them: each starts before it answers, and answers once."""

from __future__ import annotations

import asyncio

import pytest

from core.dispatcher import dispatcher
from tests.reloaded_bot import answering, gate, happened, living, reloaded_bot, seen, until

AT_RUN_TIME = "import importlib\nb = importlib.import_module('modules.b')\n"
"""An import that nobody can see beforehand."""

GET = """
import importlib

def get():
    try:
        return importlib.import_module("modules.b").__name__
    except ImportError as error:
        return str(error)
"""

B = "from tests.reloaded_bot import happened\nhappened.append('b is imported')\n" + living("b")


class TestThroughNewSharedFiles:
    @pytest.mark.parametrize(
        "shared",
        [
            pytest.param({"_shared.py": "from modules import b\n"}, id="a file"),
            pytest.param(
                {"_shared/__init__.py": "from .c import b", "_shared/c.py": "from modules import b"}, id="a package"
            ),
            pytest.param({"_shared.py": "from modules._more import b", "_more.py": "from modules import b"}, id="two"),
            pytest.param(
                {"_shared.py": "from modules._more.c import b", "_more/c.py": "from modules import b"}, id="a folder"
            ),
        ],
    )
    async def test_of_new_ones_the_imported_one_comes_first(self, sqlite_url, tmp_path, shared):
        async with reloaded_bot(tmp_path, sqlite_url, {}) as bot:
            outcome = await bot.reload({"a.py": "from modules._shared import b\n" + living("a"), "b.py": B, **shared})
            assert outcome.added == ("b", "a")
            assert happened == ["b is imported", "b begins", "a begins"]

    async def test_one_that_is_mended_comes_before_who_needs_it(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "", "b.py": "1 / 0"}, strict=False) as bot:
            files = {"a.py": "from modules import _shared\n", "_shared.py": "import modules.b", "b.py": ""}
            assert (await bot.reload(files)).ok

    @pytest.mark.parametrize(
        ("before", "files"),
        [
            pytest.param({}, {"_shared.py": "from modules.b import N"}, id="a file"),
            pytest.param({}, {"_shared/__init__.py": "", "_shared/part.py": "from modules.b import N"}, id="a part"),
            pytest.param({}, {"_shared/part.py": "from modules.b import N"}, id="a folder"),
            pytest.param(
                {"_shared/__init__.py": "M = 1", "c.py": "import modules._shared"},
                {"_shared/part.py": "from modules.b import N"},
                id="a new part of what runs",
            ),
            pytest.param(
                {"_shared.py": "N = 0", "a.py": "from modules._shared import N"},
                {"_shared.py": None, "_shared/__init__.py": "", "_shared/part.py": "from modules.b import N"},
                id="a file that is a package now",
            ),
            pytest.param(
                {"c/__init__.py": ""}, {"c/part.py": "from modules.b import N"}, id="a new part of another module"
            ),
            pytest.param({}, {"c/__init__.py": "", "c/part.py": "from modules.b import N"}, id="a part of a new one"),
        ],
    )
    async def test_of_running_ones_both_have_the_new_code(self, sqlite_url, tmp_path, before, files):
        through = next(reversed(files)).removesuffix(".py").replace("/", ".")
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "", "b.py": "N = 1", **before}) as bot:
            a = f"from modules.{through} import N\n"
            assert (await bot.reload({"a.py": a, "b.py": "N = 2", **files})).ok
            assert bot.code("a").N == 2
            assert (await bot.reload({"b.py": "N = 3"}, "b")).ok
            assert bot.code("a").N == 3

    @pytest.mark.parametrize("shared", [{}, {"__init__.py": ""}], ids=["a folder", "a package"])
    async def test_who_needs_one_that_fails_is_off_with_it(self, sqlite_url, tmp_path, shared):
        async with reloaded_bot(tmp_path, sqlite_url, {}) as bot:
            files = {
                "_shared/part.py": "import modules.b",
                **{f"_shared/{name}": code for name, code in shared.items()},
            }
            a = "from modules._shared import part\n" + living("a")
            assert set((await bot.reload({"a.py": a, "b.py": living("b", start="1 / 0"), **files})).failed) == {
                "a",
                "b",
            }
            assert await bot.say("hi") == []

    async def test_one_that_cannot_be_compiled_keeps_the_old_code_going(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("a")}) as bot:
            files = {"a.py": "from modules import _shared\n" + living("new"), "_shared.py": "def ("}
            assert set((await bot.reload(files)).failed) >= {"a"}
            assert (await bot.say("hi"), happened) == (["a"], ["a begins"])
            assert (await bot.reload({"_shared.py": ""})).ok
            assert await bot.say("hi") == ["new"]


A = AT_RUN_TIME + living("a", start="await gate.wait()")


class TestSeenByNobody:
    @pytest.mark.parametrize(
        ("before", "files"),
        [
            pytest.param({}, {"a.py": A}, id="both are new"),
            pytest.param({"a.py": ""}, {"a.py": A}, id="the importer runs"),
            pytest.param(
                {"a.py": "import modules.c", "c.py": ""}, {"a.py": A, "c.py": None}, id="in the place of another"
            ),
        ],
    )
    async def test_it_answers_once_and_when_it_has_started(self, sqlite_url, tmp_path, before, files):
        async with reloaded_bot(tmp_path, sqlite_url, before) as bot:
            reloading = asyncio.create_task(bot.reload({**files, "b.py": B}))
            await seen("a begins")
            assert happened[:3] == ["b is imported", "b begins", "a begins"]
            said = asyncio.create_task(bot.say("hi"))
            await until(lambda: bot.calls or all(hold._waiting for hold in dispatcher._holds))
            assert not bot.calls
            gate.is_open = True
            assert sorted(await said) == ["a", "b"]
            assert (await reloading).ok
            assert sorted(await bot.say("hi")) == ["a", "b"]

    @pytest.mark.parametrize("fails", ["1 / 0\n", living("new", start="1 / 0")], ids=["import", "start"])
    async def test_it_runs_once_if_its_importer_fails(self, sqlite_url, tmp_path, fails):
        b = "from services.data_store import SimpleStore\nstore = SimpleStore()\n" + B
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("a")}) as bot:
            outcome = await bot.reload({"a.py": AT_RUN_TIME + fails, "b.py": b})
            assert (outcome.added, set(outcome.failed)) == (("b",), {"a"})
            assert sorted(await bot.say("hi")) == ["a", "b"]

    async def test_if_it_fails_the_old_code_of_its_importer_goes_on(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("a")}) as bot:
            outcome = await bot.reload({"a.py": AT_RUN_TIME + living("new"), "b.py": living("b", start="1 / 0")})
            assert set(outcome.failed) == {"a", "b"}
            assert await bot.say("hi") == ["a"]

    @pytest.mark.parametrize("fails", ["1 / 0\n", living("new", start="1 / 0")], ids=["import", "start"])
    async def test_a_shared_file_that_came_with_it_goes_with_it(self, sqlite_url, tmp_path, fails):
        a = "import importlib\nshared = importlib.import_module('modules._shared')\n"
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": ""}) as bot:
            files = {"a.py": a + fails, "_shared.py": "from modules import b", "b.py": ""}
            assert (await bot.reload(files)).added == ("b",)
            assert (await bot.reload({"a.py": a}, "a")).ok
            assert bot.code("a").shared.b is bot.code("b")

    async def test_if_its_import_fails_it_answers_nobody(self, sqlite_url, tmp_path):
        old = living("a", to="a", start="if happened.count('a begins') > 1: await gate.wait()")
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": old}) as bot:
            reloading = asyncio.create_task(bot.reload({"a.py": AT_RUN_TIME, "b.py": living("b") + "1 / 0"}))
            await until(lambda: happened.count("a begins") > 1)
            said = asyncio.create_task(bot.say("hi"))
            await asyncio.sleep(0.01)
            gate.is_open = True
            assert set((await reloading).failed) == {"a", "b"}
            assert await said == []

    async def test_if_its_import_fails_and_then_does_not_it_answers_once(self, sqlite_url, tmp_path):
        b = {
            "b/__init__.py": living("b") + "from . import database\nfrom tests.reloaded_bot import gate\n1 / gate.n\n",
            "b/database.py": """
                from sqlalchemy.orm import Mapped, mapped_column
                from core.database import dbBase
                from tests.reloaded_bot import gate

                gate.n += 1

                class Note(dbBase):
                    __tablename__ = "note"
                    id: Mapped[int] = mapped_column(primary_key=True)
            """,
        }
        gate.n = -1
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("a", to="a")}) as bot:
            outcome = await bot.reload({"a.py": AT_RUN_TIME + living("new"), **b})
            assert (outcome.added, set(outcome.failed)) == (("b",), {"a"})
            assert await bot.say("hi") == ["b"]

    async def test_it_has_the_new_code_of_what_is_reloaded_after_it(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "", "c.py": "N = 1"}) as bot:
            b = "from modules.c import N\n" + answering("N")
            assert (await bot.reload({"a.py": AT_RUN_TIME, "b.py": b, "c.py": "N = 2"})).added == ("b",)
            assert await bot.say("hi") == ["2"]

    async def test_it_comes_though_it_was_seen_before_and_left_alone(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "", "c.py": ""}) as bot:
            await bot.reload({"b.py": living("b")}, "c")
            assert (await bot.reload({"a.py": AT_RUN_TIME})).ok
            assert await bot.say("hi") == ["b"]

    async def test_code_that_runs_cannot_import_it_before_its_turn(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"z.py": answering("get()", before=GET)}) as bot:
            files = {"a.py": living("a", to="a", start="await gate.wait()"), "b.py": ""}
            reloading = asyncio.create_task(bot.reload(files, "a", "b"))
            await seen("a begins")
            said = asyncio.create_task(bot.say("hi"))
            await until(lambda: bot.calls)
            gate.is_open = True
            assert await said == ["module b is off, but module z imports it: it has not been loaded yet"]
            assert (await reloading).added == ("a", "b")
            assert await bot.say("hi") == ["modules.b"]


class TestOnceMoreWithoutAnother:
    async def test_what_has_waited_is_answered(self, sqlite_url, tmp_path):
        tries = "try:\n    import modules.c\nexcept ImportError:\n    pass\n"
        files = {"a.py": tries + living("a"), "b.py": "", "c.py": living("c", to="c", start="import modules.b")}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            reloading = asyncio.create_task(bot.reload({"b.py": None}, "b"))
            await until(lambda: dispatcher._holds)
            said = asyncio.create_task(bot.say("hi"))
            assert (await reloading).removed == ("b", "c")
            assert await said == ["a"]
