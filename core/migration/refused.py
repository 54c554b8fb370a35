"""What a statement of a migration that failed is told as: which object, what the database said, what to do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from core.migration.faults import code, said
from core.migration.statements import FillRows, Sql
from models.exc import AhaError

if TYPE_CHECKING:
    from core.migration.statements import Statement

_IN_USE = "others use it: end them (pg_stat_activity shows which), then try again"
# SQLSTATEs of PostgreSQL or their beginnings, the longer ones first: what the owner can do. SQLite has no such names.
_POSTGRESQL = {
    "3F000": "have the schema made: CREATE SCHEMA {schema}; GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}",
    "42501 schema": "have the right given: GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}",
    "42501": "let the bot's role do that (GRANT ... ON ... TO {role}), or make it the owner (... OWNER TO {role})",
    "42704": "have what brings it installed (CREATE EXTENSION ...), or take another type",
    "40P01": _IN_USE,
    "55P03": _IN_USE,
    "2BP01": "remove what depends on it, or give the module its old files",
    "42P07": "something of another owner has the name: rename one of the two",
    "42710": "something of another owner has the name: rename one of the two",
    "23": "correct those rows with the release before, or the declaration",
    "54": "declare less: the server cannot hold that much",
}
_NO_SCHEMAS = "SQLite has no schemas: declare the table without one, or use PostgreSQL"
_ELSE = "its data is as it was; show this line to the author of the module"
_SHOWN = 60


def message(statement: Statement, error: Exception, *, role: str | None) -> str:
    """Say in one line what `statement` was for, what the database said, and what to do. `role` is the bot's own."""
    remedy = statement.remedy if isinstance(statement, Sql) else ""
    return f"{_object(statement)}: {_said(statement, error)}; {remedy or remedy_for(error, statement.table, role=role)}"


def remedy_for(error: Exception, table: str = "", *, role: str | None = None, otherwise: str = _ELSE) -> str:
    """What the owner does about `error`, which came up at `table`, or nobody knows at which.

    `otherwise` is for what we know no remedy for.
    """
    found = code(error)
    schema = table.rpartition(".")[0]
    if schema and "unknown database" in str(error):
        return _NO_SCHEMAS
    if schema and found == "42501" and "for schema" in str(error):
        found = "42501 schema"
    known = (text for start, text in _POSTGRESQL.items() if isinstance(found, str) and found.startswith(start))
    return next(known, otherwise).format(schema=schema or "...", role=role or "...")


def _object(statement: Statement) -> str:
    if isinstance(statement, FillRows):
        return f"{statement.table}.{statement.column}: its default"
    if statement.table:
        return statement.table
    text = " ".join(statement.text.split()) if isinstance(statement, Sql) else ""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _said(statement: Statement, error: Exception) -> str:
    """What was said; a default of the author's may raise anything, whose name says more than its text."""
    if isinstance(statement, FillRows) and not isinstance(error, SQLAlchemyError | AhaError):
        return f"{type(error).__name__}: {said(error)}"
    return said(error)
