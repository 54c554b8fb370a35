"""Which module and event the running code belongs to, and how all that a module registered is taken back and put back.

What a registration is, whoever enters it knows.
"""

from __future__ import annotations

import logging
import typing
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.exc import UsageError

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy import Table

    from core.dispatcher.registration import Registration
    from models.api import Event

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One registration of a module. One that is `kept` outlives a reload.

    One that was made `by_start`, in on_start, is not put back: code that goes on after a reload has failed runs its
    on_start once more, which registers it anew.
    """

    undo: Callable[[], object]
    redo: Callable[[], object]
    end: Callable[[], object] | None
    kept: bool
    by_start: bool


class Code:
    """Stands for the code of a module as it was imported once, or for its on_start; a reload makes new ones.

    It is compared by identity.
    """

    __slots__ = ("module",)

    def __init__(self, module: Module) -> None:
        self.module = module


@dataclass(eq=False, slots=True)
class Module:
    """The one record on which everything hangs that a module of the bot registered.

    Whoever registers something for a module enters here how to take it back, and how to put it in again: a reload
    that fails does so. The record itself stays while the code of the module is replaced, until `drop`.
    `code` stands for what was imported last, `start` for its on_start and the tasks that this has started.
    `store` is the module's SimpleStore or None. `tasks` are the running ones, each with that which started it, None if
    Aha did. `was` are its former names, the most recent first. `once` are the names of what it does once per database.
    """

    name: str
    was: tuple[str, ...] = ()
    tables: dict[str, Table] = field(default_factory=dict)
    callbacks: list[Registration] = field(default_factory=list)
    store: Any = None
    tasks: dict[Task[Any], Task[Any] | None] = field(default_factory=dict)
    once: set[str] = field(default_factory=set)
    is_over: bool = False
    code: Code = field(init=False, repr=False)
    start: Code = field(init=False, repr=False)
    _entries: dict[Entry, None] = field(default_factory=dict, repr=False)
    _keeping: bool = False

    def __post_init__(self) -> None:
        self.code, self.start = Code(self), Code(self)

    def enter(
        self, undo: Callable[[], object], *, redo: Callable[[], object], end: Callable[[], object] | None = None
    ) -> Entry:
        """Take note of one registration: `undo` takes it back, `redo` puts it in again as it was.

        `end` is called when it was taken back for good. Raises what `check` raises.
        """
        self.check()
        by_start = current_code.get() is self.start and not self._keeping
        entry = Entry(undo, redo, end, self._keeping, by_start)
        self._entries[entry] = None
        return entry

    def withdraw(self, entry: Entry) -> None:
        """Forget a registration that is over by itself; it is not taken back any more."""
        self._entries.pop(entry, None)

    def check(self) -> None:
        """Raise UsageError if the running code of the module may not register anything: it was unloaded or replaced."""
        if self.is_over:
            raise UsageError(f"module {self.name} was unloaded: what still runs of it can register nothing")
        code = current_code.get()
        if code is not None and code.module is self and code not in (self.code, self.start):
            raise UsageError(f"module {self.name} was reloaded: what still runs of its old code can register nothing")

    @contextmanager
    def keeping(self, kept: bool) -> Iterator[None]:
        """Let what the body registers outlive reloads if it is `kept`, as in `database.py`; elsewhere it is not."""
        before, self._keeping = self._keeping, kept
        try:
            yield
        finally:
            self._keeping = before

    def mark(self) -> frozenset[Entry]:
        """What is registered by now."""
        return frozenset(self._entries)

    def take_back(self, *, with_kept: bool = False, since: Collection[Entry] | None = None) -> TakenBack:
        """Take back what the module registered, newest first, but what outlives reloads only `with_kept`.

        With `since`, a mark, everything that was registered after it. What cannot be taken back is logged, and keeps
        nothing else from it.
        """
        if since is None:
            entries = [entry for entry in self._entries if with_kept or not entry.kept]
        else:
            entries = [entry for entry in self._entries if entry not in since]
        taken = TakenBack(self, self._entries, entries)
        try:
            taken.take()
        except Exception:
            logger.exception("module %s could not take back all that it registered", self.name)
        self.code, self.start = Code(self), Code(self)
        return taken

    def drop(self) -> None:
        """Take back for good everything that the module registered, newest first; it registers nothing more."""
        self.is_over = True
        taken = TakenBack(self, self._entries, list(self._entries))
        with ExitStack() as steps:
            steps.callback(taken.end)
            steps.callback(taken.take)


class TakenBack:
    """What was taken back of a module. It can be put back as it was, for its on_start to run again, until its end."""

    def __init__(self, module: Module, record: dict[Entry, None], entries: list[Entry]) -> None:
        self._module = module
        self._codes = module.code, module.start
        self._record = record
        self._entries = entries

    def take(self) -> None:
        """Undo the registrations, newest first."""
        with ExitStack() as steps:
            for entry in self._entries:
                self._record.pop(entry, None)
                steps.callback(entry.undo)

    def put_back(self) -> None:
        """Put everything in again, oldest first, and let go of what on_start had registered.

        What cannot be keeps nothing else out; the last error is raised.
        """
        entries = [entry for entry in self._entries if not entry.by_start]
        self._entries = [entry for entry in self._entries if entry.by_start]
        self._module.code, self._module.start = self._codes
        self._record.update(dict.fromkeys(entries))
        with ExitStack() as steps:
            for entry in reversed(entries):
                steps.callback(entry.redo)
            steps.callback(self.end)

    def end(self) -> None:
        """Let go of everything for good, newest first. The last error is raised."""
        entries, self._entries = self._entries, []
        with ExitStack() as steps:
            steps.callback(_forget_annotations)
            for entry in entries:
                if entry.end is not None:
                    steps.callback(entry.end)


def _forget_annotations() -> None:
    """Empty what `typing` remembers: the parts of `Mapped[Note]` and `list[Note]`, and so classes that are gone."""
    for forget in getattr(typing, "_cleanups", ()):
        forget()


current_module: ContextVar[Module | None] = ContextVar("current_module", default=None)
current_code: ContextVar[Code | None] = ContextVar("current_code", default=None)
current_event: ContextVar[Event | None] = ContextVar("current_event", default=None)


@contextmanager
def entered(module: Module | None, *, starting: bool = False) -> Iterator[None]:
    """Run the body as code of `module`, or as its on_start; None is the framework itself."""
    code = None if module is None else module.start if starting else module.code
    token = current_module.set(module)
    code_token = current_code.set(code)
    try:
        yield
    finally:
        current_code.reset(code_token)
        current_module.reset(token)
