"""The import hook for `modules.*`: the one place where a module's code gets its record while it is imported."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from threading import Lock
from typing import TYPE_CHECKING

import modules
from core.context import current_module, entered

from .imports import PACKAGE, is_kept
from .signals import Interrupted
from .sources import Source, read, stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

    from core.context import Module

    from .discovery import Found


class ModuleOff(ImportError):  # noqa: N818 - reads as the sentence it is
    """What an importer gets to see when the import of a module has failed, which has been reported already."""


class ModuleFinder(MetaPathFinder):
    """Finds the modules that are to run where they were seen; for one that is off, an import says why.

    `record` gives a module that is to run its record. `loaded` is told of each whose import ended well, and may
    raise to refuse it; `failed` of each whose import ended with an error; unless it raises, importers see a `ModuleOff`
    instead of the error.
    """

    def __init__(
        self,
        wanted: Mapping[str, Found],
        *,
        off: Mapping[str, str],
        record: Callable[[str], Module],
        loaded: Callable[[str], None],
        failed: Callable[[str, BaseException], None],
    ) -> None:
        self.wanted = wanted
        self.off = off
        self.record = record
        self.loaded = loaded
        self.failed = failed
        self.ran: dict[str, dict[str, Source]] = {}
        """The files that were run last, by module and name, such as `notes` and `notes.database`, oldest first.

        Any thread may import something: whoever goes through it does so through a copy. The inner ones never change.
        """
        self._noting = Lock()
        self.prepared: Mapping[str, Source] = {}
        """By name, files that are to be run as they were read."""
        self.trusts_python = True
        """Whether what Python remembers of a file counts. It goes by the second: what is edited now needs better."""
        self.is_open = True
        """Whether modules may come. One that other code imports as it runs would answer before it has started."""

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
        if name not in self.wanted and not name.startswith("_"):
            return None
        is_top = not inner and name in self.wanted
        if is_top and not self.is_open and target is None:
            raise ModuleNotFoundError(f"module {name} is off{_for_whom()}: it has not been loaded yet", name=fullname)
        where = [str(self.wanted[name].path.parent)] if is_top else path
        spec = PathFinder.find_spec(fullname, where, target)
        if spec is None or spec.loader is None:
            if spec is not None and is_top:  # what Python makes of an empty folder would be taken for the module
                raise ModuleNotFoundError(f"{self.wanted[name].where} has no __init__.py any more", name=fullname)
            return spec
        spec.loader = (_EnteringTop if is_top else _Entering)(spec.loader, name, self)
        return spec

    def source(self, loader: Loader, module: ModuleType) -> Source:
        """Return what is to be run for `module`, and take note of it."""
        name = module.__name__.removeprefix(f"{PACKAGE}.")
        package = module.__package__ or ""
        source = self.prepared.get(name)
        if source is None and isinstance(loader, SourceFileLoader) and not self.trusts_python:
            source = read(loader.path, package=package)
        if source is None:
            path = getattr(loader, "path", "")
            source = Source(path, stamp=stamp_of(path), code=_code(loader, module), package=package)
        self._note(name, source)
        return source

    def _note(self, name: str, source: Source) -> None:
        module = name.partition(".")[0]
        with self._noting:
            files = self.ran.get(module, {})
            if name == module or module not in files:  # its code is all new, but for what stays
                files = {part: each for part, each in files.items() if f"{PACKAGE}.{part}" in sys.modules}
            self.ran[module] = {**files, name: source}


class _Entering(Loader):
    """Runs a file's code with the record of its module current. The code itself sees its usual loader.

    What modules share, in files whose names begin with _, is run as code of whoever imports it first.
    """

    def __init__(self, loader: Loader, name: str, finder: ModuleFinder) -> None:
        self.loader = loader
        self.name = name
        self.finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        is_shared = self.name not in self.finder.wanted
        record = current_module.get() if is_shared else self.finder.record(self.name)
        kept = is_kept(module.__name__.removeprefix(f"{PACKAGE}."))
        with entered(record), record.keeping(kept) if record else nullcontext():
            source = self.finder.source(self.loader, module)
            before = record.mark() if record and is_shared else None
            if source.code is None:
                self.loader.exec_module(module)
            else:
                exec(source.code, vars(module))  # noqa: S102 - it is what an import does
            if before is not None and record and record.mark() != before:
                source.registered_for = record.name


class _EnteringTop(_Entering):
    """The same for a module as a whole, whose end, good or bad, the finder is told of."""

    def exec_module(self, module: ModuleType) -> None:
        if (kept := sys.modules.get(f"{module.__name__}.database")) is not None:
            vars(module)["database"] = kept
        try:
            super().exec_module(module)
            self.finder.loaded(self.name)
        except Interrupted:
            raise
        except BaseException as error:  # noqa: BLE001 - a SystemExit in one module must not end the bot
            self.finder.failed(self.name, error)
            message = f"module {self.name} failed to import{_for_whom()}; see its own report"
            raise ModuleOff(message, name=module.__name__) from None


def forget(name: str, *, kept: bool = True) -> dict[str, ModuleType]:
    """Remove the module from Python's import system, so that its next import runs its code anew; return what was there.

    Unless the `kept` parts are to be forgotten too, they stay.
    """
    parts = {key: sys.modules[key] for key in imported(name) if kept or not is_kept(key.removeprefix(f"{PACKAGE}."))}
    for key in parts:
        del sys.modules[key]
    vars(modules).pop(name, None)
    return parts


def imported(name: str) -> list[str]:
    """What of the module is imported, by full names."""
    whole = f"{PACKAGE}.{name}"
    return [key for key in list(sys.modules) if key == whole or key.startswith(f"{whole}.")]


def shared() -> set[str]:
    """What modules share and is imported by now: the names of files and folders, such as `_words`."""
    return {key.split(".")[1] for key in list(sys.modules) if key.startswith(f"{PACKAGE}._")}


def forget_all() -> None:
    """Forget everything below `modules`, also what modules share in files whose names begin with _."""
    for name in {key.split(".")[1] for key in sys.modules if key.startswith(f"{PACKAGE}.")}:
        forget(name)


def _code(loader: Loader, module: ModuleType) -> CodeType | None:
    """The compiled code of a file, None if it is none of Python's."""
    if (get_code := getattr(loader, "get_code", None)) is None:
        return None
    code: CodeType | None = get_code(module.__name__)
    return code


def _for_whom() -> str:
    importer = current_module.get()
    return f", but module {importer.name} imports it" if importer else ""
