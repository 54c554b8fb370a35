"""Starts the programs that are measured, waits for them, and makes sure that none is left. It knows no bot."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self

from benchmarks.asked import ANSWER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    Command = Sequence[str | Path]

ROOT = Path(__file__).parent.parent
PEER_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PATIENCE = 60.0


class Program:
    """A program that runs while this is entered. It gets an open, silent standard input."""

    def __init__(self, command: Command, *, folder: Path) -> None:
        self._command = [str(part) for part in command]
        self._folder = folder

    def __enter__(self) -> Self:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AHA_", "PYTHON"))}
        self._start = time.perf_counter()
        self.process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env={**clean, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._guard = self._watch()
        return self

    def __exit__(self, *_error: object) -> None:
        self._guard.cancel()
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _watch(self, patience: float = PATIENCE) -> threading.Timer:
        """End it if it takes too long."""
        self._patience = patience
        guard = threading.Timer(patience, self.process.kill)
        guard.daemon = True
        guard.start()
        return guard

    def ask(self, what: str, *arguments: object) -> Any:
        """Ask a program that serves (see `asked`) for something, and return its answer."""
        self._guard = self._watch(10 * PATIENCE)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([what, *arguments]) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self) -> None:
        """Let a program that serves end by itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)

    def answer(self) -> Any:
        """Wait for an answer of a program that serves; the first is that it is ready."""
        line, _ = self.line_with(ANSWER)
        self._guard.cancel()
        return json.loads(line.removeprefix(ANSWER))

    def line_with(self, text: str) -> tuple[str, float]:
        """Wait until it has written a line that contains `text`; return it and how many seconds after the start."""
        written = []
        for line in _output(self.process):
            written.append(line)
            if text in line:
                return line, time.perf_counter() - self._start
        ended = f"ended, or was ended after {self._patience:g} s"
        raise RuntimeError(f"{' '.join(self._command)} {ended}:\n{''.join(written)}")

    def wait_for_port(self, port: int) -> None:
        """Wait until somebody listens there, and let it run from then on."""
        threading.Thread(target=_show_errors, args=[self.process], daemon=True).start()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    self._guard.cancel()
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{' '.join(self._command)} does not listen at port {port}")


def _output(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def _show_errors(process: subprocess.Popen[str]) -> None:
    """Read all that it writes, so that it never has to wait for us."""
    for line in _output(process):
        if "rror" in line or "ERROR" in line:
            sys.stderr.write(f"    {line}")


def seconds_to(line: str, command: Command, folder: Path) -> float:
    """Run a program until it writes the line; return how long that took."""
    with Program(command, folder=folder) as program:
        return program.line_with(line)[1]


def told(what: str, command: Command, folder: Path) -> str:
    """Run a program until it writes a line that begins with `what`; return the rest of the line."""
    with Program(command, folder=folder) as program:
        return program.line_with(what)[0].removeprefix(what).strip()


def end_children_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into the exception that lets every Program end."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
