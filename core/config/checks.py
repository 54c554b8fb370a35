"""What a configured value must look like, judged by its default. It knows neither files nor keys."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

from models.exc import UsageError

T = TypeVar("T")
Step = str | int

_NAMES: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    dt.datetime: "a date with time",
    dt.date: "a date",
    list: "a list",
    tuple: "a list",
    set: "a list",
    frozenset: "a list",
    dict: "a mapping",
}


class Mismatch(Exception):  # noqa: N818 - it is caught where the key is known and becomes a ConfigError
    """A value is not what it must be: where inside the value (`path`), what was expected, what was found."""

    def __init__(self, expected: str, found: str, path: tuple[Step, ...] = ()) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.path = path

    def below(self, step: Step) -> Mismatch:
        """Return this mismatch as seen from the value that holds it under `step`."""
        self.path = (step, *self.path)
        return self


class Option(Generic[T]):
    """A choice between values, as the default of a key. The first one is the default."""

    __slots__ = ("choices",)

    def __init__(self, *choices: T) -> None:
        if not choices:
            raise UsageError('Option() has no choices: write them, the default first: Option("a", "b")')
        self.choices = choices

    def __repr__(self) -> str:
        return f"Option({', '.join(map(repr, self.choices))})"


@dataclass(frozen=True, slots=True)
class Rule:
    """A default whose values its own function reads: it returns the value to use or raises Mismatch.

    `text` says that a plain text is such a value, so that an environment variable is taken as it is.
    """

    default: Any
    accept: Callable[[Any], Any]
    text: bool = False


def default_of(spec: Any) -> Any:
    """Return a fresh copy of the value that a key has as long as nobody configures it."""
    if isinstance(spec, Option):
        return spec.choices[0]
    spec = spec.default if isinstance(spec, Rule) else spec
    return check(spec, spec)


def describe(value: object) -> str:
    """Name a found value in few words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value if len(value) <= 40 else value[:37] + "...", ensure_ascii=False)
    if isinstance(value, int | float):
        return str(value)[:40]
    return _NAMES.get(type(value)) or f"a {type(value).__name__}"


def mismatch(expected: str, value: object) -> Mismatch:
    """Return the error for `value`; numbers and the like that should have been text get told of quotes."""
    unquoted = expected.startswith("text") and isinstance(value, int | float | dt.date)
    return Mismatch(expected, describe(value) + " (put it in quotes)" * unquoted)


def check(spec: Any, value: Any) -> Any:
    """Return `value` as a fresh object of the default's type; `spec` is a default, an Option or a Rule.

    A default of None takes anything. Every item of a list or set is like one of the default's items, a tuple is
    like the default item by item, a mapping has the default's keys, and further ones whose values are like one of
    the default's. Raises Mismatch for another value and UsageError for a default that no file can hold.
    """
    match spec:
        case None:
            return copied(value)
        case Option():
            return _choose(spec, value)
        case Rule():
            return spec.accept(value)
        case dict():
            return _check_mapping(spec, value)
        case list() | set() | frozenset():
            return _check_items(spec, value)
        case tuple():
            return _check_tuple(spec, value)
        case _:
            return _check_scalar(spec, value)


def copied(value: Any) -> Any:
    """Return `value` with its own mappings and lists, down to the leaves."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def _choose(option: Option[Any], value: Any) -> Any:
    for choice in option.choices:
        if type(choice) is type(value) and choice == value:
            return choice
    raise mismatch("one of " + ", ".join(str(choice) for choice in option.choices), value)


def _check_scalar(default: Any, value: Any) -> Any:
    kind = next((known for known in _NAMES if isinstance(default, known)), None)
    if kind is None:
        raise UsageError(f"a key cannot have the default {default!r}: a file cannot hold a {type(default).__name__}")
    if kind is Path and isinstance(value, str | Path):
        return Path(value).expanduser()
    if kind is float and type(value) is int and abs(value) < 2**1023:
        return float(value)
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise mismatch(_NAMES[kind], value)
    if kind is dt.date and isinstance(value, dt.datetime):
        raise mismatch(_NAMES[kind], value)
    return value


def _check_mapping(default: dict[Any, Any], value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise mismatch("a mapping", value)
    result = {key: default_of(spec) for key, spec in default.items()}
    for key, item in value.items():
        if item is None and key in default:
            continue
        try:
            result[key] = check(default[key], item) if key in default else _like_any(default.values(), item)
        except Mismatch as error:
            raise error.below(key) from None
    return result


def _check_items(default: list[Any] | set[Any] | frozenset[Any], value: Any) -> Any:
    if not isinstance(value, list | tuple | set | frozenset):
        raise mismatch("a list", value)
    items = [_checked_item(default, index, item) for index, item in enumerate(value)]
    try:
        return type(default)(items)
    except TypeError:
        raise mismatch("a list of single values", value) from None


def _check_tuple(default: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise mismatch("a list", value)
    if default and len(value) != len(default):
        raise Mismatch(f"a list of {len(default)} items", f"one of {len(value)}")
    return tuple(_checked_item(default[index : index + 1], index, item) for index, item in enumerate(value))


def _checked_item(specs: Iterable[Any], index: int, item: Any) -> Any:
    try:
        return _like_any(specs, item)
    except Mismatch as error:
        raise error.below(index) from None


def _like_any(specs: Iterable[Any], value: Any) -> Any:
    """Return `value` as the first of the specs that takes it; without specs anything will do."""
    errors = []
    for spec in specs:
        try:
            return check(spec, value)
        except Mismatch as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return copied(value)
