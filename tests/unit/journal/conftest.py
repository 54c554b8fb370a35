"""Journals of a test's own."""

from __future__ import annotations

import pytest

from services.data_store.journal import Journal
from tests.unit.journal.records import SMALL


@pytest.fixture
def no_waiting_for_the_disk(monkeypatch):
    """Here nobody cuts the power."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(f"os.{name}", lambda fd: None)


@pytest.fixture
def opened(tmp_path, no_waiting_for_the_disk):
    """Opens the journal of this test, again and again; those that are open at the end are closed."""
    journals = []

    def open_(folder=tmp_path / "store", **options):
        journals.append(Journal.open(folder, **{"database": "here", "segment_bytes": SMALL} | options))
        return journals[-1]

    yield open_
    for journal in journals:
        journal.close()
