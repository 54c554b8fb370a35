"""Values of stores for people and programs: as text and as JSON. It reads no store.

JSON stands for a value only if reading it gives that very value: what JSON has no word for stays a pickle.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from aha.printable import printable, printable_json
from services.data_store.pickles import names_in

# What the JSON of a value is as deep as this, Python does not read again.
_DEEPEST: Final = 100


def is_json(value: Any) -> bool:
    """Whether the JSON of `value` is read as that very value."""
    return _is_json(value, seen=set(), depth=0)


def _is_json(value: Any, *, seen: set[int], depth: int) -> bool:
    kind = type(value)
    if kind is str:
        return _is_text(value)
    if kind is float:
        return math.isfinite(value)
    if kind not in {list, dict}:
        return value is None or kind is bool or (kind is int and abs(value) < 10**1000)
    # One list in two places would come back as two.
    if id(value) in seen or depth == _DEEPEST:
        return False
    seen.add(id(value))
    parts = value if kind is list else value.values()
    keys = () if kind is list else value
    return all(type(key) is str and _is_text(key) for key in keys) and all(
        _is_json(part, seen=seen, depth=depth + 1) for part in parts
    )


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def value_of(text: str) -> Any:
    """The value that an owner means by `text`: JSON if it reads as JSON, else the text."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return value if is_json(value) else text


def _refuse(word: str) -> None:
    raise ValueError(word)


def shown(value: Any) -> str:
    """`value` as text: as `value_of` takes it if it can, else as Python shows it."""
    if not is_json(value):
        return printable(_repr(value))
    if type(value) is str and value_of(value) == value == printable(value):
        return value
    return printable_json(json.dumps(value, ensure_ascii=False))


def as_data(value: Any) -> dict[str, Any]:
    """`value` for programs: under "value" if JSON has it, else as Python shows it under "repr"."""
    return {"type": type_of(value), **({"value": value} if is_json(value) else {"repr": _repr(value)})}


def type_of(value: Any) -> str:
    """The name of the type, in full unless it is one of Python's own."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def type_in(data: bytes) -> str:
    """The class that a pickle which cannot be read seems to be of: what it names."""
    return ", ".join(names_in(data) or ())


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a module's class may raise anything
        return f"<{type_of(value)}, which cannot be shown: {type(error).__name__}>"
