"""What modules do when the bot starts and ends: the functions under `@on_start` and `@on_cleanup`."""

from __future__ import annotations

import inspect
import logging
from asyncio import CancelledError
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from core.context import current_module, entered
from core.dispatcher.callback import name_of
from models.exc import UsageError
from utils.cancellation import is_cancelled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.context import Module

logger = logging.getLogger(__name__)

Hook: TypeAlias = "Callable[[], Awaitable[Any] | Any]"


class Hooks:
    """Functions without arguments, async or not, by module; None stands for the framework."""

    def __init__(self, occasion: str) -> None:
        self.occasion = occasion
        self._by_module: dict[Module | None, list[Hook]] = {}

    def add(self, hook: Hook) -> None:
        """Take a function of the running module in. Raises UsageError if it cannot be called without arguments."""
        _check(hook, self.occasion)
        module = current_module.get()
        if module is not None:
            module.enter(partial(self._take_out, module, hook), redo=partial(self._put_in, module, hook))
        self._put_in(module, hook)
        _mark(hook, self.occasion)

    def _put_in(self, module: Module | None, hook: Hook) -> None:
        self._by_module.setdefault(module, []).append(hook)

    def _take_out(self, module: Module, hook: Hook) -> None:
        hooks = self._by_module[module]
        hooks.remove(hook)
        if not hooks:
            del self._by_module[module]

    def has(self, module: Module | None) -> bool:
        """Whether the module has any."""
        return bool(self._by_module.get(module))

    async def run(self, module: Module | None) -> None:
        """Run the module's functions as its start, in the order of their registration; raise what the first raises."""
        for hook in self._of(module):
            with entered(module, starting=True):
                await _result_of(hook)

    async def run_all(self, module: Module | None) -> None:
        """Run the module's functions; log what fails and go on."""
        for hook in self._of(module):
            try:
                with entered(module):
                    await _result_of(hook)
            except BaseException as error:
                if _ends_all(error):
                    raise
                logger.exception("%s %s of module %s failed", self.occasion, name_of(hook), module and module.name)

    def _of(self, module: Module | None) -> list[Hook]:
        return list(self._by_module.get(module, ()))


def _ends_all(error: BaseException) -> bool:
    """Whether the error is meant for more than the hook; that a task which the hook awaits was cancelled is not."""
    if isinstance(error, CancelledError):
        return is_cancelled()
    return isinstance(error, KeyboardInterrupt | GeneratorExit)


async def _result_of(hook: Hook) -> None:
    result = hook()
    if inspect.isawaitable(result):
        await result


def _mark(hook: Any, occasion: str) -> None:
    """Let a decorator that stands above ours, and so comes too late, notice it."""
    with suppress(AttributeError, TypeError):
        hook.__aha_occasion__ = occasion


def _check(hook: Any, occasion: str) -> None:
    if not callable(hook):
        raise UsageError(f"@{occasion} takes the function to call and nothing else, not {hook!r}")
    try:
        inspect.signature(hook).bind()
    except TypeError as error:
        raise UsageError(
            f"{name_of(hook)} cannot be used with @{occasion}: it is called without arguments, but {error}"
        ) from None
