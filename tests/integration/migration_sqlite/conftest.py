"""The bot's SQLite database, in which values can be kept."""

from __future__ import annotations

import pytest

from core.database import close_database, open_database
from tests.integration.migration_sqlite.steps import KEPT, Database


@pytest.fixture
async def bot(sqlite_url: str):
    await open_database(sqlite_url)
    await Database().sql(*KEPT)
    yield Database()
    await close_database()
