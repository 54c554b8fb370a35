"""The validators, functions that modules set to decide `PM.validated`. They are kept here, and called in `fetch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from core.context import Module, current_module

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from models.api import Event

Validator: TypeAlias = "Callable[[Event], bool | Awaitable[bool]]"
V = TypeVar("V", bound=Validator)

validators: Final[list[tuple[Validator, Module | None]]] = []
"""Those that are set, with the modules that did; the last one counts."""


def set_validator(validator: V) -> V:
    """Let `validator(event)`, async or not, decide `PM.validated` from now on; return it, so that it may decorate.

    Callbacks that do not mention `PM.validated` then answer only events that it accepts. It goes with its module, and
    the one that was set before counts again.
    """
    module = current_module.get()
    entry = (validator, module)
    if module is not None:
        # It counts until it is gone for good: while code is replaced nobody must pass unseen.
        module.enter(_go_on, redo=_go_on, end=lambda: validators.remove(entry))
    validators.append(entry)
    return validator


def _go_on() -> None:
    """Leave what is set as it is."""
