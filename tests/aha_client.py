"""Asks `aha_server` for a process and knows how it ends. It imports nothing of ours: run as a file, it is an `aha`."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

ADDRESS = "AHA_CLIENT_SERVER"
"""The environment variable that tells where the server is, to an `aha` that is this file."""


class Forked:
    """A process of the server; it is used as a `subprocess.Popen`."""

    def __init__(
        self, server: str, command: list[str], *, folder: Path, env: dict[str, str], streams: list[int]
    ) -> None:
        self.returncode: int | None = None
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self.stderr: IO[str] | None = None
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(server)
        socket.send_fds(self._socket, [b"+"], streams)
        self._socket.sendall(json.dumps({"command": command, "folder": str(folder), "env": env}).encode() + b"\n")
        self._said = self._socket.makefile("rb", buffering=0)
        self.pid = int(self._said.readline())

    @classmethod
    def piped(cls, server: str, command: list[str], *, folder: Path, env: dict[str, str], stdin: int) -> Forked:
        """One whose output can be read, and whose input is `stdin`, or can be written if that is PIPE."""
        inputs = os.pipe() if stdin == subprocess.PIPE else (os.dup(stdin), None)
        pipes = [inputs, os.pipe(), os.pipe()]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        process = cls(server, command, folder=folder, env=env, streams=theirs)
        for stream in theirs:
            os.close(stream)
        process.stdin = None if inputs[1] is None else open(inputs[1], "w", encoding="utf-8")  # noqa: SIM115, PTH123
        process.stdout, process.stderr = (open(pipe[0], encoding="utf-8") for pipe in pipes[1:])  # noqa: SIM115, PTH123
        return process

    def poll(self) -> int | None:
        """Its exit code, None if it has not ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, at most so many seconds, and return its exit code."""
        if self.returncode is None:
            if not select.select([self._said], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            self.returncode = int(self._said.readline())
            self._said.close()
            self._socket.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def main() -> int:
    """Be an `aha` in a shell."""
    env = dict(os.environ)
    process = Forked(env.pop(ADDRESS), sys.argv, folder=Path.cwd(), env=env, streams=[0, 1, 2])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: process.send_signal(number))
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
