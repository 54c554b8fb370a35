"""The working folder of a bot, as the commands find it: its modules, its configuration file."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aha.refusals import refused
from core.config import cfg
from models.exc import ConfigError, ModuleError

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    source = "--config" if given else "AHA_CONFIG" if os.environ.get("AHA_CONFIG") else ""
    named = given or Path(os.environ.get("AHA_CONFIG") or "config.yml")
    shown = f"{source} {named}".lstrip()
    if named.is_dir():
        raise ConfigError(f"{shown}: this is a folder; name the file in it")
    if named.exists():
        return named
    if named.is_symlink():
        raise ConfigError(f"{shown} leads to {named.readlink()}, which is not there: correct the link, or remove it")
    if source:
        raise ConfigError(f"{shown}: there is no such file; write one with: aha config --write --config {named}")
    return None


@contextmanager
def naming(*key: str) -> Iterator[None]:
    """Say of what the system refuses in the body where the configuration asks for it. Raises ConfigError."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{cfg.where(*key)}: {refused(error)}") from error
