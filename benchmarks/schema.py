"""How long a start takes whose 500 tables are as they should be, and Alembic's own comparison of the same beside it."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING

from benchmarks.bots import AHA, write_bot
from benchmarks.programs import seconds_to, told
from benchmarks.rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.programs import Command

MODULES, TABLES = 100, 5
EACH = f"{MODULES} modules × {TABLES} tables"
ALLOWED = 0.3

HEAD = """
from datetime import datetime

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import dbBase
"""
TABLE = """

class NoteMODULE_NUMBER(dbBase):
    __tablename__ = "note_MODULE_NUMBER"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user: Mapped[int] = mapped_column(BigInteger, index=True)
    name: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime | None]
    data: Mapped[str] = mapped_column(Text, default="")
"""

# Imports the files as a bot does, each as a module, so that its tables are those that the bot has made.
COMPARE = """
import asyncio
import importlib
import sys
import time

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

import ours
from core.context import Module, entered
from core.database import close_database, db_engine, open_database
from core.database.base import metadata


def compare(connection):
    start = time.perf_counter()
    differences = compare_metadata(MigrationContext.configure(connection), metadata)
    seconds = time.perf_counter() - start
    assert not differences, differences[:3]
    print("seconds", seconds, flush=True)


async def on_our_driver():
    await open_database(url)
    async with db_engine.connect() as connection:
        await connection.run_sync(compare)
    await close_database()


url, *names = sys.argv[1:]
sys.path.insert(0, "modules")
for name in names:
    with entered(Module(name)):
        importlib.import_module(name)
if url.startswith("sqlite"):
    with create_engine(url).connect() as connection:  # Python's own driver is the faster one for many small queries
        compare(connection)
else:
    asyncio.run(on_our_driver())
"""

HOW = f"""\
The {EACH} have five columns and an index each. Alembic's time is that of `compare_metadata` alone, of the
same metadata with the same database, in a process that has imported everything: on SQLite with Python's own driver, on
PostgreSQL with asyncpg. A start that used it would take at least that much longer than an empty start and the bare
import."""


def prepare(database: str, folder: Path, *, url: str, ours: Sequence[str], bare: str) -> dict[str, Callable[[], float]]:
    """Write a bot's folder; return what is timed on this database, each in seconds. A first start makes the tables.

    `ours` are our own modules that a bot imports, `bare` is the program that imports files; `url` "" is the bot's file.
    """
    modules = {f"notes_{number:03}": _code(number) for number in range(MODULES)}
    write_bot(folder, modules, url=url)
    (folder / "ours.py").write_text("".join(f"import {name}\n" for name in ours))
    (folder / "bare.py").write_text(bare)
    (folder / "compare.py").write_text(COMPARE)
    files: Command = [sys.executable, "bare.py", *modules]
    compare: Command = [sys.executable, "compare.py", url or "sqlite:///data/aha.db", *modules]
    return {
        f"{database} tables": lambda: seconds_to(f"ready: {MODULES} modules", AHA, folder),
        f"{database} files": lambda: float(told("seconds", files, folder)),
        f"{database} Alembic": lambda: float(told("seconds", compare, folder)),
    }


def _code(module: int) -> str:
    """The code of a module with its tables."""
    named = TABLE.replace("MODULE", f"{module:03}")
    return HEAD + "".join(named.replace("NUMBER", str(number)) for number in range(TABLES))


def rows(database: str, empty: str, samples: Sequence[Mapping[str, float]]) -> Iterator[Row]:
    """The rows for this database; `empty` is what the start of an empty bot is called in `samples`."""
    files, alembic = (statistics.median(s[f"{database} {what}"] for s in samples) for what in ("files", "Alembic"))
    ours = tuple(sample[f"{database} tables"] for sample in samples)
    yield Row(
        what=f"{EACH} to ready, nothing changed, {database}",
        against=f"empty start + 1.3 × bare import of the files ({files:.2f} s)",
        ours=ours,
        peer=tuple(sample[empty] + 1.3 * sample[f"{database} files"] for sample in samples),
        unit="seconds",
        allowed=ALLOWED,
    )
    yield Row(
        what=f"{EACH} to ready, nothing changed, {database}",
        against=f"empty start + bare import + Alembic's comparison ({alembic:.2f} s)",
        ours=ours,
        peer=tuple(sample[empty] + sample[f"{database} files"] + sample[f"{database} Alembic"] for sample in samples),
        unit="seconds",
    )
