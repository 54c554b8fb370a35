"""What a comparison of two states finds, without a database: what is ours, what others', what only the record shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from core.database.sqlite import AhaSQLite
from core.migration.meaning import Kind, Meaning
from core.migration.model import TableRecord, WantedTable
from core.migration.planner.compare import steps_for
from core.migration.planner.matching import Match
from core.migration.state import ColumnState, ConstraintKind, ConstraintState, IndexState, TableState
from core.migration.steps import (
    AddConstraint,
    AddIndex,
    AlterColumn,
    ChangeOptions,
    CommentTable,
    ConvertColumn,
    CreateTable,
    DropConstraint,
    DropIndex,
    Fill,
    RenameConstraint,
    RestoreKept,
    RetireColumn,
    SetNullable,
    ValidateConstraint,
)

DIALECT = AhaSQLite()
NUMBER = Meaning(Kind.INTEGER, "INTEGER")
A = ColumnState("a", "INTEGER")
CHECK = ConstraintState(ConstraintKind.CHECK, ("a",), "CHECK (a > 0)", "ck")
KEY = ConstraintState(ConstraintKind.FOREIGN, ("a",), "FOREIGN KEY(a) REFERENCES p (id)", None, "p", ("id",))
INDEX = IndexState("ix", ("a",), "(a)")
STATE = TableState("t", (A,))


def with_(state: TableState = STATE, **kw: Any) -> TableState:
    return replace(state, **kw)


def steps(wanted: TableState, live: TableState | None, record: TableState | None = None, **kw: Any) -> list[Any]:
    """The steps from `live`, with `record` as what was wanted last; the columns are all numbers."""
    table = Table("t", MetaData(), *(Column(name, Integer) for name in wanted.column_names))
    meanings = dict.fromkeys(wanted.column_names, NUMBER) | kw.get("meanings", {})
    recorded = record and TableRecord("t", "m", record, kw.get("recorded", dict.fromkeys(record.column_names, NUMBER)))
    model = WantedTable(table, "m", wanted, meanings, members_was=kw.get("members_was", {}))
    return steps_for(Match(model, live, live, recorded or None), dialect=DIALECT)


def test_a_table_that_is_not_there_is_created_and_that_is_all() -> None:
    assert steps(with_(constraints=(CHECK,), indexes=(INDEX,)), None) == [CreateTable("t")]


def test_equal_states_need_nothing() -> None:
    state = with_(constraints=(CHECK,), indexes=(INDEX,), comment="c")
    assert steps(state, state) == []
    assert steps(state, state, state) == []


@pytest.mark.parametrize(
    ("live", "record", "found"),
    [
        pytest.param(with_(constraints=(CHECK,)), STATE, [], id="theirs"),
        pytest.param(with_(constraints=(CHECK,)), with_(constraints=(CHECK,)), [DropConstraint("t", CHECK)], id="ours"),
        pytest.param(with_(constraints=(CHECK,)), None, [], id="nobody knows whose"),
        pytest.param(with_(indexes=(INDEX,)), STATE, [], id="their index"),
        pytest.param(with_(indexes=(INDEX,)), with_(indexes=(INDEX,)), [DropIndex("t", INDEX)], id="our index"),
        pytest.param(with_(comment="x"), STATE, [], id="their comment"),
        pytest.param(with_(comment="x"), with_(comment="x"), [CommentTable("t")], id="our comment"),
        pytest.param(with_(columns=(A, ColumnState("b", "INTEGER"))), STATE, [], id="their column"),
        pytest.param(
            with_(columns=(A, ColumnState("b", "INTEGER"))),
            with_(columns=(A, ColumnState("b", "INTEGER"))),
            [RetireColumn("t", "b")],
            id="our column",
        ),
        pytest.param(
            with_(columns=(A, ColumnState("b", "INTEGER", nullable=False))),
            None,
            [RetireColumn("t", "b")],
            id="a column that lets no row in",
        ),
        pytest.param(
            with_(columns=(A, ColumnState("b", "INTEGER", nullable=False, default="1"))),
            None,
            [],
            id="a column that lets rows in",
        ),
    ],
)
def test_only_what_is_ours_is_taken_away(live: TableState, record: TableState | None, found: list[Any]) -> None:
    assert steps(STATE, live, record) == found


def test_a_constraint_with_another_name_is_renamed_only_if_it_is_ours() -> None:
    other = replace(CHECK, name="other")
    wanted, live = with_(constraints=(CHECK,)), with_(constraints=(other,))
    assert steps(wanted, live, live) == [RenameConstraint("t", other, CHECK)]
    assert steps(wanted, live, STATE) == [AddConstraint("t", CHECK)]


def test_a_name_that_is_taken_by_another_demand_is_freed() -> None:
    other = replace(CHECK, definition="CHECK (a > 1)")
    found = steps(with_(constraints=(CHECK,)), with_(constraints=(other,)), STATE)
    assert found == [DropConstraint("t", other), AddConstraint("t", CHECK)]


def test_an_index_that_differs_is_made_anew() -> None:
    other = replace(INDEX, unique=True)
    found = steps(with_(indexes=(INDEX,)), with_(indexes=(other,)))
    assert found == [DropIndex("t", other), AddIndex("t", INDEX)]


def test_a_foreign_key_is_validated_that_the_database_or_the_record_says_is_not() -> None:
    wanted = with_(constraints=(KEY,))
    unvalidated = with_(constraints=(replace(KEY, validated=False),))
    assert steps(wanted, unvalidated) == [ValidateConstraint("t", KEY)]
    assert steps(wanted, wanted, unvalidated) == [ValidateConstraint("t", KEY)]
    assert steps(wanted, wanted, wanted) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param({"default": "1"}, [AlterColumn("t", "a", "default")], id="default"),
        pytest.param({"computed": "(1) STORED"}, [AlterColumn("t", "a", "computed")], id="computed"),
        pytest.param({"identity": "ALWAYS"}, [AlterColumn("t", "a", "identity")], id="identity"),
        pytest.param({"collation": "NOCASE"}, [AlterColumn("t", "a", "collation")], id="collation"),
        pytest.param({"comment": "x"}, [AlterColumn("t", "a", "comment")], id="comment"),
        pytest.param({"nullable": False}, [SetNullable("t", "a", nullable=False)], id="nullable"),
    ],
)
def test_each_part_of_a_column_is_compared(change: dict[str, Any], found: list[Any]) -> None:
    assert steps(with_(columns=(replace(A, **change),)), STATE) == found


def test_options_are_compared() -> None:
    assert steps(with_(options=("AUTOINCREMENT",)), STATE) == [ChangeOptions("t")]


def enum(*members: str) -> Meaning:
    return Meaning(Kind.ENUM, "INTEGER", members=members)


@pytest.mark.parametrize(
    ("before", "after", "was", "converts"),
    [
        pytest.param(enum("a"), enum("a"), {}, None, id="nothing"),
        pytest.param(enum("a"), enum("a", "b"), {}, None, id="member added"),
        pytest.param(enum("a", "b"), enum("a"), {}, {}, id="member removed"),
        pytest.param(enum("a", "b"), enum("a", "c"), {"b": "c"}, {"b": "c"}, id="member renamed"),
        pytest.param(enum("a", "c"), enum("a", "c"), {"b": "c"}, None, id="member renamed before"),
        pytest.param(replace(NUMBER, decorator="m:A"), replace(NUMBER, decorator="m:B"), {}, None, id="decorator"),
        pytest.param(NUMBER, replace(NUMBER, kind=Kind.TEXT), {}, {}, id="kind"),
    ],
)
def test_the_record_shows_what_the_database_does_not(
    before: Meaning, after: Meaning, was: dict[str, str], converts: dict[str, str] | None
) -> None:
    found = steps(STATE, STATE, STATE, meanings={"a": after}, recorded={"a": before}, members_was={"a": was})
    expected = [] if converts is None else [ConvertColumn("t", "a", before, after, Fill(), converts)]
    assert [step for step in found if isinstance(step, ConvertColumn)] == expected
    may_return = (before.kind, before.members) != (after.kind, after.members)
    assert [step for step in found if isinstance(step, RestoreKept)] == [RestoreKept("t", "a", after)] * may_return


def test_a_type_that_was_changed_by_hand_is_what_it_is() -> None:
    live = with_(columns=(replace(A, type="VARCHAR(5)"),))
    (convert, _) = steps(STATE, live, STATE)
    assert (convert.before.kind, convert.before.length, convert.after) == (Kind.TEXT, 5, NUMBER)
