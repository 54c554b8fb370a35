"""Whether a callback's own condition holds for an event. An error in a condition ends here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.context import current_module
from core.dispatcher.callback import name_of

if TYPE_CHECKING:
    from core.dispatcher.registration import Registration
    from core.expr.nodes import Look
    from core.expr.sight import Sight

logger = logging.getLogger(__name__)


def matched(registration: Registration, sight: Sight) -> Look | None:
    """Return what the callback's condition found in the event; None if it does not hold, or raises."""
    # Pre-hooks and functions in conditions are the module's code. `entered` would cost more than most conditions.
    token = current_module.set(registration.module)
    try:
        holds, look = sight.look(registration.condition, registration.pre_hook)
    except (Exception, SystemExit):  # `exit()` in a function of a condition must not end whoever brought the event
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("the condition of %s raised", name_of(registration.callback), exc_info=True)
        return None
    finally:
        current_module.reset(token)
    if registration.debug:
        _log(registration, look, holds=holds)
    return look if holds else None


def _log(registration: Registration, look: Look, *, holds: bool) -> None:
    logger.info(
        "%s: %r is %s for %.200r (match_=%.200r, args=%.200r)",
        name_of(registration.callback),
        registration.condition,
        holds,
        look.text and look.text.message,
        look.match,
        look.args,
    )
