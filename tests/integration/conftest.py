"""What tests with real databases share beside `tests/conftest.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from core.database import db_engine, transition

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def statements(database: str) -> list[str]:
    """The statements that the engine runs from now on."""
    seen: list[str] = []
    event.listen(db_engine.sync_engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    return seen


@pytest.fixture
def forgets() -> Iterator[None]:
    """What is told of a migration in a test is no longer so after it."""
    yield
    transition.tell({}, {})
