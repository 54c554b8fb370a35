"""Texts of constraints: which of them demand the same, and how they read after a rename or with values filled in."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects.postgresql import asyncpg

from core.database.sqlite import AhaSQLite
from core.migration.planner.rewrite import demand, renamed_constraint, renamed_index, substituted, wording
from core.migration.state import ConstraintKind, ConstraintState, IndexState

SQLITE, POSTGRESQL = AhaSQLite(), asyncpg.dialect()
DIALECTS = pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("a > 0 AND b IS NULL", "x + 1 > 0 AND b IS NULL", id="a column"),
        pytest.param("a > 'a' || a(a)", "x + 1 > 'a' || a(x + 1)", id="not in a text, not a function"),
        pytest.param('"a" > 0', "x + 1 > 0", id="in quotes"),
        pytest.param("t.a > a", "t.a > x + 1", id="not behind a dot"),
    ],
)
@DIALECTS
def test_expressions_take_the_place_of_columns(before: str, after: str, dialect: object) -> None:
    assert substituted(before, {"a": "x + 1"}, dialect=dialect) == after  # type: ignore[arg-type]


def test_a_type_is_no_column_that_is_called_like_it() -> None:
    assert substituted("(date)::text > text", {"text": "x", "date": "d"}, dialect=POSTGRESQL) == "(d)::text > x"


def test_case_tells_columns_apart_where_the_database_does() -> None:
    assert substituted('"A" > a', {"A": "x", "a": "y"}, dialect=POSTGRESQL) == "x > y"
    assert substituted('"A" > A', {"a": "y"}, dialect=SQLITE) == "y > y"


@DIALECTS
def test_a_renamed_column_gets_quotes_where_it_needs_them(dialect: object) -> None:
    unique = ConstraintState(ConstraintKind.UNIQUE, ("key", "b"), "UNIQUE (key, b)")
    renamed = renamed_constraint(
        unique,
        {"key": "order"},
        target=None,
        target_columns={},
        dialect=dialect,  # type: ignore[arg-type]
    )
    assert (renamed.columns, renamed.definition) == (("order", "b"), 'UNIQUE ("order", b)')
    index = renamed_index(IndexState("ix", ("a",), "(lower(a)) WHERE a > 0"), {"a": "b"}, dialect=dialect)  # type: ignore[arg-type]
    assert (index.columns, index.definition) == (("b",), "(lower(b)) WHERE b > 0")


@DIALECTS
def test_a_foreign_key_follows_both_its_tables(dialect: object) -> None:
    definition = "FOREIGN KEY(a) REFERENCES p (a) ON DELETE CASCADE"
    key = ConstraintState(ConstraintKind.FOREIGN, ("a",), definition, None, "p", ("a",))
    renamed = renamed_constraint(key, {"a": "b"}, target="q", target_columns={"a": "c"}, dialect=dialect)  # type: ignore[arg-type]
    expected = ConstraintState(
        ConstraintKind.FOREIGN, ("b",), "FOREIGN KEY(b) REFERENCES q (c) ON DELETE CASCADE", None, "q", ("c",)
    )
    assert renamed == expected
    spaced = "FOREIGN KEY (b) REFERENCES q(c) ON DELETE CASCADE"
    other = ConstraintState(ConstraintKind.FOREIGN, ("b",), spaced, "fk", "q", ("c",))
    assert demand(renamed, dialect) == demand(other, dialect)  # type: ignore[arg-type]
    without = ConstraintState(ConstraintKind.FOREIGN, ("b",), "FOREIGN KEY(b) REFERENCES q (c)", None, "q", ("c",))
    assert demand(without, dialect) != demand(other, dialect)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))",
            "CHECK (((a)::text = ANY (ARRAY[('x'::character varying)::text, ('y'::character varying)::text])))",
            id="members",
        ),
        pytest.param("CHECK ((length((a)::text) > 3))", "CHECK ((length(a) > 3))", id="a text's length"),
        pytest.param("CHECK ((a = 'x'::character varying(10)))", "CHECK ((a = ('x'::text)))", id="a length"),
        pytest.param("CHECK ((a > 0))", "CHECK (a > 0)", id="parentheses around all"),
    ],
)
def test_postgresql_writes_one_demand_in_several_ways(one: str, other: str) -> None:
    assert wording(one, POSTGRESQL) == wording(other, POSTGRESQL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("CHECK ((a OR b) AND c)", "CHECK (a OR (b AND c))", id="parentheses"),
        pytest.param("CHECK ((a)::integer > 0)", "CHECK ((a)::numeric > 0)", id="casts to numbers"),
        pytest.param("CHECK (a > lower(b))", "CHECK (a > lower b)", id="a call"),
    ],
)
def test_what_differs_is_not_taken_for_the_same(one: str, other: str) -> None:
    assert wording(one, POSTGRESQL) != wording(other, POSTGRESQL)
