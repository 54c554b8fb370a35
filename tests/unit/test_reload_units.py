"""Which modules are reloaded together, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.reload.units import units, with_importers


@pytest.mark.parametrize(
    ("asked", "imports", "found"),
    [
        pytest.param("b", {}, "b", id="nobody"),
        pytest.param("b", {"a": "b", "c": "d"}, "ab", id="its importer"),
        pytest.param("a", {"a": "b"}, "a", id="not what it imports"),
        pytest.param("c", {"a": "b", "b": "c"}, "abc", id="through another"),
        pytest.param("a", {"a": "b", "b": "a"}, "ab", id="a cycle"),
    ],
)
def test_who_has_to_be_reloaded_with_a_module(asked, imports, found):
    assert with_importers(asked, imports) == set(found)


@pytest.mark.parametrize(
    ("names", "imports", "running", "expected"),
    [
        pytest.param("ab", {}, "ab", ["a", "b"], id="strangers"),
        pytest.param("ab", {"a": "b"}, "ab", ["ba"], id="importer and imported"),
        pytest.param("abc", {"a": "b", "c": "b"}, "abc", ["bac"], id="two importers"),
        pytest.param("abcd", {"a": "c"}, "abcd", ["ca", "b", "d"], id="others keep to themselves"),
        pytest.param("ab", {"a": "b", "b": "a"}, "ab", ["ab"], id="a cycle"),
        pytest.param("ba", {"a": "b", "b": "a"}, "ab", ["ba"], id="a cycle, the other way round"),
        pytest.param("abc", {"a": "b", "b": "a", "c": "a"}, "abc", ["abc"], id="a cycle and its importer"),
        pytest.param("an", {"n": "a"}, "a", ["a", "n"], id="a new one after what it imports"),
        pytest.param("an", {"a": "n"}, "a", ["n", "a"], id="a new one before its importer"),
        pytest.param("abn", {"a": "n", "n": "b"}, "ab", ["b", "n", "a"], id="a new one between two"),
        pytest.param("an", {"a": "n", "n": "a"}, "a", ["an"], id="a new one in a cycle"),
        pytest.param("abn", {"a": "bn", "n": "b"}, "ab", ["bna"], id="a new one inside a unit"),
        pytest.param("a", {"a": "b"}, "ab", ["a"], id="what is not asked for"),
    ],
)
def test_what_goes_together_in_which_order(names, imports, running, expected):
    assert ["".join(unit) for unit in units(names, imports, running=running)] == expected


NAMES = "abcdefg"
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES)))


@given(GRAPHS, st.sets(st.sampled_from(NAMES)), st.permutations(NAMES))
def test_any_imports_are_divided_as_said(imports, running, names):
    imports = {name: others - {name} for name, others in imports.items()}
    found = units(names, imports, running=running)
    assert sorted(name for unit in found for name in unit) == sorted(NAMES)
    place = {name: number for number, unit in enumerate(found) for name in unit}
    for name, others in imports.items():
        for other in others:
            assert place[other] <= place[name]
            if {name, other} <= running:
                assert place[other] == place[name]
