"""Which code of modules runs and for what: so it is known who may wait for an event. It calls nothing."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    from core.context import Module


class Call:
    """A run of a callback, or of a module's `on_start` or `on_cleanup`: the `with` body.

    `cause` is the call that published the event that this one is for; None if it came from elsewhere.
    """

    __slots__ = ("cause", "module", "running")

    def __init__(self, module: Module | None) -> None:
        self.module = module
        self.cause: Call | None = None
        self.running = False

    def __enter__(self) -> None:
        self.cause = current_call.get()
        self.running = True
        current_call.set(self)

    def __exit__(self, *_: object) -> None:
        self.running = False
        current_call.set(self.cause)
        # Whoever goes on for it, a task that it left behind, must not keep all that came before from being forgotten.
        self.cause = None

    def may_wait_for(self, modules: Container[Module | None]) -> bool:
        """Whether the call, or one that may wait for its end, is of `modules`; one that is over waits for nothing."""
        call: Call | None = self
        while call is not None and call.running:
            if call.module in modules:
                return True
            call = call.cause
        return False


current_call: ContextVar[Call | None] = ContextVar("current_call", default=None)
