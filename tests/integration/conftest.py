"""What tests with real databases share beside `tests/conftest.py`."""

from __future__ import annotations

import shutil
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from core.database import db_engine, transition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def copy_database(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Callable[[], str]:
    """Copies the database of the test as it is, closed; returns the URL of the copy."""

    def copy() -> str:
        if database_url.startswith("sqlite"):
            target = tmp_path / f"copy{len(list(tmp_path.glob('copy*.db')))}.db"
            shutil.copy(tmp_path / "test.db", target)
            return f"sqlite:///{target}"
        postgres = request.getfixturevalue("postgres")
        url: str = postgres.create(template=database_url)
        request.addfinalizer(lambda: postgres.drop(url))
        return url

    return copy


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
