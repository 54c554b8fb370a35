"""`aha modules`: what stands in the folder of modules, and which of it is on. No code of a module is run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from aha.discovery import DISABLED, survey
from aha.inspection import inspect
from aha.loader import BUILTIN
from models.exc import ModuleError, UsageError

from .exits import plain_errors
from .folder import module_folder

if TYPE_CHECKING:
    from aha.discovery import Found

Folder = Annotated[Path, Parameter(name="--modules", help="The folder that the modules are in.")]
_USUAL = Path("modules")

app = App(name="modules", help="List the modules; enable or disable them.")


@app.default
@plain_errors
def show(*, modules: Folder = _USUAL) -> None:
    """List the modules with their state: on, disabled, or broken."""
    inspected = [inspect(module) for module in survey(module_folder(modules), BUILTIN)]
    if not inspected:
        sys.stderr.write(f"{modules}/ has no modules; write one with: aha new hello\n")
        return
    names = max(len(module.name) for module in inspected)
    places = max(len(module.where) for module in inspected)
    for module in inspected:
        line = f"{module.name:{names}}  {module.state:8}  {module.where:{places}}  {module.note}"
        sys.stdout.write(f"{line.rstrip()}\n")


@app.command
@plain_errors
def enable(name: str, /, *, modules: Folder = _USUAL) -> None:
    """Let a disabled module run again, from the next start on.

    Parameters
    ----------
    name
        The module's name, without DISABLED.
    """
    path = _find(name, modules, "disabled").path
    _rename(path, path.with_name(f"{name}{path.suffix if path.is_file() else ''}"))


@app.command
@plain_errors
def disable(name: str, /, *, modules: Folder = _USUAL) -> None:
    """Keep a module from running, from the next start on. Its data stays.

    Parameters
    ----------
    name
        The module's name.
    """
    path = _find(name, modules, "on").path
    _rename(path, path.with_name(f"{DISABLED}{path.name}"))


def _find(name: str, folder: Path, state: str) -> Found:
    """Return the module of that name whose state can be changed; raise UsageError, saying why, if there is none."""
    modules = survey(module_folder(folder))
    for module in modules:
        if module.name == name and module.state == state:
            return module
    same = [module for module in modules if module.name == name]
    if same and same[0].state != "unusable":
        raise UsageError(f"module {name} is {'on' if state == 'disabled' else 'disabled'} already")
    if same:
        raise UsageError(f"module {name} cannot be renamed: {same[0].where}: {same[0].problem}")
    known = ", ".join(module.name for module in modules if module.state == state)
    raise UsageError(f"there is no module {name} in {folder}/; there are: {known or 'none'}")


def _rename(path: Path, target: Path) -> None:
    if target.exists():
        raise ModuleError(f"{target} is there already; remove or rename one of the two")
    path.rename(target)
    sys.stdout.write(f"{path} -> {target}; it counts from the next start on\n")
