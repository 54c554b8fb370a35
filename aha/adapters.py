"""Makes the adapters that the configuration or the command line asks for and looks after them while they serve."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bots import ADAPTERS
from core.adapter import adapters
from core.config import cfg
from core.config.checks import mismatch
from models.exc import AhaError, ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

    from core.adapter import Adapter, Emit

logger = logging.getLogger(__name__)

DEFAULT = "console"
# Seconds that an adapter may take to end after it was closed.
_CLOSING = 3.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One bot of the configuration: which adapter serves it, under which id, with which settings."""

    adapter: str
    id: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def entries(bots: Iterable[Mapping[str, Any]], *, only: Collection[str] = ()) -> list[Entry]:
    """Return what is to be started: the configured bots, or with `only` those of the adapters that it names.

    An adapter in `only` that no bot is configured for runs with default settings; so does the console if nothing is
    configured at all. Raises UsageError for an unknown name in `only`, ConfigError for a bot that cannot be served.
    """
    for name in only:
        if name not in ADAPTERS:
            there_are = ", ".join(sorted(ADAPTERS))
            raise UsageError(f"--adapter {name or repr(name)}: there is no such adapter; there are: {there_are}")
    configured = [_entry(number, bot) for number, bot in enumerate(bots)]
    _check_ids(configured)
    if not only:
        return configured or [Entry(DEFAULT, DEFAULT)]
    missing = [name for name in dict.fromkeys(only) if name not in {entry.adapter for entry in configured}]
    return [entry for entry in configured if entry.adapter in only] + [Entry(name, name) for name in missing]


def _entry(number: int, bot: Mapping[str, Any]) -> Entry:
    settings = dict(bot)
    adapter = settings.pop("adapter", None)
    if adapter not in ADAPTERS:
        wrong = mismatch(f"one of {', '.join(sorted(ADAPTERS))}", adapter)
        raise ConfigError(f"{cfg.where('bots', number, 'adapter')}: {wrong}")
    return Entry(adapter, str(settings.pop("id", adapter)), settings)


def _check_ids(configured: Iterable[Entry]) -> None:
    seen = set()
    for entry in configured:
        if entry.id in seen:
            raise ConfigError(f"bots: two bots have the id {entry.id!r}; give each its own id")
        seen.add(entry.id)


class Running:
    """The adapters that serve. `ended` is set when none is left; `failed` tells whether all of them had failed.

    One that fails is reported and leaves the others alone.
    """

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._outcomes: list[bool] = []

    @property
    def failed(self) -> bool:
        """Whether adapters have ended and none of them in good order."""
        return bool(self._outcomes) and not any(self._outcomes)

    def start(self, adapter: Adapter) -> None:
        """Let the adapter serve in a task of its own."""
        adapters[adapter.bot_id] = adapter
        self._tasks[adapter.bot_id] = asyncio.create_task(self._serve(adapter), name=f"adapter {adapter.bot_id}")

    async def stop_intake(self) -> None:
        """Have every adapter take nothing more in."""
        await _each("stop listening", adapters.values(), lambda adapter: adapter.stop_intake())

    async def close(self) -> None:
        """Close every adapter and wait for its end; one that does not come to it is cancelled."""
        await _each("close", adapters.values(), lambda adapter: adapter.close())
        tasks = list(self._tasks.values())
        if tasks:
            _, still_serving = await asyncio.wait(tasks, timeout=_CLOSING)
            for task in still_serving:
                task.cancel()
            await asyncio.wait(tasks)

    async def _serve(self, adapter: Adapter) -> None:
        """Its task owns the adapter: whatever ends it, the adapter is closed and no longer listed."""
        good = False
        try:
            await adapter.run()
            good = True
        except AhaError as error:  # its message says all
            logger.error("adapter %s stopped: %s", adapter.bot_id, error)  # noqa: TRY400
        except Exception:
            logger.exception("adapter %s stopped", adapter.bot_id)
        finally:
            await _each("close", [adapter], lambda adapter: adapter.close())
            adapters.pop(adapter.bot_id, None)
            del self._tasks[adapter.bot_id]
            self._outcomes.append(good)
            if not self._tasks:
                self.ended.set()


def make(entry: Entry, emit: Emit) -> Adapter:
    """Make the adapter without opening anything; raises ConfigError if its settings cannot work."""
    return ADAPTERS[entry.adapter](emit, bot_id=entry.id, settings=entry.settings)


async def _each(what: str, which: Iterable[Adapter], act: Callable[[Adapter], Awaitable[None]]) -> None:
    """Do the same with every adapter at once; one that fails at it is reported."""
    which = list(which)
    outcomes = await asyncio.gather(*(act(adapter) for adapter in which), return_exceptions=True)
    for adapter, outcome in zip(which, outcomes, strict=True):
        if isinstance(outcome, Exception):
            logger.error("adapter %s could not %s", adapter.bot_id, what, exc_info=outcome)
