"""What the database remembers of a migration: exactly what was done, so that the next one is right, older or newer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table

from core.migration.meaning import Kind, Meaning
from core.migration.model import TableRecord, UnitPlan, WantedTable
from core.migration.planner.records import forgotten, next_records
from core.migration.state import ColumnState, ConstraintKind, ConstraintState, TableState
from core.migration.steps import (
    AddColumn,
    AddConstraint,
    ConvertColumn,
    Fill,
    FillColumn,
    FillFromOld,
    MergeTable,
    Phase,
    Planned,
    RenameColumn,
    RenameTable,
    RetireColumn,
    RetireTable,
    Source,
    ValidateConstraint,
    Verdict,
)

NUMBER = Meaning(Kind.INTEGER, "INTEGER")
TEXT = Meaning(Kind.TEXT, "VARCHAR")


def state(name: str, *columns: str, type_: str = "INTEGER") -> TableState:
    return TableState(name, tuple(ColumnState(column, type_) for column in columns))


def wanted(name: str, *columns: str, was: tuple[str, ...] = (), **column_was: tuple[str, ...]) -> WantedTable:
    table = Table(name, MetaData(), *(Column(column, Integer) for column in columns))
    return WantedTable(table, "m", state(name, *columns), dict.fromkeys(columns, NUMBER), was, column_was)


def record(name: str, *columns: str, **kw: Any) -> TableRecord:
    return TableRecord(name, "m", state(name, *columns), dict.fromkeys(columns, NUMBER), **kw)


def after(
    model: WantedTable | None, live: TableState, before: TableRecord | None, *steps: Any, phase: Phase = Phase.EXPAND
) -> TableRecord:
    """The record of the model's table, or of the one on disk if there is no model."""
    unit = UnitPlan(
        modules=("m",),
        steps=tuple(step if isinstance(step, Planned) else Planned(step, phase) for step in steps),
        live={live.name: live},
        wanted={model.state.name: model} if model else {},
        records={before.name: before} if before else {},
    )
    return next_records(unit, phase)[model.state.name if model else live.name]


def test_a_new_table_is_recorded_as_wanted() -> None:
    model = wanted("t", "a")
    assert after(model, state("other"), None) == record("t", "a")


def test_a_renamed_column_takes_what_is_known_of_it_along() -> None:
    before = record("t", "a", wrote={"a": ("5",)})
    found = after(wanted("t", "b", b=("a",)), state("t", "a"), before, RenameColumn("t", "b", "a"))
    assert found == record("t", "b", renamed={"b": ("a",)}, wrote={"b": ("5",)}, filled_from={"b": ("a",)})


def test_going_back_and_forth_over_several_names_forgets_none() -> None:
    here = record("t", "a")
    for new, old in (("b", "a"), ("c", "b"), ("b", "c"), ("a", "b")):
        here = after(wanted("t", new), state("t", old), here, RenameColumn("t", new, old))
    assert here.renamed == {"a": ("b", "c")}
    here = after(wanted("t", "c"), state("t", "a"), here, RenameColumn("t", "c", "a"))
    assert here.renamed == {"c": ("a", "b")}


def test_a_name_that_is_only_declared_is_known_to_older_releases_too() -> None:
    model = wanted("c", "b", was=("d",), b=("a", "x"))
    found = after(model, state("other"), None)
    assert (found.renamed, found.was) == ({"b": ("a", "x")}, ("d",))


def test_a_renamed_table_remembers_all_its_names() -> None:
    before = record("b", "x", was=("a",))
    found = after(wanted("c", "x", was=("b", "a")), state("b", "x"), before, RenameTable("c", "b"))
    assert (found.name, found.was) == ("c", ("b", "a"))
    back = after(wanted("a", "x"), state("c", "x"), found, RenameTable("a", "c"))
    assert (back.name, back.was) == ("a", ("c", "b"))


def test_the_old_name_of_a_renamed_table_is_forgotten_unless_a_new_table_has_it() -> None:
    steps = (Planned(RenameTable("b", "a"), Phase.EXPAND),)
    unit = UnitPlan(("m",), steps, {"a": state("a", "x")}, {"b": wanted("b", "x")}, {"a": record("a", "x")})
    assert forgotten(unit, Phase.EXPAND) == {"a"}
    both = replace(unit, wanted={"b": wanted("b", "x"), "a": wanted("a", "y")})
    assert forgotten(both, Phase.EXPAND) == set()
    found = next_records(both, Phase.EXPAND)
    assert found["a"] == record("a", "y")
    assert found["b"].was == ("a",)


