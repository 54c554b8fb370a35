"""Which errors are nobody's model's fault, so that no migration can go on, and what the owner does about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.database.url import what_it_said
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Primary result codes of SQLite, and SQLSTATEs or their beginnings of PostgreSQL.
_SQLITE = {
    8: "the file cannot be written: let this user write the file and its folder",
    10: "the disk does not read or write: look at the disk before you start again",
    11: "the file is damaged: restore a backup (aha db restore FILE)",
    13: "the disk is full: make room and start again",
    14: "the file cannot be opened: let this user write the file and its folder",
    26: "the file is damaged, or no database: restore a backup (aha db restore FILE)",
}
_POSTGRESQL = {
    "08": "the server is gone: start it, then the bot",
    "25006": "the database is read-only: connect to the primary server, or let this role write",
    "53100": "the server's disk is full: make room and start again",
    "53": "the server has not enough resources: look at its log, then start again",
    "57P": "the server is shutting down: start it, then the bot",
    "58": "the server's disk does not read or write: look at its log, then start again",
    "XX": "the server has found damage: look at its log, restore a backup (aha db restore FILE)",
}
_FULL = (13, "53100")
_LOCKED = ("55P03", "40P01")  # lock_not_available, deadlock_detected
_LOST = "the server is gone: start it, then the bot"


def fatal(error: BaseException) -> DatabaseError | None:
    """The error that ends the start, if `error` is one that no module is to blame for."""
    helps = remedy(error)
    if helps is None:
        return None
    return DatabaseError(
        f"the database could not be brought up to date: {said(error)}; what was under way was rolled back; {helps}"
    )


def said(error: BaseException) -> str:
    """What the database said, in one line."""
    return what_it_said(error) if isinstance(error, Exception) else type(error).__name__


def is_full(error: BaseException) -> bool:
    """Whether there was no room on the disk. Once it is rolled back, others may find enough."""
    return any(code(found) in _FULL for found in _chain(error))


def is_in_use(error: BaseException) -> bool:
    """Whether somebody else uses what was to be changed: for as long as lock_timeout allows, or waits for us, too."""
    return any(code(found) in _LOCKED for found in _chain(error))


def remedy(error: BaseException) -> str | None:
    """What the owner does if `error` is of the database as a whole, or of what it lies on; else None."""
    for found in _chain(error):
        if getattr(found, "connection_invalidated", False) or isinstance(found, ConnectionError):
            return _LOST
        helps = _by_code(code(found))
        if helps is not None:
            return helps
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it came from."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def code(error: BaseException) -> int | str:
    """What the database called it: SQLite's primary result code, or PostgreSQL's SQLSTATE; "" if it is not from it."""
    said = getattr(error, "orig", None) or error
    number = getattr(said, "sqlite_errorcode", None)
    return number & 0xFF if isinstance(number, int) else getattr(said, "sqlstate", None) or ""


def _by_code(found: int | str) -> str | None:
    if isinstance(found, int):
        return _SQLITE.get(found)
    return next((helps for start, helps in _POSTGRESQL.items() if found.startswith(start)), None)
