"""Importing modules, each under its own record, and forgetting them without a trace."""

import importlib
import inspect
import sys
import textwrap
from contextlib import closing
from importlib.resources import files

import pytest

import modules
from aha.discovery import survey
from aha.importing import ModuleOff
from aha.loader import Loader
from aha.reload.means import Means
from aha.reload.tried import not_as_loaded
from aha.starting import Starter

WHO = "from core.context import current_module\nME = current_module.get().name\n"


@pytest.fixture
def load(tmp_path):
    """Write the given files, load all modules among them, and return the loader, open until the test ends."""
    opened = []

    def write_and_load(contents, *, off=None):
        for name, code in contents.items():
            path = tmp_path / "plugins" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(code), encoding="utf-8")
        wanted = [found for found in survey(tmp_path / "plugins") if found.name not in (off or {})]
        loader = Loader(wanted, off=off or {}, on_failure=lambda name, error: loader.errors.update({name: error}))
        loader.errors = {}
        loader.open()
        opened.append(loader)
        for found in wanted:
            loader.load(found.name)
        return loader

    yield write_and_load
    for loader in opened:
        loader.close()


def test_code_runs_with_its_own_record_current(load):
    load({"b.py": WHO, "a.py": f"import modules.b\n{WHO}", "c.py": f"{WHO}from modules.b import ME as B"})
    assert [sys.modules[f"modules.{n}"].ME for n in "abc"] == ["a", "b", "c"]


def test_a_module_that_another_imports_stands_before_it(load):
    loader = load({"a.py": "import modules.z", "z.py": ""})
    assert list(loader.loaded) == ["z", "a"]


def test_the_files_of_a_package_belong_to_it_whoever_imports_them(load):
    importer = "from modules.p.deep.er import ME"
    load({"p/__init__.py": "", "p/deep/__init__.py": "", "p/deep/er.py": WHO, "a.py": importer})
    assert sys.modules["modules.a"].ME == "p"


def test_a_part_that_is_imported_later_belongs_to_its_module_as_well(load):
    load({"p/__init__.py": "", "p/later.py": WHO})
    assert importlib.import_module("modules.p.later").ME == "p"


def test_a_failure_takes_back_what_was_registered_and_leaves_the_others(load):
    code = """
        from core.context import current_module
        import builtins
        current_module.get().enter(lambda: builtins.undone.append("b"), redo=lambda: None)
        from . import part
        1 / 0
    """
    import builtins

    builtins.undone = []
    try:
        loader = load({"a.py": "", "b/__init__.py": code, "b/part.py": "", "c.py": ""})
        assert builtins.undone == ["b"]
    finally:
        del builtins.undone
    assert list(loader.loaded) == ["a", "c"]
    assert isinstance(loader.errors["b"], ZeroDivisionError)
    assert not [name for name in sys.modules if name.startswith("modules.b")]
    assert not hasattr(modules, "b")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param("raise SystemExit(3)", SystemExit, id="exit"),
        pytest.param("raise KeyboardInterrupt", KeyboardInterrupt, id="interrupt of its own"),
        pytest.param("def f(:", SyntaxError, id="syntax"),
        pytest.param("import nothing_of_that_name", ModuleNotFoundError, id="missing dependency"),
        pytest.param("\0", SyntaxError, id="not Python"),
    ],
)
def test_whatever_an_import_raises_is_this_modules_failure(load, code, error):
    loader = load({"a.py": code, "b.py": ""})
    assert (list(loader.loaded), type(loader.errors["a"])) == (["b"], error)


def test_importing_a_failed_module_is_an_import_error_that_names_both(load):
    loader = load({"a.py": "import modules.b", "b.py": "1 / 0", "c.py": "import modules.b"})
    assert {name: type(error) for name, error in loader.errors.items()} == {
        "b": ZeroDivisionError,
        "a": ModuleOff,
        "c": ModuleNotFoundError,
    }
    assert str(loader.errors["a"]) == "module b failed to import, but module a imports it; see its own report"
    assert "module b is off, but module c imports it" in str(loader.errors["c"])


def test_a_module_may_do_without_one_that_is_off(load):
    code = """
        try:
            import modules.b
        except ImportError:
            b = None
    """
    assert list(load({"a.py": code, "b.py": "1 / 0"}).loaded) == ["a"]


def test_importing_a_module_that_is_not_to_run_says_why(load):
    loader = load({"a.py": "import modules.b", "b.py": ""}, off={"b": "--exclude b"})
    assert str(loader.errors["a"]) == "module b is off, but module a imports it: --exclude b"
    assert "modules.b" not in sys.modules


