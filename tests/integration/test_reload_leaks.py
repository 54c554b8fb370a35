"""Nothing is left of code that was replaced, however often."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import mapperlib

from core.database.base import metadata
from core.dispatcher import dispatcher
from core.expr.sight import Sight
from models.api import Message
from models.msg import to_chain
from tests.reloaded_bot import reloaded_bot

TIMER = 0.1
"""Seconds after which the module's timers ring."""

FILES = {
    "a/__init__.py": """
        import asyncio, logging
        from dataclasses import dataclass
        from sqlalchemy import Column, ForeignKey, Index, Integer, Sequence, Table, Text, Enum, select
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        from core.config import cfg
        from core.database import db_sessionmaker, dbBase, metadata
        from core.dispatcher import on_cleanup, on_message, on_start
        from models.api import Message
        from modules import b
        from services.data_store import SimpleStore
        from utils.sqlalchemy import upsert
        from . import helper
        from .database import Shelf

        logger = logging.getLogger(__name__)
        store = SimpleStore()
        cfg.register("key", 7, "a key")

        @dataclass
        class Thing:
            n: int = 0

        class Book(dbBase):
            __tablename__ = "book"
            id: Mapped[int] = mapped_column(primary_key=True)
            kind: Mapped[str] = mapped_column(Enum("new", "old", name="kind"), default="new", index=True)
            shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelf.id"))
            shelf: Mapped[Shelf | None] = relationship("Shelf")
            authors: Mapped[list["Author"]] = relationship("Author", secondary="writes")

        class Author(dbBase):
            __tablename__ = "author"
            id: Mapped[int] = mapped_column(primary_key=True)

        writes = Table(
            "writes", metadata,
            Column("book", ForeignKey("book.id"), primary_key=True),
            Column("author", ForeignKey("author.id"), primary_key=True),
        )

        @on_message("hi")
        async def answer(event: Message):
            store.setdefault("thing", Thing()).n += 1
            async with db_sessionmaker() as session:
                session.add(Book(shelf=Shelf(), authors=[Author()]))
                await session.commit()
                book = (await session.scalars(select(Book).limit(1))).one()
                await session.execute(upsert(Author, id=1))
                await session.commit()
            asyncio.get_running_loop().call_later(0.1, timer)
            await event.reply(f"{type(book).__name__} {helper.cached(1)} {store['thing'].n}")

        def timer():
            answer

        async def forever():
            await asyncio.Event().wait()

        @on_start
        async def begin():
            asyncio.create_task(forever())

        @on_cleanup
        def end():
            pass
    """,
    "a/helper.py": """
        import functools, re, typing

        T = typing.TypeVar("T")

        class Generic(typing.Generic[T]):
            pass

        class Special(Generic[int]):
            pass

        @functools.lru_cache
        def cached(n):
            return n
    """,
    "a/database.py": """
        from sqlalchemy.orm import Mapped, mapped_column
        from core.database import dbBase

        class Shelf(dbBase):
            __tablename__ = "shelf"
            id: Mapped[int] = mapped_column(primary_key=True)
    """,
    "b.py": "def f():\n    pass\n",
}


SLACK = {"objects": 300, "threads": 2, "MB": 12}
"""How much more there may be however often: caches with a limit fill up, and threads that wait for work come."""


def counts() -> dict[str, int]:
    """How much there is of whatever a reload makes."""
    gc.collect()
    return {
        "objects": len(gc.get_objects()),
        "MB": memory(),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "mappers": sum(len(list(registry.mappers)) for registry in mapperlib._all_registries()),
        "tables": len(metadata.tables),
        "types and sequences": len(metadata._objects),
        "callbacks": len(dispatcher.registry.candidates(Sight(Message(event_type="private", message=to_chain("hi"))))),
        "handlers": len(logging.root.handlers),
        "loggers": len(logging.root.manager.loggerDict),
        "modules": len(sys.modules),
    }


def memory() -> int:
    """The memory of this process in MB; 0 where that is not known."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


@pytest.mark.parametrize("times", [30, pytest.param(500, marks=[pytest.mark.faults, pytest.mark.timeout(1800)])])
async def test_nothing_is_left_of_what_was_replaced(database_url, tmp_path, times, caplog):
    old: set[weakref.ref[Any]] = set()

    async def reload_and_say() -> None:
        assert (await bot.reload({}, "b")).reloaded == ("b", "a")
        assert (await bot.say("hi"))[0].startswith("Book 1 ")
        a = bot.code("a")
        things = [a, a.helper, a.answer, a.Thing, a.Book, a.Author, a.writes, a.helper.Special]
        old.update(weakref.ref(thing, old.discard) for thing in things)
        bot.calls.clear()
        caplog.clear()

    async with reloaded_bot(tmp_path, database_url, FILES) as bot:
        for _ in range(20):
            await reload_and_say()
        before = counts()
        for number in range(times):
            await reload_and_say()
            if not number % 10:
                gc.collect()  # as Python does now and then; else what is used at a time says little of what is left
        await asyncio.sleep(TIMER)
        after = counts()
        assert len(old) == 8, [ref() for ref in old]
        assert {what: count for what, count in after.items() if count > before[what] + SLACK.get(what, 0)} == {}
