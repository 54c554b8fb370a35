"""Code of modules is changed while the bot runs: what comes, what stays, and what goes on when the new code fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from aha import starting
from aha.reload import unit
from aha.signals import StopSignal
from core.dispatcher import dispatcher
from models.exc import ModuleError
from tests.reloaded_bot import answering, gate, happened, living, reloaded_bot, seen, until

GOES_ON = "was not reloaded, the old code goes on: "


async def test_a_new_reply(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old"), "c.py": ""}) as bot:
        c = bot.code("c")
        outcome = await bot.reload({"a.py": living("new")}, "a")
        assert (outcome.reloaded, outcome.ok) == (("a",), True)
        assert await bot.say("hi") == ["new"]
        assert bot.code("c") is c
    assert happened == ["old begins", "old ends", "new begins", "new ends"]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("def f(:", id="syntax error"),
        pytest.param(answering("'new'") + "\n1 / 0\n", id="error"),
        pytest.param(answering("'new'") + "\nexit()\n", id="exit"),
        pytest.param("\0", id="not Python"),
        pytest.param("import modules.nothing_of_that_name", id="no such module"),
        pytest.param("__was__ = 7", id="a bad former name"),
    ],
)
async def test_new_code_that_cannot_be_imported_leaves_the_old(sqlite_url, tmp_path, caplog, code):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old")}) as bot:
        outcome = await bot.reload({"a.py": code})
        assert not outcome.ok
        assert outcome.failed["a"].startswith(f"{GOES_ON}it failed to import: ")
        assert f"module a {outcome.failed['a']}" in caplog.text
        assert await bot.say("hi") == ["old"]
        await bot.reload({"a.py": living("mended")})
        assert await bot.say("hi") == ["mended"]


async def test_a_syntax_error_anywhere_in_a_module_costs_nothing(sqlite_url, tmp_path):
    files = {"a/__init__.py": "from .deep import er\n" + living("old"), "a/deep/__init__.py": "", "a/deep/er.py": ""}
    async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
        before = bot.code("a")
        outcome = await bot.reload({"a/deep/er.py": "def f(:"})
        place = f"{bot.folder.path}/a/deep/er.py, line 1: invalid syntax: def f(:"
        assert outcome.failed == {"a": f"{GOES_ON}it failed to import: {place}"}
        assert (bot.code("a"), happened) == (before, ["old begins"])


async def test_nor_does_one_in_a_file_that_modules_share(sqlite_url, tmp_path):
    shared = "from modules import _shared\n"
    files = {"_shared.py": "N = 1", "a.py": shared + living("a"), "b.py": shared + living("b", to="b")}
    async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
        outcome = await bot.reload({"_shared.py": "N = ("})
        goes_on = "was not reloaded, the old code goes on: it"
        assert outcome.failed == {
            "_shared": f"{goes_on} failed to import: {bot.folder.path}/_shared.py, line 1: '(' was never closed: N = (",
            "a": f"{goes_on} goes together with module _shared, which failed",
            "b": f"{goes_on} goes together with module _shared, which failed",
        }
        assert happened == ["a begins", "b begins"]
        alone = {"a.py": answering("'a alone'"), "b.py": answering("'b alone'", to="b")}
        assert (await bot.reload(alone)).ok
        assert [*await bot.say("hi"), *await bot.say("b")] == ["a alone", "b alone"]
        assert (await bot.reload({**files, "_shared.py": "N = 2"})).ok
        assert bot.code("a")._shared.N == bot.code("b")._shared.N == 2


async def test_all_syntax_errors_are_told_at_once(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "import modules.b", "b.py": "", "c.py": ""}) as bot:
        outcome = await bot.reload({"a.py": "def f(:", "b.py": "def g(:"})
        assert ["f(:" in outcome.failed["a"], "g(:" in outcome.failed["b"]] == [True, True]
        assert outcome.reloaded == ("c",)


async def test_files_that_the_module_does_not_import_may_be_anything(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a/__init__.py": "", "a/tests/old.py": "print 'hello'"}) as bot:
        assert (await bot.reload()).reloaded == ("a",)


async def test_parts_of_a_package_are_new_as_well(sqlite_url, tmp_path):
    files = {
        "a/__init__.py": answering("words.SAID", before="from . import words"),
        "a/words.py": "from .deep.er import SAID",
        "a/deep/__init__.py": "",
        "a/deep/er.py": "SAID = 'old'",
    }
    async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
        await bot.reload({"a/deep/er.py": "SAID = 'new'"})
        assert await bot.say("hi") == ["new"]
        await bot.reload({"a/words.py": "from .more import SAID", "a/more.py": "SAID = 'from a new file'"})
        assert await bot.say("hi") == ["from a new file"]


async def test_new_code_whose_start_fails_leaves_the_old_which_starts_again(sqlite_url, tmp_path, caplog):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old")}) as bot:
        outcome = await bot.reload({"a.py": living("new", start="1 / 0")})
        assert outcome.failed == {"a": f"{GOES_ON}it failed to start: ZeroDivisionError: division by zero"}
        assert happened == ["old begins", "old ends", "new begins", "old begins"]
        assert await bot.say("hi") == ["old"]
        assert caplog.text.count("Traceback") == 1


STUBBORN = """
            while True:
                try:
                    await gate.wait()
                    break
                except asyncio.CancelledError:
                    happened.append("it will not end")
