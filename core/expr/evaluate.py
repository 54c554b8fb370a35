"""Evaluates conditions outside of the dispatcher, for example for a menu that shows what its reader may use."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.expr.expression import And
from core.expr.fetch import awaited, fetch
from core.expr.nodes import mentioned
from core.expr.sight import Sight

if TYPE_CHECKING:
    from models.api import Event

logger = logging.getLogger(__name__)


async def evaluate(event: Event, *conditions: object) -> bool:
    """Say whether all `conditions`, written as in `on_message`, hold for `event`; one that raises does not."""
    condition, sight = And(*conditions).__node__, Sight(event)
    await fetch(sight.facts, awaited(mentioned(condition)))
    try:
        return sight.look(condition)[0]
    except (Exception, SystemExit):  # `exit()` in a function of a condition
        logger.debug("%r raised", condition, exc_info=True)
        return False
