"""The thread that brings what was appended to the disk, for all who wait at once. It knows no files and no records."""

from __future__ import annotations

import logging
from asyncio import get_running_loop
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING

from models.exc import StoreError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable, Iterable

    Waiter = tuple[AbstractEventLoop, Future[None]]

logger = logging.getLogger(__name__)

# Seconds until something that nobody waits for is on the disk.
PAUSE = 1.0


class Syncing:
    """A thread that calls `sync` when someone waits for it and else every PAUSE seconds, and `tend` after it.

    `sync` raises OSError if the disk refuses: all who wait are told, and it is tried again. `tend` raises nothing.
    """

    def __init__(self, sync: Callable[[], None], tend: Callable[[], None]) -> None:
        self._sync = sync
        self._tend = tend
        self._waiters: list[Waiter] = []
        self._lock = Lock()
        # Each item wakes the thread; what there is to do it sees itself.
        self._woken: SimpleQueue[None] = SimpleQueue()
        self._ending = False
        self._thread: Thread | None = None
        self._refused = False

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None

    def start(self) -> None:
        """Start the thread, if it does not run."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="sync the journal", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Return when the thread has synced once more, answered everybody and ended."""
        if self._thread is not None:
            self._ending = True
            self.wake()
            self._thread.join()
            self._thread, self._ending = None, False

    def wake(self) -> None:
        """Let the thread do its work now."""
        self._woken.put(None)

    def wait(self) -> Future[None]:
        """Return what is done after a sync that begins later than this call. StoreError if the disk refuses."""
        loop = get_running_loop()
        future = loop.create_future()
        with self._lock:
            first = not self._waiters
            self._waiters.append((loop, future))
        if first:
            self.wake()
        return future

    def _run(self) -> None:
        ending = False
        while not ending:
            waiters = self._take()
            ending = self._ending
            _answer(waiters, self.attempt())
            self._tend()

    def _take(self) -> list[Waiter]:
        """Wait until there is something to do, and return all who wait by now."""
        with suppress(Empty):
            self._woken.get(timeout=PAUSE)
        with self._lock:
            waiters, self._waiters = self._waiters, []
        return waiters

    def attempt(self) -> StoreError | None:
        """Sync now, in this thread; returns what to tell those who wait if the disk refused."""
        try:
            self._sync()
        except OSError as error:
            if not self._refused:
                logger.warning("the disk does not take the journal (%s); trying again", error.strerror)
            self._refused = True
            return StoreError(
                f"the disk does not take the journal ({error.strerror}): what was set outlives the process, perhaps "
                "not the machine; look at the disk, it is tried again every second"
            )
        if self._refused:
            logger.info("the disk takes the journal again")
        self._refused = False
        return None


def _answer(waiters: Iterable[Waiter], error: StoreError | None) -> None:
    """Tell all waiters, those of one loop with one call."""
    futures: dict[AbstractEventLoop, list[Future[None]]] = {}
    for loop, future in waiters:
        futures.setdefault(loop, []).append(future)
    for loop, those in futures.items():
        try:
            loop.call_soon_threadsafe(_complete, those, error)
        except RuntimeError:
            continue  # the loop is closed, so nobody waits in it any more


def _complete(futures: Iterable[Future[None]], error: StoreError | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
