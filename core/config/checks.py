"""What a configured value must look like, judged by its default. It knows neither files nor keys."""

from __future__ import annotations

import datetime as dt
import json
import re
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
    """A value is not what it must be: what was expected, what was found, and where inside the value."""

    def __init__(self, expected: str, found: str, path: tuple[Step, ...] = ()) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected, self.found, self.path = expected, found, path

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
    match spec:
        case Option():
            return spec.choices[0]
        case Rule():
            return spec.default
        case dict():
            return {key: default_of(item) for key, item in spec.items()}
        case list() | tuple() | set() | frozenset():
            return type(spec)(map(default_of, spec))
        case _:
            return spec


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


def mismatch(expected: str, value: object, *, path: tuple[Step, ...] = ()) -> Mismatch:
    """Return the error for `value`, with a hint where it is plain which slip it is."""
    return Mismatch(expected, describe(value) + _slip(expected, value), path)


def _slip(expected: str, value: object) -> str:
    """Say what to do about a slip in YAML that left something else there than was meant, "" if there is none."""
    if expected.startswith("text"):
        return " (put it in quotes)" if isinstance(value, int | float | dt.date) else ""
    if isinstance(value, dict) and expected == _NAMES[list]:
        return " (each item begins with - )"
    if not isinstance(value, str):
        return ""
    if "：" in value:
        return " (write : instead of ：)"
    is_section = expected == _NAMES[dict] or expected.startswith("a section")
    return " (a space has to follow the colon)" if is_section and re.match(r"[\w.-]+:\S", value) else ""


def check(spec: Any, value: Any) -> Any:
    """Return `value` as a fresh object of the default's type; `spec` is a default, an Option or a Rule.

    A default of None takes anything. A mapping gets the keys of the default that it lacks; the value of a further key
    is like one of the default's values. So is each item of a list or set; a tuple is like the default item by item.
    An empty default has no say. Raises Mismatch for another value, UsageError for a default that no file can hold.
    """
    return _like(spec, _completed(spec, value))


def _completed(spec: Any, value: Any) -> Any:
    if not isinstance(spec, dict) or not isinstance(value, dict):
        return value
    given = {key: item for key, item in value.items() if item is not None or key not in spec}
    return default_of(spec) | {key: _completed(spec.get(key), item) for key, item in given.items()}


def _like(spec: Any, value: Any) -> Any:
    match spec:
        case None:
            return copied(value)
        case Option():
            return _choose(spec, value)
        case Rule():
            return spec.accept(value)
        case dict():
            return _like_mapping(spec, value)
        case list() | set() | frozenset():
            return _like_list(spec, value)
        case tuple():
            return _like_tuple(spec, value)
        case _:
            return _like_scalar(spec, value)


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


def _like_scalar(default: Any, value: Any) -> Any:
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


def _like_mapping(default: dict[Any, Any], value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise mismatch("a mapping", value)
    return {
        key: _inside(key, [default[key]] if key in default else default.values(), item) for key, item in value.items()
    }


def _like_list(default: list[Any] | set[Any] | frozenset[Any], value: Any) -> Any:
    if not isinstance(value, list | tuple | set | frozenset):
        raise mismatch("a list", value)
    items = [_inside(index, default, item) for index, item in enumerate(value)]
    try:
        return type(default)(items)
    except TypeError:
        raise mismatch("a list of single values", value) from None


def _like_tuple(default: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise mismatch("a list", value)
    if default and len(value) != len(default):
        raise Mismatch(f"a list of {len(default)} items", f"one of {len(value)}")
    return tuple(_inside(index, default[index : index + 1], item) for index, item in enumerate(value))


def _inside(step: Step, specs: Iterable[Any], value: Any) -> Any:
    """Return `value`, which stands under `step`, as the first of the specs takes it that does; without any, as is."""
    errors = []
    for spec in specs:
        try:
            return _like(spec, value)
        except Mismatch as error:
            errors.append(error)
    if not errors:
        return copied(value)
    deepest = max(errors, key=lambda error: len(error.path))
    expected = deepest.expected if deepest.path else " or ".join(dict.fromkeys(error.expected for error in errors))
    raise Mismatch(expected, deepest.found, (step, *deepest.path))
