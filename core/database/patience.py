"""Waiting for another process that has the database: it is said in the log once it takes longer than a moment."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.exc import OperationalError

logger = logging.getLogger(__name__)

_SECONDS = 2.0


@contextmanager
def saying_so() -> Iterator[None]:
    """Say in the log what is waited for if the body takes longer than a moment."""
    said = asyncio.get_running_loop().call_later(
        _SECONDS, logger.info, "another process is migrating this database; waiting for it"
    )
    try:
        yield
    finally:
        said.cancel()


def is_locked(error: OperationalError) -> bool:
    """Whether another process writes to the SQLite file, and has for as long as SQLite was told to wait."""
    return "database is locked" in str(error.orig)
