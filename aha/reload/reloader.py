"""Who reloads modules of a bot while it runs, one wish after another, and says how it went. The doing is elsewhere."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextvars import Context
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from aha.reports import failure_line, failure_report
from aha.signals import Interrupted
from core.config import cfg
from models.exc import ConfigError, ModuleError, UsageError

from .change import Changed, change
from .notes import notes_on
from .outcome import Outcome
from .unit import withdraw
from .units import units, with_importers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping
    from typing import Any

    from aha.discovery import Found
    from aha.selection import Selection

    from .unit import Means

logger = logging.getLogger(__name__)


class Reloader:
    """Runs modules of one bot as their files are now. `look` looks at the folder of modules and chooses anew."""

    def __init__(self, means: Means, look: Callable[[], Selection]) -> None:
        self._means = means
        self._loader = means.loader
        self._look = look
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[Outcome]] = set()
        self._is_closed = False

    async def reload(self, names: Collection[str] = (), *, with_database: Collection[str] = ()) -> Outcome:
        """Run these modules, or all, as their files are now: new ones come, and those that are gone or disabled go.

        Those that import them are reloaded, too. A `database.py` stays unless its module is in `with_database`. What
        fails goes on as it was.

        Raises UsageError for a name that is none of a module that may run, ModuleError if the bot is stopping.
        """
        return await self._alone(partial(self._reload, {*names, *with_database}, with_database))

    async def follow(self, names: Collection[str]) -> Outcome:
        """Do what the files of these modules, or files that they share, say since they have changed."""
        return await self._alone(partial(self._follow, names))

    async def close(self) -> None:
        """Take no wish any more and wait until none is under way; if that is cancelled, so is what is."""
        self._is_closed = True
        try:
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _alone(self, work: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Do `work` when nothing else is done, as nobody's code: whoever wishes it may be gone before it ends."""
        if self._is_closed:
            raise ModuleError("the bot is stopping: nothing is reloaded any more")

        async def do() -> Outcome:
            async with self._lock:
                try:
                    return await work()
                except Interrupted:
                    raise ModuleError("the reload was broken off: the bot is stopping") from None

        task = asyncio.get_running_loop().create_task(do(), name="reload", context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _reload(self, names: Collection[str], with_database: Collection[str]) -> Outcome:
        selection = self._looked()
        here = {module.name: module for module in selection.wanted}
        known = here.keys() | self._loader.wanted.keys()
        for name in sorted(names):
            if name in known:
                continue
            if name in selection.off:
                raise UsageError(f"module {name} is off: {selection.off[name]}")
            raise UsageError(f"there is no module {name}; there are: {', '.join(sorted(known)) or 'none'}")
        all_own = (name for name in known if name not in here or not here[name].is_builtin)
        return await self._do(set(names) or set(all_own), selection, with_database=with_database)

    async def _follow(self, names: Collection[str]) -> Outcome:
        selection = self._looked()
        here = {module.name for module in selection.wanted}
        known = here | self._loader.wanted.keys() | self._loader.finder.ran.keys()
        return await self._do(known.intersection(names), selection)

    def _looked(self) -> Selection:
        try:
            return self._look()
        except OSError as error:
            raise ModuleError(f"the folder of modules cannot be read: {error}") from error

    async def _do(self, names: set[str], selection: Selection, *, with_database: Collection[str] = ()) -> Outcome:
        began = perf_counter()
        gc.unfreeze()  # a start freezes what it has made; what is replaced now has to go
        loader = self._loader
        before = set(loader.loaded)
        leaving, moved = self._take_note(names, selection)
        done = [await self._withdraw(leaving)] if leaving else []
        rest = names - leaving.keys() - {name for changed in done for name in changed.names}
        done += await change(rest, self._means, with_database={*with_database, *moved})
        new = {name: name in before for changed in done for name in changed.done if name in loader.loaded}
        failed = {name: how for changed in done for name, how in self._failed(changed).items()}
        outcome = Outcome(
            reloaded=tuple(name for name, has_run in new.items() if has_run),
            added=tuple(name for name, has_run in new.items() if not has_run),
            removed=tuple(name for name in leaving if name in before),
            failed={name: how for name, how in failed.items() if name not in new},
            notes=tuple(self._notes(leaving, done)),
            seconds=perf_counter() - began,
        )
        _write_new_keys()
        if outcome != Outcome(seconds=outcome.seconds):
            for line in (outcome.summary, *outcome.notes):
                logger.info("%s", line)
        return outcome

    def _take_note(self, names: Collection[str], selection: Selection) -> tuple[dict[str, str], set[str]]:
        """Let all of `names` that are there be imported; return those that are to go off, why, and those elsewhere."""
        loader = self._loader
        here: dict[str, Found] = {module.name: module for module in selection.wanted}
        leaving = {n: selection.off.get(n, "it was removed") for n in names if n in loader.wanted and n not in here}
        moved = {n for n in loader.loaded if n in names and n in here and not loader.runs_from(here[n])}
        for name, module in here.items():
            if name in names:
                loader.want(module)
            elif name not in loader.wanted:
                loader.off[name] = f"it is new: aha reload {name}"
        loader.off.update({name: why for name, why in selection.off.items() if name not in loader.wanted})
        return leaving, moved

    async def _withdraw(self, leaving: Mapping[str, str]) -> Changed:
        imports = self._loader.imports(with_database=self._loader.wanted)
        found = with_importers(leaving, imports)
        importers = [name for name in found if name in self._loader.loaded or name not in self._loader.wanted]
        order = [name for unit in units(sorted(importers), imports, running=importers) for name in unit]
        importers = [name for name in order if name not in leaving]
        failures = await withdraw(leaving, importers, self._means)
        return Changed(importers, failures, [name for name in importers if name in self._loader.loaded])

    def _failed(self, changed: Changed) -> dict[str, str]:
        """Report what failed; say of each module that does not run new code why, in one line."""
        failed = {}
        for failure in changed.failures:
            failed[failure.name] = failure_line(failure.what, failure.error, how=_how(is_off=failure.is_off))
            report = failure_report(
                failure.name, failure.what, failure.error,
                full=cfg.aha.debug, how=_how(is_off=failure.is_off), again="reload it",
            )  # fmt: skip
            logger.error("%s", report)
        for name in changed.names:
            if name in self._loader.wanted and name not in failed and name not in changed.done:
                how = _how(is_off=name not in self._loader.loaded)
                failed[name] = f"{how} it goes together with module {changed.failures[0].name}, which failed"
        return failed

    def _notes(self, leaving: Mapping[str, str], done: Iterable[Changed]) -> Iterator[str]:
        yield from (f"module {name} is off: {reason}" for name, reason in leaving.items())
        names = dict.fromkeys(name for changed in done for name in changed.names)
        reloaded = {name for changed in done for name in changed.done}
        yield from notes_on(names, self._loader, reloaded=reloaded)


def _how(*, is_off: bool) -> str:
    return "is off," if is_off else "was not reloaded, the old code goes on:"


def _write_new_keys() -> None:
    """Let the owner find the modules' keys in the configuration file."""
    try:
        cfg.save()
    except ConfigError as error:
        logger.warning("%s", error)
