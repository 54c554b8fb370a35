"""Who may write to an SQLite file: one connection at a time, first come first served. It runs no SQL."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.context import Module, current_module
from models.exc import DatabaseBusy

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(eq=False, slots=True)
class _Writer:
    """Somebody who writes, or waits to: a connection, and the task and module that use it."""

    connection: object
    turn: asyncio.Future[None]
    task: asyncio.Task[object] | None = field(default_factory=asyncio.current_task)
    module: Module | None = field(default_factory=current_module.get)

    def __str__(self) -> str:
        owner = f"module {self.module.name}" if self.module else "the framework"
        return f"{owner} ({self.task.get_name() if self.task else 'no task'})"


class WriteQueue:
    """A fair queue in front of SQLite's one write lock.

    Waiting here instead of in SQLite is what makes thousands of writers succeed: SQLite polls, in no order, and gives
    up. A writer that keeps the others waiting for `patience` seconds is named in the error that they get.
    """

    def __init__(self, patience: float = 60.0) -> None:
        self._patience = patience
        self._holder: _Writer | None = None
        self._waiting: deque[_Writer] = deque()
        self._since = 0.0
        self._deadline: asyncio.TimerHandle | None = None
        self._is_unhurried = False

    def held_by(self, connection: object) -> bool:
        """Whether `connection` is the one that may write."""
        return self._holder is not None and self._holder.connection is connection

    async def enter(self, connection: object) -> None:
        """Wait until `connection` may write.

        Raises DatabaseBusy when this very task writes in another session, which would wait for itself for ever, or
        when one writer has kept all others waiting for too long.
        """
        writer = _Writer(connection, asyncio.get_running_loop().create_future())
        if self._holder is None:
            self._admit(writer)
            return
        if self._holder.task is writer.task:
            raise DatabaseBusy(
                f"{writer} already writes in another session that it has not committed: "
                "commit or close that session first, or use it here too"
            )
        self._waiting.append(writer)
        self._watch()
        try:
            await writer.turn
        except asyncio.CancelledError:
            self.leave(connection)  # its turn may have come at the same moment
            raise

    def leave(self, connection: object) -> None:
        """Let the next one write; does nothing if `connection` is not the one that may."""
        if not self.held_by(connection):
            return
        self._holder = None
        while self._waiting and self._holder is None:
            writer = self._waiting.popleft()
            if not writer.turn.done():
                # The lock passes from hand to hand: in between, a newcomer would find it free.
                self._admit(writer)
                writer.turn.set_result(None)

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """Let those who wait do so for as long as the body, in which the lock is held: it takes what its rows take."""
        self._is_unhurried = True
        try:
            yield
        finally:
            self._is_unhurried = False

    def _admit(self, writer: _Writer) -> None:
        self._holder = writer
        self._since = asyncio.get_running_loop().time()

    def _watch(self) -> None:
        """See to it that somebody looks at the holder when its time is up. One timer serves all: most are quick."""
        if self._deadline is None:
            loop = asyncio.get_running_loop()
            periods = (loop.time() - self._since) // self._patience + 1
            self._deadline = loop.call_at(self._since + periods * self._patience, self._look, self._holder)

    def _look(self, holder: _Writer | None) -> None:
        self._deadline = None
        if holder is not None and holder is self._holder and not self._is_unhurried:
            self._give_up(holder)
        elif self._waiting:
            self._watch()

    def _give_up(self, holder: _Writer) -> None:
        waiting, self._waiting = self._waiting, deque()
        for writer in waiting:
            if not writer.turn.done():
                writer.turn.set_exception(
                    DatabaseBusy(
                        f"{holder} has kept the database locked for {self._patience:g} s: "
                        "a handler must commit or close its session before it waits for something slow"
                    )
                )
