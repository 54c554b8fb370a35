"""Which modules run, decided from their names and the options of the command line."""

from pathlib import Path

import pytest

from aha.discovery import Found
from aha.selection import Selection, choose, look_again, select
from models.exc import UsageError

FOUND = [
    Found("a", Path("modules/a")),
    Found("b", Path("modules/b.py")),
    Found("c", Path("modules/DISABLEDc.py"), "disabled"),
    Found("my-d", Path("modules/my-d.py"), "unusable", "rename it"),
]


def test_all_that_are_on_run():
    selection = select(FOUND)
    assert [module.name for module in selection.wanted] == ["a", "b"]
    assert selection.off == {
        "c": "it is disabled (aha modules enable c)",
        "my-d": "modules/my-d.py: rename it",
    }
    assert [module.name for module in selection.unusable] == ["my-d"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"load_only": ["b"]}, ["b"]),
        ({"exclude": ["b"]}, ["a"]),
        ({"load_only": ["a", "b"], "exclude": ["a"]}, ["b"]),
        ({"exclude": ["a", "b", "c"]}, []),
    ],
    ids=str,
)
def test_options_narrow_the_choice(options, wanted):
    assert [module.name for module in select(FOUND, **options).wanted] == wanted


def test_what_was_left_out_is_off_for_that_reason():
    assert select(FOUND, exclude=["b"]).off["b"] == "--exclude names it"
    assert select(FOUND, load_only=["b"]).off["a"] == "--load-only does not name it"


def test_an_unusable_module_that_is_excluded_is_no_news():
    assert select(FOUND, exclude=["my-d"]).unusable == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"load_only": ["x"]}, "--load-only x: there is no such module; there are: a, b"),
        ({"exclude": ["x"]}, "--exclude x: there is no such module; there are: a, b, c, my-d"),
        ({"load_only": ["c"]}, "--load-only c: this module cannot run: it is disabled (aha modules enable c)"),
        ({"load_only": ["my-d"]}, "--load-only my-d: this module cannot run: modules/my-d.py: rename it"),
    ],
    ids=str,
)
def test_a_name_that_helps_nobody_is_a_usage_error(options, message):
    with pytest.raises(UsageError) as error:
        select(FOUND, **options)
    assert str(error.value) == message


def test_no_modules_at_all_comes_with_advice():
    with pytest.raises(UsageError, match="aha new hello"):
        select([], load_only=["x"])


def test_what_comes_with_aha_runs_unless_it_is_excluded():
    found = [*FOUND, Found("reload", Path("aha/modules/reload.py"), is_builtin=True)]
    assert [module.name for module in select(found, load_only=["a"]).wanted] == ["a", "reload"]
    assert [module.name for module in select(found, load_only=["a"], exclude=["reload"]).wanted] == ["a"]


def test_names_that_were_known_once_are_no_mistake_when_it_is_chosen_anew():
    assert [module.name for module in choose(FOUND, load_only=["a", "gone"], exclude=["gone too"]).wanted] == ["a"]


def test_to_look_again_finds_what_is_still_there(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.py").touch()
    before = Selection(tuple(Found(name, tmp_path / f"{name}.py") for name in "abc"), {"x": "--exclude names it"})
    (tmp_path / "b.py").unlink()
    (tmp_path / "d.py").touch()
    selection = look_again(before)
    assert [module.name for module in selection.wanted] == ["a", "c"]
    assert selection.off == {"x": "--exclude names it", "b": f"{tmp_path.name}/b.py: it was removed"}
