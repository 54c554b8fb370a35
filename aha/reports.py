"""Errors as a person reads them: one line, or a traceback that begins where the module's own code does."""

from __future__ import annotations

import traceback
from pathlib import Path
from sysconfig import get_path
from typing import TYPE_CHECKING

from models.exc import AhaError

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_TABLES = "have its tables"

_TREE = Path(__file__).resolve().parent.parent
_OWN_PACKAGES = ("aha", "bots", "core", "models", "services", "utils")
_OURS = tuple(f"{_TREE / package}/" for package in _OWN_PACKAGES)
_LIBRARIES = tuple({f"{get_path(name)}/" for name in ("purelib", "platlib")})
_PYTHON = f"{get_path('stdlib')}/"
_IMPORT_SYSTEM = ("<frozen importlib", f"{Path(traceback.__file__).parent / 'importlib'}/")
# Code of libraries that is in no file, or not in the one that the frame names.
_NOWHERE = ("<sqlalchemy generated", "asyncpg/")


def failure_report(
    name: str, what: str, error: BaseException, *, full: bool = False, how: str = "is off,", again: str = "start again"
) -> str:
    """Say that module `name` is off because it failed to `what`, or `how` it is otherwise, and what helps.

    `full` keeps every frame of the traceback.
    """
    head = f"module {name} {failure_line(what, error, how=how)}"
    if isinstance(error, SyntaxError) and not full:
        return f"{head}; correct it and {again}"
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("modules."):
        head = f"{head}; install what the module needs into this Python environment"
    if isinstance(error, AhaError) and not full and not _of_modules(error):
        return head
    return f"{head}\n{traceback_text(error, full=full)}"


def failure_line(what: str, error: BaseException, *, how: str) -> str:
    """Say `how` a module is, and that it failed to `what`, on one line."""
    return f"{how} it failed to {what}: {one_line(error)}"


def one_line(error: BaseException) -> str:
    """Say what happened, on one line: the message, and the error's type where the message alone says too little."""
    if isinstance(error, SyntaxError) and error.filename:
        code = (error.text or "").strip()
        return f"{_short(error.filename)}, line {error.lineno}: {error.msg}{f': {code}' if code else ''}"
    text = " ".join(str(error).split())
    if isinstance(error, AhaError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def traceback_text(error: BaseException, *, full: bool = False) -> str:
    """Return the traceback without the frames of the import system, libraries and Aha; `full` keeps them all.

    If no frame were left, then the fault is ours, and all are kept.
    """
    whole = traceback.TracebackException.from_exception(error)
    parts = list(_chain(whole))
    trimmed = [_trimmed(part.stack) for part in parts]
    if not full and any(trimmed):
        for part, stack in zip(parts, trimmed, strict=True):
            part.stack = stack
    return "".join(whole.format()).rstrip()


def _of_modules(error: BaseException) -> bool:
    """Whether any code of a module, or of what it uses, stands in the traceback. Python's own is in many."""
    parts = _chain(traceback.TracebackException.from_exception(error))
    return any(not frame.filename.startswith(_PYTHON) for part in parts for frame in _trimmed(part.stack))


def _chain(error: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Yield the error, those that led to it and those it groups; Python has cut cycles already."""
    yield error
    for other in (error.__cause__, error.__context__, *(error.exceptions or ())):
        if other is not None:
            yield from _chain(other)


def _trimmed(stack: traceback.StackSummary) -> traceback.StackSummary:
    return traceback.StackSummary.from_list(
        [frame for frame in stack if not frame.filename.startswith(_IMPORT_SYSTEM + _NOWHERE + _OURS + _LIBRARIES)]
    )


def _short(filename: str) -> str:
    """Return the path as seen from the working folder when it lies in it."""
    try:
        return str(Path(filename).relative_to(Path.cwd()))
    except ValueError:
        return filename
