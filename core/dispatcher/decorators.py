"""The decorators with which modules register callbacks: what they are given becomes a registration."""

from __future__ import annotations

import inspect
from time import time
from typing import TYPE_CHECKING, Any, TypeVar, overload

from core.context import current_module
from core.dispatcher.callback import EVENT_ARGUMENTS, EXTERNAL_ARGUMENTS, content_wanted, name_of, wanted
from core.dispatcher.defaults import defaults_for
from core.dispatcher.engine import dispatcher
from core.dispatcher.registration import HelpItem, Registration
from core.expr.expression import And, Expr, as_condition
from core.expr.fields import LIMIT, OF_MESSAGES, PREFIX
from core.expr.nodes import mentioned
from core.expr.pm import PM
from core.expr.shorthand import type_condition
from models.api import Event, External, Message, MetaEvent, Notice, Request
from models.exc import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.dispatcher.registration import Callback
    from core.expr.sight import PreHook

C = TypeVar("C", bound="Callback")

# A number below this is a length of time in seconds, from there on a point in time.
_FIRST_TIMESTAMP = 1e9


@overload
def on_message(
    *conditions: Any,
    exp: float | None = None,
    debug: bool = False,
    pre_hook: PreHook | None = None,
    callback: None = None,
    register_help: Mapping[str, str | None] | None = None,
) -> Callable[[C], C]: ...
@overload
def on_message(
    *conditions: Any,
    exp: float | None = None,
    debug: bool = False,
    pre_hook: PreHook | None = None,
    callback: C,
    register_help: Mapping[str, str | None] | None = None,
) -> C: ...
def on_message(
    *conditions: Any,
    exp: float | None = None,
    debug: bool = False,
    pre_hook: PreHook | None = None,
    callback: Any = None,
    register_help: Mapping[str, str | None] | None = None,
) -> Any:
    """Call the decorated function, or `callback`, for every message for which all `conditions` hold.

    A condition is an expression; a str or compiled pattern that matches the whole message; a list or tuple that the
    command equals; a type of what the message holds; or None, which is ignored. `exp`, in seconds from now or since
    1970, makes a one-shot: it ends after one call or then. `debug` logs every evaluation. `pre_hook` maps the chain
    first. `register_help` says for commands what they do.
    Raises UsageError for what is no condition, or a function that is not async or asks for unknown arguments.
    """
    if inspect.iscoroutinefunction(pre_hook):
        raise UsageError(f"pre_hook={name_of(pre_hook)}: an event does not wait for it, so it must not be async")
    parts = [as_condition(condition) for condition in conditions if condition is not None]
    help_items = tuple(HelpItem(command, _who_may(parts), text) for command, text in (register_help or {}).items())

    def register(function: Callback) -> None:
        condition = And(*parts)
        content = None if mentioned(condition.__node__) & OF_MESSAGES else content_wanted(function)
        if content is not None:
            condition = And(condition, PM.message_chain.validateby(content))
        _add(Message, function, condition, expires=_expiry(exp), debug=debug, pre_hook=pre_hook, help_items=help_items)

    return _decorator(register, callback)


@overload
def on_notice(*conditions: Any, exp: float | None = None, callback: None = None) -> Callable[[C], C]: ...
@overload
def on_notice(*conditions: Any, exp: float | None = None, callback: C) -> C: ...
def on_notice(*conditions: Any, exp: float | None = None, callback: Any = None) -> Any:
    """Call the decorated function, or `callback`, for every notice of this type and sub-type (str) for which all hold.

    `exp` as in `on_message`.
    """
    return _on_event(Notice, conditions, exp, callback)


@overload
def on_request(*conditions: Any, exp: float | None = None, callback: None = None) -> Callable[[C], C]: ...
@overload
def on_request(*conditions: Any, exp: float | None = None, callback: C) -> C: ...
def on_request(*conditions: Any, exp: float | None = None, callback: Any = None) -> Any:
    """Call the decorated function, or `callback`, for every such request; otherwise as `on_notice`."""
    return _on_event(Request, conditions, exp, callback)


@overload
def on_meta(*conditions: Any, exp: float | None = None, callback: None = None) -> Callable[[C], C]: ...
@overload
def on_meta(*conditions: Any, exp: float | None = None, callback: C) -> C: ...
def on_meta(*conditions: Any, exp: float | None = None, callback: Any = None) -> Any:
    """Call the decorated function, or `callback`, for every such meta event; no default conditions apply."""
    return _on_event(MetaEvent, conditions, exp, callback)


@overload
def on_external(key: str, callback: None = None) -> Callable[[C], C]: ...
@overload
def on_external(key: str, callback: C) -> C: ...
def on_external(key: str, callback: Any = None) -> Any:
    """Call the decorated function, or `callback`, for whatever is published under `key` (`process_external`)."""
    if not isinstance(key, str):
        raise UsageError(f"@on_external takes the key of the events, a str, not {key!r}")
    return _decorator(lambda function: _add(External, function, And(), key=key), callback)


def _on_event(kind: type[Event], conditions: tuple[Any, ...], exp: float | None, callback: Any) -> Any:
    parts: list[Expr] = []
    position = 0
    for condition in conditions:
        if isinstance(condition, Expr):
            parts.append(condition)
        elif condition is not None:
            parts.append(Expr(type_condition(condition, position)))
            position += 1
    return _decorator(lambda function: _add(kind, function, And(*parts), expires=_expiry(exp)), callback)


def _decorator(register: Callable[[Callback], None], callback: Any) -> Any:
    """Register `callback` at once, or give back the decorator that registers; both return the function unchanged."""

    def decorate(function: Any) -> Any:
        register(function)
        return function

    return decorate if callback is None else decorate(callback)


def _add(
    kind: type[Event],
    callback: Callback,
    condition: Expr,
    *,
    key: str | None = None,
    expires: float | None = None,
    debug: bool = False,
    pre_hook: PreHook | None = None,
    help_items: tuple[HelpItem, ...] = (),
) -> None:
    mentions = mentioned(condition.__node__)
    dispatcher.registry.add(
        Registration(
            kind=kind,
            callback=callback,
            wants=wanted(callback, EXTERNAL_ARGUMENTS if kind is External else EVENT_ARGUMENTS),
            condition=condition.__node__,
            mentions=mentions,
            defaults=defaults_for(kind, mentions),
            module=current_module.get(),
            key=key,
            expires=expires,
            debug=debug,
            pre_hook=pre_hook,
            help_items=help_items,
        )
    )


def _expiry(exp: float | None) -> float | None:
    if exp is None:
        return None
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        raise UsageError(f"exp is a number, of seconds from now or since 1970, not {exp!r}")
    return float(exp) if exp >= _FIRST_TIMESTAMP else time() + exp


def _who_may(parts: list[Expr]) -> Expr:
    """Return the conditions on who asks and where, without those on what is said and how often."""
    about_message = OF_MESSAGES | {PREFIX.name, LIMIT.name}
    return And(*(part for part in parts if not mentioned(part.__node__) & about_message))
