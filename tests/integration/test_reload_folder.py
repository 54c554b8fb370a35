"""Modules come and go while the bot runs: by what stands in their folder, and by name."""

from __future__ import annotations

import asyncio
import os

import pytest

from aha.discovery import survey
from aha.loader import BUILTIN
from aha.selection import choose
from core.dispatcher import dispatcher
from models.exc import ModuleError, UsageError
from tests.reloaded_bot import answering, gate, happened, living, reloaded_bot, until

TRIES = "try:\n    import modules.{}\nexcept ImportError:\n    pass\n"


async def test_a_new_module_comes(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": answering("'a'", to="a")}) as bot:
        outcome = await bot.reload({"b/__init__.py": living("b", to="b")})
        assert (outcome.added, outcome.reloaded) == (("b",), ("a",))
        assert [*await bot.say("a"), *await bot.say("b")] == ["a", "b"]


async def test_a_module_that_is_removed_goes(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("a")}) as bot:
        outcome = await bot.reload({"a.py": None})
        assert (outcome.removed, outcome.notes) == (("a",), ("module a is off: it was removed",))
        assert await bot.say("hi") == []
    assert happened == ["a begins", "a ends"]


async def test_a_module_that_is_disabled_goes_and_comes_back(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a/__init__.py": answering("'a'")}) as bot:
        (bot.folder.path / "a").rename(bot.folder.path / "DISABLEDa")
        outcome = await bot.reloader.follow(["a", "DISABLEDa"])
        assert outcome.notes == ("module a is off: it is disabled (aha modules enable a)",)
        assert await bot.say("hi") == []
        with pytest.raises(UsageError, match="module a is off: it is disabled"):
            await bot.reload({}, "a")
        (bot.folder.path / "DISABLEDa").rename(bot.folder.path / "a")
        assert (await bot.reloader.follow(["a"])).added == ("a",)
        assert await bot.say("hi") == ["a"]


async def test_a_module_whose_name_is_taken_goes(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": ""}) as bot:
        outcome = await bot.reload({"a/__init__.py": ""})
        assert outcome.removed == ("a",)
        assert "have the same name" in outcome.notes[0]
        assert (await bot.reload({"a.py": None})).added == ("a",)


async def test_what_cannot_be_a_module_is_told_of(sqlite_url, tmp_path):
    problem = "its name cannot be imported by Python; rename it, for example to my_mod"
    told = f"module my-mod is off: modules/my-mod.py: {problem}"
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": ""}) as bot:
        assert (await bot.reload({"my-mod.py": ""})).notes == (told,)
        assert (await bot.reloader.follow(["my-mod"])).notes == (told,)
        assert (await bot.reload({}, "a")).notes == (await bot.reloader.follow(["a"])).notes == ()


async def test_one_that_has_the_name_of_one_that_comes_with_aha_is_told_of(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": ""}) as bot:
        bot.reloader._look = lambda: choose(survey(bot.folder.path, BUILTIN))
        bot.folder.write({"reload.py": "1 / 0"})
        outcome = await bot.reloader.follow(["reload"])
        told = "module reload is off: modules/reload.py: Aha comes with a module of that name; rename yours"
        assert (outcome.ok, outcome.added, outcome.notes) == (True, (), (told,))


async def test_those_that_go_are_told_of_by_name(sqlite_url, tmp_path):
    names = [f"m{number}" for number in range(20)]
    async with reloaded_bot(tmp_path, sqlite_url, {f"{name}.py": "" for name in names}) as bot:
        outcome = await bot.reload(dict.fromkeys((f"{name}.py" for name in names), None))
        assert list(outcome.removed) == sorted(names)


async def test_a_module_becomes_a_package_and_a_file_again(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": answering("'file'")}) as bot:
        package = {"a/__init__.py": answering("N", before="from .database import N"), "a/database.py": "N = 'package'"}
        assert (await bot.reload({"a.py": None, **package})).reloaded == ("a",)
        assert await bot.say("hi") == ["package"]
        assert (await bot.reload({"a": None, "a.py": answering("'file again'")})).reloaded == ("a",)
        assert await bot.say("hi") == ["file again"]
        assert not (await bot.reload({"a.py": None, "a/__init__.py": "1 / 0"})).ok
        assert await bot.say("hi") == ["file again"]


async def test_a_package_with_a_table_becomes_a_file_at_the_second_try(database_url, tmp_path):
    table = """
        from sqlalchemy.orm import Mapped, mapped_column
        from core.database import dbBase

        class Note(dbBase):
            __tablename__ = "note"
            id: Mapped[int] = mapped_column(primary_key=True)
    """
    package = {"a/__init__.py": "from . import database\n" + answering("'package'"), "a/database.py": table}
    async with reloaded_bot(tmp_path, database_url, package) as bot:
        assert not (await bot.reload({"a": None, "a.py": "1 / 0"})).ok
        assert await bot.say("hi") == ["package"]
        assert (await bot.reload({"a.py": answering("'file'", before=table)})).ok
        assert await bot.say("hi") == ["file"]
        assert await bot.rows("note") == []


async def test_only_what_is_named(sqlite_url, tmp_path):
    files = {"a.py": answering("'a'"), "b.py": "", "c.py": ""}
    async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
        new = {"a.py": answering("'new'"), "b.py": None, "d.py": "", "e.py": "import modules.d"}
        assert (await bot.reload(new, "c")).reloaded == ("c",)
        assert await bot.say("hi") == ["a"]
        assert set(bot.loader.loaded) == {"a", "b", "c"}
        outcome = await bot.reload({}, "b", "e")
        assert outcome.removed == ("b",)
        assert outcome.failed["e"].endswith("module d is off, but module e imports it: it is new: aha reload d")
        assert (await bot.reload({}, "d")).added == ("d", "e")


@pytest.mark.parametrize("names", [["x"], ["a", "x"]])
async def test_a_name_that_nobody_knows(sqlite_url, tmp_path, names):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": living("a"), "b.py": ""}) as bot:
        with pytest.raises(UsageError, match="there is no module x; there are: a, b"):
            await bot.reload({}, *names)
        with pytest.raises(UsageError, match="there is no module x"):
            await bot.reload({}, with_database=["x"])
        assert (await bot.reloader.follow(["x", "_x"])).lines() == ["nothing was reloaded"]
        assert happened == ["a begins"]


async def test_what_is_off_by_command_stays_off(sqlite_url, tmp_path):
    files = {"a.py": "", "b.py": "", "c.py": ""}
    async with reloaded_bot(tmp_path, sqlite_url, files, load_only=["a", "b"], exclude=["b"]) as bot:
        assert (await bot.reload({"d.py": ""})).lines()[0].startswith("reloaded: a; ")
        with pytest.raises(UsageError, match="module b is off: --exclude names it"):
            await bot.reload({}, "b")


async def test_why_what_was_enabled_does_not_run_is_said(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "", "DISABLEDb.py": ""}, exclude=["b"]) as bot:
        (bot.folder.path / "DISABLEDb.py").rename(bot.folder.path / "b.py")
        outcome = await bot.reloader.follow(["b"], again=True)
        assert outcome.lines() == ["nothing was reloaded", "module b is off: --exclude names it"]


async def test_a_folder_that_cannot_be_read(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": answering("'a'")}) as bot:
        bot.folder.path.rename(tmp_path / "elsewhere")
        with pytest.raises(ModuleError, match="the folder of modules cannot be read"):
            await bot.reload()
        assert await bot.say("hi") == ["a"]


async def test_of_new_ones_one_whose_database_another_imports_comes_first(sqlite_url, tmp_path):
    b = "from tests.reloaded_bot import happened\nhappened.append('b is imported')\n" + living("b")
    files = {"a.py": "from modules.b.database import N\n" + living("a"), "b/__init__.py": b, "b/database.py": "N = 1"}
    async with reloaded_bot(tmp_path, sqlite_url, {}) as bot:
        assert (await bot.reload(files)).added == ("b", "a")
        assert happened == ["b is imported", "b begins", "a begins"]


class TestFailedBefore:
    async def test_it_comes_on_when_it_is_mended(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "1 / 0"}, strict=False) as bot:
            outcome = await bot.reload({"a.py": living("a", start="1 / 0")})
            assert outcome.failed == {"a": "is off, it failed to start: ZeroDivisionError: division by zero"}
            assert (await bot.reload({"a.py": living("a")}, "a")).added == ("a",)
            assert await bot.say("hi") == ["a"]

    async def test_who_imports_it_comes_on_too(self, sqlite_url, tmp_path):
        files = {"a.py": "import modules.b\n" + answering("'a'"), "b.py": "1 / 0", "c.py": "import modules.d"}
        async with reloaded_bot(tmp_path, sqlite_url, files, strict=False) as bot:
            assert set(bot.failures) == {"a", "b", "c"}
            assert (await bot.reload({"b.py": ""}, "b")).added == ("b", "a")
            assert await bot.say("hi") == ["a"]

    async def test_a_file_that_it_shares_is_what_was_mended(self, sqlite_url, tmp_path):
        files = {"a.py": "from modules._shared import N\n" + answering("str(N)"), "_shared.py": "M = 1"}
        async with reloaded_bot(tmp_path, sqlite_url, files, strict=False) as bot:
            assert set(bot.failures) == {"a"}
            assert (await bot.reload({"_shared.py": "N = 2"}, "a")).added == ("a",)
            assert await bot.say("hi") == ["2"]

    async def test_it_keeps_no_other_from_being_reloaded(self, sqlite_url, tmp_path):
        importer = "try:\n    import modules.b\nexcept ImportError:\n    b = None\n"
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": importer, "b.py": "1 / 0"}, strict=False) as bot:
            outcome = await bot.reload({"a.py": importer + answering("'new'")})
            assert (outcome.reloaded, set(outcome.failed)) == (("a",), {"b"})
            assert await bot.say("hi") == ["new"]
            assert (await bot.reload({"b.py": ""}, "b")).reloaded == ("a",)
            assert bot.code("a").modules.b is bot.code("b")

    async def test_one_of_several_new_ones_keeps_no_other_off(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {}) as bot:
            outcome = await bot.reload({"a.py": "import modules.b\n1 / 0", "b.py": "", "c.py": "def f(:"})
            assert (outcome.added, set(outcome.failed)) == (("b",), {"a", "c"})


async def test_of_a_circle_that_comes_one_may_do_without_the_other(sqlite_url, tmp_path):
    tries = "try:\n    import modules.b\nexcept ImportError:\n    pass\n"
    async with reloaded_bot(tmp_path, sqlite_url, {"c.py": ""}) as bot:
        outcome = await bot.reload({"a.py": tries + living("a"), "b.py": "import modules.a\n1 / 0"})
        assert (outcome.added, list(outcome.failed)) == (("a",), ["b"])
        assert await bot.say("hi") == ["a"]


class TestRemovedWhileImported:
    async def test_importers_go_with_the_reason_and_come_back(self, sqlite_url, tmp_path):
        files = {"a.py": "from modules.b import N\n" + living("a"), "b.py": "N = 1", "c.py": answering("'c'", to="c")}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            c = bot.code("c")
            outcome = await bot.reload({"b.py": None}, "b")
            assert (outcome.removed, outcome.ok) == (("b", "a"), True)
            assert outcome.notes == (
                "module b is off: it was removed",
                "module a is off: it imports module b, which is off",
            )
            assert await bot.say("hi") == []
            assert happened == ["a begins", "a ends"]
            assert (await bot.reload({"b.py": "N = 2"}, "b")).added == ("b", "a")
            assert await bot.say("hi") == ["a"]
            assert bot.code("c") is c

    @pytest.mark.parametrize("code", ["import modules.b", "from modules import b", "import modules.b.part as b"])
    async def test_so_do_their_importers_and_nobody_calls_it_a_fault(self, sqlite_url, tmp_path, caplog, code):
        files = {"a.py": "import modules.c", "b/__init__.py": "", "b/part.py": "", "c.py": code}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            (bot.folder.path / "b").rename(bot.folder.path / "DISABLEDb")
            outcome = await bot.reloader.follow(["b"])
            assert (outcome.removed, outcome.ok) == (("b", "c", "a"), True)
            assert outcome.notes[1:] == (
                "module c is off: it imports module b, which is off",
                "module a is off: it imports module c, which is off",
            )
            assert not [record for record in caplog.records if record.levelname != "INFO"]
            with pytest.raises(UsageError, match="there is no module x"):
                await bot.reload({}, "x")
            assert (
                (await bot.reload({}, "a"))
                .failed["a"]
                .endswith("module c is off, but module a imports it: it imports module b, which is off")
            )
            (bot.folder.path / "DISABLEDb").rename(bot.folder.path / "b")
            assert (await bot.reloader.follow(["b"])).added == ("b", "c", "a")

    async def test_it_is_a_fault_if_they_were_asked_for(self, sqlite_url, tmp_path):
        files = {"a.py": "import modules.b", "b.py": ""}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            outcome = await bot.reload({"b.py": None})
            assert (outcome.removed, set(outcome.failed)) == (("b",), {"a"})

    async def test_or_if_they_fail_by_themselves(self, sqlite_url, tmp_path):
        files = {"a.py": "try:\n    import modules.b\nexcept ImportError:\n    import nowhere\n", "b.py": ""}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            outcome = await bot.reload({"b.py": None}, "b")
            assert (outcome.removed, set(outcome.failed)) == (("b",), {"a"})

    async def test_who_can_do_without_goes_on(self, sqlite_url, tmp_path):
        code = "try:\n    from modules import b\nexcept ImportError:\n    b = None\n"
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": code + answering("b"), "b.py": ""}) as bot:
            outcome = await bot.reload({"b.py": None}, "b")
            assert (outcome.removed, outcome.reloaded, outcome.ok) == (("b",), ("a",), True)
            assert await bot.say("hi") == ["None"]

    @pytest.mark.parametrize(
        ("imports", "gone", "said"),
        [("import modules.c", ("b", "c", "a"), []), (TRIES.format("c"), ("b", "c"), ["a"])],
        ids=["it needs it", "it can do without"],
    )
    async def test_who_imports_one_that_misses_it_only_when_it_starts(self, sqlite_url, tmp_path, imports, gone, said):
        files = {"a.py": f"{imports}\n{living('a')}", "b.py": "", "c.py": living("c", start="import modules.b")}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            outcome = await bot.reload({"b.py": None}, "b")
            assert (outcome.removed, outcome.ok) == (gone, True)
            assert await bot.say("hi") == said
            assert set((await bot.reload({"b.py": ""}, "b")).added) >= {"b", "c"}
            assert sorted(await bot.say("hi")) == ["a", "c"]

    async def test_who_is_imported_once_more_without_it_gets_events_when_it_has_started(self, sqlite_url, tmp_path):
        waits = "if happened.count('a begins') == 2: await gate.wait()"
        a = TRIES.format("c") + living("a", start=waits)
        files = {"a.py": a, "b.py": "", "c.py": living("c", start="import modules.b")}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            reloading = asyncio.create_task(bot.reload({"b.py": None}, "b"))
            await until(lambda: happened.count("a begins") == 2)
            said = asyncio.create_task(bot.say("hi"))
            await until(lambda: bot.calls or all(hold._waiting for hold in dispatcher._holds))
            assert not bot.calls
            gate.is_open = True
            assert await said == ["a"]
            assert (await reloading).removed == ("b", "c")

    async def test_what_they_share_goes_on(self, sqlite_url, tmp_path):
        files = {
            "_shared.py": "try:\n    import modules.b\nexcept ImportError:\n    pass\n" + answering("'shared'"),
            "a.py": "import modules._shared",
            "b.py": "import modules._shared",
            "c.py": "import modules._shared",
        }
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            for gone in "ab":
                assert (await bot.reload({f"{gone}.py": None}, gone)).ok
                assert await bot.say("hi") == ["shared"]

    async def test_what_imported_it_itself_is_not_heard_of_again(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "import modules.b", "b.py": ""}) as bot:
            await bot.reload({"a.py": None}, "a")
            outcome = await bot.reload({}, "b")
            assert (outcome.reloaded, outcome.added, outcome.ok) == (("b",), (), True)

    async def test_while_something_else_that_they_import_is_edited(self, sqlite_url, tmp_path):
        code = "try:\n    from modules import b\nexcept ImportError:\n    b = None\nfrom modules.c import N\n"
        files = {"a.py": code + answering("str((b, N))"), "b.py": "", "c.py": "N = 1"}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            outcome = await bot.reload({"b.py": None, "c.py": "N = 2"})
            assert (sorted(outcome.reloaded), outcome.removed, outcome.ok) == (["a", "c"], ("b",), True)
            assert await bot.say("hi") == ["(None, 2)"]

    async def test_both_at_once(self, sqlite_url, tmp_path):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": "import modules.b", "b.py": ""}) as bot:
            outcome = await bot.reload({"a.py": None, "b.py": None})
            assert (set(outcome.removed), outcome.ok) == ({"a", "b"}, True)
            assert not bot.loader.loaded


async def test_a_new_one_that_a_callback_has_imported_before(sqlite_url, tmp_path):
    a = "def get():\n    import modules.b\n    return modules.b.N\n" + answering("get()")
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": a}) as bot:
        bot.folder.write({"b.py": "N = 1\n" + answering("'b'", to="b")})
        assert await bot.say("hi") == ["1"]
        outcome = await bot.reload({}, "b")
        assert (outcome.added, outcome.reloaded, outcome.ok) == (("b",), ("a",), True)
        assert [*await bot.say("hi"), *await bot.say("b")] == ["1", "b"]


async def test_two_edits_in_the_same_second_and_of_the_same_size_are_seen(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": answering("'one'")}) as bot:
        path = bot.folder.path / "a.py"
        second = int(path.stat().st_mtime)
        os.utime(path, (second, second))
        await bot.restart()  # Python remembers what it compiled of this second
        for said in ["two", "six"]:
            bot.folder.write({"a.py": answering(f"{said!r}")})
            os.utime(path, (second, second))
            await bot.reload({}, "a")
            assert await bot.say("hi") == [said]
        await bot.restart()
        assert await bot.say("hi") == ["six"]
