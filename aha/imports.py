"""What a module's compiled code imports of other modules, also inside functions. It runs nothing, and reads no file."""

from __future__ import annotations

from importlib.util import resolve_name
from opcode import opmap
from types import CodeType
from typing import TYPE_CHECKING, Final

import modules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE: Final = modules.__name__
"""What all modules are imported below."""

_BELOW: Final = f"{PACKAGE}."
_KEPT: Final = "database"

_IMPORT_NAME: Final = opmap["IMPORT_NAME"]
_EXTENDED_ARG: Final = opmap["EXTENDED_ARG"]
_SMALL_INT: Final = opmap.get("LOAD_SMALL_INT")  # from Python 3.14 on


def imports_of(code: CodeType, package: str) -> frozenset[str]:
    """Return what the code of a file imports below `modules`, without that word: `notes`, `notes.database.User`.

    `package` is where a relative import in it begins. What is imported by a name that is made at run time is not seen.
    """
    found = (name for part in _parts(code) for name in _imported(part, package))
    return frozenset(name.removeprefix(_BELOW) for name in found if name.startswith(_BELOW))


def modules_among(imports: Iterable[str], *, with_database: Iterable[str] = ()) -> set[str]:
    """Return the modules that have to be there anew for whoever imports this.

    What is imported from a `database.py` is not among them, for it stays; only that of `with_database` does not.
    """
    return {name.partition(".")[0] for name in imports if not is_kept(name)} | {
        name for imported in imports if (name := imported.partition(".")[0]) in with_database
    }


def is_kept(name: str) -> bool:
    """Whether `name`, such as `notes.database.User`, is or lies in the part of a module that stays over a reload."""
    parts = name.split(".", 2)
    return len(parts) > 1 and parts[1] == _KEPT and not name.startswith("_")


def _parts(code: CodeType) -> Iterator[CodeType]:
    """Yield the code and all code of functions and classes in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)


def _imported(code: CodeType, package: str) -> Iterator[str]:
    """Yield the full name of everything that this code, and none in it, imports."""
    # `dis` would take a hundred times as long, which every start would pay for.
    operations, arguments = code.co_code[::2], code.co_code[1::2]
    at = operations.find(_IMPORT_NAME)
    while at >= 0:
        index, before = _argument(operations, arguments, at)
        wanted, before_that = _argument(operations, arguments, before - 1)
        level, _ = _argument(operations, arguments, before_that - 1)
        depth = level if operations[before_that - 1] == _SMALL_INT else code.co_consts[level]
        yield from _full_names(code.co_names[index], code.co_consts[wanted], depth, package)
        at = operations.find(_IMPORT_NAME, at + 1)


def _argument(operations: bytes, arguments: bytes, at: int) -> tuple[int, int]:
    """Return the argument of the instruction that ends at `at`, and where it begins."""
    value, shift = arguments[at], 8
    while at and operations[at - 1] == _EXTENDED_ARG:
        at -= 1
        value |= arguments[at] << shift
        shift += 8
    return value, at


def _full_names(name: str, wanted: tuple[str, ...] | None, depth: int, package: str) -> list[str]:
    """Return what `from ..name import wanted` means, or `import name` if nothing is wanted of it."""
    try:
        base = resolve_name("." * depth + name, package)
    except ImportError:  # it would leave the package, as Python will say
        return []
    return [f"{base}.{each}" for each in wanted] if wanted else [base]
