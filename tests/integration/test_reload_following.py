"""Files of modules that are said to have changed: what runs already, or was tried in vain, is not run once more."""

from __future__ import annotations

import os

import pytest

from tests.reloaded_bot import answering, happened, living, reloaded_bot

NOTHING = ["nothing was reloaded"]
FILES = {
    "a.py": "from modules import _shared\nfrom modules._folder import part\n" + living("a"),
    "b/__init__.py": "from . import part\n" + living("b"),
    "b/part.py": "",
    "b/words.yaml": "old",
    "_shared.py": "N = 1",
    "_folder/part.py": "N = 1",
}


@pytest.fixture
async def bot(sqlite_url, tmp_path):
    """A bot whose modules were all reloaded."""
    async with reloaded_bot(tmp_path, sqlite_url, FILES) as bot:
        assert (await bot.reload()).ok
        happened.clear()
        yield bot


async def test_what_was_reloaded_meanwhile_is_not_reloaded_again(bot):
    assert (await bot.reloader.follow(["a", "b"])).lines() == NOTHING
    assert not happened


@pytest.mark.parametrize(
    ("files", "name", "followed"),
    [
        pytest.param({"a.py": living("a new")}, "a", ["a"], id="a module"),
        pytest.param({"b/part.py": "N = 2"}, "b", ["b"], id="a part"),
        pytest.param({"b/new.py": ""}, "b", ["b"], id="a new part"),
        pytest.param({"b/part.py": None, "b/__init__.py": living("b")}, "b", ["b"], id="a part that is gone"),
        pytest.param({"b/words.yaml": "new"}, "b", ["b"], id="no code"),
        pytest.param({"_shared.py": "N = 2"}, "_shared", ["a"], id="a shared file"),
        pytest.param({"_folder/part.py": "N = 2"}, "_folder", ["a"], id="a shared folder without __init__.py"),
        pytest.param({"b": None, "b.py": living("b")}, "b", ["b"], id="a package that is a file now"),
    ],
)
async def test_what_has_changed_is(bot, files, name, followed):
    bot.folder.write(files)
    assert list((await bot.reloader.follow([name])).reloaded) == followed
    happened.clear()
    assert (await bot.reloader.follow([name])).lines() == NOTHING
    assert not happened


async def test_so_is_what_has_the_same_time_and_length_but_other_contents(bot):
    path = bot.folder.path / "b" / "part.py"
    path.write_text("N = 1")
    os.utime(path, (10**9, 10**9))
    await bot.reload()
    path.write_text("N = 2")
    os.utime(path, (10**9, 10**9))
    assert (await bot.reloader.follow(["b"])).reloaded == ("b",)


async def test_so_is_what_was_saved_again(bot):
    (bot.folder.path / "a.py").touch()
    assert (await bot.reloader.follow(["a"])).reloaded == ("a",)


async def test_what_has_changed_while_it_was_reloaded_is_reloaded_again(bot):
    writes = "from pathlib import Path\nPath(__file__).with_name('part.py').write_text('N = 3')\n"
    bot.folder.write({"b/__init__.py": writes})
    assert (await bot.reload()).ok
    bot.folder.write({"b/__init__.py": answering("'b'")})
    assert (await bot.reloader.follow(["b"])).reloaded == ("b",)


async def test_what_was_tried_in_vain_is_not_tried_again_until_it_has_changed(bot):
    outcome = await bot.reload({"a.py": living("new", start="1 / 0")})
    assert set(outcome.failed) == {"a"}
    happened.clear()
    assert (await bot.reloader.follow(["a"])).lines() == NOTHING
    bot.folder.write({"a.py": living("mended")})
    assert (await bot.reloader.follow(["a"])).reloaded == ("a",)
    assert happened == ["a ends", "mended begins"]


async def test_what_failed_is_tried_again_with_what_it_failed_together_with(bot):
    assert (await bot.reload({"b/__init__.py": "", "a.py": "import modules.b"})).ok
    bot.folder.write({"b/__init__.py": "N = 2", "a.py": "from modules.b import N\n("})
    assert set((await bot.reloader.follow(["a", "b"])).failed) == {"a", "b"}
    bot.folder.write({"a.py": "from modules.b import N\n"})
    assert (await bot.reloader.follow(["a"])).ok
    assert bot.code("a").N == 2
    assert (await bot.reloader.follow(["a", "b"])).lines() == NOTHING


@pytest.mark.parametrize("name", ["b", "new"], ids=["a module that runs", "a new module"])
@pytest.mark.parametrize("before", ["WORD = (", "", None], ids=["that cannot be compiled", "that fails", "to come"])
@pytest.mark.parametrize("path", ["_new.py", "_new/__init__.py"], ids=["file", "folder"])
async def test_what_failed_is_tried_again_with_a_shared_file_that_never_ran(bot, name, path, before):
    if name == "b":
        bot.folder.write({"b": None})
    bot.folder.write({f"{name}.py": "from modules._new import WORD\n" + living(name)})
    if before is not None:
        bot.folder.write({path: before})
    assert list((await bot.reloader.follow([name, "_new"])).failed)[-1] in {name, "_new"}
    bot.folder.write({path: "WORD = 'x'"})
    outcome = await bot.reloader.follow(["_new"])
    assert (*outcome.reloaded, *outcome.added) == (name,)
    assert (await bot.reloader.follow(["_new"])).lines() == NOTHING


