"""Which database a command is about, and where its backups are. It opens none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from core.config import cfg
from core.database.url import parse_url, without_password
from models.exc import ConfigError, DatabaseError
from services.data_store.signing import KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path


def database_url(given: str | None = None) -> str:
    """Return the database that was `given`, or the configured one, by default an SQLite file in the data folder.

    Raises ConfigError, naming where it is written, for a URL that none can have.
    """
    # A `given` "" is a variable that was not set: no reason to use another database.
    url: str = cfg.aha.database.url if given is None else given
    if given is None and not url:
        return f"sqlite:///{cfg.aha.data_dir / 'aha.db'}"
    try:
        parse_url(url)
    except DatabaseError as error:
        where = cfg.where("aha", "database", "url") if given is None else "--db"
        raise ConfigError(f"{where}: {error}") from error
    return url


def options(db: str | None, config: Path | None) -> list[str]:
    """Return the options of a command that is printed, so that it is about the same database. A password is left out.

    `db` and `config` are what the command line that prints it was given.
    """
    given = {"--db": None if db is None else without_password(make_url(db)), "--config": config}
    return [str(word) for option, value in given.items() if value is not None for word in (option, value)]


def backup_folder() -> Path:
    """Return the folder that backups are in, whether it is there or not."""
    folder: Path = cfg.aha.data_dir / "backups"
    return folder


def key_of_stores() -> Path:
    """Return the key by which rows of SimpleStores are known as written here, whether it is there or not."""
    folder: Path = cfg.aha.data_dir
    return folder / KEY_FILE


def saver(url: str) -> Callable[[], Coroutine[Any, Any, Path]]:
    """Return what saves the database at `url` into a new backup, as configured."""

    async def save() -> Path:
        # Imported late: few starts need it.
        from core.backup import backup  # noqa: PLC0415

        database = cfg.aha.database
        return await backup(
            url, backup_folder(), keep=database.backups, also=[key_of_stores()], pg_dump=database.pg_dump
        )

    return save
