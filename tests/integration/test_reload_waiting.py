"""A reload that has to wait for another process: for a while, and then the old code goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from aha.reload import reloader
from core.database import patience, sqlite
from core.migration import lock
from models.exc import ModuleError
from tests.reloaded_bot import answering, happened, living, reloaded_bot, until

TABLE = """
from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column
from core.database import dbBase

class Note(dbBase):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    {column}: Mapped[str] = mapped_column(Text, default="")
"""


def noting(name, *, column):
    return living(name, before=TABLE.format(column=column))


@asynccontextmanager
async def migrated_by_another(url):
    """Have another process do with the database what keeps everybody else from changing tables."""
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.partition("///")[2], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.close()
    else:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        async with lock.one_process(engine):
            yield
        await engine.dispose()


@pytest.fixture
def impatient(monkeypatch, caplog):
    """Wait for nobody for long."""
    monkeypatch.setattr(sqlite, "_BUSY_TIMEOUT", 20)
    monkeypatch.setattr(patience, "_SECONDS", 0.01)
    caplog.set_level("INFO", logger="core.database.patience")
    return caplog


async def waits(log):
    log.clear()  # a start may wait for a moment, too
    await until(lambda: "another process is migrating this database; waiting for it" in log.messages)


async def test_for_a_while_then_the_old_code_goes_on(database_url, tmp_path, impatient, monkeypatch):
    monkeypatch.setattr("aha.reload.unit.LONGEST_START", 0.3)
    async with reloaded_bot(tmp_path, database_url, {"a.py": noting("old", column="text")}) as bot:
        async with migrated_by_another(database_url):
            reloading = asyncio.create_task(bot.reload({"a.py": noting("new", column="more")}))
            await waits(impatient)
            said = asyncio.create_task(bot.say("hi"))
            outcome = await reloading
            assert outcome.failed["a"] == (
                "was not reloaded, the old code goes on: it failed to have its tables: another process has kept the "
                "database locked for 0.3 s: let it end what it writes, or end it, and try again"
            )
            assert await said == ["old"]
        assert happened == ["old begins", "old ends", "old begins"]
        assert (await bot.reload()).ok
        assert await bot.say("hi") == ["new"]


async def test_until_the_other_one_is_done(database_url, tmp_path, impatient):
    async with reloaded_bot(tmp_path, database_url, {"a.py": noting("old", column="text")}) as bot:
        async with migrated_by_another(database_url):
            reloading = asyncio.create_task(bot.reload({"a.py": noting("new", column="more")}))
            await waits(impatient)
            said = asyncio.create_task(bot.say("hi"))
        assert (await reloading).ok
        assert await said == ["new"]


async def test_until_it_is_broken_off_which_takes_a_moment(sqlite_url, tmp_path, impatient, monkeypatch):
    monkeypatch.setattr(sqlite, "_BUSY_TIMEOUT", 5000)
    monkeypatch.setattr(reloader, "_GRACE", 0.1)
    before = connections()
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": noting("old", column="text")}) as bot:
        others = asyncio.all_tasks()
        async with migrated_by_another(sqlite_url):
            reloading = asyncio.create_task(bot.reload({"a.py": noting("new", column="more")}))
            await waits(impatient)
            async with asyncio.timeout(2):
                await bot.reloader.break_off()
                with pytest.raises(ModuleError, match="broken off"):
                    await reloading
                await cancelled(asyncio.all_tasks() - others)
                assert await bot.say("hi") == ["old"]
    await until(lambda: connections() <= before)  # what SQLite was asked it answers now


@pytest.mark.parametrize(("name", "answers"), [("a", ["old"]), ("b", [])], ids=["old code", "new modules"])
async def test_what_has_waited_is_answered_by_code_that_has_started_when_it_is_broken_off(
    database_url, tmp_path, impatient, name, answers
):
    store = "from services.data_store import SimpleStore\nstore = SimpleStore()\n"
    code = store + TABLE.format(column="text") + answering("store.setdefault('said', 'old')")
    async with reloaded_bot(tmp_path, database_url, {"a.py": code} if answers else {}) as bot:
        async with migrated_by_another(database_url):
            reloading = asyncio.create_task(bot.reload({f"{name}.py": code.replace("text", "more")}))
            await waits(impatient)
            said = asyncio.create_task(bot.say("hi"))
            await asyncio.sleep(0)
            await bot.reloader.break_off()
            with pytest.raises(ModuleError, match="broken off"):
                await reloading
            assert await said == answers
        assert list(bot.loader.loaded) == (["a"] if answers else [])


def connections():
    """The threads of connections to SQLite."""
    return {thread for thread in threading.enumerate() if thread.daemon}


async def cancelled(tasks):
    """Do with tasks what the end of a process does with those that are left."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
