"""The import hook for `modules.*`: the one place where a module's code gets its record while it is imported."""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

import modules
from core.context import current_module, entered

from .signals import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from core.context import Module

    from .discovery import Found

PACKAGE = modules.__name__


class ModuleOff(ImportError):  # noqa: N818 - reads as the sentence it is
    """What an importer gets to see when the import of a module has failed, which has been reported already."""


class ModuleFinder(MetaPathFinder):
    """Finds the modules that are to run where they were seen; for one that is off, an import says why.

    `records` gives each module that is to run its record. `loaded` is told of each whose import ended well, and may
    raise to refuse it; `failed` of each whose import ended with an error; unless it raises, importers see a `ModuleOff`
    instead of the error.
    """

    def __init__(
        self,
        wanted: Mapping[str, Found],
        *,
        off: Mapping[str, str],
        records: Mapping[str, Module],
        loaded: Callable[[str], None],
        failed: Callable[[str, BaseException], None],
    ) -> None:
        self.wanted = wanted
        self.off = off
        self.records = records
        self.loaded = loaded
        self.failed = failed

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module that is to run, or of a part of one; None for what is none of ours."""
        package, _, rest = fullname.partition(".")
        name, _, inner = rest.partition(".")
        if package != PACKAGE or not name:
            return None
        if not inner and name in self.off:
            raise ModuleNotFoundError(f"module {name} is off{_for_whom()}: {self.off[name]}", name=fullname)
        if name not in self.wanted:
            return None
        where = path if inner else [str(self.wanted[name].path.parent)]
        spec = PathFinder.find_spec(fullname, where, target)
        if spec is None or spec.loader is None:
            return spec
        record = self.records[name]
        spec.loader = _Entering(spec.loader, record) if inner else _EnteringTop(spec.loader, record, self)
        return spec


class _Entering(Loader):
    """Runs a file's code with the record of its module current. The code itself sees its usual loader."""

    def __init__(self, loader: Loader, record: Module) -> None:
        self.loader = loader
        self.record = record

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        with entered(self.record):
            self.loader.exec_module(module)


class _EnteringTop(_Entering):
    """The same for a module as a whole, whose end, good or bad, the finder is told of."""

    def __init__(self, loader: Loader, record: Module, finder: ModuleFinder) -> None:
        super().__init__(loader, record)
        self.finder = finder

    def exec_module(self, module: ModuleType) -> None:
        name = self.record.name
        try:
            super().exec_module(module)
            self.finder.loaded(name)
        except Interrupted:
            raise
        except BaseException as error:  # noqa: BLE001 - a SystemExit in one module must not end the bot
            self.finder.failed(name, error)
            message = f"module {name} failed to import{_for_whom()}; see its own report"
            raise ModuleOff(message, name=module.__name__) from None


def forget(name: str) -> None:
    """Remove every trace of the module from Python's import system, so that its next import runs its code anew."""
    whole = f"{PACKAGE}.{name}"
    for key in [key for key in sys.modules if key == whole or key.startswith(f"{whole}.")]:
        del sys.modules[key]
    vars(modules).pop(name, None)


def forget_all() -> None:
    """Forget everything below `modules`, also what modules share in files whose names begin with _."""
    for name in {key.split(".")[1] for key in sys.modules if key.startswith(f"{PACKAGE}.")}:
        forget(name)


def _for_whom() -> str:
    importer = current_module.get()
    return f", but module {importer.name} imports it" if importer else ""
