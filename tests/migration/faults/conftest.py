"""What the fault tests share: processes, places for databases, and the stories that are disturbed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from tests.migration.faults.places import FAULTS, Files, Scene, Server, Starts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def starts() -> Iterator[Starts]:
    """Starts of bots in processes of their own."""
    starts = Starts()
    yield starts
    starts.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files | Server]:
    """Where databases are made, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        yield Files(tmp_path)
        return
    server = Server(request.getfixturevalue("postgres"))
    yield server
    server.close()


@pytest.fixture
def scene(place: Files | Server, tmp_path: Path) -> Callable[[str], Coroutine[Any, Any, Scene]]:
    """Plays a story, `file:name` as in `scenarios`, up to its second release."""

    def begin(name: str) -> Coroutine[Any, Any, Scene]:
        file, _, wanted = name.partition(":")
        stories = import_module(f"tests.migration.scenarios.{file}").STORIES
        [story] = [story for story in stories if story.name == wanted]
        return Scene(story, place, tmp_path).begin()

    return begin


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that started this one, if the tests are shared out, how many faults were survived here."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["faults"] = dict(FAULTS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a process to which tests were shared out has counted."""
    FAULTS.update(getattr(node, "workeroutput", {}).get("faults", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many faults were survived, for docs/faults.md."""
    for fault, times in sorted(FAULTS.items()):
        terminalreporter.write_line(f"survived: {fault}: {times}")
