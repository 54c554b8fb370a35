"""`aha db backup` and `aha db restore`: the database in a file, and back."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path  # noqa: TC003 - cyclopts looks annotations up
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from aha.commands.database import backup_folder, saver
from aha.commands.exits import plain_errors
from aha.tables import write_json, write_table
from core.backup import backups
from core.backup import restore as put_back
from core.config import cfg

from .home import HOME, Home, Json
from .texts import answer, columns, texts

if TYPE_CHECKING:
    from core.backup import BackupFile

Flag = Annotated[bool, Parameter(negative=())]


@plain_errors
def backup(
    *, home: Home = HOME, list_: Annotated[bool, Parameter("--list", negative=())] = False, json: Json = False
) -> None:
    """Save the database in a new file in data/backups; a bot may run meanwhile.

    Parameters
    ----------
    list_
        List the backups instead, the newest first.
    """
    url = home.set_up()
    if list_:
        _list(json=json)
        return
    file = asyncio.run(saver(url)())
    if json:
        write_json({"file": str(file)})
    else:
        sys.stdout.write(f"{file}\n")


def _list(*, json: bool) -> None:
    found = backups(backup_folder())
    if json:
        write_json([_as_data(backup) for backup in found])
    elif found:
        rows = [(b.path, b.at, b.dialect, f"{b.size:,}", _rows(b)) for b in found]
        write_table(columns("file", "when", "of", "bytes", "rows"), rows)
    else:
        sys.stderr.write(answer("no backups", folder=backup_folder()))


def _rows(backup: BackupFile) -> str:
    return f"{sum(backup.manifest.tables.values()):,}" if backup.manifest else texts()["damaged"]


def _as_data(backup: BackupFile) -> dict[str, Any]:
    return {
        "file": str(backup.path),
        "at": backup.at.isoformat(),
        "dialect": backup.dialect,
        "bytes": backup.size,
        "tables": dict(backup.manifest.tables) if backup.manifest else None,
    }


@plain_errors
def restore(file: Path, /, *, home: Home = HOME, overwrite: Flag = False, json: Json = False) -> None:
    """Make the database what it was at a backup; no bot may have it open.

    Parameters
    ----------
    file
        The backup.
    overwrite
        The database has tables: save them in a new backup, then replace them.
    """
    url = home.set_up()
    database = cfg.aha.database
    restored = asyncio.run(put_back(file, url, overwrite=overwrite, into=cfg.aha.data_dir, pg_dump=database.pg_dump))
    if json:
        replaced = {str(path): aside for path, aside in restored.replaced.items()}
        files = list(restored.files)
        write_json({"tables": dict(restored.tables), "saved": restored.saved, "files": files, "replaced": replaced})
        return
    write_table(columns("table", "rows"), sorted(restored.tables.items()))
    if restored.saved:
        sys.stderr.write(answer("saved", file=restored.saved))
    for path in restored.files:
        sys.stderr.write(answer("put back", file=path))
        if path in restored.replaced:
            sys.stderr.write(answer("replaced", file=path, aside=restored.replaced[path]))
