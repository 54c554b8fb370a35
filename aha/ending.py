"""The end of a process: what modules left running holds it up for a moment only, and is named. It stops no bot."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

logger = logging.getLogger(__name__)

# Seconds that threads have to end when all else has ended.
_PATIENCE: Final = 2.0
# Seconds that then remain for what modules registered with atexit.
_FAREWELL: Final = 5.0

_LEFT: Final[list[str]] = []


def leave_behind(what: str) -> None:
    """Have the process ended without `what`, which does not end; that Python took down around it would fail noisily."""
    _LEFT.append(what)


def named(kind: str, name: str, frames: Iterable[FrameType | None]) -> str:
    """Say what a task or thread is called and which code of a module it runs: `frames` are innermost first."""
    for frame in frames:
        where = "" if frame is None else str(frame.f_globals.get("__name__"))
        if frame is not None and where.startswith("modules."):
            return f"{kind} {name!r} ({where}.{frame.f_code.co_name}, line {frame.f_lineno})"
    return f"{kind} {name!r}"


@contextmanager
def bounded() -> Iterator[None]:
    """The body is all that the process does: it then ends within a bound, with the code that the body exits with.

    Python itself waits without a bound for threads, and for what is registered with atexit.
    """
    end = _End()
    atexit.register(end.last)  # the first to be registered is the last to be called
    try:
        yield
    except SystemExit as leaving:
        end.code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        raise
    except BaseException:
        end.code = 1
        raise
    finally:
        end.begin()


class _End:
    """The end of this process, of which two threads take care beside the main one: none can be started any more."""

    def __init__(self) -> None:
        self.code = 0
        self._threads_ended = threading.Event()
        self._turn = threading.RLock()  # so that only one thread does what is to be done at exit

    def begin(self) -> None:
        """Watch from now on how long it takes."""
        atexit.register(self._first)
        threading.Thread(target=self._wait_for_threads, daemon=True).start()
        late = threading.Timer(_PATIENCE + _FAREWELL, self._break_off)
        late.daemon = True
        late.start()

    def last(self) -> None:
        """End the process without what was left behind, if anything was; called after all else that is to be done."""
        if _LEFT:
            _say()
            self._leave()

    def _first(self) -> None:
        with self._turn:
            self._threads_ended.set()

    def _wait_for_threads(self) -> None:
        self._threads_ended.wait(_PATIENCE)
        with self._turn:
            if self._threads_ended.is_set():
                return
            _LEFT.extend(_threads())
            _say()
            try:
                # There is no public way to do what Python would only do when the threads have ended.
                atexit._run_exitfuncs()  # noqa: SLF001
            finally:
                self._leave()

    def _break_off(self) -> None:
        logger.warning("the process ends without all that was given to atexit: some of it takes too long")
        self._leave()

    def _leave(self) -> None:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError, ValueError):  # there is none, nobody reads it, it is closed
                stream.flush()
        os._exit(self.code)


def _say() -> None:
    """Name what is left behind, once."""
    if _LEFT:
        logger.warning(
            "the process ends without what does not end by itself: %s; a task has to end when it is cancelled, "
            "a thread when @on_cleanup tells it to",
            ", ".join(_LEFT),
        )  # fmt: skip
        _LEFT.clear()


def _threads() -> Iterator[str]:
    frames = sys._current_frames()  # noqa: SLF001 - documented, and there is no other
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            yield named("thread", thread.name, _outwards(frames.get(thread.ident or 0)))


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
