"""Runs a plan until a signal or the end of its input, and tells the owner about it. It is the whole of a process."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from sqlalchemy import make_url

import aha
from core.adapter import adapters
from core.config import cfg
from core.migration.start import unfinished, waiting

from .control.serving import serving
from .lifecycle import Bot
from .loop import run_through, wound_up
from .new_keys import write_new_keys
from .reports import failure_report
from .signals import StopSignal
from .steps import break_off

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .control.serving import Desk
    from .lifecycle import Plan
    from .starting import Migrated

logger = logging.getLogger(__name__)

# Seconds that a start has to end in order once it is not wanted any more: an on_start may take its own two of them.
_GRACE = 2.5


def serve(plan: Plan, desk: Desk) -> int:
    """Run a bot as planned, until its end, taking wishes at `desk`, and return the exit code of the process.

    A SystemExit in some task, a module's fault, stops neither the event loop nor the bot.
    Raises ConfigError or DatabaseError if the bot cannot run.
    """
    loop = asyncio.new_event_loop()
    signals = StopSignal(loop)
    with signals.listen(), wound_up(loop, hurry=signals.hurry):
        return run_through(loop, loop.create_task(_serve(plan, desk, signals), name="bot"))


async def _serve(plan: Plan, desk: Desk, signals: StopSignal) -> int:
    failed: list[str] = []

    def report(name: str, what: str, error: BaseException) -> None:
        failed.append(name)
        logger.error("%s", failure_report(name, what, error, full=cfg.aha.debug))

    for module in {module.name: module for module in plan.selection.unusable}.values():
        failed.append(module.name)
        logger.error("module %s is off: %s: %s", module.name, module.where, module.problem)
    told: set[str] = set()
    on_migration = partial(_report_migration, told, plan.options)
    bot = Bot(plan, on_failure=report, on_migration=on_migration, interrupting=signals.interrupting)
    if desk.watch:
        bot.reloader.remember()
    try:
        async with AsyncExitStack() as wishes:
            if await _started(bot, signals):
                write_new_keys()
                _report_waiting(told, off=failed)
                if not (_own(bot) or failed):
                    logger.warning("no module is on; write one with: aha new hello")
                taken = serving(bot.reloader, desk, off=partial(_off, bot), hurry=signals.hurry)
                await wishes.enter_async_context(taken)
                logger.info("%s", _ready(bot, failed))
                await _first(signals.stop, bot.running.ended)
            logger.info("stopping%s", "; another signal ends all waiting" if signals.asked else "")
            code = int(bot.running.failed and not signals.asked)
    finally:
        await bot.stop(hurry=signals.hurry)
        signals.stopped()
    logger.info("stopped")
    return code


async def _started(bot: Bot, signals: StopSignal) -> bool:
    """Start the bot unless a signal comes first."""
    starting = asyncio.create_task(bot.start(importing=_importing()), name="start")
    stopping = asyncio.create_task(signals.stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if signals.asked:
        await break_off([starting], grace=_GRACE)
        return False
    await starting
    return True


@contextmanager
def _importing() -> Iterator[None]:
    """What imports made is here to stay, if nothing is reloaded; only from here on there is garbage.

    So nobody looks through it for garbage, which with hundreds of tables takes a sixth of the start.
    """
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def _report_migration(told: set[str], options: Sequence[str], migrated: Migrated) -> None:
    from .migration_report import migration_report  # noqa: PLC0415 - most starts have nothing to say of tables

    told.update(name for unit in migrated.units for name in unit.modules)
    for line in migration_report(migrated, options=options, lang=cfg.aha.lang):
        logger.info("%s", line)


def _report_waiting(told: Collection[str], *, off: Collection[str]) -> None:
    """Remind the owner of what waits in modules that this start has not told of, or that are off."""
    rest = [name for name in waiting() if name not in told and name not in off]
    begun = [name for name in off if name in unfinished()]
    if rest or begun:
        from .migration_report import still_waiting, unfinished_line  # noqa: PLC0415 - as above

        if rest:
            logger.info("%s", still_waiting(rest, lang=cfg.aha.lang))
        if begun:
            logger.info("%s", unfinished_line(begun, lang=cfg.aha.lang))


def _ready(bot: Bot, failed: list[str]) -> str:
    count = len(_own(bot))
    modules = "1 module" if count == 1 else f"{count} modules"
    off = f", {len(failed)} off ({', '.join(failed)})" if failed else ""
    seconds = perf_counter() - aha.STARTED
    return f"ready: {modules}{off}; {', '.join(adapters)}; {_shown(bot.plan.database)}; {seconds:.2f} s"


def _own(bot: Bot) -> list[str]:
    """The modules that run, but for those that come with Aha."""
    return [name for name in bot.loader.loaded if not bot.loader.wanted[name].is_builtin]


def _off(bot: Bot) -> list[str]:
    """The modules that do not run although they are to."""
    return [name for name in bot.loader.wanted if name not in bot.loader.loaded]


def _shown(database: str) -> str:
    """Name the database by its kind and name only: anything else in a URL may be a password."""
    url = make_url(database)
    return f"{url.get_backend_name()} {url.database or ''}".rstrip()
