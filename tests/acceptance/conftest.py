"""Real `aha` processes in real folders: forked from one that has imported everything, or started by themselves."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aha import logs
from aha.cli import main
from core.config import cfg
from tests import aha_client, aha_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AHA = Path(sys.executable).with_name("aha")
PATIENCE = 60.0


class Process:
    """A running `aha`: what it writes is collected line by line, and can be waited for."""

    def __init__(self, popen: subprocess.Popen[str] | aha_client.Forked) -> None:
        self.popen = popen
        self._text = {"out": "", "err": ""}
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("out", self.popen.stdout), ("err", self.popen.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: Any) -> None:
        for line in stream:
            with self._changed:
                self._text[name] += line
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def out(self) -> str:
        """Standard output so far."""
        return self._text["out"]

    @property
    def err(self) -> str:
        """Standard error so far."""
        return self._text["err"]

    def wait_for(self, pattern: str, *, stream: str = "err") -> re.Match[str]:
        """Wait until the pattern stands in what was written; fail if the process ends before."""
        with self._changed:
            while not (found := re.search(pattern, self._text[stream])):
                alive = any(reader.is_alive() for reader in self._readers)
                if not alive or not self._changed.wait(PATIENCE):
                    pytest.fail(f"no {pattern!r} on std{stream}:\n{self.out}\n{self.err}")
        return found

    def ready(self) -> Process:
        """Wait for the ready line."""
        self.wait_for(r"ready: ")
        return self

    def say(self, *lines: str) -> None:
        """Type lines."""
        self.popen.stdin.write("".join(f"{line}\n" for line in lines))
        self.popen.stdin.flush()

    def end(self, number: int | None = None) -> int:
        """Send a signal, or end its input if None, and return the exit code."""
        if number is not None:
            self.popen.send_signal(number)
        elif self.popen.stdin:
            self.popen.stdin.close()
        code = self.popen.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def close(self) -> None:
        """End it whatever it does."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGKILL)
            self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream:
                for reader in self._readers:
                    reader.join(PATIENCE)
                stream.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bot's folder with an empty folder of modules."""
    folder = tmp_path / "bot"
    (folder / "modules").mkdir(parents=True)
    return folder


@pytest.fixture
def write(folder: Path) -> Callable[..., None]:
    """Write files below modules/: path -> code."""

    def write(contents: dict[str, str]) -> None:
        for name, code in contents.items():
            path = folder / "modules" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(code), encoding="utf-8")

    return write


@pytest.fixture
def rows(folder: Path) -> Callable[..., list[Any]]:
    """Runs SQL on the bot's file and returns its rows."""

    def run_sql(sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        with closing(sqlite3.connect(folder / "data" / "aha.db", isolation_level=None)) as connection:
            return connection.execute(sql, parameters).fetchall()

    return run_sql


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of `aha_server`."""
    path = str(tmp_path_factory.mktemp("server") / "socket")
    command = [sys.executable, aha_server.__file__, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(), **pipes) as process, closing(process.stdin):
        assert process.stdout.readline() == b"ready\n"
        yield path


def environment(**env: str) -> dict[str, str]:
    """What an `aha` sees of the environment: nothing of ours, and warnings are errors."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AHA_")}
    return clean | {"PYTHONWARNINGS": "error"} | env


@pytest.fixture
def start(folder: Path, server: str) -> Iterator[Callable[..., Process]]:
    """Start `aha` with these arguments in the bot's folder; its input stays open.

    It is forked from one that has imported everything, unless `own` asks for an interpreter of its own.
    """
    started: list[Process] = []

    def start(*arguments: str, stdin: int = subprocess.PIPE, own: bool = False, **env: str) -> Process:
        command = [str(AHA), *arguments]
        if own or "PYTHONPATH" in env:
            streams = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            popen = subprocess.Popen(command, cwd=folder, env=environment(**env), encoding="utf-8", **streams)
        else:
            popen = aha_client.Forked.piped(server, command, folder=folder, env=environment(**env), stdin=stdin)
        process = Process(popen)
        started.append(process)
        return process

    yield start
    for process in started:
        process.close()


@pytest.fixture
def run(start: Callable[..., Process]) -> Callable[..., Process]:
    """Run `aha` to its end with this input and return it; `code` is its exit code."""

    def run(*arguments: str, text: str = "", own: bool = False, **env: str) -> Process:
        process = start(*arguments, own=own, **env)
        try:
            process.popen.stdin.write(text)
            process.popen.stdin.flush()
        except BrokenPipeError:
            pass
        process.code = process.end()
        return process

    return run


@pytest.fixture(scope="session")
def forked(tmp_path_factory: pytest.TempPathFactory, server: str) -> dict[str, str]:
    """The environment in which a shell's `aha` is one that is forked."""
    program = tmp_path_factory.mktemp("bin") / "aha"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {aha_client.__file__} "$@"\n')
    program.chmod(0o755)
    return {aha_client.ADDRESS: server, "PATH": f"{program.parent}:{AHA.parent}:{os.environ['PATH']}"}


@dataclass
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote for programs."""
        return json.loads(self.out)


@pytest.fixture
def aha(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ended]]:
    """Runs `aha` with these arguments in the bot's folder, in this process: there are many."""
    handlers = list(logging.root.handlers)
    levels = {name: logging.getLogger(name).level for name in logs.OURS}
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("AHA_")]:
        monkeypatch.delenv(name)

    def run_command(*arguments: str) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        logging.root.handlers[:] = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        return Ended(ended.value.code, *capsys.readouterr())

    yield run_command
    gc.enable()
    cfg.reset()
