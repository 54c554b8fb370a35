"""Which table and column is which: declared names, several back, rollbacks, late declarations; never a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from core.migration.meaning import Kind, Meaning
from core.migration.model import TableRecord, WantedTable
from core.migration.planner.renames import resolve
from core.migration.state import ColumnState, TableState
from models.exc import TableRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBER = Meaning(Kind.INTEGER, "INTEGER")


def state(name: str, *columns: str) -> TableState:
    return TableState(name, tuple(ColumnState(column, "INTEGER") for column in columns))


def wanted(name: str, *columns: str, was: tuple[str, ...] = (), **column_was: tuple[str, ...]) -> WantedTable:
    table = Table(name, MetaData(), *(Column(column, Integer) for column in columns))
    meanings = dict.fromkeys(columns, NUMBER)
    return WantedTable(table, "m", state(name, *columns), meanings, was=was, column_was=column_was)


def record(name: str, *columns: str, **kw: Any) -> TableRecord:
    return TableRecord(name, "m", state(name, *columns), dict.fromkeys(columns, NUMBER), **kw)


def by_name(*tables: Any) -> Mapping[str, Any]:
    return {getattr(table, "state", table).name: table for table in tables}


@pytest.mark.parametrize(
    ("model", "live", "records", "renamed"),
    [
        pytest.param([wanted("b", "x", was=("a",))], [state("a", "x")], [], {"b": "a"}, id="declared"),
        pytest.param([wanted("c", was=("b", "a"))], [state("a")], [], {"c": "a"}, id="several back"),
        pytest.param([wanted("c", was=("b", "a"))], [state("a"), state("b")], [], {"c": "b"}, id="nearest first"),
        pytest.param([wanted("b", "x")], [state("a", "x")], [], {}, id="never guessed"),
        pytest.param([wanted("a")], [state("b")], [record("b", was=("a",))], {"a": "b"}, id="rolled back"),
        pytest.param([wanted("a")], [state("c")], [record("c", was=("b", "a"))], {"a": "c"}, id="rolled back twice"),
        pytest.param([wanted("a"), wanted("b")], [state("b")], [record("b", was=("a",))], {}, id="both wanted"),
        pytest.param(
            [wanted("b", was=("a",)), wanted("a")], [state("a")], [record("a")], {"b": "a"}, id="old name given anew"
        ),
        pytest.param(
            [wanted("b", was=("a",)), wanted("a")],
            [state("a")],
            [record("a"), record("b")],
            {},
            id="old name given anew, then the new table lost",
        ),
        pytest.param([wanted("t")], [state("T")], [], {"t": "T"}, id="lower case"),
        pytest.param(
            [wanted("b", was=("c",)), wanted("a", was=("b",))],
            [state("b"), state("c")],
            [record("b"), record("c")],
            {"a": "b", "b": "c"},
            id="chain",
        ),
        pytest.param(
            [wanted("a", was=("b",)), wanted("b", was=("c",)), wanted("c")],
            [state("b"), state("c")],
            [record("b"), record("c")],
            {"a": "b", "b": "c"},
            id="chain, last name given anew",
        ),
        pytest.param(
            [wanted("a", was=("b",)), wanted("b", was=("c",))],
            [state("b"), state("c")],
            [record("b", was=("c",)), record("c")],
            {"a": "b", "b": "c"},
            id="chain once more, with another",
        ),
        pytest.param(
            [wanted("d", was=("a",)), wanted("a", was=("b",))],
            [state("a"), state("b")],
            [record("a", was=("b",)), record("b", was=("d", "a"))],
            {"d": "b"},
            id="rolled back, former name given to another",
        ),
        pytest.param(
            [wanted("b", was=("d", "a")), wanted("a", was=("b",))],
            [state("b"), state("d")],
            [record("b", was=("a",)), record("d", was=("b", "a"))],
            {"a": "b", "b": "d"},
            id="forward again, former name given to another",
        ),
    ],
)
def test_a_table_is_found_under_its_former_name(model: Any, live: Any, records: Any, renamed: Any) -> None:
    assert resolve(by_name(*model), by_name(*live), by_name(*records), folds=True).tables == renamed


def test_a_name_that_two_tables_claim_is_neither_s() -> None:
    model = by_name(wanted("b", was=("a",)), wanted("c", was=("x", "a")))
    with pytest.raises(TableRefused, match="tables b and c both declare that they were a") as caught:
        resolve(model, by_name(state("a")), {})
    assert {caught.value.table, *caught.value.others} == {"b", "c"}


def test_a_name_that_two_columns_claim_is_neither_s() -> None:
    with pytest.raises(TableRefused, match="columns of t b and c both declare that they were a"):
        resolve(by_name(wanted("t", "b", "c", b=("a",), c=("x", "a"))), by_name(state("t", "a")), {})


@pytest.mark.parametrize(
    ("declared", "live", "moves"),
    [
        pytest.param({"a": "b", "b": "a"}, "ab", "b -> a, a -> b", id="exchange"),
        pytest.param({"a": "b", "b": "c", "c": "a"}, "abc", "b -> a, c -> b, a -> c", id="circle"),
        pytest.param({"x": "", "a": "b", "b": "xc", "c": "a"}, "abcx", "b -> a, c -> b, a -> c", id="circle and more"),
        pytest.param({"a": "b", "b": "c"}, "abc", "b -> a, c -> b", id="chain over one that goes"),
        pytest.param({"A": "b", "B": "a"}, "ab", "b -> A, a -> B", id="exchange, upper case"),
        pytest.param({"A": "B", "B": "A"}, "ab", "b -> A, a -> B", id="exchange, upper case, as declared"),
    ],
)
def test_names_in_use_are_not_passed_on_at_once(declared: Any, live: Any, moves: str) -> None:
    tables = by_name(*(wanted(name, was=tuple(olds)) for name, olds in declared.items()))
    with pytest.raises(TableRefused, match=rf"the tables take names .* in use \({moves}\): rename one after") as caught:
        resolve(tables, by_name(*map(state, live)), by_name(*map(record, live)), folds=True)
    assert {caught.value.table, *caught.value.others} <= tables.keys()
    columns = wanted("t", *declared, **{name: tuple(olds) for name, olds in declared.items()})
    with pytest.raises(TableRefused, match=rf"the columns of t take names .* in use \({moves}\): rename one after"):
        resolve(by_name(columns), by_name(state("t", *live)), by_name(record("t", *live)), folds=True)


@pytest.mark.parametrize(
    ("declared", "live", "known"),
    [
        pytest.param({"a": "b", "b": "a"}, "ab", {"a": "b", "b": "a"}, id="known"),
        pytest.param({"a": "b", "b": "a"}, "ab", None, id="nobody remembers"),
        pytest.param({"a": "b", "b": "a"}, "", {}, id="new"),
        pytest.param({"a": "b", "b": "a"}, "a", {}, id="one is new"),
        pytest.param({"a": "a", "b": "b"}, "ab", {}, id="themselves"),
        pytest.param({"a": "A", "b": "B"}, "ab", {}, id="themselves in upper case"),
        pytest.param({"a": "b", "b": ""}, "ab", {}, id="another that stays"),
        pytest.param({"a": "b", "b": "c", "c": ""}, "abc", {}, id="others that stay"),
        pytest.param({"a": "b", "b": "c", "c": "a"}, "abc", {"a": "b", "b": "c", "c": "a"}, id="known circle"),
    ],
)
def test_former_names_that_say_nothing_of_exchanged_rows_are_not_refused(declared: Any, live: Any, known: Any) -> None:
    records = {} if known is None else {name: record(name, was=tuple(known.get(name, ()))) for name in live}
    tables = by_name(*(wanted(name, was=tuple(olds)) for name, olds in declared.items()))
    resolve(tables, by_name(*map(state, live)), records, folds=True)
    columns = wanted("t", *declared, **{name: tuple(olds) for name, olds in declared.items()})
    before = {} if known is None else by_name(record("t", *live, renamed={n: tuple(o) for n, o in known.items()}))
    resolve(by_name(columns), by_name(state("t", *live)), before, folds=True)


def test_one_that_has_a_nearer_name_leaves_the_other_one_its_own() -> None:
    model = by_name(wanted("b", was=("x", "a")), wanted("c", was=("a",)))
    assert resolve(model, by_name(state("a"), state("x")), {}).tables == {"b": "x", "c": "a"}


@pytest.mark.parametrize(
    ("model", "live", "recorded", "renamed"),
    [
        pytest.param(wanted("t", "b", b=("a",)), ["a"], None, {"b": "a"}, id="declared"),
        pytest.param(wanted("t", "c", c=("b", "a")), ["a"], None, {"c": "a"}, id="several back"),
        pytest.param(wanted("t", "b"), ["a"], record("t", "a"), {}, id="never guessed"),
        pytest.param(wanted("t", "a"), ["b"], record("t", "b", renamed={"b": ("a",)}), {"a": "b"}, id="rolled back"),
        pytest.param(
            wanted("t", "a"),
            ["c"],
            record("t", "c", renamed={"c": ("b", "a")}),
            {"a": "c"},
            id="rolled back over two",
        ),
        pytest.param(
            wanted("t", "a", "b"), ["b"], record("t", "b", renamed={"b": ("a",)}), {}, id="both names are wanted"
        ),
        pytest.param(
            wanted("t", "b", "a", b=("a",)), ["a"], record("t", "a"), {"b": "a"}, id="old name given to a new column"
        ),
        pytest.param(wanted("t", "name"), ["Name"], None, {"name": "Name"}, id="lower case"),
    ],
)
def test_a_column_is_found_under_its_former_name(model: Any, live: Any, recorded: Any, renamed: Any) -> None:
    records = by_name(recorded) if recorded else {}
    found = resolve(by_name(model), by_name(state("t", *live)), records, folds=True)
    assert found.columns == ({"t": renamed} if renamed else {})
    assert not found.fills


def test_columns_are_looked_up_in_the_table_under_its_old_name() -> None:
    model = wanted("new", "b", was=("old",), b=("a",))
    found = resolve(by_name(model), by_name(state("old", "a")), by_name(record("old", "a")))
    assert (found.tables, found.columns) == ({"new": "old"}, {"new": {"b": "a"}})


def test_a_late_declaration_fills_once_from_the_nearest_name() -> None:
    model = wanted("t", "c", c=("b", "a"))
    live = by_name(state("t", "a", "b", "c"))
    assert resolve(by_name(model), live, {}).fills == {"t": {"c": "b"}}
    done = record("t", "c", filled_from={"c": ("b", "a")})
    assert resolve(by_name(model), live, by_name(done)).fills == {}
    other = record("t", "c", filled_from={"x": ("b", "a")})
    assert resolve(by_name(model), live, by_name(other)).fills == {"t": {"c": "b"}}


def test_a_late_declaration_of_a_table_merges_it_once() -> None:
    model, live = by_name(wanted("b", was=("a",))), by_name(state("a"), state("b"))
    assert resolve(model, live, {}).merges == {"b": "a"}
    assert resolve(model, live, by_name(record("b", merged=("a",)))).merges == {}


def test_case_matters_where_the_database_says_so() -> None:
    assert resolve(by_name(wanted("t")), by_name(state("T")), {}, folds=False).tables == {}
