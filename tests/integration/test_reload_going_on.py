"""The old code that goes on when new code has failed: it is as it was, and nothing of it is there twice."""

from __future__ import annotations

import asyncio

import pytest

from aha.reload import reloader
from core.config import cfg
from core.dispatcher import help_items
from models.exc import ModuleError
from tests.reloaded_bot import answering, happened, living, reloaded_bot, seen, until

NEVER = "\n1 / 0\n"
FAILS_TO_START = "\nfrom core.dispatcher import on_start as _on_start\n@_on_start\ndef never():\n    1 / 0\n"
MADE_BY_START = """
    import asyncio
    from core.config import cfg
    from core.database import dbBase
    from core.dispatcher import on_cleanup, on_external, on_message, on_start
    from sqlalchemy.orm import Mapped, mapped_column
    from tests.reloaded_bot import happened

    def register():
        async def answer(event):
            await event.reply("once")

        on_message("made", callback=answer, register_help={"made": "a command from a table"})

    def declare():
        cfg.register("made", 1, "a key")

        class Note(dbBase):
            __tablename__ = "note"

            id: Mapped[int] = mapped_column(primary_key=True)

    async def in_a_task():
        await asyncio.sleep(0)
        register()
        happened.append("registered")
"""


@pytest.mark.parametrize("fails", [NEVER, FAILS_TO_START], ids=["its import fails", "its start fails"])
@pytest.mark.parametrize(
    "start",
    [
        "register()",
        "asyncio.create_task(in_a_task())",
        "from . import made",
        "register(); declare()",
        "on_cleanup(lambda: happened.append('ended')); register()",
    ],
    ids=["by itself", "by a task", "by a file that it imports", "with a table and a key", "with a clean-up"],
)
async def test_what_on_start_registers_is_there_once(sqlite_url, tmp_path, start, fails):
    init = (
        f"{MADE_BY_START}\n    @on_start\n    async def begin():\n        {start}\n        happened.append('begun')\n"
    )
    files = {"a/__init__.py": init, "a/made.py": f"{MADE_BY_START}\n    register()\n"}
    async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
        for _ in range(2):
            happened.clear()
            assert not (await bot.reload({"a/__init__.py": init + fails.replace("\n", "\n    ")}, "a")).ok
            await seen("registered" if "in_a_task" in start else "begun")
            assert await bot.say("made") == ["once"]
            assert [item.command for item in help_items].count("made") == 1
            assert happened.count("ended") <= 1
        if "declare" in start:
            assert cfg.get("modules.a.made") == 1


PANIC = "raise type('Panic', (BaseException,), {})"  # as what is written in Rust does


async def test_a_module_that_fails_to_start_by_whatever_it_raises_is_off_alone(sqlite_url, tmp_path):
    files = {"a.py": living("a", start=PANIC), "b.py": living("b")}
    async with reloaded_bot(tmp_path, sqlite_url, files, strict=False) as bot:
        assert list(bot.failures) == ["a"]
        assert await bot.say("hi") == ["b"]


async def test_whatever_a_clean_up_raises_the_others_run(sqlite_url, tmp_path, caplog):
    panics = f"from core.dispatcher import on_cleanup as _on_cleanup\n@_on_cleanup\ndef panics():\n    {PANIC}\n"
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": panics + living("old")}) as bot:
        assert (await bot.reload({"a.py": living("new")})).ok
        assert happened == ["old begins", "old ends", "new begins"]
    assert "on_cleanup modules.a.panics:2 of module a failed" in caplog.text


class TestOldCodeThatDoesNotStartAgain:
    ONCE = living("a", to="a", start="if happened.count('a begins') > 1: 1 / 0")
    BOTH = "is off, it failed to import: {}; its old code, too: it failed to start: ZeroDivisionError: division by zero"

    async def test_both_failures_are_told(self, sqlite_url, tmp_path, caplog):
        async with reloaded_bot(tmp_path, sqlite_url, {"a.py": self.ONCE}) as bot:
            outcome = await bot.reload({"a.py": "a_typo"})
            assert outcome.failed == {"a": self.BOTH.format("NameError: name 'a_typo' is not defined")}
        assert "module a is off, it failed to import: " in caplog.text
        assert "module a is off, its old code, too: it failed to start: " in caplog.text

    async def test_its_importers_go_off_and_are_not_started(self, sqlite_url, tmp_path):
        files = {"a.py": self.ONCE, "b.py": "import modules.a\n" + living("b"), "c.py": living("c")}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            outcome = await bot.reload({"a.py": NEVER}, "a")
            assert outcome.failed["b"] == "is off, it goes together with module a, which failed"
            assert list(bot.loader.loaded) == ["c"]
            assert await bot.say("hi") == ["c"]
            assert happened.count("b begins") == 1
            assert bot.loader.off["b"] == "it imports module a, which is off"
            assert (await bot.reload({"a.py": living("a", to="a")})).ok
            assert await bot.say("hi") == ["b", "c"]

    async def test_one_of_a_circle_that_has_started_is_ended(self, sqlite_url, tmp_path):
        files = {"a.py": "import modules.b\n" + self.ONCE, "b.py": living("b") + "import modules.a\n"}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            assert happened == ["b begins", "a begins"]
            assert not (await bot.reload({"a.py": NEVER}, "a")).ok
            assert happened[2:] == ["a ends", "b ends", "b begins", "a begins", "b ends"]
            assert bot.loader.loaded == {}

    @pytest.mark.parametrize(
        ("imports", "runs"),
        [
            ("from modules.a.database import N", False),
            ("try:\n    from modules.a.database import N\nexcept ImportError:\n    pass", True),
        ],
        ids=["it needs it", "it can do without"],
    )
    async def test_so_do_those_that_import_only_its_database(self, sqlite_url, tmp_path, imports, runs):
        files = {"a/__init__.py": self.ONCE, "a/database.py": "N = 1", "b.py": f"{imports}\n{living('b')}"}
        async with reloaded_bot(tmp_path, sqlite_url, files) as bot:
            outcome = await bot.reload({"a/__init__.py": NEVER}, "a")
            assert ("b" in bot.loader.loaded, "b" in outcome.reloaded) == (runs, runs)
            assert ("module b is off: it imports module a, which is off" in outcome.notes) is not runs
            assert happened.count("b ends") == 1


@pytest.mark.parametrize("new", ["1 / 0", living("new", start="await gate.wait()")], ids=["failed", "starting"])
async def test_what_has_waited_is_not_for_old_code_that_cannot_start_again(sqlite_url, tmp_path, new, monkeypatch):
    monkeypatch.setattr(reloader, "_GRACE", 0.1)
    store = "from services.data_store import SimpleStore\nstore = SimpleStore()\n"
    waits = "if happened.count('old begins') == 2: await gate.wait()"
    old = living("old", to="ho", before=store, start=waits) + answering("store.setdefault('said', 'old')")
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": old}) as bot:
        reloading = asyncio.create_task(bot.reload({"a.py": new}))
        await until(lambda: happened[-1] == "new begins" or happened.count("old begins") == 2)
        said = asyncio.create_task(bot.say("hi"))
        await asyncio.sleep(0)
        await bot.reloader.break_off()
        with pytest.raises(ModuleError, match="broken off"):
            await reloading
        assert happened.count("old begins") == 2
        assert await said == []
