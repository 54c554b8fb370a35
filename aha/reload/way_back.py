"""The code of modules that was taken out of the way for new code: it can be put back as it was, or let go of."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import modules
from aha.importing import forget, imported
from services.data_store import Parting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import ModuleType

    from aha.loader import Loader
    from core.context import Module, TakenBack

logger = logging.getLogger(__name__)


class WayBack:
    """Takes the code of `names`, modules and files that they share, out of the way.

    What is in a `database.py` stays, unless the module is in `with_database`.
    """

    def __init__(self, loader: Loader, names: Collection[str], *, with_database: Collection[str] = ()) -> None:
        self._loader = loader
        self._names = names
        self._loaded = dict(loader.loaded)
        self._code: dict[str, ModuleType] = {}
        goes = [name for name in names if name in loader.loaded or name not in loader.wanted]
        self._ran = {name: dict(loader.finder.ran[name]) for name in goes if name in loader.finder.ran}
        self._parting = Parting(names)
        self._parting.part(looked=True)
        self._taken: dict[Module, tuple[TakenBack, tuple[str, ...]]] = {}
        for record in reversed([record for name, record in loader.loaded.items() if name in names]):
            self._taken[record] = (record.take_back(with_kept=record.name in with_database), record.was)
            del loader.loaded[record.name]
        self._marks = {record: record.mark() for record in self._taken}
        for name in names:
            self._code |= forget(name, kept=name in with_database)
        self._stayed = {key for name in names for key in imported(name)}

    def put_back(self, *, looked: bool) -> list[Module]:
        """Take back what new code registered, and put in all that was there; return the modules that run again.

        `looked` says whether the stores were looked at since new code has ended; if not, that is done here, at once.
        """
        Parting(self._names).part(looked=looked)  # new code may have put objects of its own into a store that stayed
        for record, mark in self._marks.items():
            _attempt(record, "let go of what its new code had registered", record.take_back(since=mark).end)
        for name in self._names:
            self._forget_new(name)
        self._loader.finder.ran.update(self._ran)
        sys.modules.update(self._code)
        for key, code in self._code.items():
            if key.count(".") == 1:
                vars(modules)[key.partition(".")[2]] = code
        for record, (taken, was) in reversed(self._taken.items()):
            record.was = was
            _attempt(record, "put back all that its old code had registered", taken.put_back)
        self._parting.undo()
        self._loader.loaded.clear()
        self._loader.loaded.update(self._loaded)
        return [record for record in self._loaded.values() if record in self._taken]

    def end(self) -> None:
        """Let go of the old code."""
        for record, (taken, _) in self._taken.items():
            _attempt(record, "let go of its old code", taken.end)

    def _forget_new(self, name: str) -> None:
        """Forget what new code has imported beside what stayed, also in the packages that stayed."""
        for key in set(imported(name)) - self._stayed:
            package, _, part = key.rpartition(".")
            if package in self._stayed:
                vars(sys.modules[package]).pop(part, None)
            del sys.modules[key]


def _attempt(record: Module, what: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:
        logger.exception("module %s could not %s", record.name, what)
