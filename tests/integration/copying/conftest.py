"""Two databases of different kinds, and releases of modules for them."""

from __future__ import annotations

import pytest
from sqlalchemy import Table

from core.context import entered
from core.database import close_database, metadata


@pytest.fixture
def release(module):
    """Declares a release of a module: its tables, by name the columns. The one before of the same name is dropped."""
    running = {}

    def declare(name, **tables):
        if name in running:
            running.pop(name).drop()
        if not tables:
            return None
        record = running[name] = module(name)
        with entered(record):
            for table, columns in tables.items():
                Table(table, metadata, *columns)
        return record

    return declare


@pytest.fixture(autouse=True)
async def closes(sqlite_url, postgres_url):
    yield
    await close_database()


@pytest.fixture(params=["sqlite to postgresql", "postgresql to sqlite"])
def urls(request, sqlite_url, postgres_url):
    """From where to where."""
    return (sqlite_url, postgres_url) if request.param.startswith("sqlite") else (postgres_url, sqlite_url)
