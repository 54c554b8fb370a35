"""Keys of the configuration that modules have registered, written where the owner finds them. It registers none."""

from __future__ import annotations

import logging

from core.config import cfg
from models.exc import ConfigError

logger = logging.getLogger(__name__)


def write_new_keys() -> None:
    """Add them to the configuration file, if there is one; no reason to stop if it cannot be written."""
    try:
        cfg.save()
    except ConfigError as error:
        logger.warning("%s", error)
