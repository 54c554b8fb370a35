"""Where in the configuration a setting of a bot stands. It reads no value."""

from __future__ import annotations

from core.config import cfg


def place_in_bot(bot_id: str, setting: str) -> str:
    """Return how an error begins that is about `setting`: "config.yml:3: bots[0].url"; without an entry, by the id."""
    for number, bot in enumerate(cfg.bots):
        if bot.get("id", bot["adapter"]) == bot_id:
            return cfg.where("bots", number, setting)
    return f"bot {bot_id!r}: {setting}"
