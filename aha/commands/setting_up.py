"""What commands begin with: the configuration, and then the log as that wants it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aha import logs
from core.config import cfg

from .folder import config_file, naming

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

_MISNAMED = Path("config.yaml")


def set_up(config: Path | None, *, to_file: bool = False) -> None:
    """Read the configuration, and let things be logged as it says; with `to_file` in the file that it names, too."""
    with _said_afterwards():
        source = config_file(config)
        cfg.load(source)
        file = Path(cfg.log.file).expanduser() if to_file and cfg.log.file else None
        with naming("log", "file"):
            logs.set_up("debug" if cfg.aha.debug else cfg.log.level, file=file)
    if source is None and _MISNAMED.is_file():
        logger.warning("%s is not read: call it config.yml, or name it with --config", _MISNAMED)


class _Kept(logging.Handler):
    """Keeps what is said for later."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _said_afterwards() -> Iterator[None]:
    """Keep what is said of the configuration until it is known how and where that is to be said."""
    logger, kept = logging.getLogger("core.config"), _Kept()
    logger.addHandler(kept)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = True
        logger.removeHandler(kept)
        for record in kept.records:
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)
