"""The decorators for what a module does when the bot starts and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from core.dispatcher.engine import dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.dispatcher.hooks import Hook, Hooks

H = TypeVar("H", bound="Hook")


@overload
def on_start(function: H) -> H: ...
@overload
def on_start() -> Callable[[H], H]: ...
def on_start(function: Any = None) -> Any:
    """Run the decorated function, async or not, when the database is ready and before events flow: `@on_start`.

    A module whose function raises does not run. Raises UsageError if the function needs arguments.
    """
    return _decorator(dispatcher.on_start, function)


@overload
def on_cleanup(function: H) -> H: ...
@overload
def on_cleanup() -> Callable[[H], H]: ...
def on_cleanup(function: Any = None) -> Any:
    """Run the decorated function, async or not, at the end, when no more events come and before anything is closed."""
    return _decorator(dispatcher.on_cleanup, function)


def _decorator(hooks: Hooks, function: Any) -> Any:
    def decorate(hook: Any) -> Any:
        hooks.add(hook)
        return hook

    return decorate if function is None else decorate(function)
