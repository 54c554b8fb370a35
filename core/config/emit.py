"""Write values as YAML text, in one line or as a block with comments. It knows nothing of the text around."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config.checks import Mismatch, describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.config.schema import KeyPath

Tree = dict[str, Any]  # of Tree and Entry

_PLAIN = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z_][\w./-]*", re.ASCII | re.IGNORECASE)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A value to write at `path`, with the comment that it gets if it is new there."""

    path: KeyPath
    value: Any
    comment: str = ""


def plain(value: Any) -> Any:
    """Return `value` made of what YAML can hold. Raises Mismatch if it cannot."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=lambda item: (type(item).__name__, item))
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str | Path):
        return str(value)
    if value is None or isinstance(value, bool | int | float | dt.date):
        return value
    raise Mismatch("a value that YAML can hold", describe(value))


def flow(value: Any) -> str:
    """Return a value, or a tree of entries, as YAML in one line."""
    if isinstance(value, Entry):
        return flow(value.value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else _quoted(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return _number(value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def block(tree: Tree, column: int) -> str:
    """Return a tree of entries as lines that begin at `column`; on the outermost level after an empty line."""
    gap = "" if column else "\n"
    return "".join(f"{gap}{line}" for line in _lines(tree, column))


def _lines(tree: Tree, column: int) -> Iterator[str]:
    """Yield the lines of each key, its comment before it."""
    indent = " " * column
    for name, sub in tree.items():
        value = sub.value if isinstance(sub, Entry) else sub
        comment = sub.comment.splitlines() if isinstance(sub, Entry) else ()
        lines = "".join(f"{indent}# {line}\n" for line in comment) + f"{indent}{flow(name)}:"
        if isinstance(value, dict) and value:
            yield lines + "\n" + "".join(_lines(value, column + 2))
        else:
            yield f"{lines} {flow(value)}\n"


def _quoted(text: str) -> str:
    """Return a text in double quotes, with all that is not plainly visible escaped."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else f"\\U{ord(c):08x}") for c in text) + '"'


def _number(value: float) -> str:
    if math.isfinite(value):
        text = repr(value)
        return text if "." in text else text.replace("e", ".0e")
    return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
