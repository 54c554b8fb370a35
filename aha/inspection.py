"""What can be said of a module without running it: whether its files are Python, and what its docstring says."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .reports import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .discovery import Found


@dataclass(frozen=True, slots=True)
class Inspected:
    """A module as a list shows it. `state` is "on", "disabled" or "broken"; `note` is what it is for, or what to do."""

    name: str
    state: str
    where: str
    note: str = ""


def inspect(module: Found) -> Inspected:
    """Read the module's files; a file that is not Python, or cannot be read, makes it broken."""
    if module.state == "unusable":
        return Inspected(module.name, "broken", module.where, module.problem or "")
    note = ""
    for file in _files(module.path):
        try:
            tree = ast.parse(file.read_bytes(), filename=str(file))
        except (SyntaxError, ValueError, OSError) as error:
            state = "disabled" if module.state == "disabled" else "broken"
            return Inspected(module.name, state, module.where, one_line(error))
        note = note or (ast.get_docstring(tree) or "").partition("\n")[0]
    return Inspected(module.name, module.state, module.where, note)


def _files(path: Path) -> Iterator[Path]:
    """Yield the files of the module, the one that is imported first before the others."""
    if not path.is_dir():
        yield path
        return
    yield path / "__init__.py"
    yield from (file for file in sorted(path.rglob("*.py")) if file != path / "__init__.py")
