"""`aha config`: every key of the framework with its default and what it means, printed or written to a file."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from core.config import cfg

from .exits import plain_errors

_USUAL = Path("config.yml")


@plain_errors
def config(*, write: bool = False, config: Path = _USUAL) -> None:
    """Print a configuration file with every key of Aha, its default, and what it means.

    Parameters
    ----------
    write
        Write it instead; a file that is there is never overwritten.
    config
        The file to write.
    """
    if write:
        cfg.write_template(config)
        sys.stdout.write(f"{config}\n")
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.yml"
        cfg.write_template(path)
        sys.stdout.write(path.read_text(encoding="utf-8"))
