"""What a statement that failed is told as: which object, what the database said, what to do."""

from __future__ import annotations

import pytest

from core.migration.refused import message, remedy_for
from core.migration.statements import FillRows, Sql
from models.exc import UsageError


class RefusedError(Exception):
    """What PostgreSQL's driver raises."""

    def __init__(self, sqlstate, text):
        super().__init__(text)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("statement", "error", "said"),
    [
        pytest.param(
            Sql("CREATE TABLE s.t__m (id INTEGER)", "s.t__m"),
            RefusedError("3F000", 'schema "s" does not exist'),
            's.t__m: schema "s" does not exist; have the schema made: CREATE SCHEMA s; GRANT USAGE, CREATE ON SCHEMA s '
            "TO bot",
            id="no schema",
        ),
        pytest.param(
            Sql("CREATE TABLE s.t__m (id INTEGER)", "s.t__m"),
            RefusedError("1", "unknown database s"),
            "s.t__m: unknown database s; SQLite has no schemas: declare the table without one, or use PostgreSQL",
            id="a schema on SQLite",
        ),
        pytest.param(
            Sql("CREATE TABLE s.t__m (id INTEGER)", "s.t__m"),
            RefusedError("42501", "permission denied for schema s"),
            "s.t__m: permission denied for schema s; have the right given: GRANT USAGE, CREATE ON SCHEMA s TO bot",
            id="no right on the schema",
        ),
        pytest.param(
            Sql("ALTER TABLE t__m ADD COLUMN x TEXT", "t__m"),
            RefusedError("42501", "must be owner of table t__m"),
            "t__m: must be owner of table t__m; let the bot's role do that (GRANT ... ON ... TO bot), or make it the "
            "owner (... OWNER TO bot)",
            id="no right",
        ),
        pytest.param(
            Sql("CREATE TYPE color__m AS ENUM (" + "'red', " * 20 + ")"),
            RefusedError("22000", "no"),
            "CREATE TYPE color__m AS ENUM ('red', 'red', 'red', 'red', 'r...: no; its data is as it was; show this "
            "line to the author of the module",
            id="no table",
        ),
        pytest.param(
            Sql("DROP VIEW v", remedy="drop it"),
            RefusedError("2BP01", "in use"),
            "DROP VIEW v: in use; drop it",
            id="own",
        ),
        pytest.param(
            FillRows("t__m", "x", make=int),
            ZeroDivisionError("division by zero"),
            "t__m.x: its default: ZeroDivisionError: division by zero; its data is as it was; show this line to the "
            "author of the module",
            id="a default that fails",
        ),
        pytest.param(
            FillRows("t__m", "x", make=int),
            UsageError("do so"),
            "t__m.x: its default: do so; its data is as it was; show this line to the author of the module",
            id="a default that uses Aha wrongly",
        ),
    ],
)
def test_what_failed_is_said_with_its_object_and_a_remedy(statement, error, said):
    assert message(statement, error, role="bot") == said


def test_a_remedy_without_object_or_role_leaves_gaps_to_fill_in():
    assert "TO ..." in remedy_for(RefusedError("42501", "permission denied for table t"))
