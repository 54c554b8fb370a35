"""What the owner's database URL means and how it is shown: with the driver that Aha ships, and without passwords."""

from __future__ import annotations

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from models.exc import DatabaseError

# What a URL names -> the dialect and async driver that Aha ships for it.
_DRIVERS = {"sqlite": "sqlite+aha", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
# Names that owners know from psql and their provider's page -> what asyncpg calls them.
_OPTIONS = {"sslmode": "ssl"}
# What Python's sqlite3 takes; SQLite's own, such as mode, only count in a name that says uri=true.
_SQLITE_OPTIONS = {"timeout", "cached_statements"}
_LAST_PORT = 65535
_FORMS = "write sqlite:///folder/file.db or postgresql://user:password@host/database"


def parse_url(given: str) -> URL:
    """Read `given`, with or without a driver; raises DatabaseError, which says how to write it."""
    try:
        url = make_url(given)
    except (ArgumentError, ValueError) as error:
        raise DatabaseError(f"the database URL {_masked(given)!r} cannot be read: {_FORMS}") from error
    if complaint := _complaint(url):
        raise DatabaseError(f"the database URL {_masked(given)!r} {complaint}")
    options = {_OPTIONS.get(name, name): value for name, value in url.query.items()}
    return url.set(drivername=_DRIVERS[url.get_backend_name()], query=options)


def _complaint(url: URL) -> str | None:
    """Say what cannot be right in a URL that can be read, as the end of a sentence; None if nothing is."""
    backend = url.get_backend_name()
    if backend not in _DRIVERS:
        return f"is of kind {backend!r}, which is not supported: {_FORMS}"
    if backend == "sqlite" and url.host:
        return f"names a host: a file is written with three slashes, {_FORMS}"
    if backend == "sqlite" and "uri" not in url.query and (unknown := sorted(url.query.keys() - _SQLITE_OPTIONS)):
        return (
            f"has an option that is not known here: {unknown[0]}; leave it out, or "
            "write sqlite:///file:FILE?OPTION=VALUE&uri=true for one of SQLite's own"
        )
    if url.port is not None and not 0 < url.port <= _LAST_PORT:
        return f"names port {url.port}, which no server can have: {_FORMS}"
    if "@" in (url.host or ""):
        return "has more than one @: write those in the password as %40"
    return None


def explain(url: URL, error: Exception) -> str:
    """Say in one line which database cannot be used, what it said and what to do."""
    backend = url.get_backend_name()
    shown = without_password(url.set(drivername=backend))
    said = what_it_said(error)
    remedy = (
        "name the database's own file; a backup is put back with: aha db restore FILE"
        if said == "file is not a database"
        else "check that the folder exists, that the disk has room and that this user may write there"
        if backend == "sqlite"
        else "check that the server runs, and host, port, user, password, database name and options in the URL"
    )
    return f"the database {shown} cannot be used: {said}; {remedy}"


def without_password(url: URL) -> str:
    """Return `url` as it is written, with *** for its password."""
    return url.difference_update_query(["password"]).render_as_string(hide_password=True)


def what_it_said(error: Exception) -> str:
    """Return in one line what the database said, without the statement and its values."""
    said: BaseException = getattr(error, "orig", None) or error
    if isinstance(said.__cause__, OSError):  # no database has said anything
        said = said.__cause__
    return " ".join(str(said).split()) or type(said).__name__


def _masked(given: str) -> str:
    """`given` without all that may belong to a password."""
    return re.sub(r"password=[^&]*", "password=***", re.sub(r"//.*@", "//***@", given))
