"""A bot that is told to stop before it is ready, while another process has its SQLite database: it waits no longer."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from time import monotonic

import pytest

# SQLite itself would wait half a minute.
SOON = 12.0
NOTES = """
    import asyncio
    from pathlib import Path

    from sqlalchemy.orm import Mapped, mapped_column

    from core.database import db_sessionmaker, dbBase
    from core.dispatcher import on_start


    class Note(dbBase):
        __tablename__ = "note"

        id: Mapped[int] = mapped_column(primary_key=True)


    @on_start
    async def begin():
        print("starting", flush=True)
        while not Path("go").exists():
            await asyncio.sleep(0.01)
        async with db_sessionmaker() as session:
            session.add(Note())
            print("writing", flush=True)
            await session.commit()
"""


@pytest.fixture
def locked(folder):
    """Keep others from writing, as another process would."""
    with closing(sqlite3.connect(folder / "data" / "aha.db", isolation_level=None)) as other:

        def lock():
            other.execute("BEGIN IMMEDIATE")

        yield lock


@pytest.fixture
def used_before(write, run, folder):
    """Have a database in which the module has its table, and a row."""
    write({"notes.py": NOTES})
    (folder / "go").touch()
    assert run("run").code == 0
    (folder / "go").unlink()


def ends_soon(process):
    began = monotonic()
    assert process.end(signal.SIGTERM) == 0, process.err
    assert monotonic() - began < SOON, process.err
    assert "Traceback" not in process.err


def test_while_the_database_is_opened(used_before, start, locked):
    locked()
    process = start("run")
    process.wait_for("another process is migrating this database; waiting for it")
    ends_soon(process)


def test_while_a_module_writes_when_it_starts(used_before, start, locked, folder):
    process = start("run")
    process.wait_for("starting", stream="out")
    locked()
    (folder / "go").touch()
    process.wait_for("writing", stream="out")
    ends_soon(process)
