"""SIGINT, SIGTERM, and SIGHUP when the terminal is closed, as a wish to stop. It knows when to stop, not how."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Windows has none.
_HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)


class Interrupted(BaseException):
    """A signal arrived while code ran that no event loop can interrupt: the import of a module."""


class StopSignal:
    """The first signal sets `stop`, a second one `hurry`; a third has its usual effect and ends the process.

    SIGHUP only sets `stop`, however often it comes: a terminal that is closed sends it, and so does its shell. Whoever
    started the process with nohup has it ignored, and so it stays.

    `asked` is true from the very moment of the first, or from when the bot has `stopped` without one. To `listen`, the
    thread of the event loop must be the main one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self._loop = loop
        self.asked = False
        self._interrupting = False

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Take the signals over for the body, and give them back after it."""
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        if _HANGUP is not None and signal.getsignal(_HANGUP) is not signal.SIG_IGN:
            before[_HANGUP] = signal.signal(_HANGUP, self._on_hangup)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stopped(self) -> None:
        """Take note that the bot has stopped: nothing is left to ask for but to `hurry`, also with a first signal."""
        self.asked = True

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Within the body a signal raises `Interrupted` at once, for blocking code; also when it came before."""
        self._interrupting = True
        try:
            if self.asked:
                raise Interrupted
            yield
        finally:
            self._interrupting = False

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.asked:
            signal.signal(number, signal.SIG_DFL)
            self._loop.call_soon_threadsafe(self.hurry.set)
            return
        self._stop()

    def _on_hangup(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked:
            self._stop()

    def _stop(self) -> None:
        self.asked = True
        self._loop.call_soon_threadsafe(self.stop.set)
        if self._interrupting:
            raise Interrupted
