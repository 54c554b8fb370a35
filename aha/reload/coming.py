"""Modules that come: imported and started, each by itself. Who fails to goes off, with those that import it.

So it is when a bot starts, and when it is told to run a module. It takes no code out of the way for another.
"""

from __future__ import annotations

import asyncio
import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aha.importing import forget
from core.database.declared import sealed
from core.dispatcher.owning import end_tasks
from core.migration.start import forget as forget_tables
from services.data_store import look

from .units import with_importers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from aha.sources import Source
    from aha.starting import OnFailure, PutOff
    from core.context import Module

    from .means import Means

_AS_IT_STANDS: Final[Mapping[str, Source]] = MappingProxyType({})


async def bring_each(names: Sequence[str], means: Means, on_failure: OnFailure, *, longest: float) -> list[str]:
    """Import modules that do not run as `import_all` does, and start them as `start_each` does."""
    return await start_each(import_all(names, means, on_failure), means, on_failure, longest=longest)


def import_all(
    names: Sequence[str], means: Means, on_failure: OnFailure, *, sources: Mapping[str, Source] = _AS_IT_STANDS
) -> list[Module]:
    """Import modules that do not run, from `sources` if they are there; return all that are to be started now.

    Those are also the ones that they have imported along. Those of `names` that are files that modules share, of which
    none runs, are run anew. So is a module that code of another has imported when it was new: it ran as a part of that
    one.
    """
    loader = means.loader
    for name in names:
        forget(name)

    def put_off(name: str, error: BaseException) -> None:
        loader.unload(name, "it failed to import, see its own report")
        on_failure(name, "import", error)

    import_each(names, means, put_off, sources=sources)
    return not_started(means)


def not_started(means: Means) -> list[Module]:
    """The modules that are imported, or have failed to be, and have not started."""
    return [record for record in means.loader.begun() if record not in means.starter.started]


def import_each(
    names: Sequence[str], means: Means, failed: Callable[[str, BaseException], None], *, sources: Mapping[str, Source]
) -> None:
    """Import those of `names` that are modules; `failed` is told of each that cannot be, and may raise."""
    loader = means.loader
    modules = [name for name in names if name in loader.wanted]
    for name in modules:
        loader.off.pop(name, None)
    loader.finder.prepared, loader.finder.trusts_python, loader.finder.is_open = sources, False, True
    importlib.invalidate_caches()
    try:
        with loader.failing(failed), means.importing(), sealed():
            for name in modules:
                loader.load(name)
    finally:
        loader.finder.prepared = {}
        loader.seal()


async def start_each(
    records: Collection[Module], means: Means, on_failure: OnFailure, *, longest: float, migrate: bool = True
) -> list[str]:
    """Start modules; `on_failure` is told of each that fails to, and goes off with those of `records` that import it.

    The names of the latter are returned, and of files that they share and that import it. They have not failed: some
    may do without it if they are imported anew.
    """
    failed: list[str] = []
    lost: dict[str, None] = {}

    def let_go(importer: Module, name: str) -> None:
        lost[importer.name] = None
        _let_go(importer, f"it imports module {name}, which is off", means)

    def put_off(record: Module, what: str, error: BaseException) -> None:
        failed.append(record.name)
        _let_go(record, f"it failed to {what}, see its own report", means)
        on_failure(record.name, what, error)
        lost.update(dict.fromkeys(_importing(record.name, means) - means.loader.wanted.keys()))
        for importer in _importers(record.name, records, means):
            if importer not in means.starter.started:
                let_go(importer, record.name)

    await start(records, means, put_off, longest=longest, migrate=migrate)
    for name in failed:  # in a circle, an importer may have started first
        for importer in _importers(name, records, means):
            await end([importer], means)
            let_go(importer, name)
    return list(lost)


async def start(
    records: Collection[Module], means: Means, put_off: PutOff, *, longest: float, migrate: bool = True
) -> None:
    """Start those of `records` that are loaded and do not run, beside all that do; see `Starter.start`."""
    loaded = means.loader.loaded.values()
    beside = [record for record in loaded if record not in records]
    to_start = [record for record in loaded if record in records and record not in means.starter.started]
    await means.starter.start(to_start, put_off=put_off, beside=beside, migrate=migrate, longest=longest)


async def end(records: Collection[Module], means: Means) -> None:
    """Let code of modules end: their on_cleanup runs, then their tasks are cancelled, and what they stored is saved."""
    await means.starter.clean_up(records, hurry=asyncio.Event(), during="reloading")
    await end_tasks(records)
    await look()


def _let_go(record: Module, why: str, means: Means) -> None:
    means.loader.unload(record.name, why)
    forget_tables([record])


def _importers(name: str, among: Collection[Module], means: Means) -> list[Module]:
    """Those `among` that are loaded and import a module that is off."""
    found = _importing(name, means)
    return [record for record in among if record.name in found and record.name in means.loader.loaded]


def _importing(name: str, means: Means) -> set[str]:
    return with_importers([name], means.loader.imports(with_database=means.loader.wanted))
