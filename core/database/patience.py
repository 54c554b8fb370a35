"""Waiting for another process that has the database: it is said in the log once it takes longer than a moment.

It takes as long as it takes, unless whoever waits has set a limit.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from models.exc import DatabaseBusy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.exc import DBAPIError

logger = logging.getLogger(__name__)

_SECONDS = 2.0
_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(slots=True)
class _Patience:
    """How many `seconds` may be spent with waiting, and how many of them are `left`."""

    seconds: float = inf
    left: float = inf


_patience: ContextVar[_Patience] = ContextVar("patience")


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """In the body, wait for other processes so many seconds in all at most, and then raise DatabaseBusy."""
    token = _patience.set(_Patience(seconds, seconds))
    try:
        yield
    finally:
        _patience.reset(token)


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait that may be as long as `until`, in the event loop's time; `seconds` is what all waits may take."""

    seconds: float
    until: float

    @property
    def left(self) -> float:
        """Seconds that it may go on, 0 or less if none, `inf` without a limit."""
        return self.until - asyncio.get_running_loop().time()

    def check(self) -> None:
        """Raise DatabaseBusy if it may not go on."""
        if self.left <= 0:
            raise DatabaseBusy(
                f"another process has kept the database locked for {self.seconds:g} s: let it end what it writes, or "
                "end it, and try again"
            )


@contextmanager
def saying_so() -> Iterator[Wait]:
    """Say in the log what is waited for if the body takes longer than a moment."""
    loop, patience = asyncio.get_running_loop(), _patience.get(_Patience())
    wait = Wait(patience.seconds, loop.time() + patience.left)
    wait.check()
    said = loop.call_later(_SECONDS, logger.info, "another process is migrating this database; waiting for it")
    try:
        yield wait
    finally:
        said.cancel()
        patience.left = wait.left


def is_locked(error: DBAPIError) -> bool:
    """Whether another process has what is needed, and has had it for as long as the database was told to wait."""
    return getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE or "database is locked" in str(error.orig)
