"""Values as platforms send them: made uniform, compared and copied. What they mean is said elsewhere."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def as_text(value: Any) -> str:
    """Turn an id or a name into text; platforms send numbers too."""
    return value if type(value) is str else str(value)


def as_optional_text(value: Any) -> str | None:
    """Turn an id or a name into text; None stays None."""
    return value if value is None or type(value) is str else str(value)


def as_optional_int(value: Any) -> int | None:
    """Read a whole number; None if there is none."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def content_key(value: Any) -> Any:
    """Return something hashable that is the same for equal values; what cannot be hashed counts by its type alone."""
    if isinstance(value, dict):
        return frozenset((key, content_key(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(content_key(item) for item in value)
    try:
        hash(value)
    except TypeError:
        return type(value)
    return value


def copy_content(value: Any) -> Any:
    """Copy the containers of Python and of `collections` at every depth; all else is shared, also their subclasses.

    A subclass may be more than what it holds, and nobody here knows how to make another.
    """
    copied = _COPIES.get(type(value))
    return value if copied is None else copied(value)


def _items(value: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: copy_content(item) for key, item in value.items()}


_COPIES: Final[Mapping[type, Callable[[Any], Any]]] = {
    dict: _items,
    list: lambda value: [copy_content(item) for item in value],
    tuple: lambda value: tuple(copy_content(item) for item in value),
    set: set,  # nothing that changes can be in a set
    bytearray: bytearray,
    deque: lambda value: deque(map(copy_content, value), value.maxlen),
    OrderedDict: lambda value: OrderedDict(_items(value)),
    defaultdict: lambda value: defaultdict(value.default_factory, _items(value)),
    Counter: Counter,  # it holds numbers
}
