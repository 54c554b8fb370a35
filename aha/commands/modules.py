"""`aha modules`: what stands in the folder of modules, and which of it is on. No code of a module is run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter
from rich.cells import cell_len

from aha.control.client import NoBot, tell
from aha.control.wishes import Wish
from aha.discovery import DISABLED, survey
from aha.inspection import inspect
from aha.loader import BUILTIN
from aha.printable import printable
from aha.tables import padded
from aha.words import Words
from core.config import cfg
from models.exc import ModuleError, UsageError

from .exits import CANNOT_RUN, plain_errors
from .folder import config_file, module_folder

if TYPE_CHECKING:
    from aha.discovery import Found
    from aha.inspection import Inspected

Folder = Annotated[Path, Parameter(name="--modules", help="The folder that the modules are in.")]
Config = Annotated[Path | None, Parameter(name="--config", help="Configuration file that the bot was started with.")]
_USUAL = Path("modules")

WORDS: Final = Words(
    english={"renamed": "{old} -> {new}", "next start": "{old} -> {new}; it counts from the next start on"},
    chinese={"renamed": "{old} -> {new}", "next start": "{old} -> {new}；下次启动时生效"},
)

# Where it says of other modules in which file or folder they are.
_BUILT_IN: Final = "built-in"

app = App(name="modules", help="List the modules; enable or disable them.")


@app.default
@plain_errors
def show(*, modules: Folder = _USUAL) -> None:
    """List the modules with their state: on, disabled, or broken."""
    inspected = [_inspected(module) for module in survey(module_folder(modules), BUILTIN)]
    if all(module.where == _BUILT_IN for module in inspected):
        sys.stderr.write(f"{modules}/ has no modules; write one with: aha new hello\n")
    names = max(cell_len(module.name) for module in inspected)
    places = max(cell_len(module.where) for module in inspected)
    for module in inspected:
        line = f"{padded(module.name, names)}  {module.state:8}  {padded(module.where, places)}  {module.note}"
        sys.stdout.write(f"{printable(line.rstrip())}\n")


@app.command
@plain_errors
def enable(name: str, /, *, modules: Folder = _USUAL, config: Config = None) -> int:
    """Let a disabled module run again: at once if the bot runs, else from its next start on.

    Parameters
    ----------
    name
        The module's name, without DISABLED.
    """
    cfg.load(config_file(config))
    path = _find(name, modules, "disabled").path
    return _rename(name, path, path.with_name(f"{name}{path.suffix if path.is_file() else ''}"))


@app.command
@plain_errors
def disable(name: str, /, *, modules: Folder = _USUAL, config: Config = None) -> int:
    """Keep a module from running: at once if the bot runs, else from its next start on. Its data stays.

    Parameters
    ----------
    name
        The module's name.
    """
    cfg.load(config_file(config))
    path = _find(name, modules, "on").path
    return _rename(name, path, path.with_name(f"{DISABLED}{path.name}"))


def _inspected(module: Found) -> Inspected:
    inspected = inspect(module)
    return replace(inspected, where=_BUILT_IN) if module.is_builtin else inspected


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
    if any(module.name == name for module in survey(BUILTIN)):
        raise UsageError(f"module {name} comes with Aha: leave it out of a run with --exclude {name}")
    known = ", ".join(module.name for module in modules if module.state == state)
    raise UsageError(f"there is no module {name} in {folder}/; there are: {known or 'none'}")


def _rename(name: str, path: Path, target: Path) -> int:
    """Rename the module and let the bot know, if one runs with this folder of modules."""
    if target.exists():
        raise ModuleError(f"{target} is there already; remove or rename one of the two")
    path.rename(target)
    try:
        answer = tell(cfg.aha.data_dir, Wish("follow", (name,), modules=str(path.parent.absolute())))
    except NoBot:
        answer = None
    if answer is None or answer.elsewhere:
        sys.stdout.write(WORDS.answer("next start", old=path, new=target))
        return 0
    sys.stdout.write(WORDS.answer("renamed", old=path, new=target) + f"{answer.text}\n")
    return 0 if answer.ok else CANNOT_RUN
