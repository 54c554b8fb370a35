"""The files of modules as they are on disk: which there are, and whether they are still what they were."""

from __future__ import annotations

import os
import py_compile
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from aha.discovery import look_at
from aha.sources import read, read_all


@pytest.fixture
def module(tmp_path):
    """Writes the files of a module `a` and returns what is found there."""

    def write(files):
        for name, code in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code)
        return look_at(tmp_path / next(iter(files)).split("/")[0])

    return write


def names(module, *, but=()):
    return set(read_all(module, skip=lambda name: name in but))


def test_a_module_of_one_file(module):
    assert names(module({"a.py": "from .b import c\nfrom modules.a import d"})) == {"a"}


def test_all_files_that_a_package_may_import(module):
    found = module(
        {
            "a/__init__.py": "from .b import f\ndef g():\n    from modules.a.deep.er import h",
            "a/b.py": "from . import c",
            "a/c/__init__.py": "from .. import no_file, b",
            "a/c/d.py": "never imported(",
            "a/deep/__init__.py": "",
            "a/deep/er.py": "import modules.b",
            "a/tests.py": "never imported(",
        }
    )
    assert names(found) == {"a", "a.b", "a.c", "a.deep", "a.deep.er"}


def test_what_is_skipped_is_not_even_read(module):
    files = {
        "a/__init__.py": "from . import b, database",
        "a/b.py": "",
        "a/database.py": "from .c import(",
        "a/c.py": "",
    }
    assert names(module(files), but={"a.database"}) == {"a", "a.b"}


def test_a_syntax_error_names_file_and_line(module):
    found = module({"a/__init__.py": "from . import b", "a/b.py": "\ndef f(:"})
    with pytest.raises(SyntaxError) as caught:
        read_all(found, skip=lambda name: False)
    assert (Path(caught.value.filename).name, caught.value.lineno) == ("b.py", 2)


def test_what_is_no_text_is_told_with_the_file(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 1\0")
    with pytest.raises(SyntaxError, match="null bytes") as caught:
        read(str(path), package="modules")
    assert caught.value.filename == str(path)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (lambda path: None, False),
        (lambda path: path.write_text("x = 22"), True),
        (lambda path: path.write_text("x = 2"), True),
        (lambda path: os.utime(path, ns=(1, 1)), False),
        (lambda path: path.write_text("x = 1  # one"), False),
        (lambda path: path.write_text("x = ("), True),
        (lambda path: path.write_bytes(b"\xff"), True),
        (Path.unlink, True),
    ],
    ids=["nothing", "another size", "another number", "another time", "a comment", "broken", "no text", "gone"],
)
def test_a_file_is_known_again(tmp_path, change, changed):
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    source = read(str(path), package="modules")
    change(path)
    assert source.is_changed is changed


def test_what_python_has_remembered_of_a_file_is_removed(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    py_compile.compile(str(path))
    read(str(path), package="modules")
    assert not Path(cache_from_source(str(path))).exists()


@pytest.mark.parametrize(
    ("path", "package", "where"),
    [
        ("/bot/modules/a.py", "modules", "modules/a.py"),
        ("/bot/modules/a/__init__.py", "modules.a", "modules/a/__init__.py"),
        ("/bot/modules/a/database/notes.py", "modules.a.database", "modules/a/database/notes.py"),
    ],
)
def test_a_path_as_a_person_writes_it(tmp_path, path, package, where):
    file = tmp_path / path.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_text("")
    assert read(str(file), package=package).where == where
