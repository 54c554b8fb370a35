"""The working folder of a bot, as the commands find it: its modules, its configuration file."""

from __future__ import annotations

import os
from pathlib import Path

from models.exc import ConfigError, ModuleError


def module_folder(given: Path) -> Path:
    """Return the folder of modules. Raises ModuleError if it is not there."""
    if not given.is_dir():
        raise ModuleError(
            f"there is no folder {given} in {Path.cwd()}: go to the folder of your bot, "
            "name one with --modules DIR, or begin with: aha new hello"
        )
    return given


def config_file(given: Path | None) -> Path | None:
    """Return the configuration file that is to be read, None if there is none. Raises ConfigError if it is missing."""
    named = given or (Path(os.environ["AHA_CONFIG"]) if os.environ.get("AHA_CONFIG") else None)
    if named is None:
        usual = Path("config.yml")
        return usual if usual.exists() else None
    if not named.is_file():
        source = "--config" if given else "AHA_CONFIG"
        raise ConfigError(f"{source} {named}: there is no such file; write one with: aha config --write {named}")
    return named
