"""Fetches, before conditions are evaluated, what they ask for and cannot await: Aha IDs, and a validator's verdict."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any

from core.config import cfg
from core.context import entered
from core.expr.facts import has_ids
from core.expr.fields import GID, SUPER, UID, VALIDATED
from core.expr.validation import validators
from core.identity import group2aha_id, user2aha_id
from utils.cancellation import is_cancelled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.expr.facts import Facts

logger = logging.getLogger(__name__)

_NOTHING: frozenset[str] = frozenset()
_MAY_BE_AWAITED = frozenset({UID.name, GID.name, SUPER.name, VALIDATED.name})


def awaited(names: frozenset[str]) -> frozenset[str]:
    """Return what has to be fetched before the named fields can be asked; empty if nothing has to."""
    if names.isdisjoint(_MAY_BE_AWAITED):
        return _NOTHING
    needed = names & {UID.name, GID.name}
    if SUPER.name in names and has_ids(cfg.aha.super):
        needed |= {UID.name}
    if VALIDATED.name in names and validators:
        needed |= {VALIDATED.name}
    return needed


async def fetch(facts: Facts, names: frozenset[str]) -> None:
    """Leave the values of the named fields in `facts`; one that cannot be had is logged, and stays unknown."""
    for name in names - facts.fetched.keys():
        try:
            facts.fetched[name] = await _GETTERS[name](facts.event)
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            # A validator may call exit(), or what it waits for be cancelled: that does not end this.
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            logger.exception("PM.%s is unknown for an event, so conditions that ask for it are false", name)


async def _user_id(event: Any) -> int | None:
    return None if not event.user_id else await user2aha_id(event.platform, event.user_id)


async def _group_id(event: Any) -> int | None:
    return None if not event.group_id else await group2aha_id(event.platform, event.group_id)


async def _is_valid(event: Any) -> bool:
    validator, module = validators[-1]
    with entered(module):
        answer = validator(event)
        return bool(await answer if inspect.isawaitable(answer) else answer)


_GETTERS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    UID.name: _user_id,
    GID.name: _group_id,
    VALIDATED.name: _is_valid,
}
