"""What a callback asks for by the names of its parameters, checked when it is registered. It calls nothing."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any, ForwardRef, get_args, get_origin

from models.api import Message
from models.exc import UsageError

if sys.version_info >= (3, 14):
    import annotationlib

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENT_ARGUMENTS = frozenset({"event", "match_", "args", "localizer"})
EXTERNAL_ARGUMENTS = frozenset({"event", "data", "localizer"})

_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def name_of(callback: Any) -> str:
    """Return a callback's name and line as a log line shows them; many are called `_`."""
    plain = _plain(callback)
    name = f"{getattr(plain, '__module__', '?')}.{getattr(plain, '__qualname__', None) or repr(plain)}"
    code = getattr(plain, "__code__", None)
    return name if code is None else f"{name}:{code.co_firstlineno}"


def wanted(callback: Any, allowed: frozenset[str]) -> frozenset[str]:
    """Return which of the `allowed` arguments `callback` takes; all of them if it has `**kwargs`.

    Raises UsageError if it is not async, or cannot be called with these names alone.
    """
    if not _is_async(callback):
        raise UsageError(f"{name_of(callback)} is not async: a callback of events is written `async def`")
    names = set()
    for parameter in inspect.signature(callback).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            return allowed
        if parameter.kind in _KEYWORD and parameter.name in allowed:
            names.add(parameter.name)
        elif parameter.default is inspect.Parameter.empty and parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            raise UsageError(
                f"{name_of(callback)} asks for {parameter.name!r}, which nobody gives: its parameters are called by "
                f"name, and can be {', '.join(sorted(allowed))}"
            )
    return frozenset(names)


def content_wanted(callback: Any) -> Any:
    """Return `Image` if the callback is annotated `event: Message[Image]`, a tuple of several; None if it is not.

    Raises UsageError if it asks for something that is not known when the callback is registered.
    """
    function = _plain(callback)
    annotation = _resolved(_annotations(function).get("event"), function)
    if get_origin(annotation) is not Message:
        return None
    contents = tuple(_resolved(content, function) for content in get_args(annotation))
    return contents[0] if len(contents) == 1 else contents


def _plain(callback: Any) -> Any:
    """Return the function behind partial objects, decorators and methods."""
    while isinstance(callback, functools.partial):
        callback = callback.func
    return inspect.unwrap(getattr(callback, "__func__", callback))


def _is_async(callback: Any) -> bool:
    return any(map(inspect.iscoroutinefunction, (callback, type(callback).__call__)))


def _annotations(function: Any) -> Mapping[str, Any]:
    if sys.version_info >= (3, 14):
        return annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)
    return getattr(function, "__annotations__", {})


def _resolved(annotation: Any, function: Any) -> Any:
    """Evaluate an annotation that is text; None if a name in it is unknown and it asks for no content."""
    text = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
    if not isinstance(text, str):
        return text
    try:
        return eval(text, getattr(function, "__globals__", {}))  # noqa: S307 - the author's own annotation
    except NameError as error:
        if "[" not in text:
            return None
        raise UsageError(
            f"{name_of(function)} has the annotation {text}, but {error} when the module runs: "
            "import it there, not under TYPE_CHECKING alone"
        ) from None
