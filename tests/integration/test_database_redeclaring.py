"""Mapped classes that are replaced while the database is open: rows are the same for the old ones and the new ones."""

from __future__ import annotations

import gc
import weakref

from sqlalchemy import Text, select
from sqlalchemy.orm import Mapped, configure_mappers, mapped_column

from core.context import entered
from core.database import db_engine, db_sessionmaker, dbBase, metadata
from utils.sqlalchemy import upsert


def declare(record):
    """The code of a module: a class that is the same whenever it is declared."""
    with entered(record):

        class Note(dbBase):
            __tablename__ = "note"
            id: Mapped[int] = mapped_column(primary_key=True)
            text: Mapped[str] = mapped_column(Text)

    configure_mappers()
    return Note


async def create():
    async with db_engine.begin() as connection:
        await connection.run_sync(metadata.create_all, [metadata.tables["note__m"]])


async def write(cls, number):
    """Store a row in each of the ways that there are, and read all."""
    async with db_sessionmaker() as session:
        session.add(cls(id=number, text="added"))
        await session.execute(upsert(cls, id=-number, text="upserted"))
        await session.commit()
        (await session.get(cls, number)).text = "changed"
        await session.commit()
        return sorted(await session.scalars(select(cls.id)))


async def test_a_class_that_was_put_back_after_its_successor_failed_works_as_before(module, database):
    record = module("m")
    old = declare(record)
    await create()
    await write(old, 1)
    async with db_sessionmaker() as session:
        held = await session.get(old, 1)
    taken = record.take_back()
    new = declare(record)
    assert await write(new, 2) == [-2, -1, 1, 2]
    record.take_back().end()
    taken.put_back()
    assert await write(old, 3) == [-3, -2, -1, 1, 2, 3]
    async with db_sessionmaker() as session:
        session.add(held)
        held.text = "held all the while"
        await session.commit()
        assert (await session.get(old, 1)).text == "held all the while"


async def test_a_session_that_was_open_all_the_while_goes_on_with_a_class_that_stays(module, database):
    record = module("m")
    with record.keeping(kept=True):
        kept = declare(record)
    await create()
    async with db_sessionmaker() as session:
        session.add(kept(id=1, text="added"))
        record.take_back().end()
        await session.commit()
        assert (await session.get(kept, 1)).text == "added"


async def test_what_was_used_with_the_database_is_forgotten_at_its_end(module, database):
    record = module("m")
    old = declare(record)
    await create()
    await write(old, 1)
    gone = [weakref.ref(old), weakref.ref(old.__mapper__), weakref.ref(old.__table__)]
    taken = record.take_back()
    new = declare(record)
    await write(new, 2)
    taken.end()
    del old
    gc.collect()
    assert [reference() for reference in gone] == [None, None, None]
    assert await write(new, 3) == [-3, -2, -1, 1, 2, 3]
