"""Who may write to an SQLite file: one connection at a time, first come first served. It runs no SQL."""

from __future__ import annotations

import asyncio
from collections import deque

from core.context import current_module
from models.exc import DatabaseBusy


class WriteQueue:
    """A fair queue in front of SQLite's one write lock.

    Waiting here instead of in SQLite is what makes thousands of writers succeed: SQLite polls, in no order, and gives
    up. A writer that keeps the others waiting for `patience` seconds is named in the error that they get.
    """

    def __init__(self, patience: float = 60.0) -> None:
        self._patience = patience
        self._holder: object | None = None
        self._holder_task: asyncio.Task[object] | None = None
        self._holder_name = ""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._deadline: asyncio.TimerHandle | None = None

    def held_by(self, connection: object) -> bool:
        """Whether `connection` is the one that may write."""
        return self._holder is connection

    async def enter(self, connection: object) -> None:
        """Wait until `connection` may write.

        Raises DatabaseBusy when this very task writes in another session, which would wait for itself for ever, or
        when one writer has kept all others waiting for too long.
        """
        task = asyncio.current_task()
        if self._holder is not None and self._holder_task is task:
            raise DatabaseBusy(
                f"{_who(task)} already writes in another session that it has not committed: "
                "commit or close that session first, or use it here too"
            )
        if self._holder is not None or self._waiting:
            await self._wait_for_turn()
        self._holder, self._holder_task, self._holder_name = connection, task, _who(task)
        self._deadline = asyncio.get_running_loop().call_later(self._patience, self._give_up)

    def leave(self, connection: object) -> None:
        """Let the next one write; does nothing if `connection` is not the one that may."""
        if self._holder is not connection:
            return
        self._holder = self._holder_task = None
        if self._deadline is not None:
            self._deadline.cancel()
        self._wake_next()

    async def _wait_for_turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake_next()
            raise

    def _wake_next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _give_up(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        for turn in waiting:
            if not turn.done():
                turn.set_exception(
                    DatabaseBusy(
                        f"{self._holder_name} has kept the database locked for {self._patience:g} s: "
                        "a handler must commit or close its session before it waits for something slow"
                    )
                )


def _who(task: asyncio.Task[object] | None) -> str:
    module = current_module.get()
    return f"{f'module {module.name}' if module else 'the framework'} ({task.get_name() if task else 'no task'})"
