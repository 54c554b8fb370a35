"""A start that finds everything as it should be loads nothing that only a migration needs."""

import subprocess
import sys

START = """
import asyncio
import sys

import aha.serve
from core.database import close_database, open_database
from core.migration.start import expand, settle


async def start():
    await open_database(sys.argv[1])
    await expand([])
    await settle([])
    await close_database()


asyncio.run(start())
print(*sys.modules)
"""
ONLY_TO_MIGRATE = {
    f"core.migration.{name}" for name in ("work", "planning", "casts", "steps", "ledger.records", "report")
}


def test_only_the_start_that_makes_the_tables_loads_what_makes_them(tmp_path):
    def loaded():
        command = [sys.executable, "-c", START, f"sqlite:///{tmp_path}/bot.db"]
        names = set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
        return names & ONLY_TO_MIGRATE, "alembic" in names

    assert loaded() == (ONLY_TO_MIGRATE, False)
    assert loaded() == (set(), False)