def test_an_unused_column_keeps_its_meaning_until_it_is_gone() -> None:
    found = after(wanted("t", "a"), state("t", "a", "b"), record("t", "a", "b"), RetireColumn("t", "b"))
    assert found.state.column_names == ("a",)
    assert set(found.meanings) == {"a", "b"}
    assert set(after(wanted("t", "a"), state("t", "a"), found).meanings) == {"a"}


def test_a_column_that_others_added_is_not_taken_for_ours() -> None:
    assert set(after(wanted("t", "a"), state("t", "a", "theirs"), None).meanings) == {"a"}


def test_what_was_filled_in_is_remembered_and_forgotten_when_the_old_value_replaced_it() -> None:
    added = AddColumn("t", "b", Fill(Source.VALUE, sql="5"), nullable=True)
    found = after(wanted("t", "a", "b"), state("t", "a"), record("t", "a"), added)
    assert found.wrote == {"b": ("5",)}
    late = FillFromOld("t", "b", "a", ("5",), NUMBER, NUMBER)
    found = after(wanted("t", "b", b=("a",)), state("t", "a", "b"), found, late)
    assert (found.wrote, found.filled_from) == ({}, {"b": ("a",)})


def test_a_name_that_is_used_again_may_fill_another_again() -> None:
    before = record("t", "b", filled_from={"b": ("a", "x")})
    assert after(wanted("t", "a", "b"), state("t", "a", "b"), before).filled_from == {"b": ("x",)}


def test_a_merged_table_is_merged_once() -> None:
    found = after(wanted("t", "a", was=("s",)), state("t", "a"), None, MergeTable("t", "s", {"a": "a"}))
    assert found.merged == ("s",)


def test_a_conversion_that_waits_leaves_the_record_as_it_was() -> None:
    model = wanted("t", "a")
    live = state("t", "a", type_="VARCHAR")
    before = replace(record("t"), state=live, meanings={"a": TEXT})
    convert = ConvertColumn("t", "a", TEXT, NUMBER, Fill(), {})
    waits = Planned(convert, Phase.SETTLE, Verdict.POSTPONE, rows=1)
    found = after(model, live, before, waits)
    assert (found.state, found.meanings) == (live, {"a": TEXT})
    done = after(model, live, before, Planned(convert, Phase.SETTLE), phase=Phase.SETTLE)
    assert (done.state, done.meanings) == (model.state, {"a": NUMBER})


def test_the_fill_of_a_conversion_counts_only_if_values_were_kept() -> None:
    convert = ConvertColumn("t", "a", TEXT, NUMBER, Fill(Source.VALUE, sql="0"), {})
    assert after(wanted("t", "a"), state("t", "a"), None, Planned(convert, Phase.EXPAND)).wrote == {}
    kept = Planned(convert, Phase.EXPAND, Verdict.REPORT, rows=2, kept=1)
    assert after(wanted("t", "a"), state("t", "a"), None, kept).wrote == {"a": ("0",)}


def test_all_that_rows_may_have_been_filled_with_is_remembered() -> None:
    before = record("t", "a", wrote={"a": ("'1'",)})
    convert = ConvertColumn("t", "a", TEXT, NUMBER, Fill(Source.VALUE, sql="0"), {}, wrote=("1",))
    kept = Planned(convert, Phase.EXPAND, Verdict.REPORT, rows=2, kept=1)
    assert after(wanted("t", "a"), state("t", "a"), before, kept).wrote == {"a": ("1", "0")}
    filled = FillColumn("t", "a", Fill(Source.VALUE, sql="2"))
    assert after(wanted("t", "a"), state("t", "a"), before, filled).wrote == {"a": ("'1'", "2")}
    again = AddColumn("t", "a", Fill(Source.VALUE, sql="3"), nullable=True)
    assert after(wanted("t", "a"), state("t"), before, again).wrote == {"a": ("3",)}


def test_a_foreign_key_is_recorded_as_unvalidated_until_it_is_validated() -> None:
    key = ConstraintState(ConstraintKind.FOREIGN, ("a",), "FOREIGN KEY(a) REFERENCES p (id)", None, "p", ("id",))
    model = wanted("t", "a")
    model = replace(model, state=replace(model.state, constraints=(key,)))
    later = Planned(ValidateConstraint("t", key), Phase.SETTLE, Verdict.POSTPONE)
    found = after(model, state("t", "a"), None, AddConstraint("t", key, validate=False), later)
    assert found.unvalidated == (key.definition,)
    found = after(model, model.state, found, ValidateConstraint("t", key), phase=Phase.SETTLE)
    assert found.unvalidated == ()


def test_a_table_without_a_model_stays_known_as_unused() -> None:
    found = after(None, state("t", "a"), record("t", "a", filled_from={"a": ("x",)}, merged=("y",)), RetireTable("t"))
    assert found == record("t", "a", used=False)
