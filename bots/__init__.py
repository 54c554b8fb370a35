"""Protocol adapters: how chat platforms reach the bot. They know events and replies, never the dispatcher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.console import Console
from bots.onebot import OneBot

if TYPE_CHECKING:
    from core.adapter import Adapter

ADAPTERS: dict[str, type[Adapter]] = {adapter.name: adapter for adapter in (Console, OneBot)}
"""The adapters by the name that the configuration calls them by."""
