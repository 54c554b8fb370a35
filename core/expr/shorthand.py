"""What may stand for a condition without being one: a str, a pattern, a list, a type. Decides, evaluates nothing."""

from __future__ import annotations

import re

from core.expr import operators
from core.expr.fields import COMMAND, MESSAGE, MESSAGE_CHAIN, SUB_TYPE, TYPE
from core.expr.nodes import Constant, Node, Operation
from core.expr.operators import as_pattern, is_annotation
from models.exc import UsageError


def message_condition(value: object) -> Node:
    """Return the condition on a message that `value` is short for; raise UsageError if it is short for none."""
    if isinstance(value, str | re.Pattern):
        return Operation(operators.FULLMATCH, MESSAGE, Constant(as_pattern(value)))
    if isinstance(value, list | tuple):
        return Operation(operators.SAME_SEQUENCE, COMMAND, Constant(tuple(value)))
    if is_annotation(value):
        return Operation(operators.VALIDATE_BY, MESSAGE_CHAIN, Constant(value))
    hint = "; is the pair of parentheses after the decorator missing?" if callable(value) else ""
    raise UsageError(
        f"{value!r} is no condition: give an expression, a str or compiled pattern for the whole message, "
        f"a list for a command, a type for the segments{hint}"
    )


def type_condition(value: object, position: int) -> Node:
    """Return the condition on an event's type (`position` 0) or sub-type (1) that the str `value` is short for."""
    if not isinstance(value, str) or position > 1:
        raise UsageError(
            f"{value!r} is no condition on this kind of event: give its type and sub-type as str, then expressions"
        )
    return Operation(operators.EQUAL, (TYPE, SUB_TYPE)[position], Constant(value))
