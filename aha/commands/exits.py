"""How a command ends when it cannot do its work: one line on standard error, and an exit code."""

from __future__ import annotations

import os
import re
import sys
import traceback
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec

from aha.printable import printable
from aha.refusals import refused
from aha.telling import told
from core.config import cfg
from models.exc import AhaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")

CANNOT_RUN = 1
USAGE = 2

# In the section aha, which goes on as long as lines are indented.
_IN_CHINESE: Final = re.compile(rb"^aha:(?:.|\n(?=[\s#]))*?(?:\n[ \t]+|[{,] *)lang: *[\"']?zh\b", re.M)


def plain_errors(command: Callable[P, int | None]) -> Callable[P, int]:
    """Let a command say its expected errors in one line, in the bot's language; with aha.debug after the traceback."""

    @wraps(command)
    def plain(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return command(*args, **kwargs) or 0
        except (AhaError, OSError) as error:
            if cfg.aha.debug:
                traceback.print_exc()
            said = refused(error) if isinstance(error, OSError) else str(error)
            sys.stderr.write(f"aha: {printable(told(' '.join(said.split()), lang=_language()))}\n")
            return USAGE if isinstance(error, UsageError) else CANNOT_RUN

    return plain


def _language() -> str:
    """The language of the bot, as far as it is known where the configuration was not read, or could not be."""
    if wanted := os.environ.get("AHA_LANG", "").strip():
        return wanted
    known: str = cfg.aha.lang
    was_read = cfg.where("aha", "lang") != "aha.lang"
    return known if was_read or not _IN_CHINESE.search(_written()) else "zh"


def _written() -> bytes:
    """What stands in the usual configuration file, whether it can be understood or not."""
    try:
        return Path(os.environ.get("AHA_CONFIG") or "config.yml").read_bytes()
    except OSError:
        return b""
