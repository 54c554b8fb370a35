"""`aha new`: a module to begin with, which works, and a test of it."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aha.discovery import DISABLED, name_problem, survey
from aha.loader import BUILTIN
from models.exc import UsageError

from .exits import plain_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL = Path("modules")
_TEMPLATES = files("aha") / "templates"
# Where pytest may have settings already; where it has none, it is told of the asynchronous tests.
_PYTEST_SETTINGS = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


@plain_errors
def new(name: str, /, *, modules: Annotated[Path, Parameter(help="The folder that modules are in.")] = _USUAL) -> None:
    """Write modules/NAME, a module that works, and tests/test_NAME.py, a test of it.

    Parameters
    ----------
    name
        The module's name: letters, digits and underscores.
    """
    _check_name(name)
    _check_free(name, modules)
    contents = dict(_contents(name, modules))
    for path in contents:
        if path.exists():
            raise UsageError(f"{path} is there already; remove it, or take another name")
    for path, text in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
    sys.stderr.write(f"Run it: aha run, then say: {name}\nTest it: pip install pytest pytest-asyncio, then: pytest\n")


def _check_name(name: str) -> None:
    if name.startswith(("_", DISABLED)):
        raise UsageError(f"a module cannot be called {name}: names that begin with _ or {DISABLED} are not loaded")
    if problem := name_problem(name):
        raise UsageError(f"a module cannot be called {name}: {problem}")


def _check_free(name: str, folder: Path) -> None:
    for module in survey(folder, BUILTIN) if folder.is_dir() else survey(BUILTIN):
        if module.name.casefold() == name.casefold():
            raise UsageError(f"{module.where} has that name already; take another one")


def _contents(name: str, folder: Path) -> Iterator[tuple[Path, str]]:
    home = folder.parent
    wanted = {
        folder / name / "__init__.py": "module.py.txt",
        folder / name / "database.py": "database.py.txt",
        home / "tests" / f"test_{name}.py": "test.py.txt",
    }
    if not any((home / file).exists() for file in _PYTEST_SETTINGS):
        wanted[home / "pytest.ini"] = "pytest.ini.txt"
    for path, template in wanted.items():
        text = _TEMPLATES.joinpath(template).read_text(encoding="utf-8")
        yield path, Template(text).substitute(name=name, folder=folder.name)
