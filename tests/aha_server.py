"""Forks an `aha` for each connection to a socket, so that many of them pay for their imports once.

It is given the path of the socket, and ends with its own input. Run as a file, so that nothing of the tests is in
the way. What it forks is as if it had been started: its own number, files, folder and environment; see `aha_client`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
from pathlib import Path

from aha.cli import main

STREAMS = 3


def import_all() -> None:
    """Import what any command may import later: our packages, and what SQLAlchemy chooses by the database's URL."""
    for package in ("aha.commands", "bots", "core", "services"):
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(found.name)
    for name in ("aha.serve", "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql.asyncpg"):
        importlib.import_module(name)


class Server:
    """The socket, and who is waiting for the end of which process."""

    def __init__(self, path: str) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.waiting: dict[int, socket.socket] = {}
        signal.signal(signal.SIGCHLD, self.tell)

    def tell(self, *_: object) -> None:
        """Tell how those ended that have ended."""
        while self.waiting:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            with self.waiting.pop(process) as connection:
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))

    def run(self) -> bool:
        """Fork for whoever asks; True in the process that has been forked, False when the input has ended."""
        while True:
            ready, _, _ = select.select([self.listener, 0], [], [])
            if self.listener not in ready:
                self.listener.close()
                return False
            connection, _ = self.listener.accept()
            if self.fork(connection):
                return True

    def fork(self, connection: socket.socket) -> bool:
        """Read what is wanted and fork; True in the new process."""
        _, streams, _, _ = socket.recv_fds(connection, 1, STREAMS)
        with connection.makefile("rb") as said:
            job = json.loads(said.readline())
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # until it is known who waits
        process = os.fork()
        if not process:
            self.become(job, streams)
            connection.close()
        else:
            self.waiting[process] = connection
            connection.sendall(b"%d\n" % process)
        for stream in streams:
            os.close(stream)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        return not process

    def become(self, job: dict[str, object], streams: list[int]) -> None:
        """Be the process that was asked for."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.listener.close()
        for connection in self.waiting.values():
            connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(job["folder"])
        os.environ.clear()
        os.environ.update(job["env"])
        sys.argv = job["command"]
        sys.path[0] = str(Path(sys.executable).parent)


if __name__ == "__main__":
    import_all()
    gc.freeze()  # so that the end of a process does not look for garbage in all of this, and copies none of it
    server = Server(sys.argv[1])
    print("ready", flush=True)
    if server.run():
        main()
