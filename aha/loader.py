"""Imports modules one by one and forgets them again. It neither looks for them nor says what their callbacks do."""

from __future__ import annotations

import importlib
import logging
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import modules
from core.context import Module
from core.database.base import known_modules
from models.exc import UsageError

from .importing import PACKAGE, ModuleFinder, ModuleOff, forget, forget_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .discovery import Found

logger = logging.getLogger(__name__)

BUILTIN = Path(modules.__file__).parent
"""The folder of the modules that come with Aha."""


class Loader:
    """The modules of one run. From `open` to `close` it makes `import modules.<name>` work.

    `off` says for modules that are not to run why, as the end of a sentence. `on_failure` is called with the name
    and the error of a module that fails to import; what it raises comes out of `load`.
    """

    def __init__(
        self, wanted: Iterable[Found], *, off: Mapping[str, str], on_failure: Callable[[str, BaseException], None]
    ) -> None:
        self.wanted = {module.name: module for module in wanted}
        self.off = dict(off)
        self.loaded: dict[str, Module] = {}
        """Records of the modules that run; one that another imports stands before it."""
        self._records = {name: Module(name) for name in self.wanted}
        self._on_failure = on_failure
        self._finder = ModuleFinder(
            self.wanted, off=self.off, records=self._records, loaded=self._has_loaded, failed=self._has_failed
        )
        self._undo = ExitStack()

    def open(self) -> None:
        """Let modules be imported, from the folders that they are in."""
        before = list(modules.__path__)
        folders = dict.fromkeys([*(str(module.path.parent) for module in self.wanted.values()), *before])
        modules.__path__[:] = folders
        sys.meta_path.insert(0, self._finder)
        self._undo.callback(modules.__path__.__setitem__, slice(None), before)
        self._undo.callback(sys.meta_path.remove, self._finder)
        importlib.invalidate_caches()
        # A foreign key may name the table of a module that is imported later: `account__user.id`.
        known_modules.update(self.wanted)
        self._undo.callback(known_modules.difference_update, set(self.wanted))

    def close(self) -> None:
        """Unload every module, the last one first, and leave Python's import system as it was."""
        for name in reversed(list(self.wanted)):
            self.unload(name)
        forget_all()
        self._undo.close()

    def load(self, name: str) -> None:
        """Import the module unless another module's import has done so, or has failed to."""
        if name in self.loaded or name in self.off:
            return
        try:
            importlib.import_module(f"{PACKAGE}.{name}")
        except ModuleOff:
            return
        except ImportError as error:
            if name in self.off:
                raise  # it is what `on_failure` raised
            self._has_failed(name, error)  # its code never began to run: the file is gone

    def unload(self, name: str, reason: str | None = None) -> None:
        """Take back what the module registered and forget its code. It stays off for `reason`."""
        record = self._records[name]
        if reason is not None:
            self.off[name] = reason
        self.loaded.pop(name, None)
        try:
            record.drop()
        except Exception:
            logger.exception("module %s could not take back all that it registered", name)
        forget(name)

    def _has_loaded(self, name: str) -> None:
        record = self._records[name]
        record.was = _former_names(vars(sys.modules[f"{PACKAGE}.{name}"]).get("__was__", ()))
        self.loaded[name] = record

    def _has_failed(self, name: str, error: BaseException) -> None:
        self.unload(name, "it failed to import, see its own report")
        self._on_failure(name, error)


def _former_names(declared: Any) -> tuple[str, ...]:
    """What `__was__ = "old"` or `__was__ = ("newest", "oldest")` says."""
    names = (declared,) if isinstance(declared, str) else declared
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):
        raise UsageError(f'__was__ is the former name of the module, or a tuple of them, as in "old"; not {declared!r}')
    return tuple(names)
