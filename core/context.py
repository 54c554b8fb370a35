"""Which module and which event the running code belongs to. It knows nothing of what a module registers."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Iterator

    from models.api import Event


@dataclass(eq=False, slots=True)
class Module:
    """The one record on which everything hangs that a module of the bot registered.

    `undo` takes back each registration; whoever registers something for a module says there how to take it back.
    `store` is the module's SimpleStore or None. `tasks` are the running ones that Aha started for the module. `was` are
    its former names, the most recent first. `once` are the names of what it does once per database.
    """

    name: str
    was: tuple[str, ...] = ()
    tables: dict[str, Any] = field(default_factory=dict)
    callbacks: list[Any] = field(default_factory=list)
    store: Any = None
    tasks: set[Task[Any]] = field(default_factory=set)
    once: set[str] = field(default_factory=set)
    undo: ExitStack = field(default_factory=ExitStack)

    def drop(self) -> None:
        """Take back everything that the module registered, newest first."""
        self.undo.close()


current_module: ContextVar[Module | None] = ContextVar("current_module", default=None)
current_event: ContextVar[Event | None] = ContextVar("current_event", default=None)


@contextmanager
def entered(module: Module | None) -> Iterator[None]:
    """Run the body as code of `module`; None is the framework itself."""
    token = current_module.set(module)
    try:
        yield
    finally:
        current_module.reset(token)
