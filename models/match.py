"""Checks messages and command arguments against type annotations. It reads values; it says nothing about commands.

One argument, or one segment of a message, is accepted by

* a segment class: a segment of it. A text is handed on as `str`.
* `str`: any text.
* a str or a segment, the value and not the class: what equals it.
* `Any`, `object`: everything.
* a union: the first of its members that accepts, in their order.
* every other type (`int`, `Decimal`, `Literal[...]`, `Annotated[int, Gt(0)]`): text that Pydantic reads as one; numbers
  are finite.

A whole message is accepted by `tuple[A, B]`, `(A, B)` or `[A, B]` when it has exactly these segments; by `A`, `list[A]`
or `tuple[A, ...]` when it has any and each is an `A`; and by a union when it is by a member. Texts of nothing but white
space, which chat programs put between segments, do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from models.exc import UsageError
from models.msg import MessageChain, MsgSeg, Text

_REFUSED = (False, None)
_SEQUENCES = (list, tuple, Sequence, MessageChain)


def validate_chain(annotation: Any, chain: Iterable[MsgSeg]) -> bool:
    """Whether a message is what `annotation` asks for. Raises UsageError for what cannot be asked of a message."""
    if annotation in (Any, object, MessageChain):
        return True
    segments = [item for item in chain if not isinstance(item, Text) or item.text.strip()]
    elements = _elements(annotation, len(segments))
    if elements and len(elements) == len(segments) and all(map(_accepts, elements, segments)):
        return True
    return _is_union(annotation) and any(validate_chain(member, segments) for member in get_args(annotation))


def validate_argument(element: Any, argument: str | MsgSeg) -> tuple[bool, Any]:
    """Return whether `element` accepts an argument, and the argument as a callback gets it (None if it does not).

    Raises UsageError for what is neither a str, nor a segment, nor a type that can be read from text.
    """
    segment = Text(text=argument) if isinstance(argument, str) else argument
    value = segment.text if isinstance(segment, Text) else segment
    if _is_union(element):
        tried = (validate_argument(member, argument) for member in get_args(element))
        return next((result for result in tried if result[0]), _REFUSED)
    if isinstance(element, str | MsgSeg):
        accepted = element in (value, segment)
    elif isinstance(element, type) and issubclass(element, MsgSeg):
        accepted = isinstance(segment, element)
    elif element is str:
        accepted = isinstance(value, str)
    elif element is Any or element is object:
        accepted = True
    elif get_origin(element) in _SEQUENCES:
        accepted = False
    else:
        return _read(element, value)
    return (True, value) if accepted else _REFUSED


def _accepts(element: Any, segment: MsgSeg) -> bool:
    return validate_argument(element, segment)[0]


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _elements(annotation: Any, count: int) -> Sequence[Any]:
    """Return what each segment has to be, in a message of `count` segments if the annotation leaves that open."""
    if isinstance(annotation, list | tuple):
        return annotation
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is tuple and args[-1:] != (...,):
        return args
    element = args[0] if origin in _SEQUENCES else annotation
    return [element] * count


def _read(wanted: Any, value: Any) -> tuple[bool, Any]:
    try:
        reader = _reader(wanted)
    except TypeError:  # an annotation that cannot be hashed
        reader = _reader.__wrapped__(wanted)
    if not isinstance(value, str):
        return _REFUSED
    try:
        return True, reader.validate_python(value)
    except ValidationError:
        return _REFUSED


@lru_cache(maxsize=256)
def _reader(wanted: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(wanted, config=ConfigDict(allow_inf_nan=False))
    except PydanticUserError as error:
        raise UsageError(
            f"a message cannot be checked for {wanted!r}; ask for segment classes, str, numbers, or tuples of these"
        ) from error
