"""What is done for one wish to run modules as their files are now, and what is said of it. Who may wish, others say."""

from __future__ import annotations

import gc
import logging
from time import perf_counter
from typing import TYPE_CHECKING

from aha.imports import PACKAGE
from aha.new_keys import write_new_keys
from aha.reports import failure_line, failure_report
from core.config import cfg

from .change import Changed, change
from .notes import notes_on
from .outcome import Outcome
from .unit import withdraw
from .units import units, with_importers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from aha.discovery import Found
    from aha.loader import Loader
    from aha.selection import Selection

    from .means import Means
    from .unit import Failure
    from .units import Imports

logger = logging.getLogger(__name__)

# What is said of it when new code has failed, and then the old as well.
_OLD_CODE = "its old code, too:"


async def carry_out(
    names: Collection[str], selection: Selection, means: Means, *, with_database: Collection[str] = ()
) -> Outcome:
    """Let of `names` come, go, or be reloaded what does so by `selection`; replace those `with_database` wholly."""
    began = perf_counter()
    gc.unfreeze()  # a start freezes what it has made; what is replaced now has to go
    loader = means.loader
    before = set(loader.loaded)
    leaving, moved = _take_note(names, selection, loader)
    done, along = await _withdraw(leaving, means, asked=names)
    unusable = _why_unusable(names, selection)
    rest = set(names) - leaving.keys() - selection.off.keys() - unusable.keys()
    rest -= {name for changed in done for name in changed.names}
    more, more_along = await _change(rest, means, asked=names, with_database={*with_database, *moved})
    done, along = done + more, along | more_along
    new = {name: name in before for changed in done for name in changed.done if name in loader.loaded}
    failed = {name: how for changed in done for name, how in _failed(changed, loader).items()}
    outcome = Outcome(
        reloaded=tuple(name for name, has_run in new.items() if has_run),
        added=tuple(name for name, has_run in new.items() if not has_run),
        removed=tuple(name for name in (*leaving, *along) if name in before),
        failed={name: how for name, how in failed.items() if name not in new},
        notes=tuple(_notes(leaving | along | unusable, done, loader)),
        seconds=perf_counter() - began,
    )
    write_new_keys()
    if outcome != Outcome(seconds=outcome.seconds):
        for line in (outcome.summary, *outcome.notes):
            logger.info("%s", line)
    return outcome


def _take_note(names: Collection[str], selection: Selection, loader: Loader) -> tuple[dict[str, str], set[str]]:
    """Let all of `names` that are there be imported; return those that are to go off, why, and those elsewhere."""
    here: dict[str, Found] = {module.name: module for module in selection.wanted}
    gone = sorted(name for name in names if name in loader.wanted and name not in here)
    leaving = {name: selection.off.get(name, "it was removed") for name in gone}
    moved = {n for n in loader.loaded if n in names and n in here and not loader.runs_from(here[n])}
    for name, module in here.items():
        if name in names:
            if name not in loader.wanted:
                loader.off.pop(name, None)
            loader.want(module)
        elif name not in loader.wanted:
            loader.off[name] = f"it is new: aha reload {name}"
    loader.off.update({name: why for name, why in selection.off.items() if name not in loader.wanted})
    return leaving, moved


def _why_unusable(names: Collection[str], selection: Selection) -> dict[str, str]:
    """Return those of `names` that are there but can be no module, and why; one of Aha's own may run all the same."""
    return {module.name: f"{module.where}: {module.problem}" for module in selection.unusable if module.name in names}


async def _change(
    names: Collection[str], means: Means, *, asked: Collection[str], with_database: Collection[str]
) -> tuple[list[Changed], dict[str, str]]:
    """Run new code of modules. If not even the old code of one goes on, its importers fare as if it were withdrawn."""
    running = set(means.loader.loaded)
    done = await change(names, means, with_database=with_database)
    fallen = {each.name for changed in done for each in changed.failures if each.is_off and each.name in running}
    fell, along = await _withdraw({}, means, asked=asked, fallen=fallen)
    return done + fell, along


async def _withdraw(
    leaving: Mapping[str, str], means: Means, *, asked: Collection[str], fallen: Collection[str] = ()
) -> tuple[list[Changed], dict[str, str]]:
    """Let modules go; return how their importers fared, and why those go along that cannot do without.

    Those `fallen` are gone already.
    """
    if not leaving and not fallen:
        return [], {}
    gone = (*leaving, *fallen)
    loader = means.loader
    imports = loader.imports(with_database=loader.wanted)
    found = with_importers(gone, imports)
    importers = [name for name in found if name in loader.loaded or name not in loader.wanted]
    order = [name for unit in units(sorted(importers), imports, running=importers) for name in unit]
    importers = [name for name in order if name not in gone]
    for name in (*leaving, *importers):
        means.tried.pop(name, None)
    failures = await withdraw(leaving, importers, means)
    along = _along(failures, gone, imports, asked=asked)
    loader.off.update(along)
    names = [name for name in importers if name not in along]
    failures = [failure for failure in failures if failure.name not in along]
    return [Changed(names, failures, [name for name in names if name in loader.loaded])], along


def _along(
    failures: Iterable[Failure], gone: Iterable[str], imports: Imports, *, asked: Collection[str]
) -> dict[str, str]:
    """Why those are off that nobody asked for, and that miss nothing but what went off: that is not their fault."""
    found: dict[str, str] = {}
    for failure in failures:
        missed = (name for name in (*gone, *found) if name in imports[failure.name] and _misses(failure.error, name))
        if failure.name not in asked and (missing := next(missed, None)) is not None:
            found[failure.name] = f"it imports module {missing}, which is off"
    return found


def _misses(error: BaseException, name: str) -> bool:
    """Whether an import of that module was in vain, as in `import modules.name` or `from modules import name`."""
    if not isinstance(error, ImportError):
        return False
    return error.name == f"{PACKAGE}.{name}" or (error.name == PACKAGE and repr(name) in error.msg)


def _failed(changed: Changed, loader: Loader) -> dict[str, str]:
    """Report what failed; say of each module that does not run new code why, in one line."""
    failed: dict[str, str] = {}
    off = {failure.name for failure in changed.failures if failure.is_off}
    for failure in changed.failures:
        how = _how(is_off=failure.name in off)
        line = failure_line(failure.what, failure.error, how=how)
        if failure.name in failed:
            how = f"{how} {_OLD_CODE}"
            line = f"{failed[failure.name]}; {failure_line(failure.what, failure.error, how=_OLD_CODE)}"
        failed[failure.name] = line
        report = failure_report(
            failure.name, failure.what, failure.error, full=cfg.aha.debug, how=how, again="reload it"
        )
        logger.error("%s", report)
    for name in changed.names:
        if name in loader.wanted and name not in failed and name not in changed.done:
            how = _how(is_off=name not in loader.loaded)
            failed[name] = f"{how} it goes together with module {changed.failures[0].name}, which failed"
    return failed


def _notes(off: Mapping[str, str], done: Iterable[Changed], loader: Loader) -> Iterator[str]:
    yield from (f"module {name} is off: {reason}" for name, reason in off.items())
    names = dict.fromkeys(name for changed in done for name in changed.names)
    reloaded = {name for changed in done for name in changed.done}
    yield from notes_on(names, loader, reloaded=reloaded)


def _how(*, is_off: bool) -> str:
    return "is off," if is_off else "was not reloaded, the old code goes on:"
