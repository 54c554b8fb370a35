"""Files of modules that change on disk: it says of which modules, one time after another, and reloads nothing."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from watchfiles import Change, awatch

from aha.files import module_of
from models.exc import AhaError

from .ending import end
from .links import Links

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable

logger = logging.getLogger(__name__)

# Milliseconds without a change after which a change counts as whole; what goes on for longer is told in between.
_QUIET: Final = 100
_LONGEST: Final = 2000
# Seconds between two looks at a folder that is gone, or at files of which the system does not tell: behind links, too.
_PAUSE: Final = 1.0

_POLLING: Final = (
    "%s cannot be watched, so it is looked through every second: %s; on Linux, fs.inotify.max_user_watches and "
    "fs.inotify.max_user_instances say how much can be"
)
_NOT_AT_ALL: Final = "%s cannot be watched, say aha reload when files have changed: %s"


class Watcher:
    """Watches `folder` and has `changed` hear of the modules whose files have changed.

    Of those that had before, `missed` says which they are.
    """

    def __init__(
        self,
        folder: Path,
        changed: Callable[[Collection[str]], Awaitable[object]],
        *,
        missed: Callable[[], Awaitable[Collection[str]]],
    ) -> None:
        self._folder = folder.absolute()
        self._changed = changed
        self._missed = missed
        self._links = Links(self._folder)
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: set[str] = set()
        self._is_gone = False

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        """Watch during the body: what changes from its first line on is noticed."""
        if self._folder.is_dir():
            self._modules_of(self._folder.iterdir())
            self._links.changed(anew=True)
        self._begin(self._watch(), "watch the files of modules")
        try:
            await asyncio.sleep(0)  # its first step is to begin to watch
            self._begin(self._tell(await self._seen_before()), "follow what had changed before")
            yield
        finally:
            await end(self._tasks)

    async def ended(self) -> None:
        """Watch no longer, and wait until `changed` has come to its end."""
        self._stop.set()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        polling = False
        while not self._stop.is_set():
            try:
                await self._see_the_folder()
                await self._watch_until_gone(polling=polling)
            except Exception as error:  # noqa: BLE001 - the system's limits come as whatever the library makes of them
                if self._folder.is_dir() and polling:
                    logger.error(_NOT_AT_ALL, self._folder, _cause(error))  # noqa: TRY400 - the author can do nothing
                    return
                if self._folder.is_dir():
                    polling = True
                    logger.warning(_POLLING, self._folder, _cause(error))

    async def _watch_until_gone(self, *, polling: bool) -> None:
        """Tell of changes until the folder itself is removed or moved, or is no longer to be watched."""
        some_changes = awatch(
            self._folder,
            watch_filter=self._counts,
            debounce=_LONGEST,
            step=_QUIET,
            stop_event=self._stop,
            rust_timeout=round(_PAUSE * 1000),
            yield_on_timeout=True,
            force_polling=polling or None,
            poll_delay_ms=round(_PAUSE * 1000),
            ignore_permission_denied=True,
        )
        async with aclosing(some_changes):
            async for changes in some_changes:
                behind_links = await asyncio.to_thread(self._links.changed, anew=bool(changes))
                await self._tell(behind_links | self._modules_of(Path(path) for _, path in changes))
                if any(Path(path) == self._folder for _, path in changes):
                    self._is_gone = True
                    return

    async def _see_the_folder(self) -> None:
        """If the folder was gone, wait until there is one again, and tell of all modules that were in it, or are."""
        self._is_gone = self._is_gone or not self._folder.is_dir()
        if not self._is_gone:
            return
        while not self._folder.is_dir():
            if self._stop.is_set():
                return
            await asyncio.sleep(_PAUSE)
        self._is_gone = False
        self._links.changed(anew=True)
        await self._tell(self._known | self._modules_of(self._folder.iterdir()))

    def _modules_of(self, paths: Iterable[Path]) -> set[str]:
        names = {name for path in paths if (name := module_of(path, self._folder))}
        self._known |= names
        return names

    async def _seen_before(self) -> Collection[str]:
        try:
            return await self._missed()
        except AhaError as error:
            logger.warning("what has changed while the bot was starting is not taken over: %s", error)
        except Exception:
            logger.exception("failed at what has changed while the bot was starting")
        return ()

    async def _tell(self, names: Collection[str]) -> None:
        if not names:
            return
        try:
            await self._changed(sorted(names))
        except AhaError as error:
            logger.error("changed files of %s were not taken over: %s", ", ".join(sorted(names)), error)  # noqa: TRY400 - it says all
        except Exception:
            logger.exception("failed at changed files of %s", ", ".join(sorted(names)))

    def _counts(self, change: Change, path: str) -> bool:
        file = Path(path)
        if file == self._folder:
            return change is Change.deleted
        return module_of(file, self._folder) is not None and not (change is Change.modified and file.is_dir())


def _cause(error: BaseException) -> BaseException:
    """Return the error in a group of one."""
    return _cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
