"""Who reloads modules of a bot while it runs: takes wishes, and does one after another. How, `work` says."""

from __future__ import annotations

import asyncio
from contextvars import Context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from aha.signals import Interrupted
from aha.steps import break_off
from models.exc import ModuleError, UsageError
from utils.cancellation import is_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine
    from typing import Any

    from aha.selection import Selection

    from .means import Means
    from .outcome import Outcome


# Seconds that what was cancelled has to end in order.
_GRACE = 1.0
_BROKEN_OFF = "the reload was broken off: the bot is stopping"


class Reloader:
    """Runs modules of one bot as their files are now. `look` looks at the folder of modules and chooses anew."""

    def __init__(self, means: Means, look: Callable[[], Selection]) -> None:
        self._means = means
        self._loader = means.loader
        self._look = look
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[Outcome]] = set()
        self._is_closed = False
        self._outcomes: dict[str, Outcome] = {}
        """How it went with each module, the last time that anything was done about it."""

    async def reload(self, names: Collection[str] = (), *, with_database: Collection[str] = ()) -> Outcome:
        """Run these modules, or all, as their files are now: new ones come, and those that are gone or disabled go.

        Those that import them are reloaded, too. A `database.py` stays unless its module is in `with_database`. What
        fails goes on as it was.

        Raises UsageError for a name that is none of a module that may run, ModuleError if the bot is stopping.
        """
        return await self._alone(partial(self._reload, {*names, *with_database}, with_database))

    async def follow(self, names: Collection[str], *, again: bool = False) -> Outcome:
        """Do what the files of these modules, or files that they share, say since they have changed.

        Nothing is done for those that were reloaded since as they are now, nor if that was tried in vain. If that is
        all of them, `again` says once more how that went, or why they do not run.
        """
        return await self._alone(partial(self._follow, names, again=again))

    def remember(self) -> None:
        """Take note of what the files of modules are like, which are about to be imported for the first time."""
        # Imported late, for the same reason as below.
        from .tried import look  # noqa: PLC0415

        self._means.tried.update(look(self._loader.wanted, self._loader))

    async def missed(self) -> set[str]:
        """Return the modules, and files that they share, that have changed, come or gone since `remember`."""
        # Imported late, for the same reason as below.
        from .tried import not_as_loaded  # noqa: PLC0415

        async with self._lock:
            selection = self._looked()
            here = {module.name: module for module in selection.wanted}
            known = self._loader.wanted
            other = {name for name in here.keys() | known.keys() if here.get(name) != known.get(name)}
            other |= _unusable(selection) - self._loader.off.keys()
            return other | await asyncio.to_thread(not_as_loaded, self._means)

    async def close(self) -> None:
        """Take no wish any more and wait until none is under way; if that is cancelled, so is what is."""
        self._is_closed = True
        try:
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            await self.break_off()

    async def break_off(self) -> None:
        """Take no wish any more and cancel what is under way, which its callers are told; the old code goes on."""
        self._is_closed = True
        await break_off(self._tasks, grace=_GRACE)

    async def _alone(self, work: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Do `work` when nothing else is done, as nobody's code: whoever wishes it may be gone before it ends."""
        if self._is_closed:
            raise ModuleError("the bot is stopping: nothing is reloaded any more")

        async def do() -> Outcome:
            async with self._lock:
                try:
                    return await work()
                except Interrupted:
                    raise ModuleError(_BROKEN_OFF) from None

        task = asyncio.get_running_loop().create_task(do(), name="reload", context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            raise ModuleError(_BROKEN_OFF) from None

    async def _reload(self, names: Collection[str], with_database: Collection[str]) -> Outcome:
        selection = self._looked()
        here = {module.name: module for module in selection.wanted}
        known = here.keys() | self._loader.wanted.keys()
        for name in sorted(names):
            if name in known:
                continue
            if name in selection.off:
                raise UsageError(f"module {name} is off: {selection.off[name]}")
            there_are = ", ".join(sorted(known)) or "none"
            raise UsageError(f"there is no module {name or repr(name)}; there are: {there_are}")
        all_own = {name for name in known if name not in here or not here[name].is_builtin}
        return await self._do(names or all_own | _unusable(selection), selection, with_database=with_database)

    async def _follow(self, names: Collection[str], *, again: bool) -> Outcome:
        selection = self._looked()
        here = {module.name: module for module in selection.wanted}
        known = here.keys() | _unusable(selection) | self._loader.wanted.keys() | self._loader.finder.ran.keys()
        meant = known.intersection(names)
        in_place = {name for name in meant if here.get(name) == self._loader.wanted.get(name)}
        # Imported late, for the same reason as below.
        from .tried import tried_already  # noqa: PLC0415

        left = meant - await asyncio.to_thread(tried_already, in_place, self._means)
        never_ran = {name for name in names if name.startswith("_")} - known
        left |= {name for name, due_to in self._means.behind.items() if not due_to.isdisjoint(left | never_ran)}
        if again and not left:
            for outcome in (self._outcomes[name] for name in names if name in self._outcomes):
                return outcome
        outcome = await self._do(left, selection)
        off = [name for name in names if again and name in selection.off.keys() - left]
        why = (f"module {name} is off: {selection.off[name]}" for name in off)
        return replace(outcome, notes=(*outcome.notes, *why))

    def _looked(self) -> Selection:
        try:
            return self._look()
        except OSError as error:
            raise ModuleError(f"the folder of modules cannot be read: {error}") from error

    async def _do(
        self, names: Collection[str], selection: Selection, *, with_database: Collection[str] = ()
    ) -> Outcome:
        # Imported late: most runs reload nothing.
        from .work import carry_out  # noqa: PLC0415

        try:
            outcome = await carry_out(names, selection, self._means, with_database=with_database)
        finally:
            self._loader.seal()  # anew: what is gone by now must not be held on to
        concerned = (*outcome.reloaded, *outcome.added, *outcome.removed, *outcome.failed)
        self._outcomes |= dict.fromkeys(concerned, outcome)
        return outcome


def _unusable(selection: Selection) -> set[str]:
    return {module.name for module in selection.unusable}