@pytest.mark.parametrize("before", ["WORD = (", "", None], ids=["that cannot be compiled", "that fails", "to come"])
async def test_so_it_is_with_one_that_another_such_file_imports(bot, before):
    bot.folder.write({"new.py": "from modules._new import WORD\n", "_new.py": "from modules._newer import WORD"})
    if before is not None:
        bot.folder.write({"_newer.py": before})
    assert "new" in (await bot.reloader.follow(["new", "_new", "_newer"])).failed
    bot.folder.write({"_newer.py": "WORD = 'x'"})
    assert (await bot.reloader.follow(["_newer"])).added == ("new",)


async def test_what_missed_a_module_is_tried_again_when_that_comes(bot):
    assert set((await bot.reload({"a.py": "import modules.new"})).failed) == {"a"}
    bot.folder.write({"new.py": ""})
    outcome = await bot.reloader.follow(["new"])
    assert (outcome.reloaded, outcome.added) == (("a",), ("new",))


async def test_a_module_that_goes_and_comes_back_as_it_was_runs(bot):
    (bot.folder.path / "b").rename(bot.folder.path / "DISABLEDb")
    assert (await bot.reloader.follow(["b"])).removed == ("b",)
    (bot.folder.path / "DISABLEDb").rename(bot.folder.path / "b")
    assert (await bot.reloader.follow(["b"])).added == ("b",)


async def test_one_whose_name_another_takes_goes(bot):
    bot.folder.write({"a/__init__.py": ""})
    assert (await bot.reloader.follow(["a"])).removed == ("a",)
    bot.folder.write({"a": None})
    assert (await bot.reloader.follow(["a"])).added == ("a",)


@pytest.mark.parametrize("code", [living("a new"), "1 / 0", None], ids=["it runs", "it fails", "it is gone"])
async def test_who_was_forestalled_is_told_how_it_went(bot, code):
    bot.folder.write({"a.py": code})
    outcome = await bot.reloader.follow(["a"])
    assert await bot.reloader.follow(["a"], again=True) == outcome != await bot.reloader.follow(["a"])


async def test_who_asks_for_a_reload_gets_one(bot):
    assert sorted((await bot.reload()).reloaded) == ["a", "b"]


# What a module writes into its own folder when it starts, each time something else.
WRITES = """
from pathlib import Path
from time import time_ns
here = Path(__file__).parent
"""


@pytest.mark.parametrize(
    "writes",
    [
        pytest.param("(here / 'state.json').write_text(str(time_ns()))", id="a file of its own"),
        pytest.param("(here / 'words.yaml').write_text(str(time_ns()))", id="a file that was there"),
        pytest.param("(here / 'made.py').write_text(f'N = {time_ns()}')", id="code that it does not import"),
        pytest.param(
            "(here / 'made.py').write_text(f'N = {time_ns()}'); from . import made", id="code that it then imports"
        ),
        pytest.param("(here / 'words.yaml').unlink(missing_ok=True)", id="nothing any more"),
    ],
)
async def test_what_a_module_writes_when_it_starts_does_not_reload_it_for_ever(bot, writes):
    bot.folder.write({"b/__init__.py": living("b", before=WRITES, start=writes)})
    assert (await bot.reloader.follow(["b"])).reloaded == ("b",)
    await bot.reloader.follow(["b"])  # somebody else might have saved that just then
    assert (await bot.reloader.follow(["b"])).lines() == NOTHING
    bot.folder.write({"b/__init__.py": living("b", before=WRITES, start=writes) + "# edited"})
    assert (await bot.reloader.follow(["b"])).reloaded == ("b",)
    assert (await bot.reloader.follow(["b"])).lines() == NOTHING


@pytest.mark.parametrize(
    "saved",
    [
        pytest.param("part.py", id="code"),
        pytest.param("locales/en.yaml", id="texts"),
        pytest.param("words.yaml", id="data"),
    ],
)
async def test_what_somebody_saves_while_a_module_starts_is_taken_over(bot, saved):
    bot.folder.write({"b/locales/en.yaml": "a: b"})
    assert (await bot.reload()).ok
    start = f"""
            from pathlib import Path
            if not happened.count("saved"):
                happened.append("saved")
                (Path(__file__).parent / "{saved}").write_text("a: int = 1")
    """
    bot.folder.write({"b/__init__.py": "from . import part\n" + living("b", start=start)})
    assert (await bot.reloader.follow(["b"])).reloaded == ("b",)
    assert (await bot.reloader.follow(["b"])).reloaded == ("b",)
    assert (await bot.reloader.follow(["b"])).lines() == NOTHING


async def test_what_came_and_went_reloads_nothing(bot):
    bot.folder.write({"b/lock": ""})
    bot.folder.write({"b/lock": None})
    assert (await bot.reloader.follow(["b"])).lines() == NOTHING
