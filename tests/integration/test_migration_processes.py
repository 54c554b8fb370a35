"""Several processes start at once on the same database: one migrates, the others wait and find nothing to do."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import text

from core.database import close_database, db_engine, open_database
from core.migration.ledger import records as ledger

RELEASES = {
    1: 'Column("id", Integer, primary_key=True), Column("text", Text)',
    2: 'Column("id", Integer, primary_key=True), Column("text", Text), Column("n", Integer, nullable=False, default=7)',
}

PROGRAM = """
    import asyncio, json, logging, sys
    from sqlalchemy import Column, Integer, Table, Text
    from core.context import Module, entered
    from core.database import close_database, metadata, open_database
    from core.migration.start import expand, settle

    async def main(url):
        modules = [Module("m%d" % n) for n in range(3)]
        for module in modules:
            with entered(module):
                Table("note", metadata, {columns})
        print("ready", flush=True)
        sys.stdin.readline()
        await open_database(url, synchronous="off")
        outcome = await expand(modules)
        settled = await settle(modules)
        await close_database()
        names = [name for unit in (*outcome.units, *settled.units) for name in unit.modules]
        print(json.dumps([names, [repr(error) for error in outcome.failures.values()]]))

    asyncio.run(main(sys.argv[1]))
"""


def start_all(url, release, count):
    """Start as many processes at the same moment; return which modules each has migrated."""
    code = textwrap.dedent(PROGRAM).replace("{columns}", RELEASES[release])
    with ExitStack() as stack:
        running = [stack.enter_context(started(code, url)) for _ in range(count)]
        for process in running:
            assert process.stdout.readline() == "ready\n"
        for process in running:
            process.stdin.write("\n")
            process.stdin.flush()
        found = []
        for process in running:
            out, err = process.communicate(timeout=100)
            assert process.returncode == 0, err
            migrated, failures = json.loads(out)
            assert failures == []
            found.append(migrated)
        return found


@contextmanager
def started(code, url):
    command = [sys.executable, "-c", code, url]
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("count", [2, pytest.param(8, marks=pytest.mark.faults)])
async def test_each_unit_is_migrated_by_one_of_them(database_url, count):
    for release in RELEASES:
        done = start_all(database_url, release, count)
        assert sorted(name for names in done for name in names if name) == ["m0", "m1", "m2"]
        await open_database(database_url)
        async with db_engine.begin() as connection:
            rows = [tuple(row) for row in await connection.execute(text("SELECT * FROM note__m1"))]
            if release == 1:
                await connection.execute(text("INSERT INTO note__m1 VALUES (1, 'hello')"))
            entries = await connection.run_sync(ledger.history, ["aha_history"])
        await close_database()
        assert len([entry for entry in entries if entry.modules != ("",)]) == 3 * release
        assert rows == ([] if release == 1 else [(1, "hello", 7)])
