"""What a message must have for a condition to hold, as far as it can be looked up. It evaluates no condition.

A key is a tuple of its kind, a text and a number:

* `("whole", text, None)`: the message is this text, in any case;
* `("command", word, n)`: the command's first word is this one, of n words in all (None: of any number);
* `("lead", text, n)`: the first n characters of the message are this text, in any case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from core.dispatcher.regex import fold, literals
from core.expr import operators
from core.expr.fields import COMMAND, MESSAGE
from core.expr.nodes import All, Constant, Either, Node, Operation

if TYPE_CHECKING:
    from core.expr.operators import Operator

Key: TypeAlias = tuple[Literal["whole", "command", "lead"], str, int | None]


def keys_of(condition: Node) -> frozenset[Key] | None:
    """Return keys of which every message has one for which `condition` holds; None if there are no such keys."""
    match condition:
        case All(parts):
            found = [keys for part in parts if (keys := keys_of(part)) is not None]
            return min(found, key=_cost, default=None)
        case Either(parts):
            return _united([keys_of(part) for part in parts])
        case Operation(operator, left, Constant(right)) if left is MESSAGE:
            return _message_keys(operator, right)
        case Operation(operator, left, Constant(right)) if left is COMMAND:
            return _command_keys(operator, right)
        case _:
            return None


def _cost(keys: frozenset[Key]) -> tuple[bool, int]:
    """Fewer keys are better, and leads cost the most to look up."""
    return any(kind == "lead" for kind, _, _ in keys), len(keys)


def _united(alternatives: list[frozenset[Key] | None]) -> frozenset[Key] | None:
    known = [keys for keys in alternatives if keys is not None]
    return frozenset[Key]().union(*known) if len(known) == len(alternatives) else None


def _message_keys(operator: Operator, right: object) -> frozenset[Key] | None:
    if operator is operators.EQUAL and type(right) is str:
        return frozenset({_whole(right)})
    if operator is operators.PREFIX_OF and type(right) is str and right:
        return frozenset({_lead(right)})
    if operator is operators.IN and isinstance(right, tuple | frozenset) and all(type(item) is str for item in right):
        return frozenset(map(_whole, right))
    if operator in (operators.MATCH, operators.FULLMATCH) and isinstance(right, re.Pattern):
        return _pattern_keys(right, whole=operator is operators.FULLMATCH)
    return None


def _pattern_keys(pattern: re.Pattern[str], *, whole: bool) -> frozenset[Key] | None:
    heads = literals(pattern)
    if heads is None or not all(text or (whole and complete) for text, complete in heads):
        return None
    return frozenset(_whole(text) if whole and complete else _lead(text) for text, complete in heads)


def _command_keys(operator: Operator, right: object) -> frozenset[Key] | None:
    words = (right,) if isinstance(right, str) else right
    if not isinstance(words, tuple) or not words or type(words[0]) is not str:
        return None
    if operator is operators.SAME_SEQUENCE:
        return frozenset({("command", words[0], len(words))})
    return frozenset({("command", words[0], None)}) if operator is operators.PREFIX_OF else None


def _whole(text: str) -> Key:
    return ("whole", fold(text), None)


def _lead(text: str) -> Key:
    return ("lead", fold(text), len(text))
