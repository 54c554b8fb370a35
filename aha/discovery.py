"""What stands in a folder of modules, seen from outside. It reads names only: no code of a module is run here."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, replace
from keyword import iskeyword
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DISABLED = "DISABLED"

State = Literal["on", "disabled", "unusable"]


@dataclass(frozen=True, slots=True)
class Found:
    """A module on disk: the name it is imported by, and its package folder or its file.

    `problem` is one sentence, for an unusable module only: what is wrong and what to do. `is_builtin` is one that comes
    with Aha.
    """

    name: str
    path: Path
    state: State = "on"
    problem: str | None = None
    is_builtin: bool = False

    @property
    def where(self) -> str:
        """The path as a person writes it, a folder with a slash at its end: `modules/notes/`."""
        return f"{self.path.parent.name}/{self.path.name}{'' if self.path.suffix == '.py' else '/'}"


def look_at(path: Path) -> Found | None:
    """Return the module that `path` is, or None if it is nothing that could be meant as one."""
    if path.name.startswith(("_", ".")):
        return None
    if path.is_dir():
        # Asked first: of a folder that is shut nobody can tell what is in it, and asking raises an error.
        if os.access(path, os.R_OK | os.X_OK) and not (path / "__init__.py").is_file():
            return _folder_without_init(path)
    elif path.suffix != ".py" or not path.is_file():
        return None
    name = path.name.removesuffix(".py")
    if name.startswith(DISABLED):
        return Found(name.removeprefix(DISABLED).lstrip("_-. "), path, "disabled")
    if problem := _shut(path) or name_problem(name):
        return Found(name, path, "unusable", problem)
    return Found(name, path)


def survey(user: Path, builtin: Path | None = None) -> list[Found]:
    """Return every module in the two folders, sorted by name; those whose names meet are unusable.

    Raises `OSError` if a folder cannot be listed.
    """
    found = [module for path in sorted(user.iterdir()) if (module := look_at(path))]
    builtins = sorted(builtin.iterdir()) if builtin else []
    own = [replace(module, is_builtin=True) for path in builtins if (module := look_at(path))]
    taken = {module.name.casefold() for module in own}
    found = [_like_a_builtin(m) if m.state == "on" and m.name.casefold() in taken else m for m in found]
    return sorted([*_without_clashes(found), *own], key=lambda module: (module.name, str(module.path)))


def name_problem(name: str) -> str | None:
    """Say why Python cannot import a module of that name, and what to call it; None if it can."""
    if iskeyword(name):
        return f"{name} is a word of the Python language; rename it, for example to {name}_"
    if not name.isidentifier():
        wanted = "".join(c if c.isidentifier() or c.isdecimal() else "_" for c in name)
        wanted = wanted if wanted.isidentifier() and not wanted.startswith("_") else f"m_{wanted.lstrip('_')}"
        return f"its name cannot be imported by Python; rename it, for example to {wanted}"
    return None


def _shut(path: Path) -> str | None:
    """Say so if this user may not read the package or file at `path`: somebody else, root perhaps, has unpacked it."""
    needed = [(path, os.R_OK | os.X_OK), (path / "__init__.py", os.R_OK)] if path.is_dir() else [(path, os.R_OK)]
    if all(os.access(*each) for each in needed):
        return None
    return "this user may not read it; allow it (chmod -R a+rX), or give it to this user (chown -R)"


def _folder_without_init(path: Path) -> Found | None:
    if path.name.startswith(DISABLED):
        return None
    if any(path.glob("*.py")):
        problem = f"it has no __init__.py; add one, or begin the folder's name with {DISABLED}"
        return Found(path.name, path, "unusable", problem)
    if (inner := min(path.glob("*/__init__.py"), default=None)) is not None:  # as some archives are unpacked
        place = f"{path.name}/{inner.parent.name}/"
        return Found(path.name, path, "unusable", f"the module is one folder deeper, in {place}; move that folder up")
    return None


def _like_a_builtin(module: Found) -> Found:
    return replace(module, state="unusable", problem="Aha comes with a module of that name; rename yours")


def _without_clashes(found: Iterable[Found]) -> list[Found]:
    """Modules whose names differ in nothing but their case would share their tables on SQLite: they meet as well."""
    by_name = defaultdict(list)
    for module in found:
        by_name[module.name.casefold() if module.state == "on" else module.path].append(module)
    return [module if len(same) == 1 else _taken(module, same) for same in by_name.values() for module in same]


def _taken(module: Found, same: list[Found]) -> Found:
    places = " and ".join(other.where for other in same)
    problem = f"{places} have the same name; rename or remove one, or begin its name with {DISABLED}"
    return replace(module, state="unusable", problem=problem)
