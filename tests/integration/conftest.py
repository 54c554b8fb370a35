"""What tests with real databases share beside `tests/conftest.py`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from core.database import db_engine, transition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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


@pytest.fixture
def theirs() -> Iterator[Callable[[str], type]]:
    """Makes the Python module of a module of the bot, or of a package, with a class `Thing` in it."""
    made: list[str] = []

    def make(name: str) -> type:
        python = ModuleType(name)
        exec(
            "class Thing:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): return self.n == o.n",
            vars(python),
        )
        python.Thing.__module__ = name
        sys.modules[name] = python
        made.append(name)
        return python.Thing

    yield make
    for name in made:
        sys.modules.pop(name, None)
