"""`aha db copy`: everything in one database, to an empty one of the other kind."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path  # noqa: TC003 - cyclopts looks annotations up
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aha.commands.database import key_of_stores
from aha.commands.exits import plain_errors
from aha.commands.setting_up import set_up
from aha.stores import stores_on
from aha.tables import write_json, write_table
from core.backup import copy_database
from core.config import cfg

from .home import MODULES, Json, Modules, loaded, look
from .texts import answer, columns, texts

if TYPE_CHECKING:
    from core.backup import Progress


@plain_errors
def copy(
    from_url: Annotated[str, Parameter(name="FROM_URL")],
    to_url: Annotated[str, Parameter(name="TO_URL")],
    /,
    *,
    modules: Modules = MODULES,
    config: Path | None = None,
    json: Json = False,
) -> None:
    """Copy everything to an empty database of the other kind: from SQLite to PostgreSQL, or back.

    Types, counters and the numbers of rows are verified. Stop the bot first: what it writes meanwhile is not copied.

    Parameters
    ----------
    from_url
        The database that there is: sqlite:///data/aha.db, postgresql://user:password@host/name.
    to_url
        The one to copy to, which has no tables.
    config
        Configuration file. Without it: the one that AHA_CONFIG names, or config.yml if there is one.
    """
    set_up(config)
    with loaded(modules):
        copied = asyncio.run(copy_database(from_url, to_url, progress=_show if sys.stderr.isatty() else None))
    waiting = _waiting(from_url)
    if json:
        write_json({"tables": dict(copied.tables), "left_out": list(copied.left_out), "in_journal": waiting})
        return
    write_table(columns("table", "rows"), sorted(copied.tables.items()))
    sys.stderr.writelines(answer("left out", what=what) for what in copied.left_out)
    if waiting:
        sys.stderr.write(answer("journal first", changes=", ".join(f"{name}: {n}" for name, n in waiting.items())))
    if (key := key_of_stores()).exists():
        sys.stderr.write(answer("key along", file=key))


def _waiting(url: str) -> dict[str, int]:
    """How many changes of stores, by module, stand in the journal of this folder and not in the database at `url`."""
    changes = look(url, lambda connection: stores_on(connection, cfg.aha.data_dir).changes)
    return {name: len(left) for name, left in changes.items()}


def _show(progress: Progress) -> None:
    doing = "verifying" if progress.verified else "copying"
    said = texts()[doing].format(table=progress.table, rows=progress.done)
    sys.stderr.write(f"\r\x1b[K{said}")
