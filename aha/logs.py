"""Where log lines go: to standard error, and to a file if the owner wants one. Results are never logged."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO

from .reports import traceback_text
from .telling import told, told_in

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

OURS = ("aha", "bots", "core", "models", "services", "utils", "modules")


class _Told(logging.Formatter):
    """Says what Aha logs in the language of the bot; what modules log is theirs."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """As in Formatter, with the message translated."""
        if record.name.partition(".")[0] in OURS[:-1]:
            record.message = told(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """As in Formatter, with what errors of Aha say translated, also where a module has raised them."""
        return told_in(self.traceback(ei), ei[1])

    def traceback(self, ei: Any) -> str:
        """Return the whole traceback."""
        return super().formatException(ei)


class _Brief(_Told):
    """Shows of an error the frames that are the module's own."""

    def format(self, record: logging.LogRecord) -> str:
        """As in Formatter, without keeping the traceback for other handlers, who may want all of it."""
        record.exc_text = None
        try:
            return super().format(record)
        finally:
            record.exc_text = None

    def traceback(self, ei: Any) -> str:
        """Return the trimmed traceback."""
        return traceback_text(ei[1])


_SHORT = _Brief("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
_LONG = _Told("%(asctime)s %(levelname)-7s %(name)s: %(message)s")


class _Stderr(logging.StreamHandler[TextIO]):
    """Looks standard error up for every line: a prompt on a terminal puts its own in place, and so does a test."""

    def __init__(self) -> None:
        super().__init__()

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _stream: TextIO) -> None:
        """Keep to the look-up, whatever the base class wants to set."""


class _File(logging.FileHandler):
    """Says once, on standard error, what keeps it from writing; else each line would have a traceback there."""

    def __init__(self, file: Path) -> None:
        # A file on disk may have a name that is no text in UTF-8.
        super().__init__(file, encoding="utf-8", errors="backslashreplace")
        self._said = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """As in Handler, if it is no fault of the disk."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._said:
            self._said = True
            said = "the log file %s cannot be written: %s; what is logged stands here only, until it can"
            logger.warning(said, self.baseFilename, error.strerror or error)


def set_up(level: str, *, file: Path | None = None) -> None:
    """Show what Aha and the modules log from `level` on, and what other libraries log from WARNING on.

    Raises OSError if `file` cannot be written.
    """
    to_stderr = _Stderr()
    to_stderr.setFormatter(_LONG if level == "debug" else _SHORT)
    logging.root.addHandler(to_stderr)
    if file is not None:
        to_file = _File(file)
        to_file.setFormatter(_LONG)
        logging.root.addHandler(to_file)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
