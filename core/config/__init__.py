"""The configuration: one YAML file, environment variables for `aha.*`, and working defaults without either.

    greeting = cfg.register("greeting", "hello", "What the bot says first.")   # in a module
    style = cfg.register("style", Option("short", "long"), "How much it says.")
    cfg.aha.debug, cfg.get("aha.limit.messages", 0), cfg.set("greeting", "hi")

Values go: `cfg.set`, then the environment (AHA_DEBUG is aha.debug, AHA_DATABASE__SYNCHRONOUS is
aha.database.synchronous), then the file, then the default. The file is only written by `cfg.save`.
"""

from core.config.checks import Option
from core.config.registry import Config
from core.config.tree import Section
from models.exc import ConfigError

__all__ = ["Config", "ConfigError", "Option", "Section", "cfg"]

cfg = Config()
