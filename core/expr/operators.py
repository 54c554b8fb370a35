"""What each operator of a condition does to the values on its sides. It knows no events and builds no conditions."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from models.exc import UsageError
from models.match import validate_argument, validate_chain
from models.msg import MessageChain, Text


class Finds(Protocol):
    """Where an operator leaves what it found: a match, the arguments of a command. Both are None at first."""

    match: re.Match[str] | None
    args: list[Any] | None


Apply: TypeAlias = Callable[[Any, Any, Finds], Any]


@dataclass(frozen=True, slots=True)
class Operator:
    """`apply(left, right, finds)` gives the value; `symbol` is how a condition that uses it is printed."""

    symbol: str
    apply: Apply


def is_annotation(value: object) -> bool:
    """Say whether `value` is a type or another annotation (`At | Text`, `list[Image]`) rather than a plain value."""
    return isinstance(value, type | types.GenericAlias | types.UnionType) or typing.get_origin(value) is not None


def as_pattern(value: object) -> object:
    """Compile a str, ignoring case; leave a pattern as it is."""
    return re.compile(value, re.IGNORECASE) if isinstance(value, str) else value


def answered(answer: Any) -> Any:
    """Return what a function has answered; raise UsageError for a coroutine, which would count as true."""
    if inspect.iscoroutine(answer):
        raise UsageError(f"{answer!r} was called in a condition, which cannot wait for its answer")
    return answer


def captured(values: Sequence[Any], wanted: Sequence[Any]) -> list[Any] | None:
    """Return those of `values` that stand where `wanted` has a type, converted to it; None if one does not fit.

    Only as many values are looked at as both sequences have.
    """
    args = []
    for value, expected in zip(values, wanted, strict=False):
        if is_annotation(expected):
            fits, converted = validate_argument(expected, value)
            if not fits:
                return None
            args.append(converted)
        elif value != expected and not (isinstance(value, Text) and value.text == expected):
            return None
    return args


def _found_args(finds: Finds, args: list[Any] | None) -> bool:
    if args is not None and finds.args is None:
        finds.args = args
    return args is not None


def _found_match(finds: Finds, match: re.Match[str] | None) -> re.Match[str] | None:
    if finds.match is None:
        finds.match = match
    return match


def _same_sequence(left: Any, right: tuple[Any, ...], finds: Finds) -> bool:
    if not isinstance(left, list | tuple) or len(left) != len(right):
        return False
    return _found_args(finds, captured(left, right))


def _begins_with(left: Any, right: Any, finds: Finds) -> bool:
    if isinstance(left, str):
        return left.startswith(right)
    wanted = (right,) if isinstance(right, str) else right
    if len(left) < len(wanted):
        return False
    args = captured(left, wanted)
    return _found_args(finds, None if args is None else [*args, *left[len(wanted) :]])


def _ends_with(left: Any, right: Any, finds: Finds) -> bool:
    if isinstance(left, str):
        return left.endswith(right)
    wanted = (right,) if isinstance(right, str) else right
    if len(left) < len(wanted):
        return False
    return _found_args(finds, captured(left[len(left) - len(wanted) :], wanted))


def _contains(left: Any, right: Any, _: Finds) -> bool:
    if is_annotation(right):
        return any(validate_argument(right, item)[0] for item in left)
    return right in left


def _validates(left: Any, right: Any, _: Finds) -> bool:
    if isinstance(left, MessageChain):
        return validate_chain(right, left)
    return validate_argument(right, left)[0]


def _filtered(left: Any, right: Any, _: Finds) -> Any:
    keep = (lambda item: isinstance(item, right)) if isinstance(right, type | types.UnionType) else right
    kept = [item for item in left if answered(keep(item))]
    return MessageChain(kept) if isinstance(left, MessageChain) else kept


EQUAL = Operator("==", lambda left, right, _: left == right)
LESS = Operator("<", lambda left, right, _: left < right)
AT_MOST = Operator("<=", lambda left, right, _: left <= right)
MORE = Operator(">", lambda left, right, _: left > right)
AT_LEAST = Operator(">=", lambda left, right, _: left >= right)
SAME_SEQUENCE = Operator("==", _same_sequence)
IN = Operator(".in_", lambda left, right, _: left in right)
CONTAINS = Operator(".contains", _contains)
PREFIX_OF = Operator(".prefixof", _begins_with)
SUFFIX_OF = Operator(".suffixof", _ends_with)
MATCH = Operator(".match", lambda left, right, finds: _found_match(finds, right.match(left)))
FULLMATCH = Operator(".fullmatch", lambda left, right, finds: _found_match(finds, right.fullmatch(left)))
SEARCH = Operator(".search", lambda left, right, finds: _found_match(finds, right.search(left)))
VALIDATE_BY = Operator(".validateby", _validates)
APPLY_TO = Operator(".applyto", lambda left, right, _: answered(right(left)))
FILTER = Operator(".filter", _filtered)