@pytest.mark.parametrize("code", ["1 / 0", "import nothing_of_that_name"], ids=["error", "import error"])
def test_what_the_report_raises_comes_out_of_load(tmp_path, code):
    def refuse(name, error):
        raise error

    (tmp_path / "a.py").write_text(code)
    loader = Loader(survey(tmp_path), off={}, on_failure=refuse)
    loader.open()
    with closing(loader), pytest.raises((ZeroDivisionError, ModuleNotFoundError)):
        loader.load("a")


def test_a_file_that_vanished_is_a_failure(load, tmp_path):
    loader = load({"a.py": ""})
    loader.unload("a")
    (tmp_path / "plugins" / "a.py").unlink()
    loader.load("a")
    assert "modules.a" in str(loader.errors["a"])


def test_so_is_a_folder_that_is_no_package_any_more(load, tmp_path):
    loader = load({"p/__init__.py": "", "p/part.py": ""})
    init = tmp_path / "plugins" / "p" / "__init__.py"
    loader.unload("p")
    init.unlink()
    loader.load("p")
    assert str(loader.errors["p"]) == "plugins/p/ has no __init__.py any more"
    assert (loader.loaded, "modules.p" in sys.modules) == ({}, False)
    init.touch()
    loader.off.clear()
    loader.load("p")
    assert list(loader.loaded) == ["p"]


def test_python_tools_see_an_ordinary_module(load, tmp_path):
    load({"p/__init__.py": "def f():\n    return 1\n", "p/data.txt": "hello"})
    module = sys.modules["modules.p"]
    assert type(module.__loader__) is type(module.__spec__.loader) is type(textwrap.__loader__)
    assert inspect.getsource(module.f) == "def f():\n    return 1\n"
    assert files("modules.p").joinpath("data.txt").read_text() == "hello"
    assert module.__file__ == str(tmp_path / "plugins" / "p" / "__init__.py")


def test_nothing_is_left_after_the_run(tmp_path, load):
    before = list(sys.meta_path), list(modules.__path__), set(sys.modules), set(vars(modules))
    code = "from modules import _shared\nfrom . import x"
    loader = load({"a.py": "", "_shared.py": "", "p/__init__.py": code, "p/x.py": ""})
    assert hasattr(modules, "p")
    loader.close()
    assert (list(sys.meta_path), list(modules.__path__), set(sys.modules), set(vars(modules))) == before


def test_a_module_whose_undo_fails_is_forgotten_all_the_same(load, caplog):
    code = "from core.context import current_module\ncurrent_module.get().enter(lambda: 1 / 0, redo=lambda: None)"
    loader = load({"a.py": code})
    loader.unload("a")
    assert "modules.a" not in sys.modules
    assert "module a could not take back" in caplog.text


@pytest.mark.parametrize(
    ("declared", "names"),
    [("", ()), ("__was__ = 'old'", ("old",)), ("__was__ = 'newer', 'older'", ("newer", "older")), ("__was__ = []", ())],
)
def test_a_module_says_what_it_was_called(load, declared, names):
    assert load({"a.py": declared}).loaded["a"].was == names


@pytest.mark.parametrize("declared", ["7", "None", "('a', 7)", "''", "{'a'}"])
def test_a_former_name_that_is_none_puts_the_module_off(load, declared):
    loader = load(
        {
            "a.py": f"__was__ = {declared}",
            "b.py": "import contextlib\nwith contextlib.suppress(ImportError):\n    import modules.a",
        }
    )
    assert list(loader.loaded) == ["b"]
    assert "__was__ is the former name of the module" in str(loader.errors["a"])


WITH_MORE = {"a/__init__.py": "", "a/part.py": "", "_shared.py": "IMPORTS = ['a']", "b.py": ""}


class _Meanwhile:
    """Stands for a file during whose inspection some thread imports another for the first time."""

    path = "b.py"
    registered_for = None

    @property
    def imports(self):
        return frozenset(importlib.import_module("modules._shared").IMPORTS)

    @property
    def is_changed(self):
        return not self.imports


class TestAThreadImportsSomething:
    @pytest.mark.parametrize(
        ("look", "found"),
        [
            pytest.param(lambda loader: loader.imports()["b"], {"a"}, id="who imports whom"),
            pytest.param(lambda loader: not_as_loaded(Means(loader, Starter())), set(), id="what is new"),
        ],
    )
    def test_while_the_files_that_ran_are_looked_at(self, load, look, found):
        loader = load(WITH_MORE)
        loader.finder.ran["b"] = {"b": _Meanwhile()}
        assert look(loader) == found

    def test_while_those_of_one_module_are(self, load):
        loader = load(WITH_MORE)
        for source in loader.finder.ran["a"].values():
            importlib.import_module("modules.a.part")
            assert source.path.endswith("__init__.py")
        assert list(loader.finder.ran["a"]) == ["a", "a.part"]
