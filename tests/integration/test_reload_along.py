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

    async def test_of_running_ones_both_have_the_new_code(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "", "b.py": "N = 1"}) as bot:
            files = {"a.py": "from modules import _shared\n", "_shared.py": "from modules.b import N", "b.py": "N = 2"}
            assert (await bot.reload(files)).ok
            assert bot.code("a")._shared.N == 2

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
