"""Values as platforms send them: made uniform, compared and copied. What they mean is said elsewhere."""

from __future__ import annotations

from typing import Any


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
    """Copy dictionaries and lists at every depth; everything else is shared."""
    if type(value) is dict:
        return {key: copy_content(item) for key, item in value.items()}
    if type(value) is list:
        return [copy_content(item) for item in value]
    return value
