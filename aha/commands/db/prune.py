"""`aha db prune`: what no module uses, or what is kept, goes for good, if its owner names it."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from aha.commands.database import saver
from aha.commands.exits import plain_errors
from aha.tables import write_json, write_table
from core.backup import check_unused
from core.database import db_engine
from core.migration.planner.plan import is_empty
from core.migration.upkeep import inventory
from core.migration.upkeep.preview import preview
from core.migration.upkeep.prune import prune as remove
from models.exc import DatabaseError, UsageError

from .home import HOME, MODULES, Home, Json, Modules, loaded, opened
from .texts import answer, columns, texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from core.migration.upkeep.inventory import Left

    from .home import Loaded


@plain_errors
def prune(
    names: Annotated[tuple[str, ...], Parameter(name="NAME")] = (),
    /,
    *,
    yes: Annotated[bool, Parameter(negative=())] = False,
    modules: Modules = MODULES,
    home: Home = HOME,
    json: Json = False,
) -> int:
    """Remove tables, columns and kept values that no module uses: only what is named, and after a backup.

    The bot has to be stopped: a module that runs may use what its next release does not.

    Parameters
    ----------
    names
        table or table.column, as aha db unused lists them; kept:table.column for what aha db kept lists of it.
    yes
        Do not ask.
    """
    if not names:
        raise UsageError("say what is to go: aha db prune NAME...; aha db unused lists what there is")
    url = home.set_up()
    states = {module.name: module.state for module in modules.found()}
    with loaded(modules) as here:
        left = asyncio.run(_named(url, here, names, states))
    if not json:
        write_table(columns("name", "rows", "module"), [(one.name, one.rows, one.module) for one in left])
    if not (yes or _agreed()):
        sys.stderr.write(answer("not removed"))
        return 1
    backup = asyncio.run(_remove(url, left))
    if json:
        write_json({"removed": [asdict(one) | {"name": one.name} for one in left], "backup": backup})
    else:
        sys.stderr.write(answer("removed", file=backup))
    return 0


async def _named(url: str, here: Loaded, names: Iterable[str], states: Mapping[str, str]) -> list[Left]:
    """What `names` name. Raises an error if a module needs any of it, or may: one that did not run."""
    async with opened(url, read_only=True):
        seen = await preview(here.modules)
        off = [*here.off, *(module.name for module in seen.failures)]
        if off:
            raise DatabaseError(
                f"module {off[0]} is off, and what it needs is not known: correct it, or leave it out (--exclude)"
            )
        if not is_empty(seen.units):
            raise DatabaseError("the database is not up to date, and modules may need that yet: first aha db migrate")
        async with db_engine.connect() as connection:
            found = await connection.run_sync(_prunable, states)
    left_out = {name for name, state in states.items() if state == "on"} - {module.name for module in here.modules}
    # One that is gone has nobody left who could need what was there before.
    unfinished = seen.unfinished & states.keys()
    return [_found(name, found, left_out, unfinished) for name in dict.fromkeys(names)]


def _prunable(connection: Connection, modules: Collection[str]) -> dict[str, Left]:
    return {left.name: left for left in (*inventory.unused(connection, modules), *inventory.kept(connection))}


def _found(name: str, found: Mapping[str, Left], left_out: Collection[str], unfinished: Collection[str]) -> Left:
    if name not in found:
        raise UsageError(f"{name} is nothing that is unused or kept; there is: {', '.join(found) or 'nothing'}")
    if found[name].module in left_out:
        raise UsageError(f"{name} belongs to module {found[name].module}, which may need it: do not leave that one out")
    if found[name].module in unfinished:
        raise DatabaseError(
            f"{name} may be needed yet: module {found[name].module} has an on_start that has not succeeded since the "
            "change of its tables; start the bot first"
        )
    return found[name]


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at: say --yes if all of that is to go")
    sys.stderr.write(texts()["agree"])
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


async def _remove(url: str, left: Sequence[Left]) -> Path:
    await check_unused(url)
    saved = await saver(url)()
    async with opened(url):
        await remove(left)
    return saved
