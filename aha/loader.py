"""Imports modules one by one and forgets them again. It neither looks for them nor says what their callbacks do."""

from __future__ import annotations

import importlib
import logging
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import modules
from core.context import Module
from core.database.base import known_modules
from core.database.declared import sealed
from models.exc import UsageError

from .importing import ModuleFinder, ModuleOff, forget, forget_all
from .imports import PACKAGE, is_kept, modules_among

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

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
        self._records: dict[str, Module] = {}
        self._on_failure = on_failure
        self._handle_failure: Callable[[str, BaseException], None] = self._put_off
        self.finder = ModuleFinder(
            self.wanted, off=self.off, record=self.record, loaded=self._has_loaded, failed=self._has_failed
        )
        self._undo = ExitStack()
        self._seal = ExitStack()

    def open(self) -> None:
        """Let modules be imported, from the folders that they are in."""
        before = list(modules.__path__)
        sys.meta_path.insert(0, self.finder)
        self._undo.callback(modules.__path__.__setitem__, slice(None), before)
        self._undo.callback(sys.meta_path.remove, self.finder)
        self._undo.callback(lambda: known_modules.difference_update(self.wanted))
        modules.__path__[:] = []
        for module in self.wanted.values():
            self._show(module)
        modules.__path__[:] = dict.fromkeys([*modules.__path__, *before])
        importlib.invalidate_caches()

    def close(self) -> None:
        """Unload every module, the last one first, and leave Python's import system as it was."""
        for name in [*reversed(self.loaded), *self._records]:
            self.unload(name)
        forget_all()
        self._seal.close()
        self._undo.close()

    def seal(self) -> None:
        """From now on no module comes, and nothing is added to classes and tables that stay, by whatever code runs."""
        self.finder.is_open = False
        self._seal.close()
        self._seal.enter_context(sealed())

    def record(self, name: str) -> Module:
        """The record of a module that is to run: the same as long as it does."""
        if name not in self._records:
            self._records[name] = Module(name)
        return self._records[name]

    def begun(self) -> list[Module]:
        """The records of all modules that run, or whose import has begun: also of those that have failed to import."""
        return list({**self.loaded, **self._records}.values())

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
        """Take back what the module registered, cancel its tasks and forget its code. It stays off for `reason`.

        So it is with files that modules share and that have registered something for it: whoever imports one of them
        next runs it.
        """
        if reason is not None:
            self.off[name] = reason
        self.loaded.pop(name, None)
        if record := self._records.pop(name, None):
            for task in list(record.tasks):
                task.cancel()
            try:
                record.drop()
            except Exception:
                logger.exception("module %s could not take back all that it registered", name)
        forget(name)
        for other, files in dict(self.finder.ran).items():
            if other.startswith("_") and any(source.registered_for == name for source in files.values()):
                forget(other)

    def want(self, module: Found) -> None:
        """Let a module be imported from where it is now."""
        self.wanted[module.name] = module
        self._show(module)

    def refuse(self, name: str, reason: str) -> None:
        """Unload a module, which is not to run any more."""
        self.unload(name, reason)
        self.wanted.pop(name, None)
        self.finder.ran.pop(name, None)
        known_modules.discard(name)

    def runs_from(self, module: Found) -> bool:
        """Whether the code that runs of a module is what stands there."""
        return Path(self.finder.ran[module.name][module.name].path) in (module.path, module.path / "__init__.py")

    @contextmanager
    def failing(self, handle: Callable[[str, BaseException], None]) -> Iterator[None]:
        """In the body a module that fails to import is not unloaded, but `handle` called, which may raise."""
        before, self._handle_failure = self._handle_failure, handle
        try:
            yield
        finally:
            self._handle_failure = before

    def imports(self, *, with_database: Collection[str] = ()) -> dict[str, set[str]]:
        """The modules, and files that they share, with those that they need anew when these are imported anew.

        What stays needs nothing anew, except that of the modules in `with_database`.
        """
        ran = dict(self.finder.ran)
        found = {
            name: {
                other
                for part, source in files.items()
                if name in with_database or not is_kept(part)
                for other in modules_among(source.imports, with_database=with_database)
            }
            for name, files in ran.items()
        }
        for name, files in ran.items():
            found[name].update(owner for source in files.values() if (owner := source.registered_for))
            found[name].discard(name)
        return found

    def _show(self, module: Found) -> None:
        """Let it be known where a module is, and that foreign keys may name its tables: `account__user.id`."""
        known_modules.add(module.name)
        if (folder := str(module.path.parent)) not in modules.__path__:
            modules.__path__.append(folder)

    def _has_loaded(self, name: str) -> None:
        record = self._records[name]
        record.was = _former_names(vars(sys.modules[f"{PACKAGE}.{name}"]).get("__was__", ()))
        self.loaded[name] = record

    def _has_failed(self, name: str, error: BaseException) -> None:
        self._handle_failure(name, error)

    def _put_off(self, name: str, error: BaseException) -> None:
        self.unload(name, "it failed to import, see its own report")
        self._on_failure(name, error)


def _former_names(declared: Any) -> tuple[str, ...]:
    """What `__was__ = "old"` or `__was__ = ("newest", "oldest")` says."""
    names = (declared,) if isinstance(declared, str) else declared
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):
        raise UsageError(f'__was__ is the former name of the module, or a tuple of them, as in "old"; not {declared!r}')
    return tuple(names)
