"""`aha db migrate`: the part of a start that changes tables, without the bot."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from aha.commands.database import options, saver
from aha.commands.exits import plain_errors
from aha.migration_report import migration_report
from aha.printable import printable
from aha.reports import NO_TABLES, failure_report, one_line
from aha.starting import Migrated
from aha.tables import write_json
from core.config import cfg
from core.dispatcher import dispatcher
from core.migration.report import heading, lines
from core.migration.report import unfinished as unfinished_line
from core.migration.start import expand, settle, unfinished, waiting
from core.migration.steps import Verdict
from core.migration.upkeep.preview import preview

from .home import HOME, MODULES, Home, Json, Modules, loaded, logger, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from core.context import Module
    from core.migration.model import UnitPlan
    from core.migration.steps import Planned


@plain_errors
def migrate(*, modules: Modules = MODULES, home: Home = HOME, db_backup: bool = True, json: Json = False) -> int:
    """Bring the tables up to date without starting the bot.

    No on_start is run: what waits for one is done by the next start. Exits with 1 if a module cannot have its tables.

    Parameters
    ----------
    db_backup
        Save the database before the first change to tables that have rows.
    """
    url = home.set_up()
    if not cfg.aha.data_dir.exists() and home.db is None:
        cfg.aha.data_dir.mkdir(parents=True)
    with loaded(modules) as here:
        migrated, failures, left = asyncio.run(_migrate(url, here.modules, db_backup=db_backup))
    for name, error in failures.items():
        logger.error("%s", failure_report(name, NO_TABLES, error, full=cfg.aha.debug))
    off = here.off | {name: one_line(error) for name, error in failures.items()}
    if json:
        write_json(_as_data(migrated, off, left))
    else:
        # Of the framework's own tables nothing is said but that there was something to do.
        said = migration_report(migrated, options=options(home.db, home.config), lang=cfg.aha.lang) or [
            heading(migrated.units, lang=cfg.aha.lang, seconds=migrated.seconds)
        ]
        sys.stdout.writelines(f"{printable(str(line))}\n" for line in said if migrated.units or not off)
        if left and any(unit.acts for unit in migrated.units):
            sys.stdout.write(f"{unfinished_line(left, lang=cfg.aha.lang)}\n")
    return int(bool(off))


async def _migrate(
    url: str, modules: Sequence[Module], *, db_backup: bool
) -> tuple[Migrated, dict[str, BaseException], list[str]]:
    """What was done and what waits, why modules are off, and which have an on_start that has still to succeed."""
    saved: list[Path] = []

    async def save() -> None:
        saved.append(await saver(url)())

    began = perf_counter()
    async with opened(url):
        expanded = await expand(modules, backup=save if db_backup else None)
        running = [module for module in modules if module not in expanded.failures]
        # The others have an on_start that is still to see what was there before.
        due = [module for module in running if module.name not in unfinished() or not dispatcher.on_start.has(module)]
        settled = await settle(due)
        left = [module.name for module in running if module.name in unfinished()]
        # By now it is known what stands in the way.
        waits = (await preview(running)).units if waiting() or left else ()
    units = [*_parts(_acts, *expanded.units, *settled.units), *_parts(_waits, *waits)]
    failures = {module.name: error for module, error in {**expanded.failures, **settled.failures}.items()}
    return Migrated(units, perf_counter() - began, saved[0] if saved else None), dict(failures), left


def _parts(wanted: Callable[[Planned], bool], *units: UnitPlan) -> Iterator[UnitPlan]:
    """The units with those of their steps that are `wanted`, where there are any."""
    for unit in units:
        if steps := tuple(planned for planned in unit.steps if wanted(planned)):
            yield replace(unit, steps=steps)


def _waits(planned: Planned) -> bool:
    return planned.verdict is Verdict.POSTPONE


def _acts(planned: Planned) -> bool:
    return not _waits(planned)


def _as_data(migrated: Migrated, off: Mapping[str, str], left: Sequence[str]) -> dict[str, Any]:
    said = lines(migrated.units, lang=cfg.aha.lang)
    return {
        "steps": [line.as_data() for line in said if line.verdict is not Verdict.POSTPONE],
        "waiting": [line.as_data() for line in said if line.verdict is Verdict.POSTPONE],
        "off": dict(off),
        "unfinished": list(left),
        "seconds": round(migrated.seconds, 3),
        "backup": migrated.backup,
    }
