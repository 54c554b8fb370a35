"""Declared former names become the names on disk that they stand for, the most recent first."""

import enum

import pytest
from sqlalchemy import ARRAY, Column, Enum, Integer, MetaData, Table, TypeDecorator

from core.context import entered
from core.database import metadata
from core.database.naming import physical_name
from core.migration.schema.former_names import columns_before, members_before, tables_before
from models.exc import TableRefused

LONG = "a_table_with_a_name_that_is_too_long_to_be_stored_as_it_is"


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


class Decorated(TypeDecorator):
    impl = Enum(Color)
    cache_ok = True


@pytest.mark.parametrize(
    ("was", "former", "expected"),
    [
        pytest.param(None, (), (), id="never renamed"),
        pytest.param("old", (), ("old__m",), id="table"),
        pytest.param(["new", "old"], (), ("new__m", "old__m"), id="table, twice"),
        pytest.param(None, ("x", "y"), ("t__x", "t__y"), id="module, twice"),
        pytest.param("old", ("x",), ("old__m", "t__x", "old__x"), id="both"),
        pytest.param("t", (), (), id="to what it is called"),
    ],
)
def test_tables(module, was, former, expected):
    with entered(module("m")):
        table = Table("t", metadata, Column("id", Integer), info={"was": was} if was else {})
    assert tables_before(table, "m", former) == expected


def test_a_name_too_long_to_be_read_off_the_stored_one(module):
    with entered(module("m")):
        table = Table(LONG, metadata, Column("id", Integer), info={"was": LONG + "s"})
    assert tables_before(table, "m", ["x"]) == (
        physical_name(LONG + "s", "m"),
        physical_name(LONG, "x"),
        physical_name(LONG + "s", "x"),
    )


def test_a_table_in_a_schema_was_in_the_same_one():
    table = Table("t__m", MetaData(), Column("id", Integer), schema="s", info={"was": "old"})
    assert tables_before(table, "m", ["x"]) == ("s.old__m", "s.t__x", "s.old__x")


def test_a_table_of_the_framework_has_plain_names():
    assert tables_before(Table("aha_t", MetaData(), info={"was": "aha_old"}), "", ()) == ("aha_old",)


def test_columns():
    table = Table(
        "t",
        MetaData(),
        Column("a", Integer, info={"was": "b"}),
        Column("c", Integer, info={"was": ("d", "e")}),
        Column("f", Enum("g"), info={"was": ["h", {"g": "i"}]}),
        Column("j", Integer),
    )
    assert columns_before(table) == {"a": ("b",), "c": ("d", "e"), "f": ("h",)}


def _stored_values(cls):
    return [member.value for member in cls]


@pytest.mark.parametrize(
    ("type_", "declared", "expected"),
    [
        pytest.param(Enum("new", name="e"), {"new": "old"}, {"old": "new"}, id="texts"),
        pytest.param(Enum(Color), {"RED": "ROT"}, {"ROT": "RED"}, id="class"),
        pytest.param(Enum(Color, values_callable=_stored_values), {"RED": "ROT"}, {"ROT": "r"}, id="stored by value"),
        pytest.param(Enum(Color, values_callable=_stored_values), {"r": "x"}, {"x": "r"}, id="named by value"),
        pytest.param(ARRAY(Enum(Color)), {"RED": "ROT"}, {"ROT": "RED"}, id="array"),
        pytest.param(Decorated(), {"RED": "ROT"}, {"ROT": "RED"}, id="decorated"),
        pytest.param(Enum(Color), {"RED": "ROT", "BLUE": "BLAU"}, {"ROT": "RED", "BLAU": "BLUE"}, id="two"),
        pytest.param(Enum(Color), {"RED": ["ROT", "ROSSO"]}, {"ROT": "RED", "ROSSO": "RED"}, id="two into one"),
        pytest.param(Enum(Color), {Color.RED: "ROT"}, {"ROT": "RED"}, id="member itself"),
    ],
)
def test_members(type_, declared, expected):
    table = Table("t", MetaData(), Column("a", type_, info={"was": declared}))
    assert members_before(table) == {"a": expected}


@pytest.mark.parametrize(
    ("was", "expected"),
    [
        pytest.param({"b": "a", "c": "b"}, {"a": "b", "b": "c"}, id="chain"),
        pytest.param({"a": "b", "b": "a"}, {"b": "a", "a": "b"}, id="exchange"),
        pytest.param([{"a": "b"}, {"b": "c"}], {"b": "a", "c": "a"}, id="one after the other"),
        pytest.param([{"a": "b"}, {"b": "c", "c": "a"}], {"c": "a", "a": "c", "b": "a"}, id="by a third name"),
        pytest.param([{"b": "a", "c": "b"}, {"a": "x", "b": "a"}], {"x": "b", "a": "c", "b": "c"}, id="chain, twice"),
    ],
)
def test_members_that_take_over_names(was, expected):
    table = Table("t", MetaData(), Column("c", Enum("a", "b", "c", name="e"), info={"was": was}))
    assert members_before(table) == {"c": expected}


def test_a_member_that_two_claim_in_one_step_is_refused():
    was = {"a": "x", "b": ["c", "x"]}
    table = Table("t", MetaData(), Column("c", Enum("a", "b", name="e"), info={"was": was}))
    with pytest.raises(TableRefused, match="members a and b both declare that they were 'x'"):
        members_before(table)


def test_a_name_that_one_member_had_may_be_the_new_one_of_another():
    was = {"a": "x", "b": ["a", "b"]}
    table = Table("t", MetaData(), Column("c", Enum("a", "b", name="e"), info={"was": was}))
    assert members_before(table) == {"c": {"x": "a", "a": "b", "b": "b"}}


@pytest.mark.parametrize(
    "was", [5, "", [""], ["old", 5], b"old", {"old"}, {"new": 5}, [{"new": ["old", None]}], {5: "old"}]
)
def test_what_is_no_former_name_is_refused_with_what_is_expected(was):
    table = Table("t", MetaData(), Column("c", Integer, info={"was": was}))
    with pytest.raises(TableRefused, match=r'table t: column c: .* expected "old"'):
        columns_before(table)


@pytest.mark.parametrize("was", [5, {"new": "old"}, ["old", {"new": "old"}]])
def test_what_is_no_former_name_of_a_table_is_refused(was):
    table = Table("t", MetaData(), Column("c", Integer), info={"was": was})
    with pytest.raises(TableRefused, match=r'table t: info=.* expected "old"'):
        tables_before(table, "m", ())


def test_nothing_is_no_former_name():
    table = Table("t", MetaData(), Column("c", Integer, info={"was": None}), info={"was": ()})
    assert (columns_before(table), members_before(table), tables_before(table, "", ())) == ({}, {}, ())
