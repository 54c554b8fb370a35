"""Forks a process for each start of a bot that it is told of, so that starts are cheap and may die. Run with -m.

A job is a line of JSON on its input, a line of JSON on its output says how each of the job's processes ended:

* `modules`, `database`: what is started. `count`: how many processes start at once, 1 if it is left out.
* `point`: at which point of the migration something happens, and `what`: "kill" (the process kills itself, signal 9),
  "disconnect" (the server ends the connection), "stop" (the server with the process number `server` ends at once).
  Without a point the process ends well and says how many there were.
* `limit`: files may not grow beyond so many bytes. `user`: the number of the user that the process becomes.

Points lie before and after each statement that writes, and before and after each commit.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

import core.migration.work  # noqa: F401 - a start imports it late; here once for all
from aha.testing import running_bot
from core.database.sqlite import writes

if TYPE_CHECKING:
    from collections.abc import Callable


class Points:
    """Counts the points of a start, and lets happen at one of them what the job says."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.passed = 0
        self.backend: int | None = None  # process number of the server's side of the connection

    def listen(self) -> None:
        """Hear of everything that changes a database."""
        event.listen(Engine, "before_cursor_execute", self.statement)
        event.listen(Engine, "after_cursor_execute", self.statement)
        commit = DefaultDialect.do_commit

        def do_commit(dialect: Any, connection: Any) -> None:
            self.reach()
            commit(dialect, connection)
            self.reach()

        DefaultDialect.do_commit = do_commit

    def statement(self, connection: Any, _: Any, statement: str, *__: Any) -> None:
        """A statement is about to run, or has run."""
        if connection.dialect.name == "postgresql":
            self.backend = connection.connection.driver_connection.get_server_pid()
        if writes(statement) and "aha_probe" not in statement:
            self.reach()

    def reach(self) -> None:
        """Be at the next point."""
        self.passed += 1
        if self.passed == self.job.get("point"):
            {"kill": self.kill, "disconnect": self.disconnect, "stop": self.stop}[self.job["what"]]()

    def kill(self) -> None:
        """End without another instruction."""
        os.kill(os.getpid(), signal.SIGKILL)

    def disconnect(self) -> None:
        """Let the server end the connection that is in use."""
        in_thread(lambda: asyncio.run(terminate(self.job["database"], self.backend)))

    def stop(self) -> None:
        """Let the whole server end as if it had crashed."""
        os.kill(self.job["server"], signal.SIGQUIT)
        with suppress(ProcessLookupError):
            for _ in count():
                os.kill(self.backend, 0)


def in_thread(work: Callable[[], object]) -> None:
    """Do it in a thread, since this one runs an event loop already."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


async def terminate(database: str, backend: int | None) -> None:
    """Ask the server to end a connection, and wait until it has."""
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT pg_terminate_backend($1, 10000)", backend)
    await connection.close()


async def start(job: dict[str, Any]) -> dict[str, str]:
    """Start the bot and stop it; return the modules that are off and why."""
    async with running_bot(modules=job["modules"], database=job["database"], strict=False) as bot:
        return {name: str(error) for name, error in bot.failures.items()}


def carry_out(job: dict[str, Any]) -> dict[str, Any]:
    """Do the job in this process."""
    logging.disable()
    points = Points(job)
    points.listen()
    if "limit" in job:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"], job["limit"]))
    if "user" in job:
        os.setuid(job["user"])
    try:
        failures = asyncio.run(start(job))
    except Exception as error:  # noqa: BLE001 - the test wants to know
        return {"error": f"{type(error).__name__}: {error}", "points": points.passed}
    return {"failures": failures, "points": points.passed}


def fork(job: dict[str, Any]) -> tuple[int, int]:
    """Start a process for the job; return its number, and the file on which it will say how it ended."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.write(write, json.dumps(carry_out(job)).encode())
        os._exit(0)
    os.close(write)
    return child, read


def result(child: int, read: int) -> dict[str, Any]:
    """Wait for a process, and return how it ended."""
    with os.fdopen(read, "rb") as said:
        text = said.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"status": status, **(json.loads(text) if text else {})}


def main() -> None:
    """Do the jobs until there are no more."""
    for line in sys.stdin:
        job = json.loads(line)
        children = [fork(job) for _ in range(job.get("count", 1))]
        print(json.dumps([result(*child) for child in children]), flush=True)


if __name__ == "__main__":
    main()
