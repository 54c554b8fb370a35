"""Releases of modules."""

from __future__ import annotations

import pytest
from sqlalchemy import Table

from core.context import entered
from core.database import metadata


@pytest.fixture
def release(module):
    """Declares a release of a module: its tables, by name the columns. The one before of the same name is dropped."""
    running = {}

    def declare(name, *, was=(), **tables):
        if name in running:
            running.pop(name).drop()
        record = running[name] = module(name)
        record.was = was
        with entered(record):
            for table, columns in tables.items():
                Table(table, metadata, *columns())
        return record

    return declare
