"""The console's own way to standard input. What is read there is not known here."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)


@contextmanager
def own_stdin() -> Iterator[TextIO | None]:
    """A second stream of what standard input is, None if it is closed: `quit()` in a module closes the first one."""
    stdin = sys.stdin
    if stdin is None or stdin.closed:
        yield None
        return
    try:
        file = os.dup(stdin.fileno())
    except (OSError, ValueError) as problem:
        log.warning("standard input cannot be read: %s", problem)
        yield None
        return
    # On Windows a thread may be waiting there still, and closing it would wait for that one.
    with open(file, encoding=stdin.encoding, closefd=sys.platform != "win32") as own:
        yield own