"""
TOO_LONG = "on_start did not end within 0.05 s; what goes on is a task: asyncio.create_task(...)"


@pytest.mark.parametrize(
    ("start", "failed"),
    [
        ("raise asyncio.CancelledError", "CancelledError"),
        ("raise SystemExit", "SystemExit"),
        ("raise Panic", "Panic"),
        ("await gate.wait()", TOO_LONG),
        (STUBBORN, TOO_LONG),
    ],
    ids=["something was cancelled", "it wants to exit", "foreign code fails", "it does not end", "it cannot be ended"],
)
async def test_however_a_start_fails_the_old_code_goes_on_and_reloads_too(
    sqlite_url, tmp_path, monkeypatch, start, failed
):
    monkeypatch.setattr(unit, "LONGEST_START", 0.05)
    monkeypatch.setattr(starting, "GRACE", 0.01)
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old")}) as bot:
        new = living("new", before="import asyncio\nclass Panic(BaseException): ...", start=start)
        outcome = await bot.reload({"a.py": new, "b.py": answering("'b'", to="b")})
        assert outcome.failed == {"a": f"{GOES_ON}it failed to start: {failed}"}
        assert happened[:3] == ["old begins", "old ends", "new begins"]
        assert happened[-1] == "old begins"
        assert await bot.say("hi") == ["old"]
        assert await bot.say("b") == ["b"]
        assert (await bot.reload({"a.py": living("mended")}, "a")).ok
        gate.is_open = True


async def test_a_start_that_takes_longer_than_a_moment_is_said_to(sqlite_url, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(starting, "_A_MOMENT", 0.01)
    caplog.set_level("INFO", logger="aha.starting")
    slow = living("a", before="import asyncio", start="await asyncio.sleep(0.1)")
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": slow, "b.py": living("b")}) as bot:
        assert [told for told in caplog.messages if "module a" in told] == ["waiting for on_start of module a"]
        caplog.clear()
        assert (await bot.reload()).ok
        told = [told for told in caplog.messages if "module a" in told]
        assert told == ["waiting for on_start of module a, for 60 s at most"]


async def test_files_that_go_while_they_are_replaced_leave_the_old_code(sqlite_url, tmp_path):
    goes = """
        from pathlib import Path
        from core.dispatcher import on_cleanup
        from tests.reloaded_bot import happened

        @on_cleanup
        def end():
            if not happened:
                happened.append("gone")
                Path(__file__).unlink()
    """
    async with reloaded_bot(tmp_path, sqlite_url, {"a/__init__.py": answering("'old'", before=goes)}) as bot:
        outcome = await bot.reload({"a/__init__.py": answering("'new'")})
        assert outcome.failed["a"].endswith("ModuleNotFoundError: modules/a/ has no __init__.py any more")
        assert await bot.say("hi") == ["old"]
        assert (await bot.reload({"a/__init__.py": answering("'new'")})).ok
        assert await bot.say("hi") == ["new"]


async def test_a_module_whose_old_code_does_not_start_again_is_off(sqlite_url, tmp_path):
    once = "if happened.count('old begins') > 1: 1 / 0"
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old", start=once), "c.py": answering("'c'")}) as bot:
        outcome = await bot.reload({"a.py": "1 / 0"}, "a")
        assert outcome.failed["a"].endswith("it failed to start: ZeroDivisionError: division by zero")
        assert await bot.say("hi") == ["c"]
        assert list(bot.loader.loaded) == ["c"]
        assert (await bot.reload({"a.py": living("mended", to="ho")}, "a")).added == ("a",)
        assert await bot.say("ho") == ["mended"]


class TestImporters:
    async def test_they_are_reloaded_too_in_order(self, sqlite_url, tmp_path):
        files = {
            "a.py": "from modules.b import N\n" + answering("f'a {N}'", to="a"),
            "b.py": "from modules.c import N",
            "c.py": "N = 1",
            "d.py": "",
        }
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            d = bot.code("d")
            assert (await bot.reload({"c.py": "N = 2"}, "c")).reloaded == ("c", "b", "a")
            assert await bot.say("a") == ["a 2"]
            assert bot.code("d") is d
            assert (await bot.reload({}, "a")).reloaded == ("a",)

    async def test_so_are_those_that_do_so_in_a_function(self, sqlite_url, tmp_path):
        files = {"a.py": "def f():\n    from modules.b import N\n    return N", "b.py": "N = 1"}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            assert (await bot.reload({"b.py": "N = 2"}, "b")).reloaded == ("b", "a")
            assert bot.code("a").f() == 2

    async def test_not_those_that_only_import_the_database(self, sqlite_url, tmp_path):
        files = {
            "a.py": "from modules.b.database import N\nfrom modules.b import database",
            "b/__init__.py": "from . import database",
            "b/database.py": "N = 1",
        }
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            assert (await bot.reload({}, "b")).reloaded == ("b",)
            assert (await bot.reload({}, "b", with_database=["b"])).reloaded == ("b", "a")

    async def test_all_or_none(self, sqlite_url, tmp_path):
        files = {"a.py": "import modules.b\n" + living("old a", to="a"), "b.py": living("old b", to="b")}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            new = {"a.py": "import modules.b\n1 / 0", "b.py": living("new b", to="b")}
            outcome = await bot.reload(new, "b")
            assert outcome.failed == {
                "a": f"{GOES_ON}it failed to import: ZeroDivisionError: division by zero",
                "b": f"{GOES_ON}it goes together with module a, which failed",
            }
            assert [*await bot.say("a"), *await bot.say("b")] == ["old a", "old b"]

    async def test_an_importer_that_makes_do_without_hides_no_failure(self, sqlite_url, tmp_path):
        importer = "try:\n    import modules.b\nexcept Exception:\n    pass"
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": importer, "b.py": answering("'b'")}) as bot:
            outcome = await bot.reload({"b.py": "1 / 0"}, "b")
            assert set(outcome.failed) == {"a", "b"}
            assert await bot.say("hi") == ["b"]

    async def test_a_cycle(self, sqlite_url, tmp_path):
        files = {"a.py": "N = 1\nimport modules.b", "b.py": "from modules.a import N"}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            for number, name in enumerate("ab", 2):
                new = {"a.py": f"N = {number}\nimport modules.b"}
                assert (await bot.reload(new, name)).reloaded == ("a", "b")
                assert number == bot.code("b").N

    async def test_who_shares_a_file_that_has_changed(self, sqlite_url, tmp_path):
        files = {
            "_shared.py": "from ._deeper import N",
            "_deeper.py": "N = 1",
            "a.py": "from modules._shared import N",
            "b.py": "from modules import _shared",
            "c.py": "",
        }
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            shared = bot.code("_shared")
            assert (await bot.reload({}, "a")).reloaded == ("a",)
            assert bot.code("_shared") is shared
            outcome = await bot.reload({"_deeper.py": "N = 2\n"}, "a")
            assert (set(outcome.reloaded), outcome.added) == ({"a", "b"}, ())
            assert (bot.code("a").N, bot.code("b")._shared.N) == (2, 2)
            bot.folder.write({"_shared.py": "N = 33"})
            assert set((await bot.reloader.follow(["_shared"])).reloaded) == {"a", "b"}
            bot.folder.write({"_shared.py": "1 / 0"})
            assert set((await bot.reloader.follow(["_shared"])).failed) == {"a", "b"}
            assert (bot.code("a").N, bot.code("_shared").N) == (33, 33)

    async def test_a_shared_folder_without_init(self, sqlite_url, tmp_path):
        code = "from modules._folder.{} import N"
        files = {"_folder/old.py": "N = 1", "a.py": code.format("old"), "b.py": code.format("old")}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            assert set((await bot.reload({"_folder/old.py": "N = 2"}, "a")).reloaded) == {"a", "b"}
            assert (bot.code("a").N, bot.code("b").N) == (2, 2)
            new = {"_folder/old.py": None, "_folder/new.py": "N = 3", "a.py": code.format("new")}
            assert set((await bot.reload({**new, "b.py": code.format("new")})).reloaded) == {"a", "b"}
            assert (bot.code("a").N, bot.code("b").N) == (3, 3)
            assert (await bot.reload({}, "a")).reloaded == ("a",)

    @pytest.mark.parametrize("name", ["a", "c"], ids=["who imported it once", "who never did"])
    async def test_who_newly_imports_a_shared_file_has_it_as_it_is_now(self, sqlite_url, tmp_path, name):
        code = "from modules._shared import N"
        files = {"_shared.py": "N = 1", "a.py": code, "b.py": code, "c.py": ""}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            assert (await bot.reload({"a.py": "", "b.py": ""})).ok
            assert (await bot.reload({f"{name}.py": code, "_shared.py": "N = 2"}, name)).reloaded == (name,)
            assert bot.code(name).N == 2
            assert (await bot.reload({"b.py": code, "_shared.py": "N = 3"}, "b")).ok
            assert bot.code(name).N == bot.code("b").N == 3

    async def test_what_a_shared_file_has_registered_is_registered_again(self, sqlite_url, tmp_path):
        files = {
            "_shared.py": answering("'shared'"),
            "a.py": "from modules import _shared",
            "b.py": "from modules import _shared",
        }
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            for name in "ba":
                await bot.reload({}, name)
                assert await bot.say("hi") == ["shared"]

    @pytest.mark.parametrize("fails", ["1 / 0\n", living("a", start="1 / 0")], ids=["import", "start"])
    @pytest.mark.parametrize("before", [{}, {"b.py": ""}], ids=["to one that comes", "to one that runs"])
    async def test_what_it_has_registered_for_one_that_fails_goes_to_the_next(
        self, sqlite_url, tmp_path, before, fails
    ):
        shared = "from modules import _shared\n"
        files = {"a.py": shared + fails, "b.py": shared, "_shared.py": answering("'shared'")}
        async with reloaded_bot(tmp_path, sqlite_url, before) as bot:
            assert set((await bot.reload(files)).failed) == {"a"}
            assert await bot.say("hi") == ["shared"]
            assert (await bot.reload({"a.py": shared, "b.py": ""})).ok
            assert await bot.say("hi") == ["shared"]


class TestMeanwhile:
    WAITS = """
        from tests.reloaded_bot import gate, happened

        async def waiting(said):
            happened.append("waits")
            try:
                await gate.wait()
                return said
            finally:
                happened.append("waited")
    """

    async def test_events_wait_for_the_new_code_and_others_notice_nothing(self, sqlite_url, tmp_path):
        c = answering("happened.append('c') or 'c'", to="c", before="from tests.reloaded_bot import happened")
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old"), "c.py": c}) as bot:
            reloading = asyncio.create_task(bot.reload({"a.py": living("new", start="await gate.wait()")}, "a"))
            await seen("new begins")
            saying = [asyncio.create_task(bot.say("hi")) for _ in range(3)]
            saying_c = asyncio.create_task(bot.say("c"))
            await seen("c")
            assert not any(task.done() for task in saying)
            gate.is_open = True
            assert [await task for task in saying] == [["new"]] * 3
            assert await saying_c == ["c"]
            assert (await reloading).ok

    async def test_what_runs_ends_in_peace(self, sqlite_url, tmp_path):
        old = answering("await waiting('old')", before=self.WAITS)
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": old}) as bot:
            saying = asyncio.create_task(bot.say("hi"))
            await seen("waits")
            reloading = asyncio.create_task(bot.reload({"a.py": answering("'new'")}))
            await until(lambda: dispatcher._holds)
            later = asyncio.create_task(bot.say("hi"))
            gate.is_open = True
            assert [await saying, await later] == [["old"], ["new"]]
            assert (await reloading).ok

    async def test_what_hangs_is_cancelled(self, sqlite_url, tmp_path, monkeypatch):
        monkeypatch.setattr("aha.reload.unit.PATIENCE", 0.01)
        old = answering("await waiting('old')", before=self.WAITS)
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": old}) as bot:
            saying = asyncio.create_task(bot.say("hi"))
            await seen("waits")
            assert (await bot.reload({"a.py": answering("'new'")})).ok
            assert (await saying, await bot.say("hi")) == ([], ["new"])

    async def test_tasks_that_a_module_has_started_are_cancelled(self, sqlite_url, tmp_path):
        starts = "import asyncio; global task; task = asyncio.create_task(waiting('old'))"
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old", before=self.WAITS, start=starts)}) as bot:
            await seen("waits")
            task = bot.code("a").task
            assert not (await bot.reload({"a.py": living("new", start="1 / 0")})).ok
            assert task.cancelled()
            assert happened == ["old begins", "waits", "old ends", "waited", "new begins", "old begins", "waits"]
            assert not bot.code("a").task.done()

    async def test_tasks_of_a_module_that_goes_off_are_cancelled(self, sqlite_url, tmp_path):
        starts = "import asyncio; asyncio.create_task(waiting('')); await asyncio.sleep(0.01); 1 / 0"
        async with reloaded_bot(tmp_path, sqlite_url, {}) as bot:
            assert not (await bot.reload({"a.py": living("new", before=self.WAITS, start=starts)})).ok
            await seen("waited")

    async def test_one_reload_after_another(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old"), "b.py": ""}) as bot:
            bot.folder.write({"a.py": living("new")})
            outcomes = await asyncio.gather(*(bot.reloader.reload(["a"]) for _ in range(3)), bot.reloader.reload(["b"]))
            assert [outcome.reloaded for outcome in outcomes] == [("a",), ("a",), ("a",), ("b",)]
            assert happened == ["old begins", *["old ends", "new begins"], *["new ends", "new begins"] * 2]

    async def test_whoever_wished_it_may_be_gone_before_it_ends(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old")}) as bot:
            reloading = asyncio.create_task(bot.reload({"a.py": living("new", start="await gate.wait()")}))
            await seen("new begins")
            reloading.cancel()
            gate.is_open = True
            assert await bot.say("hi") == ["new"]


class TestStopping:
    async def test_a_reload_that_is_under_way_is_finished(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old")}) as bot:
            reloading = asyncio.create_task(bot.reload({"a.py": living("new", start="await gate.wait()")}))
            await seen("new begins")
            stopping = asyncio.create_task(bot.stop())
            await asyncio.sleep(0)
            gate.is_open = True
            await stopping
            assert (await reloading).ok
            assert happened == ["old begins", "old ends", "new begins", "new ends"]

    async def test_one_that_does_not_end_is_broken_off(self, sqlite_url, tmp_path, monkeypatch):
        monkeypatch.setattr("aha.lifecycle.PATIENCE", 0.01)
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old")}) as bot:
            reloading = asyncio.create_task(bot.reload({"a.py": living("new", start="await gate.wait()")}))
            await seen("new begins")
            await bot.stop()
            with pytest.raises(ModuleError, match="broken off: the bot is stopping"):
                await reloading
        assert happened == ["old begins", "old ends", "new begins", "old begins", "old ends"]

    async def test_so_is_one_whose_new_code_failed_and_does_not_end(self, sqlite_url, tmp_path):
        store = "from services.data_store import SimpleStore\nstore = SimpleStore()\n"
        old = living("old", to="ho", before=store) + answering("store.setdefault('said', 'old')")
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "import modules.b", "b.py": old}) as bot:
            hangs = "\n@on_cleanup\nasync def hang():\n    happened.append('hangs')\n    await gate.wait()\n"
            new = {"a.py": "import modules.b\n" + living("a", start="1 / 0"), "b.py": living("new") + hangs}
            reloading = asyncio.create_task(bot.reload(new))
            await seen("hangs")
            saying = asyncio.create_task(bot.say("hi"))
            await bot.reloader.break_off()
            with pytest.raises(ModuleError, match="broken off: the bot is stopping"):
                await reloading
            assert (await saying, list(bot.loader.loaded)) == (["old"], ["b", "a"])

    async def test_one_that_was_broken_off_is_not_waited_for_again(self, sqlite_url, tmp_path, caplog):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old"), "b.py": living("b")}) as bot:
            reloading = asyncio.create_task(bot.reload({"a.py": living("new", start="await gate.wait()")}))
            await seen("new begins")
            await bot.reloader.break_off()
            await bot.stop()
            with pytest.raises(ModuleError, match="broken off: the bot is stopping"):
                await reloading
        assert happened == ["old begins", "b begins", "old ends", "new begins", "old begins", "old ends", "b ends"]
        assert not caplog.records

    async def test_nothing_is_reloaded_after_it(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": ""}) as bot:
            reloader = bot.reloader
            await bot.stop()
            with pytest.raises(ModuleError, match="the bot is stopping"):
                await reloader.reload()

    async def test_a_signal_breaks_off_an_import_that_hangs(self, sqlite_url, tmp_path):
        signals = StopSignal(asyncio.get_running_loop())
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("old")}) as bot:
            bot.reloader._means = replace(bot.reloader._means, importing=signals.interrupting)
            with signals.listen():
                code = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)"
                with pytest.raises(ModuleError, match="broken off: the bot is stopping"):
                    await bot.reload({"a.py": code})
            assert signals.stop.is_set()
            assert await bot.say("hi") == ["old"]
