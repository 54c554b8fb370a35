"""What a folder of modules holds, told from its names alone."""

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aha.discovery import look_at, survey


def make(folder: Path, *names: str) -> Path:
    """Make files, and packages where a name ends in a slash."""
    for name in names:
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True)
            (path / "__init__.py").touch()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return folder


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("notes/", ("notes", "on"), id="package"),
        pytest.param("memo.py", ("memo", "on"), id="file"),
        pytest.param("点歌.py", ("点歌", "on"), id="chinese name"),
        pytest.param("match.py", ("match", "on"), id="soft keyword"),
        pytest.param("DISABLEDnotes/", ("notes", "disabled"), id="disabled package"),
        pytest.param("DISABLED_memo.py", ("memo", "disabled"), id="disabled file"),
        pytest.param("DISABLEDmy-notes/", ("my-notes", "disabled"), id="disabled with any name"),
        pytest.param("my-notes/", ("my-notes", "unusable"), id="dash"),
        pytest.param("2048.py", ("2048", "unusable"), id="digit first"),
        pytest.param("a.b.py", ("a.b", "unusable"), id="dot"),
        pytest.param("class.py", ("class", "unusable"), id="keyword"),
        pytest.param("None.py", ("None", "unusable"), id="constant"),
        pytest.param("_shared/", None, id="underscore"),
        pytest.param(".hidden/", None, id="hidden"),
        pytest.param("readme.md", None, id="other file"),
    ],
)
def test_a_name_tells_what_stands_there(tmp_path, name, expected):
    found = look_at(make(tmp_path, name) / name)
    assert (found and (found.name, found.state)) == expected


@pytest.mark.parametrize(
    ("name", "better"),
    [("my-notes.py", "my_notes"), ("2048.py", "m_2048"), ("class.py", "class_"), ("a b.py", "a_b"), ("-.py", "m_")],
)
def test_an_unusable_name_comes_with_a_usable_one(tmp_path, name, better):
    found = look_at(make(tmp_path, name) / name)
    assert found.problem.endswith(f"to {better}")


def test_a_folder_of_python_files_without_init_is_reported(tmp_path):
    found = look_at(make(tmp_path, "notes/database.py") / "notes")
    assert (found.state, "add one" in found.problem) == ("unusable", True)


def test_a_module_one_folder_too_deep_is_reported(tmp_path):
    found = look_at(make(tmp_path, "notes-1.2/notes/") / "notes-1.2")
    assert (found.state, "in notes-1.2/notes/; move" in found.problem) == ("unusable", True)


def test_a_folder_without_python_files_is_nothing(tmp_path):
    assert look_at(make(tmp_path, "pictures/cat.png") / "pictures") is None


def test_a_broken_link_is_nothing(tmp_path):
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert look_at(tmp_path / "gone.py") is None


@contextmanager
def somebody():
    """Be an ordinary user for the body: root may read everything."""
    root = os.geteuid() == 0
    if root:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="there are no such rights")
@pytest.mark.parametrize("shut", ["notes", "notes/__init__.py", "memo.py"], ids=["folder", "package", "file"])
def test_what_this_user_may_not_read_is_unusable_and_stops_nothing_else(shut):
    with TemporaryDirectory() as folder:  # unlike tmp_path, it can be made one that everybody may enter
        folder = make(Path(folder), "notes/", "memo.py", "other.py")
        folder.chmod(0o755)
        (folder / shut).chmod(0)
        with somebody():
            off = [module for module in survey(folder) if module.state != "on"]
        (folder / shut).chmod(0o700)
    assert [(module.path.name, "may not read it" in module.problem) for module in off] == [(shut.split("/")[0], True)]


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="there are no such rights")
def test_a_disabled_folder_that_this_user_may_not_read_is_disabled():
    with TemporaryDirectory() as folder:
        folder = make(Path(folder), "DISABLEDnotes/")
        folder.chmod(0o755)
        (folder / "DISABLEDnotes").chmod(0)
        with somebody():
            [found] = survey(folder)
        (folder / "DISABLEDnotes").chmod(0o700)
    assert (found.name, found.state) == ("notes", "disabled")


@pytest.mark.parametrize("names", [("foo.py", "foo/"), ("foo.py", "Foo.py")], ids=["file and folder", "case"])
def test_modules_of_one_name_are_both_unusable(tmp_path, names):
    found = survey(make(tmp_path, *names, "bar.py"))
    assert [(m.name.lower(), m.state) for m in found if m.state != "on"] == [("foo", "unusable")] * 2
    assert all(name in found[-1].problem for name in names)


def test_a_disabled_twin_is_no_clash(tmp_path):
    found = survey(make(tmp_path, "foo.py", "DISABLEDfoo.py"))
    assert sorted((m.name, m.state) for m in found) == [("foo", "disabled"), ("foo", "on")]


def test_a_module_named_like_a_builtin_one_gives_way(tmp_path):
    own, user = make(tmp_path / "own", "help/"), make(tmp_path / "user", "help.py", "notes.py")
    assert [(m.where, m.state) for m in survey(user, own)] == [
        ("own/help/", "on"),
        ("user/help.py", "unusable"),
        ("user/notes.py", "on"),
    ]
