"""Bringing what was appended to the disk, once for all who wait. It knows no files and no records.

A thread does it, as an event loop must not wait for a disk. But some disks answer sooner than a thread is woken: those
are asked on the spot, by whoever waits, for as long as they are quick.
"""

from __future__ import annotations

import logging
from asyncio import get_running_loop
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import perf_counter
from typing import TYPE_CHECKING, Final

from models.exc import StoreError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable, Iterable

    Waiter = tuple[AbstractEventLoop, Future[None]]

logger = logging.getLogger(__name__)

# Seconds until something that nobody waits for is on the disk.
PAUSE = 1.0
# A disk is quick if it takes no more than so many seconds on average. The last time has that share in the average, so
# that what happens now and then (a fold has the disk or the interpreter as well) changes nothing.
_QUICK: Final = 0.001
_SHARE: Final = 1 / 8
# So it is taken for a slow one until it has shown a few times that it is not.
_AT_FIRST: Final = 2 * _QUICK


class Syncing:
    """A thread that calls `sync` when someone waits for it and else every PAUSE seconds, and `tend` after it.

    `sync` says whether it had anything to do and raises OSError if the disk refuses: all who wait are told, and it is
    tried again. It is never called twice at once. `tend` raises nothing.
    """

    def __init__(self, sync: Callable[[], bool], tend: Callable[[], None]) -> None:
        self._sync = sync
        self._tend = tend
        self._waiters: list[Waiter] = []
        self._lock = Lock()
        self._busy = Lock()
        # Each item wakes the thread; what there is to do it sees itself.
        self._woken: SimpleQueue[None] = SimpleQueue()
        self._ending = False
        self._ended = False
        self._thread: Thread | None = None
        self._refused = False
        self._usual = _AT_FIRST

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None

    def start(self) -> None:
        """Start the thread, if it does not run."""
        with self._lock:
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

    def end(self) -> StoreError | None:
        """Stop for good and sync a last time; returns what there is to tell if the disk refused."""
        with self._lock:
            self._ended = True
        self.stop()
        self._busy.acquire()  # and never released: nothing is synced any more
        return self._attempt()

    def wake(self) -> None:
        """Let the thread do its work now."""
        self._woken.put(None)

    def sync_at_once(self) -> bool:
        """Sync in this thread if the disk is quick and nobody else is at it; whether it did. StoreError if refused."""
        if self._usual > _QUICK or self._waiters or not self._busy.acquire(blocking=False):
            return False
        try:
            error = self._attempt()
        finally:
            self._busy.release()
        if error is not None:
            raise error
        return True

    def wait(self) -> Future[None]:
        """Return what is done after a sync that begins later than this call. StoreError if the disk refuses."""
        loop = get_running_loop()
        future = loop.create_future()
        with self._lock:
            if self._ended:
                raise StoreError("the journal is closed, and it is not certain that the disk has what was set last")
            first = not self._waiters
            self._waiters.append((loop, future))
        self.start()
        if first:
            self.wake()
        return future

    def _run(self) -> None:
        ending = False
        while not ending:
            with suppress(Empty):
                self._woken.get(timeout=PAUSE)
            ending = self._ending
            with self._lock:
                waiters, self._waiters = self._waiters, []
            with self._busy:
                error = self._attempt()
            _answer(waiters, error)
            self._tend()

    def _attempt(self) -> StoreError | None:
        """Sync now, in this thread, which is `_busy`; returns what to tell those who wait if the disk refused."""
        began = perf_counter()
        try:
            asked = self._sync()
        except OSError as error:
            if not self._refused:
                logger.warning("the disk does not take the journal (%s); trying again", error.strerror)
            self._refused, self._usual = True, _AT_FIRST
            return StoreError(
                f"the disk does not take the journal ({error.strerror}): what was set outlives the process, perhaps "
                "not the machine; look at the disk, it is tried again every second"
            )
        if asked:
            self._usual += _SHARE * (perf_counter() - began - self._usual)
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
