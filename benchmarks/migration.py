"""What a rebuild of a large SQLite table costs, against the bare INSERT ... SELECT of the same rows; and its memory."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, Table, Text

from benchmarks.rows import Row, Section
from core.database import close_database, db_engine, open_database
from core.migration.casts import cast as casts
from core.migration.kept.table import kept_table
from core.migration.lock import take_write_lock
from core.migration.planner.plan import make_plan
from core.migration.run import carry_out, surrounded
from core.migration.schema.read import read_tables
from core.migration.schema.scratch import wanted_tables
from core.migration.sqlite import script as apply_sqlite
from core.migration.steps import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    Work = Callable[[], None]

ROWS, FEW_ROWS = 1_000_000, 100_000
ALLOWED = 0.334  # at most three times as long

HOW = f"""{ROWS:,} rows of a key, a text, a number as text and a float, in a new SQLite file, as a bot opens it. Ours
is what a migration runs once it is planned: keep what does not convert, build the table anew, check foreign keys,
commit. The other is `INSERT INTO copy SELECT * FROM notes` and its commit, into a table of the old form. Rows per
second, the two in turns, after a round that does not count."""

FORM = "(id INTEGER PRIMARY KEY, data TEXT NOT NULL, number TEXT, share FLOAT)"
FILL = """INSERT INTO notes WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT :rows)
SELECT i, 'a short text, number ' || i, CAST(i * 7 AS TEXT), i / 3.0 FROM n"""


def notes(*columns: Column[Any]) -> Table:
    return Table("notes", MetaData(), Column("id", Integer, primary_key=True), *columns, Column("share", Float))


# What the new release declares, by what it is an example of.
MODELS = {
    "a column may be NULL, another is new and NOT NULL": notes(
        Column("data", Text),
        Column("number", Text),
        Column("done", Boolean, nullable=False, default=False),
    ),
    "a text becomes a number": notes(Column("data", Text, nullable=False), Column("number", Integer)),
}


def measure(rounds: int) -> Section:
    """Return what was found; whatever the migration raises is raised."""
    rows = []
    for what in MODELS:
        ours, peer, _ = in_fresh_process(what, rounds, ROWS)
        rows.append(
            Row(
                what=f"rebuild: {what}",
                against="bare INSERT … SELECT",
                ours=tuple(ROWS / seconds for seconds in ours),
                peer=tuple(ROWS / seconds for seconds in peer),
                unit="per second",
                allowed=ALLOWED,
            )
        )
    last = list(MODELS)[-1]
    few, many = (in_fresh_process(last, 1, number)[2] for number in (FEW_ROWS, ROWS))
    memory = (
        f"Peak memory of a process that does nothing else: {few} MB with {FEW_ROWS:,} rows, {many} MB with {ROWS:,}"
    )
    return Section("Migration", HOW, tuple(rows), (memory,))


def in_fresh_process(what: str, rounds: int, rows: int) -> tuple[list[float], list[float], int]:
    """Return the seconds of ours and of the peer, and the peak memory of a process that did nothing else, in MB."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(compare, what, rounds, rows).result()


def compare(what: str, rounds: int, rows: int) -> tuple[list[float], list[float], int]:
    with TemporaryDirectory() as name:
        ours, peer = asyncio.run(run(Path(name), MODELS[what], rounds, rows))
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return ours, peer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


async def run(folder: Path, model: Table, rounds: int, rows: int) -> tuple[list[float], list[float]]:
    ours, peer = [], []
    works = ((ours, lambda connection: rebuild(connection, model)), (peer, copy))
    for number in range(rounds + 1):
        for seconds, prepared in works if number % 2 else reversed(works):
            seconds.append(await seconds_of(prepared, folder, rows))
    return ours[1:], peer[1:]


async def seconds_of(prepared: Callable[[Connection], Work], folder: Path, rows: int) -> float:
    """How long the work takes that is `prepared`, on a new file with all rows."""
    await open_database(f"sqlite:///{folder}/bot.db")
    try:
        async with db_engine.connect() as connection:
            await connection.run_sync(prepare, rows)
            return await connection.run_sync(timed, prepared)
    finally:
        await close_database()
        empty(folder)


def empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def timed(connection: Connection, prepared: Callable[[Connection], Work]) -> float:
    work = prepared(connection)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def prepare(connection: Connection, rows: int) -> None:
    for name in ("notes", "copy"):
        connection.exec_driver_sql(f"CREATE TABLE {name} {FORM}")
    kept_table.create(connection)
    connection.exec_driver_sql(FILL.replace(":rows", str(rows)))
    connection.commit()
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.rollback()


def copy(connection: Connection) -> Work:
    def work() -> None:
        connection.exec_driver_sql("INSERT INTO copy SELECT * FROM notes")
        connection.commit()

    return work


def rebuild(connection: Connection, model: Table) -> Work:
    def work() -> None:
        with surrounded(connection, [script]):
            take_write_lock(connection)
            carry_out(connection, script, unit.wanted)
            connection.commit()

    casts.prepare(connection)
    wanted = wanted_tables(connection, [model], {}, {})
    (unit,) = make_plan(connection, wanted, read_tables(connection), {}, phase=Phase.EXPAND)
    script = apply_sqlite.script(connection, unit, Phase.EXPAND)
    connection.rollback()
    return work
