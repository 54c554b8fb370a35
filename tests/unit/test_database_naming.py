"""The names that modules' tables have in the database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.database.naming import MAX_BYTES, physical_name

NAMES = st.text(min_size=1, max_size=80)


@pytest.mark.parametrize(
    ("name", "module", "stored"),
    [
        pytest.param("test", "notes", "test__notes", id="documented form"),
        pytest.param("test", None, "test", id="the framework's own stay plain"),
        pytest.param("笔记", "便签", "笔记__便签", id="chinese"),
        pytest.param("t" * 56, "notes", "t" * 56 + "__notes", id="63 bytes are left alone"),
        pytest.param("t" * 57, "notes", "t" * 47 + "_ca7f07fc__notes", id="64 bytes are shortened"),
        pytest.param("表" * 30, "notes", "表" * 15 + "_a0d37eaf__notes", id="bytes count, whole characters stay"),
        pytest.param("t", "m" * 70, "t__" + "m" * 51 + "_729207a5", id="a long module name is cut itself"),
    ],
)
def test_a_table_is_stored_as_documented_within_the_limit(name, module, stored):
    assert physical_name(name, module) == stored


@given(NAMES, NAMES)
def test_no_name_is_longer_than_postgresql_keeps(name, module):
    assert len(physical_name(name, module).encode()) <= MAX_BYTES


@given(NAMES, NAMES, NAMES)
def test_two_names_of_a_module_never_meet(one, other, module):
    assert (physical_name(one, module) == physical_name(other, module)) == (one == other)
