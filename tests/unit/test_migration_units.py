"""Which modules migrate together, and in which order."""

from __future__ import annotations

import pytest

from core.migration.meaning import Kind, Meaning
from core.migration.planner.order import in_order
from core.migration.planner.units import group
from core.migration.state import ConstraintKind, ConstraintState, IndexState, TableState
from core.migration.steps import (
    AddColumn,
    AddConstraint,
    AddIndex,
    ConvertColumn,
    CreateTable,
    DropConstraint,
    Fill,
    Phase,
    Planned,
    RenameTable,
    SetNullable,
    Step,
    Verdict,
)

NUMBER = Meaning(Kind.INTEGER, "INTEGER")
KEY = ConstraintState(ConstraintKind.PRIMARY, ("id",), "PRIMARY KEY (id)")
CHANGED = ConvertColumn("p__a", "id", NUMBER, NUMBER, Fill(), {})


def refers(target: str) -> ConstraintState:
    definition = f"FOREIGN KEY(x) REFERENCES {target} (id)"
    return ConstraintState(ConstraintKind.FOREIGN, ("x",), definition, None, target, ("id",))


OWNERS = {"p__a": "a", "c__b": "b", "z__c": "c"}
STATES = {
    "p__a": [TableState("p__a", ())],
    "c__b": [TableState("c__b", (), (refers("p__a"),))],
    "z__c": [TableState("z__c", ())],
}


@pytest.mark.parametrize(
    ("step", "units"),
    [
        pytest.param(CreateTable("p__a"), [("a",), ("b",), ("c",)], id="a new table ties nobody"),
        pytest.param(AddColumn("p__a", "n", Fill(), nullable=True), [("a",), ("b",), ("c",)], id="another column"),
        pytest.param(CHANGED, [("a", "b"), ("c",)], id="the key's type"),
        pytest.param(RenameTable("p__a", "old"), [("a", "b"), ("c",)], id="the table's name"),
        pytest.param(DropConstraint("p__a", KEY), [("a", "b"), ("c",)], id="the key itself"),
    ],
)
def test_a_foreign_key_ties_modules_if_what_it_refers_to_changes(step: Step, units: list[tuple[str, ...]]) -> None:
    assert group(OWNERS, STATES, {"p__a": [Planned(step, Phase.EXPAND)]}) == units


def test_a_name_that_one_module_takes_from_another_ties_them() -> None:
    steps = {
        "z__c": [Planned(RenameTable("z__c", "p__a"), Phase.EXPAND)],
        "p__a": [Planned(CreateTable("p__a"), Phase.EXPAND)],
    }
    assert group(OWNERS, {}, steps) == [("a", "c"), ("b",)]


def test_what_is_postponed_ties_nobody() -> None:
    waits = Planned(CHANGED, Phase.SETTLE, Verdict.POSTPONE)
    assert len(group(OWNERS, STATES, {"p__a": [waits]})) == 3


def test_those_that_are_referred_to_come_first() -> None:
    states = {"p__a": [TableState("p__a", (), (refers("z__c"),))], "c__b": STATES["c__b"], "z__c": STATES["z__c"]}
    assert group(OWNERS, states, {}) == [("c",), ("a",), ("b",)]


def test_modules_that_refer_to_each_other_are_one_unit() -> None:
    states = {**STATES, "p__a": [TableState("p__a", (), (refers("c__b"),))]}
    assert group(OWNERS, states, {}) == [("a", "b"), ("c",)]


def test_steps_are_taken_in_an_order_that_works_on_both_databases() -> None:
    unique = ConstraintState(ConstraintKind.UNIQUE, ("x",), "UNIQUE (x)")
    ordered: list[Step] = [
        RenameTable("t", "s"),
        CreateTable("u"),
        DropConstraint("t", refers("p")),
        DropConstraint("t", KEY),
        SetNullable("t", "x", nullable=True),
        AddColumn("t", "x", Fill(), nullable=True),
        CHANGED,
        SetNullable("t", "x", nullable=False),
        AddConstraint("t", KEY),
        AddConstraint("t", unique),
        AddConstraint("t", refers("p")),
        AddIndex("t", IndexState("ix", ("x",), "(x)")),
    ]
    planned = [Planned(step, Phase.EXPAND) for step in ordered]
    assert in_order(reversed(planned)) == planned
